// Prints the end of the demo: a table per destination, reasons, payloads with their opt-in, and the account.
// Invariant: only counts, codes and invented persons; everything shown was read back from tables or received files.
import type { DemoRecipient } from '../recipients/record.ts';
import type { Comparison } from './accounting.ts';
import type { DemoLedger, LoggedDelivery } from './ledger.ts';
import type { Screen } from './screen.ts';

export function printTable(screen: Screen, ledger: DemoLedger, destinations: readonly string[]): void {
  const head = [
    'destination',
    'leads',
    'delivered',
    'attempts',
    'retried',
    'withheld',
    'failed',
    'commit to delivery: p50',
    'p95',
  ];
  const rows = destinations.map((id) => {
    const own = ledger.deliveries.filter(
      (delivery) => delivery.destination === id && delivery.action === 'create',
    );
    const times = own.flatMap((delivery) =>
      delivery.state === 'delivered' && delivery.settledAt !== undefined
        ? [delivery.settledAt.getTime() - delivery.committedAt.getTime()]
        : [],
    );
    return [
      id,
      String(own.length),
      String(count(own, 'delivered')),
      String(own.reduce((sum, delivery) => sum + delivery.departed, 0)),
      String(own.filter((delivery) => delivery.departed > 1).length),
      String(count(own, 'withheld')),
      String(count(own, 'failed')),
      duration(percentile(times, 0.5)),
      duration(percentile(times, 0.95)),
    ];
  });
  for (const line of aligned([head, ...rows])) screen.line(`  ${line}`);
  screen.line();
  for (const id of destinations) {
    const own = ledger.deliveries.filter((delivery) => delivery.destination === id);
    for (const state of ['withheld', 'failed', 'waiting'] as const) {
      const reasons = tally(
        own.filter((delivery) => delivery.state === state).map((delivery) => delivery.reason),
      );
      if (reasons !== '') screen.line(`  ${id}, ${state}: ${reasons}`);
    }
    const setbacks = tally(
      own.flatMap((delivery) => (delivery.state === 'delivered' ? delivery.setbacks : [])),
    );
    if (setbacks !== '') screen.line(screen.faint(`  ${id}, overcome on the way: ${setbacks}`));
  }
  const refused = tally(
    ledger.rows.filter((row) => row.status === 'refused').map((row) => row.refusals.join(', ')),
  );
  if (refused !== '') screen.line(`  refused at the door (lead_intake.refusal): ${refused}`);
  const unrouted = ledger.rows.filter((row) => row.unrouted).length;
  if (unrouted > 0) screen.line(`  taken in, but no destination accepts the programme: ${unrouted}`);
}

const count = (deliveries: readonly LoggedDelivery[], state: string): number =>
  deliveries.filter((delivery) => delivery.state === state).length;

/** `opt_in_missing 3, other 1`, the most frequent first. */
export function tally(words: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts]
    .sort(([a, m], [b, n]) => n - m || a.localeCompare(b))
    .map(([word, n]) => `${word} × ${n}`)
    .join(', ');
}

/** Nearest rank; undefined for nothing. */
export function percentile(values: readonly number[], share: number): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
}

function duration(ms: number | undefined): string {
  if (ms === undefined) return '-';
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

/** Columns side by side: the first aligned left, the others by `side`. */
export function aligned(
  rows: readonly (readonly string[])[],
  side: 'left' | 'right' = 'right',
): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 || side === 'left'
          ? cell.padEnd(widths[column] ?? 0)
          : cell.padStart(widths[column] ?? 0),
      )
      .join('  '),
  );
}

export async function printSamples(screen: Screen, recipients: readonly DemoRecipient[]): Promise<void> {
  for (const recipient of recipients) {
    const sample = await recipient.sample();
    if (sample === undefined) continue;
    screen.line();
    screen.line(`  ${screen.strong(sample.title)}`);
    for (const line of sample.text.split(/\r?\n/)) {
      const optIn = sample.optInLines.test(line);
      screen.line(optIn ? screen.good(`  ▶ ${line}`) : `    ${line}`);
    }
  }
  screen.line();
  screen.line(screen.faint("  ▶ marks the lines with the client's own opt-in fields."));
}

/** The longest list that is worth reading. */
const mostShown = 25;

export function printAccount(screen: Screen, result: Comparison): void {
  const { endings, faults } = result;
  screen.line(
    `  ${result.leads} leads handed in: ${endings.delivered} delivered, ${endings.withheld} withheld with a reason, ${endings.failed} failed with a reason,`,
  );
  screen.line(`  ${endings.not_routed} that no destination takes, ${endings.refused} refused at the door.`);
  screen.line(
    `  ${result.compared} records of the recipients and ${result.optIns} opt-in values compared with the hand-over log, one by one.`,
  );
  screen.line();
  if (faults.length === 0) {
    screen.line(screen.good('  ✔ Every lead is accounted for.'));
    return;
  }
  screen.line(screen.bad(`  ✘ ${faults.length} ${faults.length === 1 ? 'thing is' : 'things are'} amiss:`));
  for (const fault of faults.slice(0, mostShown)) screen.line(`    - ${fault}`);
  if (faults.length > mostShown) screen.line(`    … and ${faults.length - mostShown} more`);
}
