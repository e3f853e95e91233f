// Issues the statistics of a month (C26 to C28): counts in memory, under the gateway's account, and writes the counts under another.
// Invariant: a month is issued once; the account that writes can read no lead, and the gateway's cannot read what was written; the key
// that links the requests of a person is made for the run and forgotten.
import { createHmac, randomBytes } from 'node:crypto';
import { addMonths, civilDate, isCivilDate, monthOf, startOfDay } from '../domain/civil-date.ts';
import { plainEntity } from '../domain/consent.ts';
import { editionOf, type CountedRequest, type PublishedCell } from '../domain/statistics.ts';
import { RelaisError } from '../errors.ts';
import { closeClientAlerts } from '../store/alerts/tasks.ts';
import { alone } from '../store/alone.ts';
import type { Database } from '../store/database.ts';
import { appendHandovers } from '../store/log/handovers.ts';
import {
  beginEdition,
  countedClients,
  deleteParts,
  editionState,
  endEdition,
  partsOf,
  requestsBetween,
  withdrawnClients,
} from '../store/statistics/counting.ts';
import {
  deleteCells,
  hasEdition,
  makeTables,
  isKnownSchema,
  otherRights,
  writeEdition,
} from '../store/statistics/editions.ts';

export interface StatisticsPlace {
  /** The gateway's account. */
  readonly database: Database;
  /** The account that writes statistics, and has no right elsewhere. */
  readonly writer: Database;
  /** Installations of one client alone contribute nothing (C26). */
  readonly installation: 'shared' | 'dedicated';
  readonly actor: string;
}

/**
 * @param month by default the last one that is over
 * @throws STATISTICS-001, USAGE-001
 */
export function issueEdition(place: StatisticsPlace, month: string = lastMonth(place.database)) {
  return apart(place, async () => {
    const { database, writer, actor } = place;
    requireOver(database, month);
    await removeAll(place);
    const isWritten = await hasEdition(writer, month);
    const end = (counts: string): Promise<void> =>
      database.transaction(async (tx) => {
        await endEdition(tx, month);
        await appendHandovers(tx, [
          { entry: 'statistics_issued', clientId: '', actor, reason: `${month}${counts}` },
        ]);
      });
    const state = await editionState(database, month);
    // A run that was killed after it had written.
    if (state === 'writing' && isWritten) await end('');
    if (state === 'issued' || isWritten)
      throw refusal(`${month} was issued already: an edition is never issued again.`);
    const { cells, clients } = await countMonth(database, month);
    if (clients === 0) throw refusal('No client authorises statistics: the month can still be issued.');
    await database.transaction((tx) => beginEdition(tx, month, cells));
    await writer.transaction((tx) => writeEdition(tx, month, cells));
    await end(` cells:${cells.length} clients:${clients}`);
    // A client may have withdrawn while it was counted.
    await removeAll(place);
    return { month, cells: cells.length, clients };
  });
}

/**
 * Deletes every issued cell in which a client is counted that has withdrawn its authorisation: nothing is counted anew. Returns how
 * many cells of each.
 * @throws STATISTICS-001
 */
export const removeWithdrawn = (place: StatisticsPlace): Promise<ReadonlyMap<string, number>> =>
  apart(place, () => removeAll(place));

async function removeAll({ database, writer, actor }: StatisticsPlace): Promise<ReadonlyMap<string, number>> {
  const removed = new Map<string, number>();
  for (const { clientId, before } of await withdrawnClients(database)) {
    const cells = await partsOf(database, clientId, before);
    await writer.transaction((tx) => deleteCells(tx, cells));
    await database.transaction(async (tx) => {
      await deleteParts(tx, clientId, before);
      await closeClientAlerts(tx, 'statistics_withdrawn', clientId);
      await appendHandovers(tx, [
        { entry: 'statistics_removed', clientId, actor, reason: `cells:${cells.length}` },
      ]);
    });
    removed.set(clientId, cells.length);
  }
  return removed;
}

/** Runs in one process at a time, once the accounts are known to be separate. */
async function apart<T>(place: StatisticsPlace, work: () => Promise<T>): Promise<T> {
  const { database, writer, installation } = place;
  if (installation === 'dedicated')
    throw refusal('An installation of one client alone contributes nothing to statistics.');
  const others = await otherRights(writer);
  if (others.length > 0)
    throw refusal(`The account of RELAIS_MYSQL_STATISTICS_URL has rights on ${others.join(', ')}.`);
  await makeTables(writer);
  if (await isKnownSchema(database, writer.name))
    throw refusal(`The account of RELAIS_MYSQL_URL has rights on ${writer.name}.`);
  const done = await alone(database, 'statistics', async () => ({ result: await work() }));
  if (done === undefined) throw refusal('Statistics are being issued by another process.');
  return done.result;
}

const refusal = (detail: string): RelaisError => new RelaisError('STATISTICS-001', detail);

export const isMonth = (text: string): boolean => /^\d{4}-\d\d$/.test(text) && isCivilDate(`${text}-01`);

const lastMonth = (database: Pick<Database, 'now'>): string =>
  monthOf(addMonths(civilDate(database.now()), -1));

function requireOver(database: Pick<Database, 'now'>, month: string): void {
  if (!isMonth(month)) throw new RelaisError('USAGE-001', `"${month}" is not a month (2026-10).`);
  if (civilDate(database.now()) < addMonths(`${month}-01`, 1))
    throw refusal(`${month} is not over: a month is counted once, and whole.`);
}

interface Counted {
  readonly cells: readonly PublishedCell[];
  /** Clients that authorised it. */
  readonly clients: number;
}

async function countMonth(database: Database, month: string): Promise<Counted> {
  const key = randomBytes(32);
  const mark = (address: string): string => createHmac('sha256', key).update(address).digest('base64');
  const next = addMonths(`${month}-01`, 1);
  const until = startOfDay(next);
  const requests: CountedRequest[] = [];
  const clients = (await countedClients(database)).filter(({ from }) => from < next);
  for (const { id, legalEntity, from } of clients) {
    const first = from > `${month}-01` ? from : `${month}-01`;
    const entity = plainEntity(legalEntity);
    for await (const { addresses, ...facts } of requestsBetween(database, id, startOfDay(first), until))
      requests.push({ ...facts, clientId: id, entity, addresses: addresses.map(mark) });
  }
  key.fill(0);
  return { cells: editionOf(requests), clients: clients.length };
}
