// Locks a delivery and checks that it is as a page showed it: a second press or an old page then does nothing.
// Invariant: compared under the locks of the act's own transaction.
import type { RelaisError } from '../../errors.ts';
import type { Sql } from '../../store/database.ts';
import { lockDeliveries, type Delivery } from '../../store/deliveries.ts';
import { lockLeads } from '../../store/leads.ts';

/** Run and attempt that the page showed. */
export type Seen = Pick<Delivery, 'run' | 'attempt'>;

/** Leads before deliveries, the order of all locks. @throws `moved` */
export async function lockAsSeen(
  tx: Sql,
  { id, leadId }: Pick<Delivery, 'id' | 'leadId'>,
  isAsSeen: (now: Delivery) => boolean,
  moved: RelaisError,
): Promise<void> {
  await lockLeads(tx, [leadId]);
  const [now] = await lockDeliveries(tx, [id]);
  if (now === undefined || !isAsSeen(now)) throw moved;
}
