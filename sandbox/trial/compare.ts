// Compares a trial lead by lead: the leads handed in, the log, the CRM's own records.
// Invariant: pure. A lead passes when the CRM has exactly one record of it, with the last answer in the CRM's own place; an erased lead,
// when it has none. Every disagreement is a sentence in the list. In a CRM with one record for each person, leads with the same address
// share it, and it may show the phone of any of them.
import type { CrmRecord, Simulator, Stranger } from '../simulators/simulator.ts';
import { phoneAtTheEnd, type TrialLead } from './leads.ts';

/** A delivery as the gateway's tables and log describe it. */
export interface TrialDelivery {
  readonly reference: string;
  readonly action: string;
  readonly state: string;
  readonly reason: string;
  readonly recipientReference: string;
  readonly departures: number;
  /** The log's outcomes, in order: `accepted`, `unknown UNMATCHED_504`. */
  readonly outcomes: readonly string[];
}

export interface LeadResult {
  readonly lead: TrialLead;
  readonly deliveries: readonly TrialDelivery[];
  readonly records: readonly CrmRecord[];
  readonly faults: readonly string[];
}

export interface TrialResult {
  readonly leads: readonly LeadResult[];
  /** All faults, those of no single lead included. */
  readonly faults: readonly string[];
}

export interface TrialEvidence {
  readonly leads: readonly TrialLead[];
  readonly deliveries: readonly TrialDelivery[];
  readonly records: readonly CrmRecord[];
  readonly strangers: readonly Stranger[];
  readonly complaints: readonly string[];
  readonly keeps?: Simulator['keeps'];
  readonly changes?: Simulator['changes'];
  readonly turnsAway?: Simulator['turnsAway'];
}

export function compareTrial({
  leads,
  deliveries,
  records,
  strangers,
  complaints,
  keeps = 'requests',
  changes,
  turnsAway = () => undefined,
}: TrialEvidence): TrialResult {
  const phonesOf = (lead: TrialLead): readonly string[] =>
    leads
      .filter((other) => other === lead || (keeps === 'persons' && isSamePerson(lead.person, other.person)))
      .map(phoneAtTheEnd);
  const results = leads.map((lead): LeadResult => {
    const own = deliveries.filter(({ reference }) => reference === lead.reference);
    const kept = records.filter(({ reference }) => reference === lead.reference);
    const away = turnsAway(lead.person, strangers);
    const faults =
      away === undefined
        ? [...ofTheLog(lead, own, changes), ...ofRecords(lead, own, kept, phonesOf(lead))]
        : ofOneTurnedAway(lead, own, kept, away);
    return { lead, deliveries: own, records: kept, faults };
  });
  const known = new Set(leads.map(({ reference }) => reference));
  // A stranger whose record a lead completes is compared with that lead.
  const apart = strangers.filter(
    (stranger) => keeps === 'requests' || !leads.some(({ person }) => isSamePerson(person, stranger)),
  );
  const others = records.filter(({ reference }) => !known.has(reference));
  const faults = [
    ...results.flatMap((result) => result.faults),
    ...ofStrangers(apart, others),
    ...complaints,
  ];
  return { leads: results, faults };
}

/**
 * Checks the log: each delivery is delivered, later changes too, or absorbed by a later one; an erasure may find nothing to erase. A CRM
 * that takes no changes has a task for each instead.
 */
function ofTheLog(
  lead: TrialLead,
  deliveries: readonly TrialDelivery[],
  changes: TrialEvidence['changes'],
): readonly string[] {
  const faults: string[] = [];
  const create = deliveries.find(({ action }) => action === 'create');
  if (create === undefined) return [`${lead.reference} was never planned`];
  const name = (delivery: TrialDelivery): string => standing(lead, delivery);
  for (const delivery of deliveries) {
    const gone = delivery.action === 'erase' && delivery.reason === 'not_needed' && delivery.departures > 0;
    const absorbed = delivery.state === 'cancelled' && ['superseded', 'erased'].includes(delivery.reason);
    const told = isLetter(changes, delivery.action) && isTask(delivery);
    if (told && delivery.departures > 0) faults.push(`${name(delivery)}, and was sent`);
    if (delivery.state !== 'delivered' && !gone && !absorbed && !told)
      faults.push(`${name(delivery)} after ${delivery.outcomes.join(', ')}`);
    const accepted = delivery.outcomes.some((outcome) => /^(accepted|duplicate|unconfirmed)/.test(outcome));
    if ((delivery.state === 'delivered') !== accepted && !gone)
      faults.push(`${name(delivery)}, but the log ${accepted ? 'has' : 'has not'} its acceptance`);
  }
  for (const { kind } of lead.later ?? []) {
    if (kind === 'unsubscribed there') continue;
    const action = kind === 'erasure' ? 'erase' : 'update';
    if (!deliveries.some((delivery) => delivery.action === action))
      faults.push(`${lead.reference} (${lead.shows}): the ${kind} was never sent`);
  }
  return faults;
}

