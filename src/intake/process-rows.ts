// Processes a batch of taken rows in one transaction: judges them, writes the lead tables, receipts and changes, removes or refuses rows.
// Invariant: per lead, rows count in the order of their ids; a row that must wait for an earlier one stays 'new'.
import { inOrder } from '../domain/consent.ts';
import type { ConsentRecord } from '../domain/lead.ts';
import type { Sql } from '../store/database.ts';
import {
  insertReceipts,
  receiptsOf,
  removeRows,
  type LeadName,
  type RowRefusal,
} from '../store/intake/intake.ts';
import { newRowsAbout, type IntakeRow, type RowId } from '../store/intake/intake-take.ts';
import { lockWithLists, noteClear, rememberedLists, type LockedLists } from '../store/leads/client-lists.ts';
import { insertConsents } from '../store/leads/consents.ts';
import {
  insertChanges,
  lockNamedLeads,
  nameKey,
  uniqueNames,
  type NewLeadChange,
  type LockedLead,
} from '../store/leads/lead-writes.ts';
import { applyRows } from './apply.ts';
import type { AcceptedRow, Candidate, LockedDeps, ProcessDeps, ProcessedRows, RowLedger } from './batch.ts';
import { checkRow, rowDigest, tooLong, type CheckedRow } from './contract.ts';
import { createRows, nonePlanned, planFresh } from './create.ts';
import { logChanges } from './log-entries.ts';
import { refusal, refusalText } from './refusals.ts';
import { holdMoved, writeRefused } from './refused.ts';
import {
  afterWithdrawals,
  comingAddresses,
  concernsNoOther,
  takesAlone,
  tellSamePerson,
} from './same-person.ts';
import { stillKept } from './too-late.ts';

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

/** Takes the `lead` rows of these names that are free, with their content. */
export type Pull = (names: readonly LeadName[]) => Promise<readonly IntakeRow[]>;

interface Ordered {
  readonly pulled: readonly IntakeRow[];
  readonly waits: ReadonlySet<RowId>;
}

/** Nothing is pulled in for rows that are all new leads. */
const nonePulled: Ordered = { pulled: [], waits: new Set() };

/**
 * Corrections and events follow earlier rows. A `lead` row they need is pulled in although its id is beyond the limit;
 * where another process has locked it, or an earlier row about the lead, they wait for the next round.
 */
async function orderRows(
  tx: Sql,
  taken: readonly IntakeRow[],
  candidates: readonly Candidate[],
  pull: Pull,
): Promise<Ordered> {
  const followers = candidates.filter((candidate) => candidate.row.kind !== 'lead');
  if (followers.length === 0) return nonePulled;
  const names = uniqueNames(followers.map((candidate) => candidate.row));
  const about = Map.groupBy(await newRowsAbout(tx, names), nameKey);
  const ours = new Set(taken.map((row) => row.id));
  const missing = names.filter((name) =>
    about.get(nameKey(name))?.some((row) => row.kind === 'lead' && !ours.has(row.id)),
  );
  const pulled = missing.length === 0 ? [] : await pull(missing);
  for (const row of pulled) ours.add(row.id);
  const waits = followers.filter((follower) =>
    about
      .get(nameKey(follower.row))
      ?.some((row) => !ours.has(row.id) && (row.kind === 'lead' || row.id < follower.id)),
  );
  return { pulled, waits: new Set(waits.map((candidate) => candidate.id)) };
}

const refusing =
  (refused: RowRefusal[]): RowLedger['refuse'] =>
  ({ id }, refusals) =>
    void refused.push({ id, refusal: refusalText(refusals) });

