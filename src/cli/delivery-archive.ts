// relais delivery archive: moves the deliveries of erased leads to the slim table of keys.
// Invariant: only those settled and erased long ago; their story stays in the log.
import type { Command } from 'commander';
import { archiveDeliveries } from '../app/for-terminal.ts';
import { instant, withExamples } from './arguments.ts';
import { confirmed, out, progress, withApp } from './terminal.ts';

export function archiveCommand(delivery: Command): void {
  withExamples(
    delivery
      .command('archive')
      .description('move deliveries of erased leads, settled long ago, to the slim table of their keys')
      .requiredOption('--before <date>', 'settled and erased before: 2026-10-01, or an age such as 90d')
      .option('--yes', 'do not ask'),
    'They can no longer be shown or replayed; the log keeps their story, their key keeps them from being planned again.',
    'relais delivery archive --before 90d',
  ).action((options: { readonly before: string; readonly yes?: true }) =>
    withApp(async ({ database }) => {
      const before = instant(options.before)(database.now());
      if (
        !(await confirmed(
          'Deliveries of leads erased by then leave the table.',
          'archive',
          options.yes === true,
        ))
      )
        return;
      const line = progress();
      const moved = await archiveDeliveries(database, before, (count) => line.at(`${count} deliveries`));
      line.end();
      out(`${moved} deliveries moved to delivery_keys.`);
    }),
  );
}
