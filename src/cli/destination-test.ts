// relais destination test: tests the connection to a recipient, without a lead or with an invented one.
// Invariant: prints the findings of support, and nothing of its own.
import type { Command } from 'commander';
import { connectorOf } from '../../connectors/index.ts';
import type { App } from '../app.ts';
import { RelaisError } from '../errors.ts';
import { testDestination } from '../support/destination-test.ts';
import { wholeCentre } from '../support/scope.ts';
import { sendTestLead } from '../support/test-leads/send.ts';
import { withExamples } from './arguments.ts';
import { existingDestination } from '../support/reads/names.ts';
import { out, withApp } from './terminal.ts';

export function destinationTestCommand(destination: Command): void {
  withExamples(
    destination
      .command('test <destination>')
      .description('reach the recipient without sending any lead: address, TLS, login')
      .option('--lead', 'send an invented lead, ask for it by our reference, compare its fields, remove it'),
    '',
    'relais destination test horizon-crm',
    'relais destination test horizon-crm --lead',
  ).action((id: string, { lead }: { readonly lead?: true }) =>
    withApp((app) => (lead === true ? testWithLead(app, id) : test(app, id))),
  );
}

async function testWithLead(app: App, id: string): Promise<void> {
  const destination = await existingDestination(app.database, id);
  const sent = await sendTestLead(app, { scope: wholeCentre, actor: app.config.actor }, id);
  await connectorOf(destination.connector)?.close?.();
  const { reference, outcome, reason, isTaken, isWhole, notes } = sent;
  for (const [, note] of notes) out(note);
  const code = reason === '' ? outcome : `${outcome} ${reason}`;
  if (!isTaken)
    throw new RelaisError('DEST-001', `${id} does not take the invented lead ${reference}: ${code}.`);
  if (!isWhole)
    throw new RelaisError('DEST-001', `${id} took the invented lead ${reference} and did not keep it whole.`);
  out(`${id} took the invented lead ${reference}: ${code}.`);
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
