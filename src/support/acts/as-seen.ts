// An act that rests on what a page showed: where that has changed meanwhile, a second press or an old page does nothing.
// Invariant: compared under the locks of the act's own transaction.
import type { RelaisError } from '../../errors.ts';
import type { Sql } from '../../store/database.ts';
import { lockDeliveries, type Delivery } from '../../store/deliveries.ts';
import { lockLeads } from '../../store/leads.ts';

/** Which try of which run was looked at. */
export type Seen = Pick<Delivery, 'run' | 'attempt'>;

/** Leads before deliveries, as everybody locks them. @throws `moved` */
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
