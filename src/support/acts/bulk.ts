// Plans and begins a bulk run over all deliveries of a filter: counted first, planned, begun with the confirmed number.
// Invariant: the run covers the counted deliveries; a planner works it, even when the caller is gone.
import { counted, numbered, type OneAndSeveral } from '../../domain/counted.ts';
import type { DeliveryState } from '../../domain/delivery.ts';
import { RelaisError } from '../../errors.ts';
import { releaseBulkRun } from '../../store/bulk-runs.ts';
import { eachDelivery, type DeliveryFilter, type ListedDelivery } from '../../store/delivery-lists.ts';
import { beginRunIn, cancelRun, pauseRun } from '../bulk-runs.ts';
import { refusalWords, type BulkOrder } from '../bulk-steps.ts';
import { isCancellable } from '../cancel.ts';
import { knownInScope } from '../known-names.ts';
import type { SupportPlace } from '../place.ts';
import { bulkRun, bulkRunHead, type BulkRunHead } from '../reads/bulk-runs.ts';
import { isReplayRefusal, replayPlans, type ReplayPlan } from '../replay.ts';
import { withinScope, type Scope } from '../scope.ts';
import { impersonal, typedReason } from '../typed-text.ts';
import type { Both } from '../words.ts';
import { alone, type Acting, type With } from './acting.ts';

export const plannedKinds = ['replay', 'cancel', 'close'] as const;
export type PlannedKind = (typeof plannedKinds)[number];

export interface BulkAsked {
  readonly kind: PlannedKind;
  /** One condition at least. */
  readonly filter: DeliveryFilter;
  /** Options of a replay. */
  readonly anew?: boolean;
  readonly acceptDoubles?: boolean;
  readonly again?: boolean;
}

export interface PlanGroup {
  readonly plan: ReplayPlan | 'cancel' | 'stay' | 'close';
  readonly text: Both;
  readonly count: number;
  readonly isRefused: boolean;
}

export interface BulkPlan {
  /** Deliveries that match. */
  readonly matched: number;
  /** Deliveries that the run changes: the number to confirm. */
  readonly going: number;
  readonly groups: readonly PlanGroup[];
  /** Numbers of the first of them. */
  readonly first: readonly number[];
}

/** Most deliveries of a run: no person reviews more, and the filter is to be narrowed. */
export const mostOfARun = 200_000;
const mostShown = 20;

/** @throws FIND-001, USAGE-001 */
export const planBulk = async (place: SupportPlace, scope: Scope, asked: BulkAsked): Promise<BulkPlan> =>
  (await planned(place, scope, asked)).plan;

interface Planned {
  readonly plan: BulkPlan;
  readonly filter: DeliveryFilter;
  readonly deliveries: readonly ListedDelivery[];
}

async function planned(place: SupportPlace, scope: Scope, asked: BulkAsked): Promise<Planned> {
  if (Object.values(asked.filter).every((condition) => condition === undefined))
    throw new RelaisError('USAGE-001', [
      'Donnez une condition au moins : une destination, un état, une cause…',
      'Name one condition at least: a destination, a state, a cause ...',
    ]);
  const filter = withinScope(scope, asked.filter);
  await knownInScope(place.database, scope, filter);
  const rows = await matching(place, asked.kind === 'close' ? { ...filter, ...openFailures } : filter);
  const planOf = await plansOf(place, asked, rows);
  const groups = [...Map.groupBy(rows, planOf)].map(([plan, { length }]) => ({
    plan,
    text: planWords(plan, length),
    count: length,
    isRefused: isRefused(plan),
  }));
  const deliveries = rows.filter((row) => !isRefused(planOf(row)));
  return {
    filter,
    deliveries,
    plan: {
      matched: rows.length,
      going: deliveries.length,
      groups: groups.sort((a, b) => b.count - a.count),
      first: deliveries.slice(0, mostShown).map(({ id }) => id),
    },
  };
}

const openFailures = { open: true, state: 'failed' as DeliveryState };

