// relais client ...: what concerns a client as a whole.
// Invariant: no command here shows a person.
import type { Command } from 'commander';
import { anomalyCommand } from './client-anomalies.ts';

export function clientCommands(program: Command): void {
  const client = program.command('client').description('a client as a whole');
  anomalyCommand(client);
}
