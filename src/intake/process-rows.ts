// Processes a batch of taken rows in one transaction: judges them, writes the lead tables, receipts and changes, removes or refuses rows.
// Invariant: per lead, rows count in the order of their ids; a row that must wait for an earlier one stays 'new'.
import { lockWithLists } from '../store/leads/client-lists.ts';
import type { Sql } from '../store/database.ts';
import {
  blankRows,
  insertReceipts,
  receiptsOf,
  refuseRows,
  holdRows,
  removeRows,
  type RowRefusal,
} from '../store/intake/intake.ts';
import type { LockedClient } from '../store/client-locks.ts';
import type { IntakeRow, RowId } from '../store/intake/intake-take.ts';
import {
  insertChanges,
  lockNamedLeads,
  nameKey,
  type NewLeadChange,
  type LockedLead,
} from '../store/leads/lead-writes.ts';
import { applyRows } from './apply.ts';
import {
  afterWithdrawals,
  comingAddresses,
  concernsNoOther,
  takesAlone,
  tellSamePerson,
} from './same-person.ts';
import type { AcceptedRow, Candidate, LockedDeps, ProcessDeps, ProcessedRows, RowLedger } from './batch.ts';
import { checkRow, tooLong } from './contract.ts';
import { createRows } from './create.ts';
import { nonePlanned, planFresh } from './fresh.ts';
import { refusal, refusalText } from './refusals.ts';
import { logChanges } from './log-entries.ts';
import { orderRows, uniqueNames, type Pull } from './row-order.ts';
import { keptOfNobody, stillKept } from './retention-over.ts';
import { rowDigest, type CheckedRow } from './row.ts';
import { inOrder } from '../domain/consent.ts';
import { insertConsents } from '../store/leads/consents.ts';
import { isTaskOpen, raiseAlerts } from '../store/alerts/alerts.ts';
import { findClient } from '../store/destinations/destinations.ts';
import { isRefusedRightTold } from '../store/leads/rights.ts';

export async function processRows(
  tx: Sql,
  deps: ProcessDeps,
  taken: readonly IntakeRow[],
  pull: Pull,
): Promise<ProcessedRows> {
  const refused: RowRefusal[] = [];
  const judge = (rows: readonly IntakeRow[]): Candidate[] =>
    rows.flatMap((row) => judged(row, deps, refusing(refused)));
  const first = judge(taken);
  const { pulled, waits } = await orderRows(tx, taken, first, pull);
  const candidates = [...first, ...judge(pulled)];
  return (await settle(tx, deps, { candidates, rows: [...taken, ...pulled], waits, refused })).sum;
}

const refusing =
  (refused: RowRefusal[]): RowLedger['refuse'] =>
  ({ id }, refusals) =>
    void refused.push({ id, refusal: refusalText(refusals) });

export interface Settled {
  readonly sum: ProcessedRows;
  /** Lead of each accepted row. */
  readonly leadOf: ReadonlyMap<RowId, number>;
  /** The same of each duplicate. */
  readonly duplicates: ReadonlyMap<RowId, number>;
}

/** Rows that are refused, have to wait, or come under an API key that has ended, and have no row in lead_intake that could say so. */
export class NeedsMore extends Error {
  readonly rows: ReadonlySet<RowId>;
  constructor(rows: ReadonlySet<RowId>) {
    super('Rows are refused, have to wait, or come under an ended key.');
    this.rows = rows;
  }
}

/** Candidates of one transaction, and the rows of lead_intake that they come from. */
interface Coming {
  readonly candidates: readonly Candidate[];
  readonly rows: readonly IntakeRow[];
  /** Rows that must wait for an earlier one. */
  readonly waits: ReadonlySet<RowId>;
  readonly refused: RowRefusal[];
}

/**
 * Settles new leads that have no row in lead_intake, and says how each ended.
 * @param candidates with ids below 0, in order
 * @param apiKeys of each. A lead that is neither accepted nor a duplicate, or whose key has ended, throws NeedsMore
 */
export const settlePosted = (
  tx: Sql,
  deps: ProcessDeps,
  candidates: readonly Candidate[],
  apiKeys: ReadonlyMap<RowId, number | undefined>,
): Promise<Settled> =>
  settle(tx, { ...deps, acceptsOnly: apiKeys }, { candidates, rows: [], waits: new Set(), refused: [] });

