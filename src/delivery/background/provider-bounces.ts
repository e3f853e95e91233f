// Records bounces that a mail provider reports by callback; the Message-ID names the delivery.
// Invariant: a repetition changes nothing; a report about no mail of ours moves nothing, and raises an alert.
import { safeCode } from '../../domain/delivery.ts';
import { fileNamed, mailNamed } from '../../domain/return-tag.ts';
import type { Log } from '../../log.ts';
import { raiseAlerts, raisedFor } from '../../store/alerts/alerts.ts';
import {
  deliveryOfKey,
  fileOfNumber,
  isFileBounceLogged,
  lastDeparture,
  lockFile,
} from '../../store/deliveries/bounces.ts';
import type { Database } from '../../store/database.ts';
import { readDeliveries, type Delivery } from '../../store/deliveries/deliveries.ts';
import { findDestination } from '../../store/destinations/destinations.ts';
import { appendHandovers } from '../../store/log/handovers.ts';
import { isElsewhere } from '../../store/client-locks.ts';
import { takings } from '../../store/deliveries/delivery-targets.ts';
import type { Published } from '../trip/mapping-cache.ts';
import { noteReturned, orForeign, oursAmong, raiseHourly } from './bounces.ts';

export interface ReportedBounce {
  readonly messageId: string;
  /** Mailbox that did not get it, in lower case. */
  readonly target: string;
  readonly code: string;
}

interface ToldNeeds {
  readonly database: Database;
  readonly published: Pick<Published, 'version'>;
  readonly log: Log;
}

/** `later`: one of them is being sent, or its client has moved; the provider may report all of them again. */
export async function recordBounces(
  needs: ToldNeeds,
  told: readonly ReportedBounce[],
): Promise<{ readonly later: boolean; readonly noted: number; readonly foreign: number }> {
  const counts = { done: 0, later: 0, foreign: 0 };
  for (const bounce of told) counts[await orForeign(needs.log, hearBounce(needs, bounce))] += 1;
  if (counts.foreign > 0)
    await raiseHourly(needs.database, { kind: 'bounce_unmatched', reason: String(counts.foreign) });
  return { later: counts.later > 0, noted: counts.done, foreign: counts.foreign };
}

async function hearBounce(
  { database, published }: ToldNeeds,
  { messageId, target, code }: ReportedBounce,
): Promise<'done' | 'later' | 'foreign'> {
  const file = fileNamed(messageId);
  if (file !== undefined) {
    const targets = await targetsOf({ database, published }, file.destinationId);
    return hearFileBounce(database, file, { target: oursAmong(targets, target), code });
  }
  const named = mailNamed(messageId);
  const id = named === undefined ? undefined : await deliveryOfKey(database, named.key);
  const [row] = id === undefined ? [] : await readDeliveries(database, [id]);
  if (named === undefined || row === undefined) return 'foreign';
  const version = await published.version(row.sentMappingId);
  // Only a delivery by mail can bounce.
  if (version?.connectorFacts.returns === undefined) return 'foreign';
  const tag = await attemptOf(database, row, named.keyRun, target);
  if (tag === undefined) return 'foreign';
  const settings = version.actions[row.action]?.settings;
  const targets = settings === undefined ? [] : version.connectorFacts.targets(settings);
  return noteReturned(database, row, { tag, failures: [{ target, code }], targets });
}

/** Mailboxes that the destination's files go to at present. */
async function targetsOf(
  { database, published }: Pick<ToldNeeds, 'database' | 'published'>,
  destinationId: string,
): Promise<readonly string[]> {
  const destination = await findDestination(database, destinationId);
  const version = await published.version(destination?.mappingVersionId ?? 0);
  const settings = version?.actions.create?.settings;
  return settings === undefined ? [] : (version?.connectorFacts.targets(settings) ?? []);
}

/** A file has many leads, and other mailboxes may have it: what follows is a person's to decide, once for each mailbox. */
async function hearFileBounce(
  database: Database,
  file: NonNullable<ReturnType<typeof fileNamed>>,
  { target, code }: Pick<ReportedBounce, 'target' | 'code'>,
): Promise<'done' | 'later' | 'foreign'> {
  const { clientId, destinationId, sequence } = file;
  const batchId = await fileOfNumber(database, file);
  if (batchId === undefined) return 'foreign';
  const reason = safeCode(code);
  const alert = {
    kind: 'file_bounced',
    clientId,
    destinationId,
    reason: `FILE_${sequence}.${reason}`.slice(0, 64),
  } as const;
  const bounced = { entry: 'bounced', clientId, destinationId, batchId, actor: 'planner' } as const;
  return database.transaction(async (tx): Promise<'done' | 'later'> => {
    if (await isElsewhere(tx, clientId)) return 'later';
    // The second of two simultaneous reports finds the entry of the first.
    await lockFile(tx, batchId);
    const isTold = await raisedFor(tx, alert);
    if (isTold && (await isFileBounceLogged(tx, { batchId, target }))) return 'done';
    await appendHandovers(tx, [{ ...bounced, connector: 'flow', target, outcome: 'refused', reason }]);
    if (!isTold) await raiseAlerts(tx, [alert]);
    return 'done';
  });
}

/** Several attempts may bear one Message-ID: the one that the mailbox took, else the last that left. */
async function attemptOf(
  database: Database,
  row: Delivery,
  keyRun: number,
  target: string,
): Promise<{ readonly run: number; readonly attempt: number } | undefined> {
  // Runs after it bear the same number until another refusal.
  const runs = { from: keyRun, to: keyRun === row.keyRun ? row.run : keyRun };
  const taken = (await takings(database, row.id)).find(
    (taking) => taking.target === target && taking.run >= runs.from && taking.run <= runs.to,
  );
  return taken ?? (await lastDeparture(database, row, runs));
}
