// Applies a line of an acknowledgement about a delivery that already has an outcome, from an earlier line or by other means.
// Invariant: the first line counts. A contradiction is logged once and is a task; a line about an unknown outcome settles it.
import { appendHandovers } from '../../store/handovers.ts';
import { raiseAlerts } from '../../store/alerts.ts';
import type { Sql } from '../../store/database.ts';
import { lockDeliveries } from '../../store/deliveries.ts';
import { entryNames } from '../../store/entry-names.ts';
import { loggedInFiles, type LoggedInFile } from '../../store/file-acknowledgements.ts';
import { isUndecided, resolveIn } from '../outcome/resolve.ts';
import type { Published } from '../trip/mapping-cache.ts';
import {
  fileName,
  outcomeOf,
  earlierSense,
  senses,
  type AcknowledgedFile,
  type Line,
  type Sense,
} from './match-lines.ts';

/** A line about a delivery that has an outcome already. */
export async function applyLateLine(
  tx: Sql,
  published: Published,
  file: AcknowledgedFile,
  { id, says, answer }: Line,
  logged: readonly LoggedInFile[],
): Promise<void> {
  const [row] = await lockDeliveries(tx, [id]);
  if (row === undefined) return;
  const before = earlierSense(logged, file) ?? (await saidBeforeNow(tx, id, file));
  if (before === senses[says]) return;
  if (before === undefined && isUndecided(row) && says !== 'again') {
    const evidence = `acknowledgement of ${fileName(file)}`;
    await resolveIn(tx, published, id, { actor: 'worker', evidence, received: senses[says] === 'has' });
    return;
  }
  // Ended by other means: a line with the same outcome changes nothing, nor does one about a delivery that is no longer open.
  if (before === undefined && !(row.state === 'delivered' && senses[says] === 'has_not')) return;
  const outcome = outcomeOf(says, answer);
  const isKnown = (await loggedInFiles(tx, [id])).some(
    (entry) => entry.entry === 'late' && entry.batchId === file.id && entry.outcome === outcome.kind,
  );
  if (isKnown) return;
  await appendHandovers(tx, [
    {
      entry: 'late',
      ...entryNames(row),
      batchId: file.id,
      actor: 'worker',
      connector: file.connector,
      outcome: outcome.kind,
      reason: 'reason' in outcome ? outcome.reason : '',
    },
  ]);
  const { clientId, destinationId } = file;
  await raiseAlerts(tx, [
    { kind: 'ack_contradicts', clientId, destinationId, deliveryId: id, reason: fileName(file) },
  ]);
}

/** By a line of the same transaction. */
const saidBeforeNow = async (tx: Sql, id: number, file: AcknowledgedFile): Promise<Sense | undefined> =>
  earlierSense(await loggedInFiles(tx, [id]), file);
