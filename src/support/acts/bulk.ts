// Plans and begins a bulk run over all deliveries of a filter: counted first, planned, begun with the confirmed number.
// Invariant: the run covers the counted deliveries; a planner works it, even when the caller is gone.
import { counted, numbered, type OneAndSeveral } from '../../domain/counted.ts';
import type { DeliveryFilter } from '../../domain/delivery-filter.ts';
import type { DeliveryState } from '../../domain/delivery.ts';
import { waitsForDecision } from '../../delivery/outcome/resolve.ts';
import { RelaisError } from '../../errors.ts';
import { unknownDelivery } from '../../errors/unknown.ts';
import { releaseBulkRun } from '../../store/deliveries/bulk-runs.ts';
import { eachDelivery, findDelivery, type ListedDelivery } from '../../store/deliveries/delivery-lists.ts';
import { beginRunIn, cancelRun, pauseRun } from '../bulk-runs.ts';
import { refusalWords, type BulkOrder } from '../bulk-steps.ts';
import { isCancellable } from '../close-and-cancel.ts';
import { filterInScope } from '../named-text.ts';
import { existing, withinScope, type SupportPlace, type Scope } from '../place.ts';
import { bulkRun, bulkRunHead, type BulkRunHead } from '../reads/bulk-runs.ts';
import { filterSchemas, readFilter } from '../reads/filter.ts';
import { isReplayRefusal, replayPlans, type ReplayPlan } from '../replay.ts';
import type { Both } from '../words.ts';
import { evidence, handedOver, inOne, reason, type Act } from './act.ts';
import { replayFlags, type ReplayHow } from './deliveries.ts';

/** `received` and `not_received` say what became of those that wait for a decision. */
export type PlannedKind = 'replay' | 'cancel' | 'close' | 'received' | 'not_received';

interface BulkAsked extends Partial<ReplayHow> {
  readonly kind: PlannedKind;
  /** One condition at least, where no delivery is named. */
  readonly filter: DeliveryFilter;
  /** Numbers or keys of deliveries, in place of a filter. */
  readonly named?: readonly string[];
}

export interface PlanGroup {
  readonly plan: ReplayPlan | 'cancel' | 'stay' | 'close' | 'resolve';
  readonly text: Both;
  readonly count: number;
  readonly isRefused: boolean;
}

export interface BulkPlan {
  readonly matched: number;
  /** Deliveries that the run changes: the number to confirm. */
  readonly going: number;
  readonly groups: readonly PlanGroup[];
  /** Numbers of the first of them. */
  readonly first: readonly number[];
  readonly destinations: readonly string[];
}

/** Most deliveries of a run: no person reviews more, and the filter is to be narrowed. */
const mostOfARun = 200_000;
const mostShown = 20;

/** @throws FIND-001, USAGE-001 */
export const planBulk = async (place: SupportPlace, scope: Scope, asked: BulkAsked): Promise<BulkPlan> =>
  (await planned(place, scope, asked)).plan;

async function planned(place: SupportPlace, scope: Scope, asked: BulkAsked) {
  const filter = withinScope(scope, asked.filter);
  const rows = isNamed(asked) ? await namedOnes(place, scope, asked) : await matching(place, scope, asked);
  const planOf = await plansOf(place, asked, rows);
  const groups = [...Map.groupBy(rows, planOf)].map(([plan, { length }]) => ({
    plan,
    text: planWords(plan, length),
    count: length,
    isRefused: isRefused(plan),
  }));
  // One that is named and cannot be cancelled is an answer of the run.
  const deliveries =
    asked.kind === 'cancel' && isNamed(asked) ? rows : rows.filter((row) => !isRefused(planOf(row)));
  const plan: BulkPlan = {
    matched: rows.length,
    going: deliveries.length,
    groups: groups.sort((a, b) => b.count - a.count),
    first: deliveries.slice(0, mostShown).map(({ id }) => id),
    destinations: [...new Set(rows.map(({ destinationId }) => destinationId))],
  };
  return { filter, deliveries, plan };
}

const isNamed = ({ named = [] }: Pick<BulkAsked, 'named'>): boolean => named.length > 0;

/** Each once. @throws FIND-001 */
async function namedOnes(
  { database }: SupportPlace,
  scope: Scope,
  { named = [] }: BulkAsked,
): Promise<readonly ListedDelivery[]> {
  const rows = new Map<number, ListedDelivery>();
  for (const name of named) {
    const row = existing(scope, await findDelivery(database, name), unknownDelivery(name));
    rows.set(row.id, row);
  }
  return [...rows.values()];
}

const isOfDecision = (kind: PlannedKind): boolean => kind === 'received' || kind === 'not_received';

