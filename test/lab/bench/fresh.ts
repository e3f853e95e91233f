// Fresh leads at a steady pace, and how long each took: what every bench of isolation asks.
import type { Gateway } from '../../trip/gateway.ts';
import { pause, percentile } from './measure.ts';

export interface Latency {
  readonly count: number;
  /** ms */
  readonly p50: number;
  /** ms */
  readonly p99: number;
}

/** One lead every 50 ms, `next` writes it. Returns when the last one is in. */
export async function steady(next: (at: number) => Promise<unknown>, forSeconds: number): Promise<void> {
  for (let at = 0; at < forSeconds * 20; at += 1) {
    const due = pause(50);
    await next(at);
    await due;
  }
}

/** From the row in lead_intake to the settled delivery, for leads of these destinations that came in after `since`. */
export async function latencyOf(gateway: Gateway, ids: readonly string[], since: Date): Promise<Latency> {
  const marks = ids.map(() => '?').join(', ');
  const query = (what: string): string =>
    `SELECT ${what} FROM deliveries d JOIN leads r ON r.id = d.lead_id
      WHERE d.destination_id IN (${marks}) AND d.priority = 0 AND r.received_at >= ?`;
  for (let tries = 0; tries < 300; tries += 1) {
    const [open] = await gateway.owner.all<{ n: number }>(
      `${query('COUNT(*) AS n')} AND d.state <> 'delivered'`,
      [...ids, since],
    );
    if ((open?.n ?? 0) === 0) break;
    await pause(200);
  }
  const rows = await gateway.owner.all<{ ms: number | null }>(
    query('TIMESTAMPDIFF(MICROSECOND, r.received_at, d.settled_at) / 1000 AS ms'),
    [...ids, since],
  );
  const values = rows.map((row) => Number(row.ms ?? Number.POSITIVE_INFINITY));
  return { count: values.length, p50: percentile(values, 0.5), p99: percentile(values, 0.99) };
}

export const nowOf = async (gateway: Gateway): Promise<Date> =>
  (await gateway.owner.all<{ now: Date }>('SELECT UTC_TIMESTAMP(3) AS now'))[0]?.now ?? new Date();

export const show = ({ count, p50, p99 }: Latency): string =>
  `${count} leads, p50 ${Math.round(p50)} ms, p99 ${Math.round(p99)} ms`;