async function settle(
  tx: Sql,
  deps: ProcessDeps & { readonly acceptsOnly?: ReadonlyMap<RowId, number | undefined> },
  { candidates, rows, waits, refused }: Coming,
): Promise<Settled> {
  const results: Results = { accepted: [], refused, duplicates: new Map(), changes: [] };
  const refuse = refusing(refused);
  const later = new Set([...waits, ...afterWithdrawals(candidates)]);
  const present = candidates.filter((candidate) => !later.has(candidate.id));
  const { clients, lists } = await lockWithLists(
    tx,
    present.map(({ row }) => row.clientId),
    {
      names: uniqueNames(rowsOf(present.filter(({ row }) => row.kind === 'lead'))),
      ...comingAddresses(present),
      apiKeys: [...(deps.acceptsOnly?.values() ?? [])].flatMap((key) => key ?? []),
    },
    present.some(({ row }) => takesAlone(row)) ? 'alone' : 'shared',
  );
  for (const id of await holdMoved(tx, present, clients)) later.add(id);
  const ready = present.filter((candidate) => {
    if (later.has(candidate.id)) return false;
    const { clientId } = candidate.row;
    const client = clients.get(clientId);
    const code = client === undefined ? 'UNKNOWN_CLIENT' : client.closed ? 'CLIENT_CLOSED' : undefined;
    if (code !== undefined) refuse(candidate, [refusal('client_id', code)]);
    return code === undefined;
  });
  const locked: LockedDeps = { ...deps, lists };
  await writeLeads(tx, locked, await stillKept(tx, ready, refuse, lists), results, refuse);
  const left = new Set([...results.refused.map(({ id }) => id), ...later]);
  for (const [id, key] of deps.acceptsOnly ?? [])
    if (key !== undefined && !lists.keysInForce.has(key)) left.add(id);
  if (deps.acceptsOnly !== undefined && left.size > 0) throw new NeedsMore(left);
  const planning = await writeResults(tx, locked, rows, results);
  // Last: all intakes of a client share the counter rows, which stay locked until the commit.
  await deps.anomalies.count(tx, results.accepted, clients);
  return {
    sum: {
      accepted: results.accepted.length,
      refused: results.refused.length,
      duplicates: results.duplicates.size,
      waiting: later.size,
      changes: results.changes,
      ...planning,
    },
    leadOf: new Map(results.accepted.map(({ candidate, leadId }) => [candidate.id, leadId])),
    duplicates: results.duplicates,
  };
}

/** Holds the rows of clients that have moved, with one task for each client. They wait for the new installation. Returns their ids. */
async function holdMoved(
  tx: Sql,
  present: readonly Candidate[],
  clients: ReadonlyMap<string, Pick<LockedClient, 'moved'>>,
): Promise<readonly RowId[]> {
  const held = present.filter(({ row }) => clients.get(row.clientId)?.moved === true);
  if (held.length === 0) return [];
  const ids = held.map(({ id }) => id);
  await holdRows(tx, ids);
  for (const clientId of new Set(held.map(({ row }) => row.clientId)))
    if (!(await isTaskOpen(tx, 'moved_rows', clientId)))
      await raiseAlerts(tx, [{ kind: 'moved_rows', clientId }]);
  return ids;
}

/** Results of the rows of one transaction. */
interface Results {
  readonly accepted: AcceptedRow[];
  readonly refused: RowRefusal[];
  readonly duplicates: Map<RowId, number>;
  readonly changes: NewLeadChange[];
}

