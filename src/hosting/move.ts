// Moves a client between the shared installation and its own (C36): frozen, copied under the same ids, compared, ended here, opened there.
// Invariant: the client is open in one place at a time; a move that was interrupted goes on; what recipients already have is known there.
import { createHash } from 'node:crypto';
import { writeNote } from '../client-mails/notes.ts';
import { frenchDate } from '../domain/civil-date.ts';
import { RelaisError } from '../errors.ts';
import { adoptIntakeKey, readIntakeKey, recogniseKeys, type KeysPlace } from '../privacy/keys.ts';
import { closeClientAlerts } from '../store/alerts/tasks.ts';
import { seenProcesses } from '../store/alerts/processes.ts';
import type { Sql } from '../store/database.ts';
import type { SecretOwner } from '../store/keys.ts';
import { instanceAt, readDedication } from '../store/hosting/instances.ts';
import { endInstance, hasClients, holdForMove, openMoved } from '../store/hosting/moves.ts';
import {
  absent,
  appended,
  movedPage,
  removeMoved,
  shapeOf,
  writeMoved,
  type MovedRow,
} from '../store/hosting/moved-rows.ts';
import { movedTables, waitingTable, type MovedTable } from '../store/hosting/moved-tables.ts';
import { ownIdentity } from '../store/installation.ts';
import { requireSchema } from '../store/migrate.ts';
import { appendHandover } from '../store/log/handovers.ts';
import { logPosition } from '../store/people/proofs.ts';
import { lockClients } from '../store/client-locks.ts';
import { findClosing, heldRows, type Closing } from '../store/retention/closings.ts';
import { findInstruction } from '../store/retention/register.ts';
import { destroySecrets, readSecrets, writeSecrets } from '../store/hosting/moved-secrets.ts';
import { endHere, freezeClient, statusesBefore, unquiet, type MoveOrder } from './leave.ts';

/** The database of the new place is opened by the owner's account. */
export type MoveSide = KeysPlace;

export interface Move extends MoveOrder {
  readonly from: MoveSide;
  readonly to: MoveSide;
  readonly waitMs: number;
  readonly progress: (table: string) => void;
}

export interface Moved {
  readonly leads: number;
  /** Rows of systems that still sent to the former place. */
  readonly waiting: number;
}

const rowsAtOnce = 200;
const passesAtMost = 5;

/** @throws INSTANCE-001, CLIENT-001, RETENTION-001, FIND-001, KEY-002, DB-002 */
export async function moveClient(move: Move): Promise<Moved> {
  const { from, to, clientId, actor } = move;
  await requireSchema(to.database);
  await recogniseKeys(to);
  const slot = await requirePair(move);
  let closing = await findClosing(from.database, clientId);
  if (closing?.state !== 'returned' && closing?.state !== 'deleted') {
    await prepare(move);
    await freezeClient(from.database, move);
    await untilQuiet(move);
    const copied = await copyUntilEqual(move);
    await endHere(from, clientId, { place: `installation ${slot.to}`, actor, ...copied });
    closing = await findClosing(from.database, clientId);
  }
  if (closing === undefined) throw new RelaisError('INSTANCE-001', `${clientId} has not left.`);
  await openThere(move, closing);
  const waiting = await carryWaiting(move);
  if (slot.ends !== undefined) await endInstance(to.database, slot.ends);
  const { leads = 0 } = await heldRows(to.database, clientId);
  return { leads, waiting };
}

interface Pair {
  /** Number of the new place; 0 is the shared one. */
  readonly to: number;
  /** Number of an installation that is never used again. */
  readonly ends: number | undefined;
}

