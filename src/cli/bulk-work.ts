// Works a bulk run from a command, with its progress and its results.
// Invariant: a command that dies loses no work: a planner finishes the run.
import type { App } from '../app.ts';
import { RelaisError } from '../errors.ts';
import type { Act, Asked } from '../support/acts/act.ts';
import { workRun, type BulkRow } from '../support/bulk-runs.ts';
import { isRefusal, refusalWords } from '../support/bulk-steps.ts';
import type { BulkRunHead } from '../support/reads/bulk-runs.ts';
import { performHere } from './act-options.ts';
import { out, progress, say } from './terminal.ts';

/** Refused deliveries named by a report; the others are counted. */
const mostNamed = 50;

/** Begins a run and works it to its end, counting on a terminal. */
export async function workAll<Input extends object>(
  app: App,
  act: Act<Input, BulkRunHead>,
  asked: Asked,
): Promise<BulkRow> {
  const { id } = await performHere(app, act, asked);
  // A few deliveries named one by one are done before anyone could read this.
  if (asked.to.length === 0) sayGoesOn(id);
  return followRun(app, { id, leaseToken: 0 });
}

export const sayGoesOn = (id: number): void =>
  say(
    `Bulk run ${id}: it goes on if this command ends (relais bulk show ${id}); relais bulk cancel ${id} stops it.`,
  );

export async function followRun(app: App, run: Pick<BulkRow, 'id' | 'leaseToken'>): Promise<BulkRow> {
  const line = progress();
  const ended = await workRun(app, run, ({ done, refused, counted }) =>
    line.at(`${done + refused} of ${counted}`),
  );
  line.end();
  if (ended.state === 'cancelled') {
    process.exitCode = 1;
    say(`Cancelled by ${ended.cancelledBy}: ${ended.cancelReason}. What was done stays done.`);
  }
  return ended;
}

export const countOf = ({ results }: BulkRow, result: string): number => results[result]?.count ?? 0;
export const idsOf = ({ results }: BulkRow, result: string): readonly number[] => results[result]?.ids ?? [];

/** Prints each refused delivery with its reason; exit code 1 where there is one. */
export function reportRefused(run: BulkRow): void {
  let named = 0;
  for (const [result, { ids }] of Object.entries(run.results)) {
    if (!isRefusal(result)) continue;
    for (const id of ids.slice(0, mostNamed - named)) out(`  ${id}: ${refusalWords[result][1]}`);
    named += Math.min(ids.length, mostNamed - named);
  }
  if (run.refused > named) out(`  ... and ${run.refused - named} more`);
  if (run.refused > 0) process.exitCode = 1;
}

/** @throws FIND-001 where a filter matched nothing */
export function refuseNone(matched: number): void {
  if (matched === 0) throw new RelaisError('FIND-001', 'No delivery matches.');
}