/** True when the change became a task for support: no request is sent for it. */
export const isTask = ({ state, reason }: TrialDelivery): boolean =>
  state === 'failed' && ['manual_update_required', 'manual_erasure_required'].includes(reason);

/** True when the client makes this change in writing instead of by machine. */
export const isLetter = (changes: Simulator['changes'], action: string): boolean =>
  changes === 'in writing' || (changes === 'erasures in writing' && action === 'erase');

const standing = (lead: TrialLead, { action, state, reason }: TrialDelivery): string =>
  `${lead.reference} (${lead.shows}), ${action} is ${state}${reason === '' ? '' : ` (${reason})`}`;

/** Checks a lead the CRM refuses: its delivery failed with this reason, and the CRM has no record of it. */
function ofOneTurnedAway(
  lead: TrialLead,
  deliveries: readonly TrialDelivery[],
  records: readonly CrmRecord[],
  away: string,
): readonly string[] {
  const create = deliveries.find(({ action }) => action === 'create');
  if (create === undefined) return [`${lead.reference} was never planned`];
  const isTold = create.state === 'failed' && create.reason.split(':')[0] === away;
  return [
    ...(isTold ? [] : [`${standing(lead, create)}, and the CRM does not take it (${away})`]),
    ...(records.length === 0
      ? []
      : [`${lead.reference} (${lead.shows}) is not taken, and the CRM has ${records.length} records`]),
  ];
}

function ofRecords(
  lead: TrialLead,
  deliveries: readonly TrialDelivery[],
  records: readonly CrmRecord[],
  phones: readonly string[],
): readonly string[] {
  const name = `${lead.reference} (${lead.shows})`;
  if (lead.end === undefined)
    return records.length === 0
      ? []
      : [`${name} was erased, and the CRM still has ${records.length} records`];
  const [record] = records;
  if (record === undefined) return [`${name} has no record in the CRM`];
  const wanted = lead.copiedThere === true ? 2 : 1;
  const faults = records.length === wanted ? [] : [`${name} has ${records.length} records in the CRM`];
  for (const { mayContact } of records)
    for (const channel of ['email', 'phone'] as const) {
      const may = mayContact[channel];
      if (may !== lead.end[channel])
        faults.push(
          `${name}: the CRM shows ${shown(may)} for ${channel}, and the answer is ${shown(lead.end[channel])}`,
        );
    }
  faults.push(...ofPerson(name, lead, record, phones));
  const told = deliveries.findLast(({ recipientReference }) => recipientReference !== '')?.recipientReference;
  if (told !== undefined && !records.some(({ id }) => id === told))
    faults.push(`${name}: the log knows it as ${told}, which is none of its records`);
  return faults;
}

export const shown = (may: boolean | undefined): string =>
  may === undefined ? 'nothing' : may ? 'yes' : 'no';

/** The same name as far as the CRM keeps it: signs may be missing, and the end of a long one. */
function isSameName(kept: string, wanted: string): boolean {
  const [there, whole] = [kept, wanted].map((name) => name.replaceAll(/[^\p{L}]/gu, '')) as [string, string];
  return whole.startsWith(there) && there.length >= Math.min(40, whole.length);
}

const isSamePerson = (one: Addressed, other: Addressed): boolean =>
  one.email !== undefined && one.email === other.email;

interface Addressed {
  readonly email?: string;
}

/** Checks the person, with the name as far as the CRM keeps it. */
function ofPerson(
  name: string,
  lead: TrialLead,
  record: CrmRecord,
  phones: readonly string[],
): readonly string[] {
  const { lastName, firstName = '', email = '' } = lead.person;
  const faults: string[] = [];
  const wanted = { lastName, firstName };
  for (const field of ['lastName', 'firstName'] as const)
    if (!isSameName(record[field], wanted[field]))
      faults.push(`${name}: the CRM shows the ${field} "${record[field]}"`);
  if (record.email.toLowerCase() !== email) faults.push(`${name}: the CRM shows the email "${record.email}"`);
  if (!phones.includes(record.phone)) faults.push(`${name}: the CRM shows the phone "${record.phone}"`);
  return faults;
}

/** Checks that persons from before the trial are unchanged, and that no other record exists. */
function ofStrangers(strangers: readonly Stranger[], others: readonly CrmRecord[]): readonly string[] {
  const same = (stranger: Stranger) => (record: CrmRecord) =>
    (['lastName', 'firstName', 'email', 'phone'] as const).every(
      (field) => record[field] === stranger[field],
    );
  return [
    ...strangers
      .filter((stranger) => !others.some(same(stranger)))
      .map(
        ({ firstName, lastName }) =>
          `${firstName} ${lastName}, whom the CRM knew before, was changed or is gone`,
      ),
    ...others
      .filter((record) => !strangers.some((stranger) => same(stranger)(record)))
      .map(({ id }) => `the CRM has the record ${id}, which no lead explains`),
  ];
}
