// relais opposition add | check: edits and checks a client's opposition list (C21).
// Invariant: both need a reason and are entries of the log; no address is kept or printed.
import type { Command } from 'commander';
import type { App } from '../app.ts';
import { optInsNamed, type Addresses } from '../domain/opposition.ts';
import { consentChannels, consentPurposes } from '../domain/lead.ts';
import { RelaisError } from '../errors.ts';
import { leadQueryOf } from '../support/find-person.ts';
import { paris } from '../support/paris-time.ts';
import { problemWords } from './lead-find.ts';
import { collect, known, reasonOf, withExamples } from './arguments.ts';
import { outJson, withJson, type JsonOption } from './json.ts';
import { table } from './table.ts';
import { out, say, withApp } from './terminal.ts';
import { findOppositions } from '../support/lookups.ts';

interface PersonOptions {
  readonly client: string;
  readonly email?: string;
  readonly phone?: string;
  readonly reason?: string;
}

interface AddOptions extends PersonOptions {
  readonly purpose?: readonly string[];
  readonly channel?: readonly string[];
}

export function oppositionCommands(program: Command): void {
  const opposition = program
    .command('opposition')
    .description('the opposition list of a client: who must not be written to or called again');
  withExamples(
    ofPerson(opposition.command('add'))
      .description('put a person on it; their leads say so at once, and so will later ones')
      .option('--purpose <purpose>', `${consentPurposes.join(', ')}; may be repeated; default: all`, collect)
      .option('--channel <channel>', `${consentChannels.join(', ')}; may be repeated; default: all`, collect),
    'Of the address only a keyed digest is kept. A grant that the person gives later counts again.',
    'relais opposition add --client horizon --email zoe@courriel.example --reason "request 79"',
    'relais opposition add --client horizon --phone "06 39 98 00 01" --channel phone --reason "request 80"',
  ).action((options: AddOptions) => withApp((app) => add(app, options)));
  withExamples(
    withJson(
      ofPerson(opposition.command('check')).description('whether a person stands on it, and for what'),
    ),
    'Every question is an entry of the log.',
    'relais opposition check --client horizon --email zoe@courriel.example --reason "ticket 4711"',
  ).action((options: PersonOptions & JsonOption) => withApp((app) => check(app, options)));
}

const ofPerson = (command: Command): Command =>
  command
    .requiredOption('--client <client>', 'whose list')
    .option('--email <address>', 'mail address')
    .option('--phone <number>', 'any spelling: "06 39 98 00 01", +33639980001')
    .option('--reason <text>', 'why (request number); mandatory');

/** @throws USAGE-001 */
function addressesOf({ email, phone }: PersonOptions): Addresses {
  const asked = leadQueryOf({
    ...(email === undefined ? {} : { email }),
    ...(phone === undefined ? {} : { phone }),
  });
  if ('problem' in asked)
    throw new RelaisError(
      'USAGE-001',
      asked.problem === 'nothing_asked' ? 'Give --email or --phone.' : problemWords[asked.problem],
    );
  const { query } = asked;
  return {
    ...(query.email === undefined ? {} : { email: query.email }),
    ...(query.phone === undefined ? {} : { mobile: query.phone }),
  };
}

async function add({ requests, config }: App, options: AddOptions): Promise<void> {
  const named = {
    purposes: (options.purpose ?? []).map((name) => known(name, consentPurposes, 'purpose')),
    channels: (options.channel ?? []).map((name) => known(name, consentChannels, 'channel')),
  };
  const { email, mobile } = addressesOf(options);
  const { request, recipients } = await requests.atOnce({
    clientId: options.client,
    kind: 'objection',
    optIns: named,
    ...(email === undefined ? {} : { email }),
    ...(mobile === undefined ? {} : { phones: [mobile] }),
    actor: config.actor,
    note: reasonOf(options.reason),
  });
  for (const [purpose, own] of Map.groupBy(optInsNamed(named), (optIn) => optIn.purpose))
    out(`On the list of ${options.client}: ${purpose} by ${own.map(({ channel }) => channel).join(', ')}.`);
  for (const reference of new Set(recipients.map((one) => one.reference)))
    out(`${reference}: withdrawn, and its recipients get an update.`);
  out(`Request ${request.id} (relais request show ${request.id}).`);
}

async function check(
  { database, oppositionKey, config }: App,
  options: PersonOptions & JsonOption,
): Promise<void> {
  const found = await findOppositions(
    { database, oppositionKey },
    { clientId: options.client, addresses: addressesOf(options) },
    { actor: config.actor, reason: reasonOf(options.reason) },
  );
  if (found.length === 0) {
    say('Not on the list.');
    process.exitCode = 1;
    return;
  }
  if (options.json === true) return outJson(found);
  table(
    ['opt-in', 'since'],
    found.map(({ optIn, since }) => [optIn, paris(since)]),
  );
}
