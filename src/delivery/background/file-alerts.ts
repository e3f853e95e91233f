// Raises alerts about files that are late, not acknowledged, or missing a number between two others.
// Invariant: each file is reported once for each reason; the alert names its number or its hour, never its content.
import { raiseAlerts, raisedFor, type Alert } from '../../store/alerts/alerts.ts';
import type { Database } from '../../store/database.ts';
import { destinationsBy, type Destination } from '../../store/destinations/destinations.ts';
import {
  lateFiles,
  missingNumbers,
  unacknowledgedFiles,
  type WatchedFile,
} from '../../store/files/file-lists.ts';
import { fileConnectors } from '../../../connectors/index.ts';
import type { FileSchedule } from '../../mapping/contract.ts';
import type { Quarantine } from '../trip/quarantine.ts';
import type { Published } from '../trip/mapping-cache.ts';

/** Older gaps are history. */
const gapDays = 7;

export async function watchFiles(
  database: Database,
  published: Published,
  quarantine: Quarantine,
): Promise<void> {
  const destinations = await destinationsBy(database, fileConnectors);
  await quarantine.each(
    // A suspended one sends nothing, and support knows why.
    destinations.filter(({ status }) => status === 'active'),
    ({ id, clientId }) => ({ clientId, destinationId: id }),
    async (destination) => {
      const schedule = (await published.version(destination.mappingVersionId))?.schedule;
      if (schedule !== undefined) await watchDestination(database, destination, schedule);
      return 1;
    },
  );
}

async function watchDestination(
  database: Database,
  { id, clientId }: Destination,
  { lateMs, ackWithinMs }: FileSchedule,
): Promise<void> {
  const alertsOf = (kind: Alert['kind'], files: readonly WatchedFile[]): readonly Alert[] =>
    files.map((file) => ({ kind, clientId, destinationId: id, reason: nameOf(file) }));
  const found: readonly Alert[] = [
    ...alertsOf('file_late', await lateFiles(database, id, lateMs)),
    ...alertsOf(
      'file_unacknowledged',
      ackWithinMs === undefined ? [] : await unacknowledgedFiles(database, id, ackWithinMs),
    ),
    ...alertsOf('file_gap', await missingNumbers(database, id, gapDays)),
  ];
  for (const alert of found) if (!(await raisedFor(database, alert))) await raiseAlerts(database, [alert]);
}

/** Its number; before it has one, its hour: `FILE_42`, `HOUR_2026-11-26T06.00Z`. */
const nameOf = ({ sequence, slotAt }: WatchedFile): string =>
  sequence > 0 ? `FILE_${sequence}` : `HOUR_${slotAt.toISOString().slice(0, 16).replace(':', '.')}Z`;
