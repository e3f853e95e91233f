// The part of the checker that looks at requests of prospects: nothing leaves under a restriction, and who had a lead is told.
// Invariant: who had a lead is taken from the log, not from what the request itself listed.
import { isAnswered, requestKinds } from '../../../src/domain/requests.ts';
import type { Figures, Story } from './check.ts';
import { takesBack } from './check-keys.ts';
import type { Entry, Ledgers } from './ledgers.ts';
import type { RequestLine } from './requests.ts';

/** What an update may take back or correct. */
const changes = (one: Entry): boolean =>
  takesBack(one) || one.entry === 'consent_ended' || one.entry === 'corrected';

/** Between `restricted` and the lifting of the last restriction nothing leaves but an erasure, and an update that takes back or corrects. */
export function departedRestricted({ byLead, referenceOf }: Story): readonly string[] {
  return [...byLead].flatMap(([leadId, entries]) => {
    let isRestricted = false;
    let isChanged = false;
    return entries.flatMap((one) => {
      if (one.entry === 'restricted') isRestricted = true;
      if (one.entry === 'unrestricted') isRestricted = false;
      if (changes(one)) isChanged = true;
      const mayLeave = one.action === 'erase' || (one.action === 'update' && isChanged);
      return isRestricted && one.entry === 'departed' && !mayLeave
        ? [`${referenceOf.get(leadId) ?? leadId} ${one.destination} ${one.deliveryId}`]
        : [];
    });
  });
}

const has: ReadonlySet<string> = new Set(['accepted', 'duplicate', 'unconfirmed']);
/** An answer tells nobody. */
const tells: ReadonlySet<string> = new Set([
  ...['erasure', 'rectification', 'withdrawal', 'restriction', 'objection'],
]);

export function notToldByRequest(story: Story): readonly string[] {
  const { requests, entries } = story;
  const appliedAt = new Map(
    entries
      .filter((one) => one.entry === 'request' && one.reason.startsWith('applied:'))
      .map((one) => [one.purpose, one.id]),
  );
  return requests.flatMap((request) => [
    ...untold(request),
    ...forgotten(story, request, appliedAt.get(`request ${request.id}`) ?? 0),
  ]);
}

/** Listed, and neither told by wire nor asked in writing. */
const untold = ({ id, kind, recipients, letters }: RequestLine): readonly string[] =>
  recipients
    .filter(
      ({ state, wasAsked, byHand }) =>
        state === 'owed' || (byHand && !wasAsked) || (state === 'written' && letters === 0),
    )
    .map(({ leadId, destination, state }) => `request ${id} ${kind} ${leadId} ${destination}: ${state}`);

/** Has the lead by the log when the request was carried out, and is not listed. */
function forgotten(
  { byLead }: Story,
  { id, kind, leadIds, recipients }: RequestLine,
  at: number,
): readonly string[] {
  if (!tells.has(kind)) return [];
  const listed = new Set(recipients.map(({ leadId, destination }) => `${leadId} ${destination}`));
  return leadIds.flatMap((leadId) => {
    const before = (byLead.get(leadId) ?? []).filter((one) => one.id < at);
    if (isErasedBefore(before, id) || (kind === 'objection' && isObjectedBefore(before, id))) return [];
    const holders = new Set(
      before
        .filter((one) => one.entry === 'outcome' && one.action !== 'erase' && has.has(one.outcome))
        .map((one) => one.destination),
    );
    return [...holders]
      .filter((destination) => !listed.has(`${leadId} ${destination}`))
      .map((destination) => `request ${id} ${kind} ${leadId} ${destination}: not listed`);
  });
}

/** To everything, by another request or the client's list: who had the lead heard of it then. */
const isObjectedBefore = (entries: readonly Entry[], request: number): boolean =>
  entries.some(
    (one) =>
      one.entry === 'withdrawn' &&
      one.reason.startsWith('newsletter.') &&
      one.purpose !== `request ${request}`,
  );

/** By another request, or by hand: then there was nobody left to tell anything else. */
const isErasedBefore = (entries: readonly Entry[], request: number): boolean =>
  entries.some((one) => one.entry === 'erased' && one.purpose !== `request ${request}`);

/** From so many on, chance does not explain any more that none reached a lead. */
const [enoughOfAKind, enoughTried] = [4, 20];

/** Where no request reached a lead nothing restricts and nobody has to be told: figures of 0 would look well and prove nothing. */
export function reachedNobody({ requests, requestsTried }: Ledgers): readonly string[] {
  const none = requests.length === 0 && requestsTried >= enoughTried;
  const kinds = requestKinds.filter((kind) => {
    const mine = requests.filter((one) => one.kind === kind);
    return !isAnswered(kind) && mine.length >= enoughOfAKind && mine.every((one) => one.leadIds.length === 0);
  });
  return [
    ...(none ? [`${requestsTried} set about, none carried out`] : []),
    ...kinds.map((kind) => `${kind}: none of those carried out reached a lead`),
  ];
}

export const requestsCounted = ({
  requests,
  entries,
}: Ledgers): Pick<Figures, 'requests' | 'requestLeads' | 'heldRestricted' | 'requestRecipients'> => ({
  requests: requests.length,
  requestLeads: new Set(requests.flatMap((one) => one.leadIds)).size,
  heldRestricted: entries.filter((one) => one.entry === 'withheld' && one.reason === 'restricted').length,
  requestRecipients: requests.reduce((sum, one) => sum + one.recipients.length, 0),
});
