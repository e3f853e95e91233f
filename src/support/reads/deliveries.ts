// Reads deliveries by filter, a page at a time; their count; failures by cause. For every face.
// Invariant: nothing of a person; only within the reader's scope.
import type { DeliveryFilter } from '../../domain/delivery-filter.ts';
import type { DeliveryState } from '../../domain/delivery.ts';
import { countDeliveries, findDelivery, listDeliveries } from '../../store/delivery-lists.ts';
import { countTasks } from '../../store/tasks.ts';
import { advice, type Advice } from '../advice.ts';
import { knownInScope } from '../known-names.ts';
import { pageOf, type Page, type PageAsked, type SupportPlace } from '../place.ts';
import { withinScope, type Scope } from '../scope.ts';
import { reasonWords, stateWords, type Both } from '../words.ts';
import { headOf, type DeliveryHead } from './delivery-row.ts';

export type { DeliveryHead } from './delivery-row.ts';

/** Newest first. @throws FIND-001 for an unknown name in the filter */
export async function deliveriesPage(
  { reading }: SupportPlace,
  scope: Scope,
  asked: DeliveryFilter,
  { limit, after }: PageAsked,
): Promise<Page<DeliveryHead>> {
  const filter = withinScope(scope, asked);
  await knownInScope(reading, scope, filter);
  const rows = await listDeliveries(reading, filter, limit + 1, after);
  return pageOf(rows.map(headOf), limit, ({ id }) => id);
}

/** Highest count: an exact number of millions is not worth the wait. */
export const mostCounted = 10_000;

export interface Count {
  readonly count: number;
  /** There are more. */
  readonly isMore: boolean;
}

export async function countOfFilter(
  { reading }: SupportPlace,
  scope: Scope,
  asked: DeliveryFilter,
): Promise<Count> {
  const filter = withinScope(scope, asked);
  await knownInScope(reading, scope, filter);
  const count = await countDeliveries(reading, filter, mostCounted + 1);
  return { count: Math.min(count, mostCounted), isMore: count > mostCounted };
}

/** Deliveries that need a person for the same cause. */
export interface FailureGroup {
  readonly destination: string;
  readonly state: DeliveryState;
  readonly reason: string;
  readonly count: number;
  /** When the first of them was planned. */
  readonly oldest: Date;
  /** Number of the newest of them, as an example. */
  readonly newest: number;
  /** Meaning of the state and the cause. */
  readonly stateText: Both;
  readonly text: Both;
  /** Advice, by the example; empty for a client. */
  readonly advice: readonly Advice[];
}

/** The largest group first, without closed failures. */
export async function failureGroups(
  { reading }: SupportPlace,
  scope: Scope,
  asked: Pick<DeliveryFilter, 'client' | 'destination'> = {},
): Promise<readonly FailureGroup[]> {
  const filter = withinScope(scope, asked);
  await knownInScope(reading, scope, filter);
  const groups: FailureGroup[] = [];
  for (const group of await countTasks(reading, filter)) {
    const example =
      scope.clientId === undefined ? await findDelivery(reading, String(group.newest)) : undefined;
    const state = group.state as DeliveryState;
    groups.push({
      destination: group.destinationId,
      state,
      reason: group.reason,
      count: group.count,
      oldest: group.oldest,
      newest: group.newest,
      stateText: stateWords[state],
      text: reasonWords(group.reason),
      advice: example === undefined ? [] : advice(example),
    });
  }
  return groups;
}
