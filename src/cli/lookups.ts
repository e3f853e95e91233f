// relais lookups: lists the look-ups of a person, with actor, time and reason (C58).
// Invariant: the question needs a reason and is an entry of the log.
import type { Command } from 'commander';
import type { App } from '../app.ts';
import { RelaisError } from '../errors.ts';
import { leadQueryOf } from '../support/find-person.ts';
import { lookUpsOf } from '../support/lookups.ts';
import { paris } from '../support/paris-time.ts';
import { reasonOf, withExamples } from './arguments.ts';
import { outJson, withJson, type JsonOption } from './json.ts';
import { problemWords } from './lead-find.ts';
import { table } from './table.ts';
import { say, withApp } from './terminal.ts';

interface LookUpsOptions extends JsonOption {
  readonly client: string;
  readonly reference?: string;
  readonly email?: string;
  readonly phone?: string;
  readonly archives?: string;
  readonly reason?: string;
}

export function lookUpCommands(program: Command): void {
  withExamples(
    withJson(
      program
        .command('lookups')
        .description('who looked a person up, when and why; asking is logged as well')
        .requiredOption('--client <client>', 'at which client')
        .option('--reference <reference>', "the centre's reference of the lead")
        .option('--email <address>', 'mail address')
        .option('--phone <number>', 'any spelling')
        .option('--archives <folder>', 'archives of the log, where months were taken out of MySQL')
        .option('--reason <text>', 'why (request number); mandatory'),
    ),
    'Of an erased lead too, by its reference.',
    'relais lookups --client horizon --reference HZ-000001 --reason "request 77"',
    'relais lookups --client horizon --email zoe@courriel.example --reason "request 77"',
  ).action((options: LookUpsOptions) => withApp((app) => list(app, options)));
}

async function list({ database, oppositionKey, config, keys }: App, options: LookUpsOptions): Promise<void> {
  const { reference, email, phone, archives } = options;
  const asked = leadQueryOf({
    ...(reference === undefined ? {} : { reference }),
    ...(email === undefined ? {} : { email }),
    ...(phone === undefined ? {} : { phone }),
  });
  if ('problem' in asked)
    throw new RelaisError(
      'USAGE-001',
      asked.problem === 'nothing_asked'
        ? 'Give --reference, --email or --phone.'
        : problemWords[asked.problem],
    );
  const seen = await lookUpsOf(
    { database, oppositionKey },
    { query: asked.query, client: options.client },
    { actor: config.actor, reason: reasonOf(options.reason) },
    archives === undefined ? undefined : { folder: archives, sealKeys: keys.seal },
  );
  if (options.json === true) return outJson(seen);
  if (seen.length === 0) return say('Nobody looked this person up.');
  table(
    ['when', 'lead', 'what', 'who', 'why'],
    seen.map(({ at, reference: lead, what, actor, name, why }) => [
      paris(at),
      lead,
      what,
      name === undefined ? actor : `${name} (${actor})`,
      why,
    ]),
  );
}
