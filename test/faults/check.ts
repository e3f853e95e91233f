// The checker: three ledgers compared after the storm — the leads, the hand-over log, what the recipient really received.
// Every figure that must be 0 says which guarantee of the design it stands for.
import type { Gateway } from '../trip/gateway.ts';
import type { CrmRecord } from './crm.ts';

export interface Figures {
  readonly leads: number;
  readonly deliveries: number;
  readonly attempts: number;
  readonly received: number;
  /** Received again under the same key: allowed, a recipient recognises it. */
  readonly duplicates: number;
  readonly unknownOutcomes: number;
  readonly lateOutcomes: number;
  /** Must be 0, each with the references concerned. */
  readonly faults: Readonly<Record<string, readonly string[]>>;
}

interface Entry {
  readonly id: number;
  readonly entry: string;
  readonly action: string;
  readonly deliveryId: number;
  readonly reference: string;
  readonly key: string;
  readonly outcome: string;
  readonly attempt: number;
  readonly run: number;
  readonly consents: string | null;
}

export async function check(gateway: Gateway, records: readonly CrmRecord[]): Promise<Figures> {
  const sql = gateway.owner;
  const leads = await sql.all<{ reference: string; erased: number }>(
    'SELECT reference, erased_at IS NOT NULL AS erased FROM leads',
  );
  const deliveries = await sql.all<{
    id: number;
    reference: string;
    action: string;
    state: string;
    reason: string;
    key: string;
  }>(
    'SELECT d.id, l.reference, d.action, d.state, d.reason, d.delivery_key AS `key` FROM deliveries d JOIN leads l ON l.id = d.lead_id ORDER BY d.id',
  );
  const entries = await sql.all<Entry>(
    `SELECT h.id, h.entry, h.action, h.delivery_id AS deliveryId, l.reference, COALESCE(d.delivery_key, '') AS \`key\`, h.outcome, h.attempt, h.run, h.consents
       FROM handovers h JOIN leads l ON l.id = h.lead_id LEFT JOIN deliveries d ON d.id = h.delivery_id ORDER BY h.id`,
  );
  const departed = entries.filter((one) => one.entry === 'departed');
  const keyOf = (record: CrmRecord): string => record.key.replace(/\.r\d+$/, '');
  const receivedKeys = new Set(records.map(keyOf));
  const departedKeys = new Set(departed.map((one) => one.key));
  const byLead = Map.groupBy(entries, (one) => one.reference);

  const faults: Record<string, readonly string[]> = {
    'lost: a lead without a create, or one that reached no end': leads
      .filter((lead) => {
        const creates = deliveries.filter(
          (one) => one.reference === lead.reference && one.action === 'create',
        );
        const ended = creates.some((one) => ['delivered', 'failed', 'cancelled'].includes(one.state));
        return lead.erased !== 1 && (creates.length === 0 || !ended);
      })
      .map((lead) => lead.reference),
    'not delivered though the recipient was well at the end': deliveries
      .filter(
        (one) =>
          one.reason !== 'erased' &&
          (one.action === 'create'
            ? one.state !== 'delivered'
            : one.action === 'update' && one.state === 'failed'),
      )
      .map((one) => `${one.reference} ${one.state}:${one.reason}`),
    'sent but not logged': records.filter((one) => !departedKeys.has(keyOf(one))).map((one) => one.reference),
    'logged as delivered but never received': deliveries
      .filter((one) => one.state === 'delivered' && !receivedKeys.has(one.key))
      .map((one) => `${one.reference} ${one.action}`),
    'departed after erasure': [...byLead].flatMap(([reference, story]) => {
      const erased = story.find((one) => one.entry === 'erased');
      return erased !== undefined &&
        story.some((one) => one.entry === 'departed' && one.action !== 'erase' && one.id > erased.id)
        ? [reference]
        : [];
    }),
    'departed with a consent withdrawn before': [...byLead].flatMap(([reference, story]) => {
      const withdrawn = story.find((one) => one.entry === 'withdrawn');
      const wrong = (one: Entry): boolean =>
        one.entry === 'departed' &&
        one.action !== 'erase' &&
        one.id > (withdrawn?.id ?? Infinity) &&
        !(one.consents ?? '').includes('withdrawn');
      return story.some(wrong) ? [reference] : [];
    }),
    'withdrawal that a recipient with the grant never learnt': [...byLead].flatMap(([reference, story]) => {
      const withdrawn = story.find((one) => one.entry === 'withdrawn');
      if (withdrawn === undefined || story.some((one) => one.entry === 'erased')) return [];
      const last = records.filter((one) => one.reference === reference && one.optIn !== undefined).at(-1);
      return last !== undefined && last.optIn !== 'RETRAIT' ? [reference] : [];
    }),
    'erasure not followed to a recipient that had it': [...byLead].flatMap(([reference, story]) => {
      const had = story.some((one) => one.entry === 'departed' && one.action !== 'erase');
      const erase = deliveries.filter((one) => one.reference === reference && one.action === 'erase');
      return story.some((one) => one.entry === 'erased') &&
        had &&
        !erase.some((one) => one.state === 'delivered' || one.reason === 'manual_erasure_required')
        ? [reference]
        : [];
    }),
    'two deliveries of one lead in flight': overlaps(entries),
    'an attempt without an outcome': unanswered(entries),
    'an attempt with two outcomes: a worker without its lease settled': settledTwice(entries),
    'an unsettled delivery': deliveries
      .filter((one) => !['delivered', 'failed', 'cancelled'].includes(one.state))
      .map((one) => `${one.id} ${one.state}:${one.reason}`),
  };
  return {
    leads: leads.length,
    deliveries: deliveries.length,
    attempts: departed.length,
    received: records.length,
    duplicates: records.length - new Set(records.map((one) => one.key)).size,
    unknownOutcomes: entries.filter((one) => one.entry === 'outcome_unknown' || one.outcome === 'unknown')
      .length,
    lateOutcomes: entries.filter((one) => one.entry === 'late').length,
    faults,
  };
}

/** Entries of one lead in the log's order: a departure while another delivery's attempt is still open. */
function overlaps(entries: readonly Entry[]): readonly string[] {
  const found: string[] = [];
  for (const [reference, story] of Map.groupBy(entries, (one) => one.reference)) {
    let open: number | undefined;
    for (const one of story) {
      if (one.entry === 'departed') {
        if (open !== undefined && open !== one.deliveryId)
          found.push(`${reference} ${open}/${one.deliveryId}`);
        open = one.deliveryId;
      } else if (['outcome', 'outcome_unknown'].includes(one.entry) && one.deliveryId === open)
        open = undefined;
    }
  }
  return found;
}

/** The worker that lost its lease may only write \`late\`. */
function settledTwice(entries: readonly Entry[]): readonly string[] {
  const settled = entries.filter((one) => ['outcome', 'outcome_unknown'].includes(one.entry));
  const groups = Map.groupBy(settled, (one) => `${one.deliveryId}/${one.run}/${one.attempt}`);
  return [...groups].filter(([, group]) => group.length > 1).map(([name]) => name);
}

function unanswered(entries: readonly Entry[]): readonly string[] {
  const answered = new Set(
    entries
      .filter((one) => ['outcome', 'outcome_unknown'].includes(one.entry))
      .map((one) => `${one.deliveryId}/${one.run}/${one.attempt}`),
  );
  return entries
    .filter((one) => one.entry === 'departed' && !answered.has(`${one.deliveryId}/${one.run}/${one.attempt}`))
    .map((one) => `${one.reference} ${one.deliveryId}/${one.run}/${one.attempt}`);
}
