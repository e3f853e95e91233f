// relais client ...: commands about a client as a whole.
// Invariant: no command here shows a person.
import type { Command } from 'commander';
import { anomalyCommand } from './client-anomalies.ts';
import { closeClientCommand } from './client-close.ts';
import { checkClientCommand } from './client-check.ts';

export function clientCommands(program: Command): void {
  const client = program.command('client').description('a client as a whole');
  checkClientCommand(client);
  anomalyCommand(client);
  closeClientCommand(client);
}
