// The part of the checker that looks at keys, addressees and rows: one key per delivery and content, nobody receives another's lead,
// and whatever was handed in was taken or refused.
import type { Story } from './check.ts';
import type { DeliveryLine, Entry, Ledgers, Receipt } from './ledgers.ts';

/**
 * Guarantee 4: every attempt bears the same key; a new run may have another after a definite no, where an erasure or update is sent
 * once more behind a late arrival, or where a person accepted a double, and only then.
 */
export function otherKeys({ receipts, entries, deliveries }: Ledgers): readonly string[] {
  const idOf = new Map(deliveries.map((one) => [one.key, one.id]));
  const ofDelivery = Map.groupBy(entries, (one) => one.deliveryId);
  // Each call of a delivery of several has a key of its own, by its name.
  const groups = Map.groupBy(receipts, (one) => `${one.destination} ${one.key}${callOf(one)}`);
  return [...groups].flatMap(([name, group]) => {
    const keys = new Set(group.map((one) => one.sentKey));
    if (keys.size < 2) return [];
    const story = ofDelivery.get(idOf.get(group[0]?.key ?? '') ?? 0) ?? [];
    const runs = new Set(story.filter((one) => one.entry === 'departed').map((one) => one.run));
    const replays = story.filter((one) => one.entry === 'replayed');
    const late = replays
      .filter((one) => one.purpose === 'late arrival' || one.reason === 'may_double')
      .map((one) => one.run);
    if (keys.size <= runs.size && !changedWithoutNo(group, late)) return [];
    const why = replays.map((one) => `run ${one.run} ${one.reason} for ${one.purpose}`);
    return [`${name} (${[...keys].join(', ')}; ${why.join(', ')})`];
  });
}

const callOf = ({ key, sentKey }: Receipt): string =>
  sentKey.startsWith(`${key}-`) ? sentKey.slice(key.length).replace(/\.r\d+$/, '') : '';

const runOf = ({ sentKey }: Receipt): number => Number(/\.r(\d+)$/.exec(sentKey)?.[1] ?? 1);

/** A key that gave way to another although the recipient may know it. @param late runs that a late arrival or a person's choice opened */
function changedWithoutNo(group: readonly Receipt[], late: readonly number[]): boolean {
  const inOrder = group.toSorted((a, b) => a.at - b.at);
  const mayDiffer = (one: Receipt, next: Receipt): boolean =>
    next.sentKey === one.sentKey || late.some((run) => run === runOf(next) || run === runOf(one));
  return inOrder.some(
    (one, index) => one.did !== 'refused' && inOrder.slice(index + 1).some((next) => !mayDiffer(one, next)),
  );
}

export function toAnother({ receipts, deliveries }: Ledgers): readonly string[] {
  const meantFor = new Map(deliveries.map((one) => [one.key, one.destination]));
  return receipts.flatMap(({ key, destination }) => {
    const meant = meantFor.get(key);
    return meant !== undefined && meant !== destination ? [`${key} for ${meant} at ${destination}`] : [];
  });
}

/** Taken, refused where everybody sees it, or gone with the person: a row is never just there. */
export function leftStanding({ rows, goneRows, changes, taken, leads }: Ledgers): readonly string[] {
  const erased = new Set(leads.filter((one) => one.erased).map((one) => one.reference));
  const refused = goneRows.filter(({ refusal }) => refusal !== '');
  const seen = new Set([...rows, ...refused].map((one) => `${one.reference} ${one.rowReference}`));
  return [
    ...rows
      .filter((one) => one.status === 'new')
      .map((one) => `${one.reference} ${one.rowReference}: nobody took it`),
    ...changes
      .filter(
        ({ reference, rowReference }) =>
          !erased.has(reference) && !taken.has(rowReference) && !seen.has(`${reference} ${rowReference}`),
      )
      .map(({ reference, rowReference }) => `${reference} ${rowReference}: gone without a trace`),
  ];
}

export function hostileLeft({ hostile, rows, goneRows }: Ledgers): readonly string[] {
  const statusOf = Map.groupBy(rows, (one) => one.reference);
  // Refused where everybody saw it, and gone later with its person.
  const wentRefused = new Set(goneRows.filter(({ refusal }) => refusal !== '').map((row) => row.reference));
  return hostile.flatMap(({ reference, must, atTheDoor }) => {
    if (atTheDoor) return [];
    const states = (statusOf.get(reference) ?? []).map((one) => one.status);
    const refused = states.length > 0 ? states.every((one) => one === 'refused') : wentRefused.has(reference);
    if (refused || (must === 'settled' && states.every((one) => one === 'refused'))) return [];
    return [
      `${reference}: ${states.length === 0 ? 'taken as a lead' : states.map((one) => `"${one}"`).join(', ')}`,
    ];
  });
}

/** Where a recipient knows no keys, a create that it kept must stay the only one. */
export function madeTwice({ receipts, asked, deliveryOf, referenceOf }: Story): readonly string[] {
  const leadOf = new Map([...deliveryOf.values()].map((one) => [one.key, one.leadId]));
  const kept = receipts.filter(
    (one) => asked.includes(one.destination) && one.action === 'create' && one.did !== 'refused',
  );
  const groups = Map.groupBy(kept, (one) => `${one.destination} ${leadOf.get(one.key) ?? one.key}`);
  return [...groups]
    .filter(([, group]) => group.length > 1)
    .map(([name, group]) => {
      const lead = referenceOf.get(leadOf.get(group[0]?.key ?? '') ?? 0);
      return `${lead ?? name} × ${group.length}`;
    });
}

/** One lead has one create that was delivered. */
export function twice(deliveries: readonly DeliveryLine[]): readonly string[] {
  const creates = deliveries.filter((one) => one.action === 'create' && one.state === 'delivered');
  const groups = Map.groupBy(creates, (one) => `${one.leadId} ${one.destination}`);
  return [...groups].filter(([, group]) => group.length > 1).map(([name]) => name);
}

/** Guarantee 4: key and content stay as they were, unless a right forbids it or the recipient said a definite no. */
/** A withdrawal by hand or by row: of a lead that is gone the log alone knows it. */
export const takesBack = ({ entry, consents }: Entry): boolean =>
  entry === 'withdrawn' || (entry === 'consent_recorded' && (consents ?? '').includes('"state":"withdrawn"'));

const isRight = (one: Entry): boolean => one.entry === 'erased' || takesBack(one);

export function otherContent({ receipts, deliveries, byLead, leads }: Story): readonly string[] {
  const leadOf = new Map(deliveries.map((one) => [one.key, one.leadId]));
  const withdrawn = new Set(leads.filter((one) => one.withdrawn).map((one) => one.id));
  const groups = Map.groupBy(
    receipts.filter((one) => one.did !== 'refused' && one.file === undefined),
    (one) => `${one.destination} ${one.sentKey}`,
  );
  return [...groups].flatMap(([name, group]) => {
    if (new Set(group.map((one) => one.content)).size < 2) return [];
    const leadId = leadOf.get(group[0]?.key ?? '') ?? 0;
    const story = byLead.get(leadId) ?? [];
    return withdrawn.has(leadId) || story.some(isRight) ? [] : [name];
  });
}
