// The numbered steps of the trip a process can be killed at: just before or just after the commit that takes the step.
// Invariant: a step is known by a piece of SQL its transaction runs; a unit test holds each piece to src/store.
import type { Random } from './random.ts';

export type Station = 'planner' | 'worker' | 'api' | 'console';
/** `all`: planner, worker and interface in one process, which passes leads on in its memory. */
export type Role = Station | 'all';

export const stationsOf = (role: Role): readonly Station[] =>
  role === 'all' ? ['planner', 'worker', 'api'] : [role];

export interface Point {
  readonly name: string;
  readonly role: Station;
  /** A statement of the transaction holds this. */
  readonly sql: string;
}

export const points: readonly Point[] = [
  { name: '0 request begun', role: 'api', sql: 'INSERT INTO idempotency_keys' },
  { name: '0 rows posted', role: 'api', sql: 'INSERT INTO lead_intake' },
  { name: '0 posted rows taken in', role: 'api', sql: 'INSERT INTO leads (client_id' },
  { name: '0 answer kept', role: 'api', sql: 'UPDATE idempotency_keys SET status' },
  { name: '5c depart to who fetches', role: 'api', sql: 'departures = departures + 1' },
  { name: '5e answer of who fetched', role: 'api', sql: 'recipient_reference = COALESCE(NULLIF(' },
  { name: '1 intake', role: 'planner', sql: 'INSERT INTO leads (client_id' },
  {
    name: '2 plan',
    role: 'planner',
    sql: 'WHERE priority = ? AND client_id = ? AND id > ? ORDER BY id LIMIT',
  },
  { name: '3 dispatch', role: 'planner', sql: "SET state = 'queued', queued_at" },
  { name: '3 file opened', role: 'planner', sql: 'INSERT INTO batches' },
  { name: '3 lease recovered', role: 'planner', sql: "state = 'sending' AND lease_until <" },
  { name: '4 sealed', role: 'planner', sql: 'INSERT INTO seals' },
  { name: '5a claim', role: 'worker', sql: 'lease_token = lease_token + ?' },
  { name: '5b file numbered', role: 'worker', sql: 'UPDATE batches SET sequence' },
  { name: '5c depart', role: 'worker', sql: 'departures = departures + 1' },
  { name: '5c file kept', role: 'worker', sql: "UPDATE batches SET state = 'written'" },
  { name: '5e settle', role: 'worker', sql: 'recipient_reference = COALESCE(NULLIF(' },
  { name: '5e file ended', role: 'worker', sql: 'UPDATE batches SET state = ?, content = NULL' },
];

/** Where a file stands on a disk: killed with the file half there. */
export const filePoints = ['5d file written', '5d file renamed'] as const;

/** What a process is told at its start. */
export interface KillPlan {
  readonly point: string;
  readonly when: 'before' | 'after';
  /** At the how-manieth time. */
  readonly nth: number;
}

/** Undefined for who carries nothing: it dies at any moment, as everybody does. */
export function drawKill(role: Role, random: Random): KillPlan | undefined {
  const names: readonly string[] = [
    ...points.filter((point) => role === 'all' || point.role === role).map((point) => point.name),
    ...(role === 'all' || role === 'worker' ? filePoints : []),
  ];
  if (names.length === 0) return undefined;
  const point = random.pick(names);
  // Files come seldom: at the first or second of them. Everything else a little later, with work in flight; a process of all roles later
  // still: it takes leads in and plans them in one transaction once a hundred batches have passed.
  const rare = /file|lease/.test(point);
  return {
    point,
    when: random.pick(['before', 'after']),
    nth: rare ? random.between(1, 3) : random.between(2, role === 'all' ? 300 : 15),
  };
}
