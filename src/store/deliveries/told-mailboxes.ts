// Reads from the log which consents each mailbox was last sent about a lead.
// Invariant: reads only; addresses are the client's, none of a person.
import type { Action, OutcomeKind } from '../../../connectors/contract.ts';
import type { Sql } from '../database.ts';

export interface ToldMailbox {
  readonly deliveryId: number;
  readonly action: Action;
  readonly mailbox: string;
  readonly consents: readonly {
    readonly purpose: string;
    readonly channel: string;
    readonly state: string;
  }[];
}

interface Entry {
  readonly entry: 'departed' | 'outcome' | 'target_outcome';
  readonly delivery_id: number;
  readonly run: number;
  readonly attempt: number;
  readonly action: Action;
  readonly target: string;
  readonly outcome: OutcomeKind | '';
  readonly consents: string | null;
}

/** Outcomes after which a mailbox may have the mail. */
const mayHave: ReadonlySet<string> = new Set(['unconfirmed', 'accepted', 'duplicate', 'unknown']);

/** By departure, ascending. */
export async function toldMailboxes(
  sql: Sql,
  leadId: number,
  destinationId: string,
): Promise<readonly ToldMailbox[]> {
  const rows = await sql.all<Entry>(
    `SELECT entry, delivery_id, run, attempt, action, target, outcome, consents FROM handovers FORCE INDEX (handovers_subject)
      WHERE lead_id = ? AND destination_id = ? AND connector = 'email' AND entry IN ('departed', 'outcome', 'target_outcome')
      ORDER BY id`,
    [leadId, destinationId],
  );
  const tries = Map.groupBy(rows, (row) => `${row.delivery_id} ${row.run} ${row.attempt}`);
  return [...tries.values()].flatMap((entries) => {
    const departed = entries.find(({ entry }) => entry === 'departed');
    if (departed === undefined) return [];
    const { delivery_id: deliveryId, action, consents } = departed;
    const told = consents === null ? [] : (JSON.parse(consents) as ToldMailbox['consents']);
    return reached(departed, entries).map((mailbox) => ({ deliveryId, action, mailbox, consents: told }));
  });
}

/** The mailboxes that took the mail, when each had an outcome of its own; else all or none. */
function reached({ target }: Entry, entries: readonly Entry[]): readonly string[] {
  const each = entries.filter(({ entry }) => entry === 'target_outcome');
  if (each.length > 0) return each.filter(({ outcome }) => mayHave.has(outcome)).map((one) => one.target);
  const outcome = entries.find(({ entry }) => entry === 'outcome');
  return outcome === undefined || mayHave.has(outcome.outcome) ? target.toLowerCase().split(', ') : [];
}