/** One of the two is the client's own installation, made from the other: their ids never meet. @throws INSTANCE-001 */
async function requirePair({ from, to, clientId }: Move): Promise<Pair> {
  const here = await ownIdentity(from.database, 0);
  const there = await ownIdentity(to.database, 0);
  if (here.installation === there.installation)
    throw new RelaisError('INSTANCE-001', 'Both are the same installation.');
  const [mine, theirs] = [await readDedication(from.database), await readDedication(to.database)];
  const dedication = mine ?? theirs;
  const shared = mine === undefined ? from : to;
  const instance = dedication === undefined ? undefined : await instanceAt(shared.database, dedication.slot);
  if (
    (mine === undefined) === (theirs === undefined) ||
    dedication?.clientId !== clientId ||
    instance?.clientId !== clientId ||
    // A client that left its installation has ids of that range elsewhere by now.
    (mine === undefined && !instance.isOpen)
  )
    throw new RelaisError(
      'INSTANCE-001',
      `${clientId} moves between the shared installation and the one that \`relais instance create\` made there for it.`,
    );
  return mine === undefined ? { to: dedication.slot, ends: undefined } : { to: 0, ends: dedication.slot };
}

/** Makes the new place ready: nothing runs or is open for the client there, and digests are made with the same key. */
async function prepare({ from, to, clientId }: Move): Promise<void> {
  const key = await readIntakeKey(from);
  const isSameKey = (await readIntakeKey(to)).equals(key);
  if ((await readDedication(to.database)) === undefined) {
    const closing = await findClosing(to.database, clientId);
    if (closing?.state === 'moving' || closing?.state === 'closed' || closing?.state === 'returned')
      throw new RelaisError(
        'INSTANCE-001',
        `The data of ${clientId} that its first move left there is deleted on ${closing.deleteOn}: only then it comes back.`,
      );
    if (!isSameKey) throw new RelaisError('INSTANCE-001', 'The two were not made from each other.');
    return;
  }
  const [running] = await seenProcesses(to.database);
  if (running !== undefined)
    throw new RelaisError(
      'INSTANCE-001',
      `${running.role} ${running.name} of the new installation runs: stop it (systemctl stop relais@${clientId}).`,
    );
  await holdForMove(to.database, clientId);
  if (isSameKey) return;
  if (await hasClients(to.database))
    throw new RelaisError('INSTANCE-001', 'The new installation has a client already.');
  await to.database.transaction((tx) => adoptIntakeKey(tx, to, key));
}

async function untilQuiet({ from, clientId, waitMs }: Move): Promise<void> {
  const due = performance.now() + waitMs;
  for (;;) {
    const waits = await unquiet(from.database, clientId);
    if (waits === undefined) return;
    if (performance.now() > due)
      throw new RelaisError('INSTANCE-001', `${clientId} is frozen, and ${waits}. Run the command again.`);
    await new Promise((done) => setTimeout(done, 200));
  }
}

/** Copies until a pass finds nothing to write or to delete. Returns the rows and the digest of all of them. */
async function copyUntilEqual(move: Move): Promise<{ readonly rows: number; readonly digest: Buffer }> {
  for (let pass = 1; pass <= passesAtMost; pass += 1) {
    const { written, ...copied } = await copyAll(move);
    if (written === 0) return copied;
  }
  throw new RelaisError('INSTANCE-001', `The rows of ${move.clientId} still change. Run the command again.`);
}

async function copyAll(
  move: Move,
): Promise<{ readonly written: number; readonly rows: number; readonly digest: Buffer }> {
  const { clientId, progress } = move;
  const hash = createHash('sha256');
  const sum = { written: 0, rows: 0 };
  for (const moved of movedTables) {
    progress(moved.table);
    const shape = await shapeOf(move.from.database, move.from.database.name, moved.table);
    for (let last: MovedRow | undefined; ;) {
      const page = await movedPage(move.from.database, shape, moved, {
        clientId,
        limit: moved.atOnce ?? rowsAtOnce,
        ...(last === undefined ? {} : { last }),
      });
      last = page.at(-1);
      if (last === undefined) break;
      hash.update(JSON.stringify([moved.table, page]));
      sum.rows += page.length;
      sum.written += await move.to.database.transaction(async (tx) => {
        const written = await writeMoved(tx, shape, clientId, page);
        const owner = secretOwners[moved.table];
        if (owner === undefined) return written;
        const ids = page.map((row) => idIn(shape.columns, row));
        return written + (await copySecrets(move, tx, owner, ids));
      });
    }
  }
  for (const moved of movedTables.toReversed()) sum.written += await removeStrays(move, moved);
  return { ...sum, digest: hash.digest() };
}

