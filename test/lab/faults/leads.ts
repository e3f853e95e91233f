// The leads of a storm: which programme and person each has, which are poison, and what becomes of them where.
// Invariant: each person has a mail and a phone of their own; some persons ask twice, which one may take back for both.
import { leadRow } from '../../trip/gateway.ts';
import type { IntakeValues } from '../../../src/store/intake/intake.ts';
import type { HandedIn } from './ledgers.ts';
import { fetchedId, type DestinationId, type Pace } from './mappings.ts';
import { codeOf, lateMark, operationAt, operationMark } from './operations.ts';
import type { Random } from './random.ts';

type Share = readonly [programme: string, share: number, also: readonly DestinationId[]];
const shares: readonly [Share, Share, ...Share[]] = [
  ['ES-CRM', 0.08, []],
  ['ES-HUB', 0.14, ['essai-hub']],
  ['ES-SLOW', 0.04, ['essai-slow']],
  ['ES-GONE', 0.06, ['essai-gone']],
  ['ES-CALLS', 0.1, ['essai-calls']],
  ['ES-ASKED', 0.08, ['essai-asked']],
  ['ES-OAUTH', 0.06, ['essai-oauth']],
  ['ES-TLS', 0.06, ['essai-tls']],
  ['ES-MAIL', 0.08, ['essai-mail']],
  ['ES-FETCHED', 0.06, [fetchedId]],
  ['ES-FILE', 0.06, ['essai-csv']],
  ['ES-FTPS', 0.06, ['essai-ftps']],
  ['ES-BUCKET', 0.06, ['essai-s3']],
  ['ES-PUT', 0.06, ['essai-put']],
];

const shareOf = (programme: string): Share => shares.find(([name]) => name === programme) ?? shares[0];
/** Early leads that also the shortest storm must have had, with time to be received before the authorisation ends. */
const openers: ReadonlyMap<number, Share> = new Map(
  [2, 4, 6, 8, 10, 12].map((number) => [number, shareOf(number % 4 === 2 ? 'ES-GONE' : 'ES-CALLS')]),
);

/**
 * A recipient that is asked first keeps a lead for minutes after an unknown outcome, and a file takes more questions and answers
 * than there is time for, and a client that comes for its leads is given a minute to say so: nothing for a brisk storm.
 */
const leisurely: ReadonlySet<string> = new Set(['ES-ASKED', 'ES-FTPS', 'ES-BUCKET', 'ES-PUT', 'ES-FETCHED']);

/** What the recipients do with a lead of such a name, every time. */
const poisons = ['refused', 'nameless', 'broken', 'cut'] as const;
const answered = ['refused', 'nameless'] as const;
/** Alone in the calm, five of the others would hold their destination, and while it is held nothing is given up. */
export const mostUnanswered = 4;
export const isUnanswered = (reference: string): boolean => /^P-(broken|cut)/.test(reference);

/** This part of the leads is the second request of the person before. */
const askingTwice = 0.15;
/** This part of the grants bears a stamp of minutes ahead, as a form on a host with a fast clock writes it. */
const stampedAhead = 0.08;
/** This part of the leads belongs to an operation that ends while the storm blows. */
const ofOperations = 0.15;
/** This part of the leads that need several calls has its deal refused. */
const dealsRefused = 0.4;

const isStampedAhead = (reference: string): boolean => reference.startsWith('G-');

/** The next lead: most are sound, a few are poison for the CRM or the mapping. `previous` is the reference of the lead before. */
export function nextLead(
  number: number,
  random: Random,
  {
    poison,
    pace,
    previous,
    part,
  }: {
    readonly poison: 'none' | 'answered' | 'any';
    readonly pace: Pace;
    readonly previous: string;
    /** How much of the storm is over, 0 to 1. */
    readonly part: number;
  },
): { readonly row: IntakeValues; readonly handed: HandedIn } {
  if (poison !== 'none' && random.next() < 0.02) {
    const kind = random.pick(poison === 'any' ? poisons : answered);
    const reference = `P-${kind}-${number}`;
    const row = leadRow(reference, {
      programme: 'ES-CRM',
      ...ofPerson(number),
      ...(kind === 'nameless' ? { last_name: null } : {}),
    });
    return { row, handed: { reference, owed: ['essai-crm'], poison: true, person: number } };
  }
  // Their leads stand at one recipient at least, the CRM.
  // A grant stamped ahead that comes in late, because its row had to be handed in again, would be a new grant after a withdrawal
  // for the other request: who has such a stamp asks once.
  const again = number > 0 && random.next() < askingTwice && !isStampedAhead(previous);
  const person = again ? number - 1 : number;
  let at = random.next();
  const share = openers.get(number) ?? shares.find(([, part]) => (at -= part) < 0) ?? shares[0];
  const [programme, , also] = pace === 'brisk' && leisurely.has(share[0]) ? shares[1] : share;
  const dealRefused = programme === 'ES-CALLS' && (openers.has(number) || random.next() < dealsRefused);
  const ahead = random.next() < stampedAhead;
  const operation =
    random.next() < ofOperations && !again && !dealRefused && !ahead ? operationAt(part) : undefined;
  const mark = dealRefused ? 'D-' : again ? 'S-' : ahead ? 'G-' : 'F-';
  const reference = operation === undefined ? `${mark}${number}` : `${operationMark}${operation}-${number}`;
  return {
    row: leadRow(reference, {
      programme,
      ...ofPerson(person),
      ...(operation === undefined ? {} : ofOperation(operation)),
      ...(isStampedAhead(reference) ? { consents: grantedAt(new Date(Date.now() + 4 * 60_000)) } : {}),
    }),
    handed: {
      reference,
      owed: ['essai-crm', ...also],
      poison: false,
      person,
      ...(dealRefused ? { refusedBy: ['essai-calls'] } : {}),
    },
  };
}

const ofOperation = (operation: number): IntakeValues => ({
  operation: codeOf(operation),
  operation_kind: 'one_off',
});

/** A lead of an operation that is over, as an old export brings it once more. */
export const lateLead = (
  number: number,
  operation: number,
): { readonly row: IntakeValues; readonly handed: HandedIn } => {
  const reference = `${lateMark}${number}`;
  const person = 8_000_000 + number;
  const row = leadRow(reference, { programme: 'ES-CRM', ...ofPerson(person), ...ofOperation(operation) });
  return { row, handed: { reference, owed: [], poison: false, person } };
};

/** The last lead of the last operation. */
export function lastLead(): { readonly row: IntakeValues; readonly handed: HandedIn } {
  const [person, operation] = [7_000_000, operationAt(1)];
  const reference = `${operationMark}${operation}-${person}`;
  const row = leadRow(reference, { programme: 'ES-CRM', ...ofPerson(person), ...ofOperation(operation) });
  return { row, handed: { reference, owed: ['essai-crm'], poison: false, person } };
}

const grantedAt = (at: Date): string =>
  JSON.stringify([
    { purpose: 'marketing', channel: 'email', state: 'granted', recordedAt: at.toISOString() },
  ]);

/** Ten thousand invented mobiles, a mail for everybody. */
export const ofPerson = (person: number): IntakeValues => ({
  email: `demande-${person}@courriel.example`,
  mobile: person < 10_000 ? `+3363998${String(person).padStart(4, '0')}` : null,
});

/** The address that a correction gives the person. */
export const correctedEmail = (person: number): string => `demande-${person}@nouveau.example`;
