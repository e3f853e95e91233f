// Raises and closes alerts about a delivery or destination at which a step of the gateway fails with an error of its own.
// Invariant: one alert is open per subject and step, until the step passes; its reason is the step and a code.
import { raiseAlerts } from './alerts.ts';
import type { Sql } from './database.ts';

export interface BrokenStep {
  readonly clientId?: string;
  readonly destinationId: string;
  readonly deliveryId?: number;
  /** For example `RECOVERY`. */
  readonly step: string;
}

const openOnes = `FROM alerts FORCE INDEX (alerts_kind) WHERE kind = 'internal_error' AND destination_id = ? AND delivery_id = ?
   AND SUBSTRING_INDEX(reason, ':', 1) = ? AND closed_at IS NULL`;

const valuesOf = ({ destinationId, deliveryId = 0, step }: BrokenStep): (string | number)[] => [
  destinationId,
  deliveryId,
  step,
];

/** Raises the alert, unless it is open already. */
export async function raiseBroken(
  sql: Sql,
  { code, ...broken }: BrokenStep & { readonly code: string },
): Promise<void> {
  const told = await sql.all(`SELECT 1 ${openOnes} LIMIT 1`, valuesOf(broken));
  if (told.length > 0) return;
  const { step, ...subject } = broken;
  await raiseAlerts(sql, [{ kind: 'internal_error', ...subject, reason: `${step}:${code}` }]);
}

/** Closes the step's alerts of a destination, for all deliveries. */
export async function closeAllBroken(sql: Sql, destinationId: string, step: string): Promise<void> {
  await sql.run(
    `UPDATE alerts FORCE INDEX (alerts_kind) SET closed_at = UTC_TIMESTAMP(3)
      WHERE kind = 'internal_error' AND destination_id = ? AND SUBSTRING_INDEX(reason, ':', 1) = ? AND closed_at IS NULL`,
    [destinationId, step],
  );
}

export async function closeBroken(sql: Sql, broken: BrokenStep): Promise<void> {
  const rows = await sql.all<{ id: number }>(`SELECT id ${openOnes}`, valuesOf(broken));
  for (const { id } of rows)
    await sql.run('UPDATE alerts SET closed_at = UTC_TIMESTAMP(3) WHERE id = ? AND closed_at IS NULL', [id]);
}