const openFailures = { open: true, state: 'failed' as DeliveryState };

/** @throws FIND-001, USAGE-001 */
async function matching(
  { database }: SupportPlace,
  scope: Scope,
  { kind, filter: asked }: BulkAsked,
): Promise<readonly ListedDelivery[]> {
  if (Object.values(asked).every((condition) => condition === undefined))
    throw new RelaisError('USAGE-001', [
      'Donnez une condition au moins : une destination, un état, une cause…',
      'Name one condition at least: a destination, a state, a cause ...',
    ]);
  const within = await filterInScope(database, scope, asked);
  const filter = kind === 'close' ? { ...within, ...openFailures } : within;
  const rows: ListedDelivery[] = [];
  for await (const page of eachDelivery(database, filter)) {
    rows.push(...(isOfDecision(kind) ? page.filter(waitsForDecision) : page));
    if (rows.length > mostOfARun)
      throw new RelaisError('USAGE-001', [
        `Le filtre trouve plus de ${mostOfARun} livraisons : restreignez-le, à une période par exemple.`,
        `The filter matches more than ${mostOfARun} deliveries: narrow it, by a period for instance.`,
      ]);
  }
  return rows;
}

async function plansOf(
  place: SupportPlace,
  { kind, anew = false, acceptDoubles = false, again = false, ...asked }: BulkAsked,
  rows: readonly ListedDelivery[],
): Promise<(row: ListedDelivery) => PlanGroup['plan']> {
  if (kind === 'close') return () => 'close';
  if (isOfDecision(kind)) return () => 'resolve';
  if (kind === 'cancel') return (row) => (isCancellable(row) ? 'cancel' : 'stay');
  const plans = await replayPlans(place, rows, { anew, acceptDoubles, again, named: isNamed(asked) });
  return ({ id }) => plans.get(id) ?? 'not_found';
}

const isRefused = (plan: PlanGroup['plan']): boolean => plan === 'stay' || isReplayRefusal(plan);

/** Words after their number. */
const words: Readonly<Record<string, OneAndSeveral>> = {
  new_run: [
    ['rejouée', 'gets a new run'],
    ['rejouées', 'get a new run'],
  ],
  delivered_again: [
    ['déjà livrée, envoyée de nouveau', 'is delivered already and is sent again'],
    ['déjà livrées, envoyées de nouveau', 'are delivered already and are sent again'],
  ],
  unchanged: [
    [
      'rejouée, bien que le format n’ait pas changé depuis son échec',
      'gets a new run, though the mapping has not changed since it failed',
    ],
    [
      'rejouées, bien que le format n’ait pas changé depuis leur échec',
      'get a new run, though the mapping has not changed since they failed',
    ],
  ],
  may_double: [
    ['envoyée, peut-être en double', 'is sent, and its recipient may hold it twice'],
    ['envoyées, peut-être en double', 'are sent, and their recipient may hold them twice'],
  ],
  brought_forward: [
    ['prochain essai avancé', 'has its next try brought forward'],
    ['prochains essais avancés', 'have their next try brought forward'],
  ],
  looked_at_again: [
    ['retenue, réexaminée', 'is withheld and will be looked at again'],
    ['retenues, réexaminées', 'are withheld and will be looked at again'],
  ],
  cancel: [
    ['annulée', 'is cancelled'],
    ['annulées', 'are cancelled'],
  ],
  stay: [
    ['en cours d’envoi ou déjà terminée', 'stays: being sent, or at its end already'],
    ['en cours d’envoi ou déjà terminées', 'stay: being sent, or at their end already'],
  ],
  close: [
    ['classée', 'counts as dealt with'],
    ['classées', 'count as dealt with'],
  ],
  resolve: [
    ['à trancher', 'waits for a decision'],
    ['à trancher', 'wait for a decision'],
  ],
};
export function planWords(plan: PlanGroup['plan'], count: number): Both {
  const own = words[plan];
  return own === undefined ? refusalWords[plan as keyof typeof refusalWords] : numbered(count, own);
}

export const deliveriesCounted: OneAndSeveral = [
  ['livraison', 'delivery'],
  ['livraisons', 'deliveries'],
];

interface BulkInput {
  readonly filter: DeliveryFilter;
  /** The `going` of the plan, as a person confirmed it. */
  readonly expected: number;
  readonly reason: string;
}

export const filterField = handedOver<DeliveryFilter>(
  { type: 'object', additionalProperties: false, minProperties: 1, properties: filterSchemas },
  'which deliveries',
  (given, _where, now) => readFilter(given ?? {}, now),
);
const expected = handedOver(
  { type: 'integer', minimum: 1 },
  '`going` of the plan: another number is refused',
  Number,
);
const fields = { filter: filterField, expected, reason };