export interface Settled {
  readonly sum: ProcessedRows;
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

interface SettleDeps extends ProcessDeps {
  readonly acceptsOnly?: ReadonlyMap<RowId, number | undefined>;
}

async function settle(tx: Sql, deps: SettleDeps, coming: Coming): Promise<Settled> {
  const waits = new Set([...coming.waits, ...afterWithdrawals(coming.candidates)]);
  const present = coming.candidates.filter(({ id }) => !waits.has(id));
  const asked = {
    names: uniqueNames(rowsOf(present.filter(({ row }) => row.kind === 'lead'))),
    ...comingAddresses(present),
    apiKeys: [...(deps.acceptsOnly?.values() ?? [])].flatMap((key) => key ?? []),
  };
  const takes = present.some(({ row }) => takesAlone(row)) ? 'alone' : 'shared';
  const lone = takes === 'shared' && coming.candidates.length === 1 ? asked.names[0]?.clientId : undefined;
  const known = deps.clear?.get(lone ?? '');
  if (lone !== undefined && known !== undefined) {
    const settled = await settleUnder(tx, deps, coming, waits, rememberedLists(lone, known, asked, tx.now()));
    if (settled !== undefined) return settled;
  }
  const clientIds = present.map(({ row }) => row.clientId);
  const locked = await lockWithLists(tx, clientIds, asked, takes);
  if (lone !== undefined && deps.clear !== undefined) noteClear(deps.clear, lone, locked);
  return (await settleUnder(tx, deps, coming, waits, locked)) as Settled;
}

/** Undefined where the lists are remembered and no lead proves them: nothing is written then. */
async function settleUnder(
  tx: Sql,
  deps: SettleDeps,
  { candidates, rows, refused }: Coming,
  waits: ReadonlySet<RowId>,
  { clients, lists }: LockedLists,
): Promise<Settled | undefined> {
  const results: Results = { accepted: [], refused: [...refused], duplicates: new Map(), changes: [] };
  const refuse = refusing(results.refused);
  const later = new Set(waits);
  const present = candidates.filter(({ id }) => !later.has(id));
  const moved = present.filter(({ row }) => clients.get(row.clientId)?.moved === true);
  if (moved.length > 0) await holdMoved(tx, moved);
  for (const { id } of moved) later.add(id);
  const ready = present.filter((candidate) => {
    if (later.has(candidate.id)) return false;
    const client = clients.get(candidate.row.clientId);
    const code = client === undefined ? 'UNKNOWN_CLIENT' : client.closed ? 'CLIENT_CLOSED' : undefined;
    if (code !== undefined) refuse(candidate, [refusal('client_id', code)]);
    return code === undefined;
  });
  const locked: LockedDeps = { ...deps, lists };
  await writeLeads(tx, locked, await stillKept(tx, ready, refuse, lists), results, refuse);
  if (lists.proof !== undefined && results.accepted.length === 0) return undefined;
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
  const rows = new Map<string, KnownRow>();
  for (const { id: leadId, clientId, reference, digest } of existing.values())
    if (digest !== null)
      rows.set(rowKey({ kind: 'lead', clientId, rowReference: reference }), { leadId, digest });
  for (const receipt of receipts) rows.set(rowKey(receipt), receipt);
  const leadOf = (name: string): LockedLead | undefined => existing.get(name) ?? locked.get(name);
  const ledger = createLedger(results, refuse, { rows, leadOf });
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
    accept: (candidate, leadId, change, secret) => {
      known.rows.set(rowKey(candidate.row), { leadId, digest: candidate.digest });
      results.accepted.push({ candidate, leadId, revision: change.revision, secret });
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
  const answers = await insertAnswers(tx, accepted);
  // The receipt of a new lead is in the lead.
  const others = accepted.filter(({ candidate: { row } }) => row.kind !== 'lead');
  if (others.length > 0)
    await insertReceipts(
      tx,
      others.map(({ candidate, leadId }) => ({ ...candidate.row, ...candidate, leadId })),
    );
  const isApart = concernsNoOther(deps, accepted);
  const planned = isApart ? await planFresh(tx, deps, accepted, answers) : nonePlanned;
  const unplanned = changes.filter(({ leadId }) => !planned.leadIds.has(leadId));
  if (unplanned.length > 0) await insertChanges(tx, unplanned);
  if (others.length > 0) await logChanges(tx, others);
  if (!isApart) await tellSamePerson(tx, deps, accepted);
  const settled = [...accepted.map(({ candidate }) => candidate.id), ...duplicates.keys()];
  await removeRows(
    tx,
    settled.filter((id) => id > 0n),
  );
  if (refused.length > 0) await writeRefused(tx, rows, refused);
  return { planned: planned.deliveries, unplanned: unplanned.length };
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
 * of the rows, whatever their kinds; a new lead's own come before those of rows about it. Returns them by lead, as they are stored.
 */
async function insertAnswers(
  tx: Sql,
  accepted: readonly AcceptedRow[],
): Promise<ReadonlyMap<number, readonly ConsentRecord[]>> {
  const events = (accepted.length === 1 ? accepted : inOrderOfReceipt(accepted)).flatMap(
    ({ candidate: { row }, leadId, revision }) =>
      inOrder(row.consents).map((event) => ({ clientId: row.clientId, leadId, event, revision })),
  );
  const receipts = await insertConsents(tx, events);
  const answers = new Map<number, ConsentRecord[]>();
  for (const [index, { leadId, event, revision: leadRevision }] of events.entries()) {
    const own = answers.get(leadId) ?? [];
    answers.set(leadId, own);
    own.push({ ...event, receipt: receipts[index] ?? 0, leadRevision });
  }
  return answers;
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