/** Deletes there what is no longer here: retention and rights went on between two passes, or while the client was elsewhere. */
async function removeStrays({ from, to, clientId }: Move, moved: MovedTable): Promise<number> {
  if (appended.has(moved.table)) return 0;
  const shape = await shapeOf(to.database, to.database.name, moved.table);
  const limit = moved.atOnce ?? rowsAtOnce;
  let removed = 0;
  for (let last: MovedRow | undefined; ;) {
    const page = await movedPage(to.database, shape, moved, {
      clientId,
      limit,
      ...(last === undefined ? {} : { last }),
    });
    last = page.at(-1);
    if (last === undefined) return removed;
    const strays = await absent(from.database, shape, page);
    if (strays.length === 0) continue;
    await to.database.transaction(async (tx) => {
      await removeMoved(tx, shape, strays);
      const owner = secretOwners[moved.table];
      if (owner !== undefined)
        await destroySecrets(
          tx,
          to.keysSchema,
          owner,
          strays.map((row) => idIn(shape.columns, row)),
        );
    });
    removed += strays.length;
  }
}

const idIn = (columns: readonly { readonly name: string }[], row: MovedRow): number =>
  Number(row[columns.findIndex(({ name }) => name === 'id')]);

const secretOwners: Readonly<Record<string, SecretOwner>> = { leads: 'lead', requests: 'request' };

async function copySecrets(
  { from, to }: Move,
  tx: Sql,
  owner: SecretOwner,
  ids: readonly number[],
): Promise<number> {
  const placeOf = ({ keysSchema, keys }: MoveSide) => ({ keysSchema, masterKeys: keys.master, owner });
  const secrets = await readSecrets(from.database, placeOf(from), ids);
  const there = await readSecrets(tx, placeOf(to), ids);
  const missing = [...secrets].filter(([id, secret]) => there.get(id)?.equals(secret) !== true);
  await writeSecrets(tx, placeOf(to), missing);
  return missing.length;
}

async function openThere({ from, to, clientId, actor, reason }: Move, closing: Closing): Promise<void> {
  const { entry, anchor } = await logPosition(from.database);
  const { installation } = await ownIdentity(from.database, 0);
  await to.database.transaction(async (tx) => {
    const here = (await lockClients(tx, [clientId], 'alone', 'taken')).get(clientId);
    if (here?.closed !== true) return;
    await openMoved(tx, clientId, statusesBefore(closing));
    await closeClientAlerts(tx, 'moved_rows', clientId);
    await appendHandover(tx, {
      entry: 'client_moved_in',
      clientId,
      actor,
      purpose: reason,
      fileName: `installation ${installation}`,
      reason: `log:${entry} seal:${(anchor ?? '').slice(0, 40)}`,
    });
    const cited = await findInstruction(tx, clientId, closing.instruction);
    await writeNote(tx, {
      clientId,
      kind: 'hosting_changed',
      title: 'changement d’hébergement',
      changes: [
        'Vos données sont passées à une autre installation ; rien n’est envoyé deux fois',
        'Vos comptes et les clés de vos systèmes de l’ancienne installation prennent fin',
        `Les données sont supprimées de l’ancienne installation le ${frenchDate(closing.deleteOn)}, avec une preuve signée`,
      ],
      askedBy: cited?.givenBy,
      doneBy: actor,
      instruction: closing.instruction,
      document: cited?.document,
    });
  });
}

/** Rows that systems still sent to the former place: there first, then no longer here. */
async function carryWaiting({ from, to, clientId }: Move): Promise<number> {
  const shape = await shapeOf(from.database, from.database.name, waitingTable.table);
  const status = shape.columns.findIndex(({ name }) => name === 'status');
  for (let carried = 0; ;) {
    const page = await movedPage(from.database, shape, waitingTable, { clientId, limit: rowsAtOnce });
    if (page.length === 0) return carried;
    const fresh = page.map((row) => row.with(status, 'new'));
    // One that was carried before a kill is in work there: it is not taken in again.
    await to.database.transaction((tx) => writeMoved(tx, shape, clientId, fresh, 'left'));
    await from.database.transaction(async (tx) => {
      await removeMoved(tx, shape, page);
      await closeClientAlerts(tx, 'moved_rows', clientId);
    });
    carried += page.length;
  }
}