/** Ids kept of those that were named one by one. */
const mostNamed = 200;

/** Begins a run of everything that matches, or of the deliveries that are named. @throws FIND-001, USAGE-001, BULK-002, REPLAY-001 */
const begin =
  <Input extends BulkInput>(
    kind: PlannedKind,
    orderOf: (input: Input, named: boolean) => BulkOrder,
  ): Act<Input, BulkRunHead>['work'] =>
  async (doing, also) => {
    const { place, by, input, to: named } = doing;
    const { deliveries, filter, plan } = await planned(place, by.scope, { ...input, kind, named });
    if (plan.going !== input.expected) throw changedCount(plan.going, input.expected);
    if (plan.going === 0)
      throw new RelaisError('REPLAY-001', [
        'Rien de ce que le filtre trouve ne le permet.',
        'Nothing matches that this can be done to.',
      ]);
    return inOne(doing, also, async (tx) => {
      const run = await beginRunIn(tx, {
        order: orderOf(input, named.length > 0),
        by: { actor: by.actor, reason: input.reason },
        filter: named.length > 0 ? { deliveries: named.slice(0, mostNamed) } : filter,
        deliveries,
      });
      // Releases the lease: the next planner takes the run.
      await releaseBulkRun(tx, run);
      return bulkRunHead({ ...run, isLeased: false });
    });
  };

export const replayAll: Act<BulkInput & ReplayHow, BulkRunHead> = {
  permission: 'delivery.replay',
  fields: { ...fields, ...replayFlags },
  work: begin<BulkInput & ReplayHow>('replay', ({ anew, acceptDoubles, again }, named) => ({
    kind: 'replay',
    anew,
    acceptDoubles,
    again,
    named,
  })),
};
export const cancelAll: Act<BulkInput, BulkRunHead> = {
  permission: 'delivery.cancel',
  fields,
  work: begin('cancel', () => ({ kind: 'cancel' })),
};
export const closeAll: Act<BulkInput & { readonly evidence: string }, BulkRunHead> = {
  permission: 'task.close',
  fields: { ...fields, evidence },
  work: begin<BulkInput & { readonly evidence: string }>('close', ({ evidence: written }) => ({
    kind: 'close',
    evidence: written,
  })),
};

function changedCount(going: number, expected: number): RelaisError {
  const [french, english] = counted(going, deliveriesCounted);
  return new RelaisError('BULK-002', [
    `Ce serait ${french}, pas ${expected}.`,
    `It would be ${english}, not ${expected}.`,
  ]);
}

type ResolveInput = Omit<BulkInput, 'reason'> & { readonly evidence: string };
const resolveAll = (kind: 'received' | 'not_received'): Act<ResolveInput, BulkRunHead> => ({
  permission: 'delivery.resolve',
  fields: { filter: filterField, expected, evidence },
  work: (doing, also) => {
    const { evidence: written } = doing.input;
    const begun = begin(kind, () => ({ kind: 'resolve', received: kind === 'received', evidence: written }));
    return begun({ ...doing, input: { ...doing.input, reason: written } }, also);
  },
});
/** Resolves all deliveries that wait for a decision: the recipient has them. */
export const allReceived = resolveAll('received');
/** The recipient does not have them: they are sent again. */
export const noneReceived = resolveAll('not_received');

const paused = (state: 'paused' | 'running'): Act<Readonly<Record<never, never>>, BulkRunHead> => ({
  permission: 'delivery.replay',
  fields: {},
  work: async ({ place, by, to }, also) => {
    const id = await runNamed(place, by.scope, to);
    return bulkRunHead(await pauseRun(place.database, id, state, (tx, run) => also(tx, bulkRunHead(run))));
  },
});
/** A run stops until it is resumed. @throws FIND-001, BULK-001 */
export const pauseRunAct = paused('paused');
export const resumeRunAct = paused('running');

/** Ends a run; what it has done stays done. @throws FIND-001, BULK-001 */
export const cancelRunAct: Act<{ readonly reason: string }, BulkRunHead> = {
  permission: 'delivery.replay',
  fields: { reason },
  work: async ({ place, by, to, input }, also) => {
    const id = await runNamed(place, by.scope, to);
    const asked = { actor: by.actor, ...input };
    return bulkRunHead(await cancelRun(place.database, id, asked, (tx, run) => also(tx, bulkRunHead(run))));
  },
};

const runNamed = async (place: SupportPlace, scope: Scope, [name]: readonly string[]): Promise<number> =>
  (await bulkRun(place, scope, Number(name))).id;
