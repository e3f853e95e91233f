// Runs one step of a bulk run, by its kind, and returns the result of each delivery.
// Invariant: everything in the caller's transaction, so that a delivery is done and off the run's list together.
import { RelaisError } from '../errors.ts';
import type { OneAndSeveral } from '../domain/counted.ts';
import { isEnd } from '../domain/delivery.ts';
import type { BulkItem, BulkRow } from '../store/deliveries/bulk-runs.ts';
import type { Sql } from '../store/database.ts';
import { readDeliveries, type Delivery } from '../store/deliveries/deliveries.ts';
import { lockLeads } from '../store/leads/leads.ts';
import { lockClients } from '../store/client-locks.ts';
import { resolveIn } from '../delivery/outcome/resolve.ts';
import type { Published } from '../delivery/trip/mapping-cache.ts';
import type { Backfill } from './backfill.ts';
import { cancelIn, closeIn } from './close-and-cancel.ts';
import { replayIn, replayRefusals, type ReplayOptions, type ReplayRefusal } from './replay.ts';
import type { Both } from './words.ts';

/** The order for every delivery of a run. */
export type BulkOrder =
  | ({ readonly kind: 'replay' } & ReplayOptions)
  | { readonly kind: 'cancel' }
  | { readonly kind: 'close'; readonly evidence: string }
  | { readonly kind: 'resolve'; readonly received: boolean; readonly evidence: string }
  | ({ readonly kind: 'backfill' } & Backfill);

export const kindWords: Readonly<Record<BulkRow['kind'], Both>> = {
  replay: ['rejeu', 'replay'],
  cancel: ['annulation', 'cancel'],
  close: ['classement', 'close'],
  resolve: ['issue à trancher', 'resolve'],
  backfill: ['reprise des leads antérieurs', 'backfill'],
};

/** Words after their number. */
export const doneWords = {
  new_run: [
    ['rejouée', 'given a new run'],
    ['rejouées', 'given a new run'],
  ],
  new_run_new_key: [
    ['rejouée sous une nouvelle clé', 'given a new run under a new Idempotency-Key'],
    ['rejouées sous une nouvelle clé', 'given a new run under a new Idempotency-Key'],
  ],
  brought_forward: [
    ['prochain essai avancé', 'next try brought forward'],
    ['prochains essais avancés', 'next tries brought forward'],
  ],
  looked_at_again: [
    ['retenue, réexaminée', 'withheld, looked at again'],
    ['retenues, réexaminées', 'withheld, looked at again'],
  ],
  cancelled: [
    ['annulée', 'cancelled'],
    ['annulées', 'cancelled'],
  ],
  passed_on_by_hand: [
    [
      'annulée, à transmettre par écrit au destinataire',
      'cancelled, the recipient is to be informed in writing',
    ],
    [
      'annulées, à transmettre par écrit au destinataire',
      'cancelled, the recipients are to be informed in writing',
    ],
  ],
  closed: [
    ['classée', 'closed'],
    ['classées', 'closed'],
  ],
  resolved: [
    ['tranchée', 'resolved'],
    ['tranchées', 'resolved'],
  ],
  handed_over: [
    ['lead remis au planificateur', 'lead handed to the planner'],
    ['leads remis au planificateur', 'leads handed to the planner'],
  ],
} as const satisfies Readonly<Record<string, OneAndSeveral>>;
export type BulkDone = keyof typeof doneWords;

/** The compiler asks for the words of every refusal of a replay. */
export const refusalWords = {
  not_found: ['cette livraison n’existe pas', replayRefusals.not_found],
  on_its_way: ['déjà en route', replayRefusals.on_its_way],
  waits_for_file: ['part avec le prochain fichier', replayRefusals.waits_for_file],
  lead_erased: ['la personne a été effacée', replayRefusals.lead_erased],
  superseded: ['remplacée par une version plus récente', replayRefusals.superseded],
  archived: ['sa destination est archivée', replayRefusals.archived],
  no_mapping: ['aucun format publié', replayRefusals.no_mapping],
  undecided: [
    'le destinataire l’a peut-être : à trancher d’abord, ou doublons à accepter',
    replayRefusals.undecided,
  ],
  already_delivered: ['déjà livrée', replayRefusals.already_delivered],
  mapping_unchanged: ['format inchangé depuis l’échec, sans envoi', replayRefusals.mapping_unchanged],
  erasure_confirmed: ['effacement déjà confirmé', replayRefusals.erasure_confirmed],
  moved_on: [
    'elle a changé depuis qu’elle a été comptée : à revoir',
    'it has moved on since it was counted: look at it again',
  ],
  client_moved: [
    'son client est passé à une autre installation',
    'its client has moved to another installation',
  ],
  not_cancellable: ['en cours d’envoi ou déjà terminée', 'being sent, or at its end already'],
  not_failed: ['pas en échec', 'not failed, so there is nothing to close'],
  closed_before: ['déjà classée', 'closed already'],
  broken: [
    'erreur interne : rien n’a été fait, voir les alertes et le journal technique',
    'an internal error: nothing was done, see the alerts and the program’s log',
  ],
  not_open: ['son issue n’est plus à trancher', 'nobody has to say any more what became of it'],
} satisfies Readonly<Record<ReplayRefusal, Both>> & Readonly<Record<string, Both>>;
type BulkRefusal = keyof typeof refusalWords;