/** New leads first, then rows about existing and new leads. */
async function writeLeads(
  tx: Sql,
  deps: LockedDeps,
  ready: readonly Candidate[],
  results: Results,
  refuse: RowLedger['refuse'],
): Promise<void> {
  const leadRows = ready.filter(({ row }) => row.kind === 'lead');
  const others = ready.filter(({ row }) => row.kind !== 'lead');
  // Locks come before receipts are read, so that a twin row in another process is seen.
  const locked =
    others.length === 0 ? new Map<string, LockedLead>() : await lockNamedLeads(tx, rowsOf(others));
  const existing = deps.lists.before;
  const receipts = await receiptsOf(tx, [
    ...rowsOf(others),
    ...rowsOf(leadRows).filter((row) => existing.get(nameKey(row))?.digest === null),
  ]);
  const ledger = createLedger(results, refuse, {
    rows: new Map([
      ...[...existing.values()].flatMap(
        ({ id, clientId, reference, digest }): readonly [string, KnownRow][] =>
          digest === null
            ? []
            : [[rowKey({ kind: 'lead', clientId, rowReference: reference }), { leadId: id, digest }]],
      ),
      ...receipts.map((receipt): [string, KnownRow] => [rowKey(receipt), receipt]),
    ]),
    leadOf: (name) => existing.get(name) ?? locked.get(name),
  });
  const created = await createRows(tx, deps, leadRows, existing, ledger);
  if (others.length > 0) await applyRows(tx, deps, others, { locked, created, ledger });
}

const rowsOf = (candidates: readonly Candidate[]): readonly CheckedRow[] =>
  candidates.map((candidate) => candidate.row);

interface KnownRow {
  readonly leadId: number;
  readonly digest: Buffer;
}

function createLedger(
  results: Results,
  refuse: RowLedger['refuse'],
  known: {
    /** Rows accepted before, by `rowKey`. */
    readonly rows: Map<string, KnownRow>;
    /** The lead of a name, if there is one. */
    readonly leadOf: (name: string) => LockedLead | undefined;
  },
): RowLedger {
  return {
    refuse,
    isFirst: (candidate) => {
      const { row } = candidate;
      const before = known.rows.get(rowKey(row));
      if (before === undefined) return true;
      if (before.digest.equals(candidate.digest)) results.duplicates.set(candidate.id, before.leadId);
      else if (known.leadOf(nameKey(row))?.erased === true)
        refuse(candidate, [refusal('reference', 'LEAD_ERASED')]);
      else
        refuse(candidate, [refusal(row.kind === 'lead' ? 'reference' : 'row_reference', 'REFERENCE_USED')]);
      return false;
    },
    accept: (candidate, leadId, change) => {
      known.rows.set(rowKey(candidate.row), { leadId, digest: candidate.digest });
      results.accepted.push({ candidate, leadId, revision: change.revision });
      results.changes.push(change);
    },
  };
}

/** Writes answers, receipts and changes of accepted rows; deletes the rows of lead_intake, or marks them refused. */
async function writeResults(
  tx: Sql,
  deps: LockedDeps,
  rows: readonly IntakeRow[],
  { accepted, refused, duplicates, changes }: Results,
): Promise<Pick<ProcessedRows, 'planned' | 'unplanned'>> {
  await insertAnswers(tx, accepted);
  // The receipt of a new lead is in the lead.
  const others = accepted.filter(({ candidate: { row } }) => row.kind !== 'lead');
  if (others.length > 0)
    await insertReceipts(
      tx,
      others.map(({ candidate, leadId }) => ({ ...candidate.row, ...candidate, leadId })),
    );
  const isApart = concernsNoOther(deps, accepted);
  const planned = isApart ? await planFresh(tx, deps, accepted) : nonePlanned;
  const unplanned = changes.filter(({ leadId }) => !planned.leadIds.has(leadId));
  if (unplanned.length > 0) await insertChanges(tx, unplanned);
  if (others.length > 0) await logChanges(tx, others);
  if (!isApart) await tellSamePerson(tx, deps, accepted);
  const settled = [...accepted.map(({ candidate }) => candidate.id), ...duplicates.keys()];
  await removeRows(
    tx,
    settled.filter((id) => id > 0n),
  );
  if (refused.length > 0) {
    await refuseRows(tx, refused);
    await tellRefusedRights(tx, rows, refused);
    await forgetErased(tx, rows, new Set(refused.map(({ id }) => id)));
    await blankRows(tx, await keptOfNobody(tx, rows, refused));
  }
  return { planned: planned.deliveries, unplanned: unplanned.length };
}

/**
 * A refused row is kept for support; one about an erased lead keeps only its names and reasons, whatever the reason of its refusal (C22).
 */
