// Holds back a file of all leads that lost too many of them, until support has decided.
// Invariant: one alert; no further file is collected for its destination meanwhile.
import type { Sql } from '../../store/database.ts';
import { raiseAlerts } from '../../store/alerts.ts';
import { holdFile, type HeldFile } from '../../store/full-files.ts';
import { appendHandovers } from '../../store/handovers.ts';

export async function holdBack(
  tx: Sql,
  { id: destinationId, clientId }: { readonly id: string; readonly clientId: string },
  file: Omit<HeldFile, 'at'>,
): Promise<void> {
  if (!(await holdFile(tx, destinationId, file))) return;
  const { batchId, rows, missing } = file;
  const reason = `ROWS_${rows}.MISSING_${missing}`;
  await appendHandovers(tx, [
    { entry: 'file_held', clientId, destinationId, batchId, actor: 'worker', reason },
  ]);
  await raiseAlerts(tx, [{ kind: 'file_held', clientId, destinationId, reason }]);
}
