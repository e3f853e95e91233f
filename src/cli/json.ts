// `--json`, the same for every command that prints a list or a fact: one JSON object a line.
// Invariant: names of keys are stable; what is masked on the screen is masked here.
import type { Command } from 'commander';
import { out } from './terminal.ts';

export interface JsonOption {
  readonly json?: boolean;
}

export const withJson = (command: Command): Command => command.option('--json', 'one JSON object a line');

export function outJson(rows: readonly object[]): void {
  for (const row of rows) out(JSON.stringify(row));
}