async function forgetErased(tx: Sql, rows: readonly IntakeRow[], refused: ReadonlySet<RowId>): Promise<void> {
  const named = rows
    .filter((row) => refused.has(row.id))
    .map(({ id, values }) => ({
      id,
      clientId: String(values.client_id),
      reference: String(values.reference),
    }));
  // Under the lead's lock: an erasure that is committing now either removes these rows or is seen here.
  const leads = await lockNamedLeads(tx, uniqueNames(named));
  await blankRows(
    tx,
    named.filter((head) => leads.get(nameKey(head))?.erased === true).map((head) => head.id),
  );
}

const rowKey = (row: Pick<CheckedRow, 'clientId' | 'rowReference'> & { readonly kind: string }): string =>
  `${row.kind}\n${row.clientId}\n${row.rowReference}`;

function judged(
  row: IntakeRow,
  deps: Pick<ProcessDeps, 'digestKey'>,
  refuse: RowLedger['refuse'],
): Candidate[] {
  if (row.tooLong.length > 0) {
    refuse(row, tooLong(row.tooLong));
    return [];
  }
  // By the database's clock: a gateway host whose clock is slow would refuse sound leads as dated in the future.
  const checked = checkRow(row.values, row.takenAt);
  if ('row' in checked)
    return [
      {
        id: row.id,
        receivedAt: row.receivedAt,
        row: checked.row,
        digest: rowDigest(deps.digestKey, checked.row),
        ...(row.isReleased === true ? { isReleased: true as const } : {}),
      },
    ];
  refuse(row, checked.refusals);
  return [];
}

/**
 * Writes the consents of all rows of a batch together, once the rows are accepted. They are received in the order
 * of the rows, whatever their kinds; a new lead's own come before those of rows about it.
 */
async function insertAnswers(tx: Sql, accepted: readonly AcceptedRow[]): Promise<void> {
  await insertConsents(
    tx,
    (accepted.length === 1 ? accepted : inOrderOfReceipt(accepted)).flatMap(
      ({ candidate: { row }, leadId, revision }) =>
        inOrder(row.consents).map((event) => ({ clientId: row.clientId, leadId, event, revision })),
    ),
  );
}

/** By row id. A row about a lead may come in before the lead itself: it counts right after it. */
function inOrderOfReceipt(accepted: readonly AcceptedRow[]): readonly AcceptedRow[] {
  const made = new Map(
    accepted.flatMap(({ candidate, leadId }) =>
      candidate.row.kind === 'lead' ? [[leadId, candidate.id] as const] : [],
    ),
  );
  const placeOf = ({ candidate: { id }, leadId }: AcceptedRow): bigint => {
    const lead = made.get(leadId) ?? id;
    return lead > id ? lead : id;
  };
  const rankOf = ({ candidate: { row } }: AcceptedRow): number => (row.kind === 'lead' ? 0 : 1);
  const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);
  return accepted.toSorted(
    (a, b) =>
      compare(placeOf(a), placeOf(b)) || rankOf(a) - rankOf(b) || compare(a.candidate.id, b.candidate.id),
  );
}

/**
 * Alerts when a row that withdraws a consent is refused: no recipient is notified until the row is repaired. A
 * task at once, one for each client until it is closed; it names the client and nothing of the row.
 */
async function tellRefusedRights(
  tx: Sql,
  rows: readonly IntakeRow[],
  refused: readonly RowRefusal[],
): Promise<void> {
  const reasons = new Map(refused.map((refusal) => [refusal.id, refusal.refusal]));
  const unheard = rows.filter((row) => {
    const reason = reasons.get(row.id);
    // An erased person has no grant left to withdraw.
    return reason !== undefined && !reason.includes('LEAD_ERASED') && takesBack(row);
  });
  for (const named of new Set(unheard.map((row) => String(row.values.client_id)))) {
    // A client id that no client has may be any text, a person's data included: it is not logged.
    const clientId = (await findClient(tx, named))?.id ?? '';
    if (await isRefusedRightTold(tx, clientId)) continue;
    await raiseAlerts(tx, [{ kind: 'right_waits', clientId, reason: 'withdrawal_refused' }]);
  }
}

/** Matches any spelling: the spelling may be the reason of the refusal. */
function takesBack({ values, tooLong }: IntakeRow): boolean {
  const isConsent = values.kind === 'consent';
  const said = String(values.consents ?? '');
  return /withdraw/i.test(said) || (isConsent && (/refus/i.test(said) || tooLong.includes('consents')));
}