export type BulkResult = BulkDone | BulkRefusal;
export const isRefusal = (result: string): result is BulkRefusal => result in refusalWords;

export interface ItemResult {
  readonly id: number;
  readonly result: BulkResult;
}

export interface BulkDeps {
  readonly published: Published;
}

type StepOrder = Exclude<BulkOrder, { kind: 'backfill' }>;
type StepRun = Pick<BulkRow, 'actor' | 'reason'> & { readonly order: StepOrder };

/** Processes these deliveries of a run; one that has changed since the count is left alone. */
export async function bulkStep(
  tx: Sql,
  deps: BulkDeps,
  run: StepRun,
  items: readonly BulkItem[],
): Promise<readonly ItemResult[]> {
  const all = await readDeliveries(
    tx,
    items.map(({ id }) => id),
  );
  const clients = await lockClients(
    tx,
    all.map(({ clientId }) => clientId),
    'shared',
    'taken',
  );
  const rows = all.filter(({ clientId }) => clients.get(clientId)?.moved !== true);
  const away = new Set(all.filter((row) => !rows.includes(row)).map(({ id }) => id));
  const here = items.filter(({ id }) => !away.has(id));
  const ids = here.map(({ id }) => id);
  // All leads first, in their order: taken one by one, two processes could deadlock.
  await lockLeads(
    tx,
    rows.map((row) => row.leadId),
  );
  const now = new Map((await readDeliveries(tx, ids)).map((row) => [row.id, row]));
  const moved = here.filter((item) => hasMovedOn(run.order.kind, item, now.get(item.id)));
  const left = new Set(moved.map(({ id }) => id));
  const standing = ids.filter((id) => !left.has(id));
  return [
    ...[...away].map((id) => ({ id, result: 'client_moved' as const })),
    ...moved.map(({ id }) => ({ id, result: 'moved_on' as const })),
    ...(standing.length === 0 ? [] : await doStep(tx, deps, run, standing)),
  ];
}

/** True where the delivery has changed since the count: the order would send it twice, or end an unreviewed state. */
function hasMovedOn(kind: StepOrder['kind'], counted: BulkItem, row: Delivery | undefined): boolean {
  if (row === undefined || counted.run === 0) return false;
  if (row.run !== counted.run) return true;
  switch (kind) {
    // It ended in the meantime, or in another state.
    case 'replay':
      return isEnd(row.state) && row.state !== counted.state;
    // It was attempted again: the decision was about the earlier attempt.
    case 'resolve':
      return row.attempt !== counted.attempt;
    case 'cancel':
    case 'close':
      return false;
  }
}

async function doStep(
  tx: Sql,
  { published }: BulkDeps,
  run: StepRun,
  ids: readonly number[],
): Promise<readonly ItemResult[]> {
  const { order } = run;
  const by = { actor: run.actor, reason: run.reason };
  switch (order.kind) {
    case 'replay':
      return (await replayIn(tx, published, ids, { ...order, ...by })).map((answer) => {
        if (answer.done === 'refused') return { id: answer.id, result: answer.why };
        const isRenewed = answer.done === 'new_run' && answer.newKey;
        return { id: answer.id, result: isRenewed ? 'new_run_new_key' : answer.done };
      });
    case 'cancel': {
      const { ended, byHand } = await cancelIn(tx, ids, by);
      const endedIds = new Set(ended);
      const byHandIds = new Set(byHand);
      return ids.map((id) => {
        if (byHandIds.has(id)) return { id, result: 'passed_on_by_hand' };
        return { id, result: endedIds.has(id) ? 'cancelled' : 'not_cancellable' };
      });
    }
    case 'close': {
      const { closed, closedBefore } = await closeIn(tx, ids, { ...by, evidence: order.evidence });
      const now = new Set(closed);
      const before = new Set(closedBefore);
      return ids.map((id) => {
        if (now.has(id)) return { id, result: 'closed' };
        return { id, result: before.has(id) ? 'closed_before' : 'not_failed' };
      });
    }
    case 'resolve':
      return resolveMany(tx, published, ids, {
        actor: run.actor,
        evidence: order.evidence,
        received: order.received,
      });
  }
}

async function resolveMany(
  tx: Sql,
  published: Published,
  ids: readonly number[],
  finding: Parameters<typeof resolveIn>[3],
): Promise<readonly ItemResult[]> {
  const results: ItemResult[] = [];
  for (const id of ids)
    results.push({
      id,
      result: await resolveIn(tx, published, id, finding).then(
        () => 'resolved' as const,
        (error: unknown) => {
          if (error instanceof RelaisError && error.code === 'RESOLVE-001') return 'not_open' as const;
          if (error instanceof RelaisError && error.code === 'FIND-001') return 'not_found' as const;
          throw error;
        },
      ),
    });
  return results;
}
