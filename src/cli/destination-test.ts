// relais destination test: reaching the recipient without sending any lead.
// Invariant: prints what support found out, and nothing of its own.
import type { Command } from 'commander';
import { connectorOf } from '../../connectors/index.ts';
import type { App } from '../app.ts';
import { RelaisError } from '../errors.ts';
import { testDestination } from '../support/destination-test.ts';
import { withExamples } from './arguments.ts';
import { existingDestination } from './destination-name.ts';
import { out, withApp } from './terminal.ts';

export function destinationTestCommand(destination: Command): void {
  withExamples(
    destination
      .command('test <destination>')
      .description('reach the recipient without sending any lead: address, TLS, login'),
    '',
    'relais destination test horizon-crm',
  ).action((id: string) => withApp((app) => test(app, id)));
}

async function test(app: App, id: string): Promise<void> {
  const destination = await existingDestination(app.database, id);
  const { isReached, outcome, reason, durationMs, tried, notes } = await testDestination(app, destination);
  await connectorOf(destination.connector)?.close?.();
  if (isReached)
    return out(
      `${id} can be reached${durationMs === null ? '' : ` (${durationMs} ms)`}. ${tried[1]} No lead was sent.`.concat(
        notes.map(([, note]) => `\n${note}`).join(''),
      ),
    );
  for (const [, note] of notes) out(note);
  throw new RelaisError(
    'DEST-001',
    `${id} ${outcome === 'invalid' ? 'is not set up' : 'cannot be reached'}: ${outcome}${reason === '' ? '' : ` ${reason}`}. No lead was sent.`,
  );
}
