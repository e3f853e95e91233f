// relais api-key add | list | end: manages keys of other systems.
// Invariant: a key is shown once, when it is made; only its digest is kept.
import type { Command } from 'commander';
import { apiKeys, createApiKey, endKey } from '../access/api-keys.ts';
import { keyScopes } from '../access/permissions.ts';
import type { App } from '../app.ts';
import { RelaisError } from '../errors.ts';
import { paris } from '../support/paris-time.ts';
import { collect, known, wholeNumber, withExamples } from './arguments.ts';
import { outJson, withJson, type JsonOption } from './json.ts';
import { table } from './table.ts';
import { out, say, withApp } from './terminal.ts';

interface AddOptions {
  readonly scope: readonly string[];
  readonly client?: string;
  readonly address?: readonly string[];
  readonly days: number;
}

export function apiKeyCommands(program: Command): void {
  const key = program.command('api-key').description('keys by which other systems use the HTTP interface');
  withExamples(
    key
      .command('add <name>')
      .description('make a key for a system; it is shown once')
      .requiredOption('--scope <scope>', `${keyScopes.join(', ')}; may be repeated`, collect)
      .option('--client <client>', 'whose leads alone; default: every client’s')
      .option('--address <range>', 'from where alone: 192.0.2.0/24; may be repeated', collect)
      .option('--days <days>', 'how long it lasts', wholeNumber, 365),
    'A name has two keys at most: make the second, give it to the system, end the first.',
    'relais api-key add "web forms" --scope lead.post --address 192.0.2.0/24',
    'relais api-key add "CRM Horizon" --scope lead.pull --client horizon --days 180',
  ).action((name: string, options: AddOptions) => withApp((app) => add(app, name, options)));
  withExamples(
    withJson(key.command('list').description('the keys, ended ones too')),
    '',
    'relais api-key list',
  ).action((options: JsonOption) => withApp((app) => list(app, options)));
  withExamples(key.command('end <id>').description('for good, at once'), '', 'relais api-key end 3').action(
    (id: string) =>
      withApp(async ({ access, config }) => {
        if (!(await endKey(access, wholeNumber(id), config.actor)))
          throw new RelaisError('FIND-001', `No key in force has the id ${id}.`);
        say(`Key ${id} has ended.`);
      }),
  );
}

async function add({ access, config }: App, name: string, options: AddOptions): Promise<void> {
  const { id, key } = await createApiKey(
    access,
    {
      name,
      scopes: [...new Set(options.scope.map((scope) => known(scope, keyScopes, 'scope')))],
      addresses: options.address ?? [],
      days: options.days,
      ...(options.client === undefined ? {} : { clientId: options.client }),
    },
    config.actor,
  );
  say(`Key ${id} of ${name}. It is shown this once:`);
  out(key);
}

async function list({ access }: App, { json }: JsonOption): Promise<void> {
  const keys = await apiKeys(access);
  if (json === true) return outJson(keys);
  table(
    ['id', 'name', 'client', 'scopes', 'from', 'expires', 'last used', 'state'],
    keys.map((key) => [
      String(key.id),
      key.name,
      key.clientId ?? '-',
      key.scopes.replaceAll(',', ', '),
      key.addresses === '' ? 'anywhere' : key.addresses.replaceAll(',', ', '),
      paris(key.expiresAt),
      key.lastUsedAt === null ? '-' : paris(key.lastUsedAt),
      key.endedAt === null ? 'in force' : `ended ${paris(key.endedAt)}`,
    ]),
  );
}