async function matching(
  { database }: SupportPlace,
  filter: DeliveryFilter,
): Promise<readonly ListedDelivery[]> {
  const rows: ListedDelivery[] = [];
  for await (const page of eachDelivery(database, filter)) {
    rows.push(...page);
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
  { kind, anew = false, acceptDoubles = false, again = false }: BulkAsked,
  rows: readonly ListedDelivery[],
): Promise<(row: ListedDelivery) => PlanGroup['plan']> {
  if (kind === 'close') return () => 'close';
  if (kind === 'cancel') return (row) => (isCancellable(row) ? 'cancel' : 'stay');
  const plans = await replayPlans(place, rows, { anew, acceptDoubles, again });
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
    ['annulée', 'ends'],
    ['annulées', 'end'],
  ],
  stay: [
    ['en cours d’envoi ou déjà terminée', 'stays: being sent, or at its end already'],
    ['en cours d’envoi ou déjà terminées', 'stay: being sent, or at their end already'],
  ],
  close: [
    ['classée', 'counts as dealt with'],
    ['classées', 'count as dealt with'],
  ],
};
function planWords(plan: PlanGroup['plan'], count: number): Both {
  const own = words[plan];
  return own === undefined ? refusalWords[plan as keyof typeof refusalWords] : numbered(count, own);
}

const deliveriesCounted: OneAndSeveral = [
  ['livraison', 'delivery'],
  ['livraisons', 'deliveries'],
];

export interface BulkConfirmed extends BulkAsked {
  /** The `going` of the plan, as a person confirmed it. */
  readonly expected: number;
  readonly reason: string;
  /** Evidence of a closing. */
  readonly evidence?: string;
}

/** @throws FIND-001, USAGE-001, USAGE-002, BULK-002, REPLAY-001 */
export async function beginBulk(
  place: SupportPlace,
  { scope, actor }: Acting,
  asked: BulkConfirmed,
  also: With<BulkRunHead> = alone,
): Promise<BulkRunHead> {
  const by = { actor, reason: typedReason(asked.reason) };
  const order = orderOf(asked);
  const { deliveries, filter, plan } = await planned(place, scope, asked);
  if (plan.going !== asked.expected) throw changedCount(plan.going, asked.expected);
  if (plan.going === 0)
    throw new RelaisError('REPLAY-001', [
      'Rien de ce que le filtre trouve ne le permet.',
      'Nothing matches that this can be done to.',
    ]);
  return place.database.transaction(async (tx) => {
    const run = await beginRunIn(tx, { order, by, filter, deliveries });
    // Releases the lease: the next planner takes the run.
    await releaseBulkRun(tx, run);
    const head = bulkRunHead({ ...run, isLeased: false });
    await also(tx, head);
    return head;
  });
}

function changedCount(going: number, expected: number): RelaisError {
  const [french, english] = counted(going, deliveriesCounted);
  return new RelaisError('BULK-002', [
    `Ce serait ${french}, pas ${expected}.`,
    `It would be ${english}, not ${expected}.`,
  ]);
}

function orderOf({
  kind,
  anew = false,
  acceptDoubles = false,
  again = false,
  evidence,
}: BulkConfirmed): BulkOrder {
  switch (kind) {
    case 'replay':
      return { kind, anew, acceptDoubles, again };
    case 'cancel':
      return { kind };
    case 'close':
      return { kind, evidence: evidenceOf(evidence) };
  }
}

/** @throws USAGE-001, USAGE-002 */
export function evidenceOf(given: string | undefined): string {
  const evidence = (given ?? '').trim();
  if (evidence.length < 3)
    throw new RelaisError('USAGE-002', [
      'Indiquez ce qui l’atteste : un e-mail, un ticket, un appel et sa date.',
      'Say what the closing rests on in evidence: a mail, a ticket, a call and its date.',
    ]);
  return impersonal(evidence, 'evidence');
}

/** Pauses a run, or continues it. @throws FIND-001, BULK-001 */
export async function pauseBulk(
  place: SupportPlace,
  { scope }: Acting,
  id: number,
  state: 'paused' | 'running',
  also: With<BulkRunHead> = alone,
): Promise<BulkRunHead> {
  await bulkRun(place, scope, id);
  return bulkRunHead(await pauseRun(place.database, id, state, (tx, run) => also(tx, bulkRunHead(run))));
}

/** Ends a run; its finished deliveries stay. @throws FIND-001, BULK-001 */
export async function stopBulk(
  place: SupportPlace,
  { scope, actor }: Acting,
  id: number,
  asked: { readonly reason: string },
  also: With<BulkRunHead> = alone,
): Promise<BulkRunHead> {
  const reason = typedReason(asked.reason);
  await bulkRun(place, scope, id);
  return bulkRunHead(
    await cancelRun(place.database, id, { actor, reason }, (tx, run) => also(tx, bulkRunHead(run))),
  );
}
