// `--json` for every command that prints a list or a fact: one JSON object a line.
// Invariant: names of keys are stable; a value masked on the screen is masked here.
import type { Command } from 'commander';
import type { PersonLead } from '../support/find-person.ts';
import type { PersonFact } from '../support/masking.ts';
import { out } from './terminal.ts';

export interface JsonOption {
  readonly json?: boolean;
}

export const withJson = (command: Command): Command => command.option('--json', 'one JSON object a line');

export function outJson(rows: readonly object[]): void {
  for (const row of rows) out(JSON.stringify(row));
}

/** A delivery, in the data of its lead. */
export const deliveryData = ({
  id,
  destinationId,
  action,
  state,
  reason,
}: PersonLead['deliveries'][number]): object => ({
  id,
  destination: destinationId,
  action,
  state,
  reason,
});

/** Facts of a person; null for unknown ones. */
export const personData = (person: readonly PersonFact[]): object =>
  Object.fromEntries(person.map(({ name, value }) => [name, value === '-' ? null : value]));
