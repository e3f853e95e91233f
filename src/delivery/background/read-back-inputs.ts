// Reads the inputs of a read-back: the delivery, the version in force, and the reference of the recipient.
// Invariant: reads only; a lead that was erased, replayed since or has no reference any more is not read back.
import type { Captured, Connector } from '../../../connectors/contract.ts';
import type { ReadBackPlan, CompiledMapping } from '../../mapping/contract.ts';
import { readCalls } from '../../store/deliveries/calls.ts';
import type { Sql } from '../../store/database.ts';
import { deliveriesOfLeads, type Delivery } from '../../store/deliveries/deliveries.ts';
import { findDestination, readStates } from '../../store/destinations/destinations.ts';
import { readLeads } from '../../store/leads/leads.ts';
import type { ReadBack } from '../../store/deliveries/read-backs.ts';
import type { Published } from '../trip/mapping-cache.ts';

export interface Reading {
  readonly mapping: CompiledMapping;
  readonly plan: ReadBackPlan;
  readonly connector: Connector;
  readonly delivery: Delivery;
  readonly leadReference: string;
  readonly reference: string | undefined;
  readonly captured: Captured;
}

/** Undefined: there is nothing to read back. `rest`: its destination may not be asked now. */
export async function readingOf(
  needs: {
    readonly database: Sql;
    readonly published: Published;
    readonly connectors: Readonly<Record<string, Connector>>;
  },
  one: ReadBack,
): Promise<Reading | 'rest' | undefined> {
  const { database } = needs;
  const own = (await deliveriesOfLeads(database, [one.leadId])).filter(
    ({ destinationId }) => destinationId === one.destinationId,
  );
  const delivery = own.find(({ id }) => id === one.deliveryId);
  if (delivery?.state !== 'delivered' || delivery.run !== one.run) return undefined;
  if (own.some(({ id, departures }) => id > delivery.id && departures > 0)) return undefined;
  const destination = await findDestination(database, one.destinationId);
  const mapping = await needs.published.version(destination?.mappingVersionId ?? 0);
  const connector = mapping === undefined ? undefined : needs.connectors[mapping.connector];
  if (mapping?.readBack === undefined || connector?.lookup === undefined) return undefined;
  const circuit = (await readStates(database, [one.destinationId])).get(one.destinationId)?.circuit;
  if (destination?.status !== 'active' || (circuit !== undefined && circuit.state === 'open')) return 'rest';
  const lead = (await readLeads(database, [one.leadId], new Set())).get(one.leadId)?.lead;
  if (lead === undefined || lead.erasedAt !== undefined) return undefined;
  const calls = await readCalls(database, one.leadId, one.destinationId);
  const captured = Object.assign(
    {},
    ...calls.flatMap((called) => called.calls.map(({ captures }) => captures)),
  ) as Captured;
  const reference = own.findLast(
    ({ recipientReference }) => recipientReference !== undefined,
  )?.recipientReference;
  const plan = mapping.readBack;
  const isNameless =
    (plan.needsReference && reference === undefined) || plan.needs.some((id) => captured[id] === undefined);
  if (isNameless) return undefined;
  return { mapping, plan, connector, delivery, leadReference: lead.reference, reference, captured };
}
