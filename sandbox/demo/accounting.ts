// Compares a run row by row: the leads handed in, the log, the recipients' records.
// Invariant: pure. A lead is accounted for when it is delivered, withheld or failed with a reason, or refused visibly; a waiting lead is
// not. Every disagreement is a sentence in the list.
import type { LeadEnding } from '../people/leads.ts';
import type { RecipientReport, Received } from '../recipients/record.ts';
import type { DemoLedger, LoggedDelivery } from './ledger.ts';

/** A lead handed in, and its expected end. */
export interface Expectation extends LeadEnding {
  readonly clientId: string;
  readonly reference: string;
  readonly destination: string;
}

export interface Comparison {
  /** Empty when everything agrees. */
  readonly faults: readonly string[];
  readonly leads: number;
  /** Leads by ending. */
  readonly endings: Readonly<Record<LeadEnding['ending'], number>>;
  /** Records of recipients compared with the log. */
  readonly compared: number;
  /** Opt-in values compared, one by one. */
  readonly optIns: number;
}

/** @param received the report of each destination's recipient, by destination */
export function account(
  expected: readonly Expectation[],
  ledger: DemoLedger,
  received: Readonly<Record<string, RecipientReport>>,
): Comparison {
  const faults: string[] = [];
  const endings = { delivered: 0, withheld: 0, failed: 0, not_routed: 0, refused: 0 };
  const wanted = new Map(expected.map((expected) => [nameOf(expected), expected]));
  const byReference = Map.groupBy(ledger.deliveries, (delivery) => delivery.reference);

  for (const row of ledger.rows) {
    const found = endingOf(row, byReference.get(row.reference) ?? []);
    if ('waits' in found) faults.push(`${row.reference} is not accounted for: ${found.waits}`);
    else {
      endings[found.ending] += 1;
      const want = wanted.get(nameOf(row));
      // A lead added by hand has no expectation; it only must not wait.
      if (want !== undefined && !meets(found, want)) {
        faults.push(`${row.reference} ended as ${say(found)} and should have ended as ${say(want)}`);
      }
    }
    wanted.delete(nameOf(row));
  }
  for (const expected of wanted.values())
    faults.push(`${expected.reference} was handed in and is not in lead_intake`);

  let compared = 0;
  let optIns = 0;
  const destinations = new Set([
    ...Object.keys(received),
    ...ledger.deliveries.map((delivery) => delivery.destination),
  ]);
  for (const destination of destinations) {
    const reading = received[destination] ?? {
      received: [],
      complaints: [`${destination} has no recipient in this demo`],
    };
    faults.push(...reading.complaints);
    const deliveries = ledger.deliveries.filter((delivery) => delivery.destination === destination);
    const result = compare(deliveries, reading.received, faults);
    compared += result.compared;
    optIns += result.optIns;
  }
  return { faults, leads: ledger.rows.length, endings, compared, optIns };
}

const nameOf = ({ clientId, reference }: { readonly clientId: string; readonly reference: string }): string =>
  `${clientId}/${reference}`;

const say = ({ ending, detail }: LeadEnding): string =>
  `${ending.replaceAll('_', ' ')}${detail === '' ? '' : ` (${detail})`}`;

function meets(found: LeadEnding, want: LeadEnding): boolean {
  return (
    found.ending === want.ending &&
    (found.detail === want.detail || found.detail.startsWith(`${want.detail}:`) || want.detail === '')
  );
}

function endingOf(
  row: DemoLedger['rows'][number],
  deliveries: readonly LoggedDelivery[],
): LeadEnding | { readonly waits: string } {
  if (row.status === 'refused') {
    return row.refusals.length === 0
      ? { waits: 'refused without a reason' }
      : { ending: 'refused', detail: row.refusals.join(', ') };
  }
  if (row.status === 'new') return { waits: 'its row was not looked at' };
  const create = deliveries.find((delivery) => delivery.action === 'create');
  if (create === undefined) {
    return row.unrouted
      ? { ending: 'not_routed', detail: '' }
      : { waits: 'taken in, but neither planned nor refused' };
  }
  switch (create.state) {
    case 'delivered':
      return create.reason === ''
        ? { waits: 'delivered without saying how' }
        : { ending: 'delivered', detail: create.reason };
    case 'withheld':
    case 'failed':
      return create.reason === ''
        ? { waits: `${create.state} without a reason` }
        : { ending: create.state, detail: create.reason };
    default:
      return {
        waits: `delivery ${create.id} is ${create.state}${create.reason === '' ? '' : ` (${create.reason})`}`,
      };
  }
}

/** A row of a file has no key: the lead's reference and the action identify it. */
const rowName = (row: { readonly reference: string; readonly action: string }): string =>
  `${row.reference} ${row.action}`;

function compare(
  deliveries: readonly LoggedDelivery[],
  received: readonly Received[],
  faults: string[],
): { readonly compared: number; readonly optIns: number } {
  const keyed = Map.groupBy(
    received.filter((received) => received.key !== undefined),
    (received) => received.key,
  );
  const named = Map.groupBy(
    received.filter((received) => received.key === undefined),
    rowName,
  );
  const matched = new Set<Received>();
  let compared = 0;
  let optIns = 0;
  for (const delivery of deliveries) {
    const records = [...(keyed.get(delivery.key) ?? []), ...(named.get(rowName(delivery)) ?? [])];
    for (const record of records) matched.add(record);
    const name = `${delivery.destination} ${delivery.reference} (delivery ${delivery.id})`;
    const delivered = delivery.state === 'delivered';
    if (delivered !== delivery.acceptedByLog) {
      faults.push(
        `${name} is ${delivery.state}, but the log ${delivery.acceptedByLog ? 'has' : 'has not'} its acceptance`,
      );
    }
    if (delivered && records.length !== 1) {
      faults.push(`${name} is delivered, and the recipient has it ${records.length} times`);
    }
    if (!delivered && records.length > 0) {
      faults.push(`${name} is ${delivery.state}, and yet the recipient has it: ${records[0]?.place ?? ''}`);
    }
    if (records.length > 0 && delivery.departed === 0) {
      faults.push(`${name} reached the recipient without a departure in the log`);
    }
    const [record] = records;
    if (record === undefined) continue;
    compared += 1;
    if (record.reference !== delivery.reference || record.action !== delivery.action) {
      faults.push(`${name} is ${rowName(delivery)} in the log and ${rowName(record)} at the recipient's`);
    }
    optIns += compareOptIns(delivery, record, name, faults);
  }
  for (const record of received) {
    if (!matched.has(record))
      faults.push(
        `${record.destination} has ${rowName(record)} (${record.place}), which no delivery explains`,
      );
  }
  return { compared, optIns };
}

/** An erasure contains no opt-in; every other delivery at least one. */
function compareOptIns(delivery: LoggedDelivery, record: Received, name: string, faults: string[]): number {
  if (delivery.optIn.length === 0 && delivery.action !== 'erase')
    faults.push(`${name} departed without an opt-in in the log`);
  for (const { field, value } of delivery.optIn) {
    const arrived = record.optIn[field];
    if (value === '(omitted)' || value === '(unchanged)' ? (arrived ?? '') !== '' : arrived !== value) {
      faults.push(
        `${name}: the log says ${field}=${value}, the recipient has ${arrived === undefined ? 'nothing' : arrived}`,
      );
    }
  }
  return delivery.optIn.length;
}
