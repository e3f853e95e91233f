// relais account ... | api-key ...: manages the people who work with Relais, their roles, and the keys of other systems (C38, C39).
// Invariant: no password passes here; a code for setting one is shown once.
import { type Command, performHere, type Given } from './command.ts';
import { accounts, type Account } from '../access/accounts.ts';
import { apiKeys } from '../access/api-keys.ts';
import { permissions, roles, roleWords, ruleOf, keyScopes } from '../access/permissions.ts';
import type { App } from '../app.ts';
import {
  endAccount,
  endApiKey,
  giveRoles,
  makeAccount,
  makeKey,
  resetAccess,
} from '../support/acts/accounts.ts';
import { paris } from '../support/words.ts';
import { collect, wholeNumber } from './arguments.ts';
import { outJson, table, out, say, tableOf } from './terminal.ts';

type RolesOption = Given<'role! client'>;

export function accountCommands(program: Command): void {
  const account = program
    .command('account')
    .description('people who work with Relais in a browser, and what each may do');
  withRoles(account.command('add <login>').description('make an account; its person sets the password'))
    .option('--client <client>', 'of a viewer: whose deliveries')
    .examples(
      'Prints a code once, good for a day: its person enters it on the console’s page "Premier accès".',
      'relais account add zoe.martin --role support',
      'relais account add h.riviere --role viewer --client horizon',
    )
    .gateway(add);
  account
    .command('list')
    .description('the accounts, ended ones too')
    .json()
    .examples('', 'relais account list')
    .gateway(list);
  withRoles(account.command('roles <login>').description('the roles it has from now on; its sessions end'))
    .examples('', 'relais account roles zoe.martin --role support --role integrator')
    .gateway(async (app, login: string, options: RolesOption) => {
      await performHere(app, giveRoles, { to: [login], input: { roles: options.role } });
      say(`${login}: ${options.role.join(', ')}.`);
    });
  account
    .command('reset <login>')
    .description('a new password and a new second factor; its sessions end')
    .examples(
      'For who has lost a password or a phone. Prints a code once, good for a day.',
      'relais account reset zoe.martin',
    )
    .gateway(async (app, login: string) =>
      code(login, await performHere(app, resetAccess, { to: [login], input: {} })),
    );
  account
    .command('end <login>')
    .description('for good: nobody signs in with it any more')
    .examples(
      'The log keeps its number; a login is never given to another person.',
      'relais account end zoe.martin',
    )
    .gateway(async (app, login: string) => {
      await performHere(app, endAccount, { to: [login], input: {} });
      say(`${login} has ended.`);
    });
  account
    .command('permissions')
    .description('what each role may do')
    .examples('The same table is in docs/accounts.md.', 'relais account permissions')
    .action(showPermissions);
}

const withRoles = (command: Command): Command =>
  command.requiredOption('--role <role>', `${roles.join(', ')}; may be repeated`, collect);

async function add(app: App, login: string, { role, client }: RolesOption): Promise<void> {
  const { setupCode } = await performHere(app, makeAccount, { to: [login], input: { roles: role, client } });
  code(login, setupCode);
}

/** The code alone on standard output, so that it can be handed on. */
function code(login: string, setupCode: string): void {
  say(`The code by which ${login} sets the password, once, within a day:`);
  out(setupCode);
}

async function list({ access }: App, { json }: Given<'json'>): Promise<void> {
  const all = await accounts(access);
  if (json === true) return outJson(all.map(accountData));
  tableOf(all, {
    login: (account) => account.login,
    client: (account) => account.clientId ?? '-',
    roles: (account) => account.roles.join(', '),
    password: (account) => (account.hasPassword ? 'set' : '-'),
    'second factor': (account) => (account.hasFactor ? 'set' : '-'),
    'last signed in': (account) => (account.signedInAt === undefined ? '-' : paris(account.signedInAt)),
    state: (account) => (account.endedAt === undefined ? 'in force' : `ended ${paris(account.endedAt)}`),
  });
}

const accountData = (account: Account): object => ({
  id: account.id,
  login: account.login,
  client: account.clientId ?? null,
  roles: account.roles,
  password: account.hasPassword,
  secondFactor: account.hasFactor,
  signedInAt: account.signedInAt ?? null,
  endedAt: account.endedAt ?? null,
});

function showPermissions(): void {
  for (const role of roles) out(`${role.padEnd(11)} ${roleWords[role].en}`);
  out();
  table(
    ['permission', ...roles, 'API key', 'what'],
    permissions.map((permission) => {
      const rule = ruleOf(permission);
      return [
        permission,
        ...roles.map((role) => (rule.roles.includes(role) ? 'yes' : '')),
        rule.key === true ? 'yes' : '',
        rule.words,
      ];
    }),
  );
}

// relais api-key add | list | end: manages keys of other systems.
// Invariant: a key is shown once, when it is made; only its digest is kept.

type AddOptions = Given<'scope! client address days!'>;

export function apiKeyCommands(program: Command): void {
  const key = program.command('api-key').description('keys by which other systems use the HTTP interface');
  key
    .command('add <name>')
    .description('make a key for a system; it is shown once')
    .requiredOption('--scope <scope>', `${keyScopes.join(', ')}; may be repeated`, collect)
    .option('--client <client>', 'whose leads alone; default: every client’s')
    .option('--address <range>', 'from where alone: 192.0.2.0/24; may be repeated', collect)
    .option('--days <days>', 'how long it lasts', wholeNumber, 365)
    .examples(
      'A name has two keys at most: make the second, give it to the system, end the first.',
      'relais api-key add "web forms" --scope lead.post --address 192.0.2.0/24',
      'relais api-key add "CRM Horizon" --scope lead.pull --client horizon --days 180',
    )
    .gateway(addKey);
  key
    .command('list')
    .description('the keys, ended ones too')
    .json()
    .examples('', 'relais api-key list')
    .gateway(listKeys);
  key
    .command('end <id>')
    .description('for good, at once')
    .examples('', 'relais api-key end 3')
    .gateway(async (app, id: string) => {
      await performHere(app, endApiKey, { to: [String(wholeNumber(id))], input: {} });
      say(`Key ${id} has ended.`);
    });
}

async function addKey(app: App, name: string, options: AddOptions): Promise<void> {
  const { scope: scopes, address: addresses, days, client } = options;
  const input = { scopes, addresses, days, client };
  const { id, key } = await performHere(app, makeKey, { to: [name], input });
  say(`Key ${id} of ${name}. It is shown this once:`);
  out(key);
}

async function listKeys({ access }: App, { json }: Given<'json'>): Promise<void> {
  const keys = await apiKeys(access);
  if (json === true) return outJson(keys);
  tableOf(keys, {
    id: (key) => String(key.id),
    name: (key) => key.name,
    client: (key) => key.clientId ?? '-',
    scopes: (key) => key.scopes.replaceAll(',', ', '),
    from: (key) => (key.addresses === '' ? 'anywhere' : key.addresses.replaceAll(',', ', ')),
    expires: (key) => paris(key.expiresAt),
    'last used': (key) => (key.lastUsedAt === null ? '-' : paris(key.lastUsedAt)),
    state: (key) => (key.endedAt === null ? 'in force' : `ended ${paris(key.endedAt)}`),
  });
}
