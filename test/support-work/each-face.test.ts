// Acts that not every face offers: requests, mappings, exports, secrets, backfills, leads that are fetched. At the faces that they have, the
// same refusal, the same effect, the same entry of the log; and none is done without its permission.
import { createApiKey } from '../../src/access/api-keys.ts';
import type { Holder } from '../../src/access/permissions.ts';
import type { Api } from '../../src/api/server.ts';
import { perform, type Act } from '../../src/support/acts/act.ts';
import * as accounts from '../../src/support/acts/accounts.ts';
import * as bulk from '../../src/support/acts/bulk.ts';
import * as deliveries from '../../src/support/acts/deliveries.ts';
import * as destinations from '../../src/support/acts/destinations.ts';
import * as exports from '../../src/support/acts/export-list.ts';
import * as mappings from '../../src/support/acts/mappings.ts';
import * as pull from '../../src/support/acts/pull.ts';
import * as requests from '../../src/support/acts/requests.ts';
import * as secrets from '../../src/support/acts/rotate-secret.ts';
import * as authorisations from '../../src/support/authorisations.ts';
import * as setAside from '../../src/support/acts/set-aside.ts';
import * as tasks from '../../src/support/acts/tasks.ts';
import { openInterface } from '../api/interface.ts';
import { environmentOf, terminalOf, type Relais } from '../cli/terminal.ts';
import { deskOver, type Browser, type TestDesk } from '../console/desk.ts';
import { openBulkHome, type BulkHome } from './bulk-home.ts';

let home: BulkHome;
let relais: Relais;
let api: Api;
let key: string;
let desk: TestDesk;
let person: Browser;

beforeAll(async () => {
  home = await openBulkHome();
  relais = terminalOf(environmentOf(home.gateway));
  api = await openInterface(home.gateway.app);
  const asked = { name: 'pull', scopes: ['lead.pull'] as const, addresses: [], days: 1, clientId: 'essai' };
  key = (await createApiKey(home.gateway.app.access, asked, 'tester')).key;
  desk = await deskOver(home.gateway);
  person = await desk.signedIn('dpo', 'admin', 'integrator');
  await home.failed(1, 'FACE');
});
afterAll(async () => {
  await api.close();
  await desk.close();
});

type Fields = Readonly<Record<string, string>>;
const optionsOf = (input: Fields): readonly string[] =>
  Object.entries(input).flatMap(([name, text]) => [`--${name}`, text]);

async function atTerminal(...argv: readonly string[]): Promise<string> {
  const { err, code } = await relais(...argv);
  return code === 0 ? '' : (/^[A-Z]+-\d{3}/m.exec(err)?.[0] ?? 'none');
}
async function inConsole(path: string, fields: Fields | URLSearchParams): Promise<string> {
  const { status, text } = await person.post(path, fields);
  if (status < 400) return '';
  // A page about nothing says in words what is unknown.
  return /<code>([A-Z]+-\d{3})<\/code>/.exec(text)?.[1] ?? (status === 404 ? 'FIND-001' : 'none');
}
async function overHttp(path: string, body: object): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${api.port}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const { code = 'none' } = (await response.json()) as { readonly code?: string };
  return response.ok ? '' : code;
}

/** The acts on a request by their commands, each with its address. */
const requestActs = {
  apply: { act: requests.applyRequest, path: 'apply' },
  extend: { act: requests.extendTerm, path: 'extend' },
  acknowledge: { act: requests.acknowledgeRequest, path: 'acknowledge' },
  'declare-informed': { act: requests.noteInformed, path: 'informed' },
  answer: { act: requests.noteAnswered, path: 'answered' },
  lift: { act: requests.liftRestriction, path: 'lift' },
  close: { act: requests.closeRequest, path: 'close' },
} as const;
type RequestAct = keyof typeof requestActs;

describe('an act on a request', () => {
  let opened = 0;
  const open = async (kind: 'erasure' | 'restriction' | 'access'): Promise<number> => {
    opened += 1;
    const asked = { clientId: 'essai', kind, email: `nobody-${opened}@courriel.example`, actor: 'tester' };
    return (await home.gateway.app.requests.open(asked)).id;
  };
  /** The number confirms at the console; the terminal asks for it, or is told --yes. */
  const ask = (face: 'terminal' | 'console', act: RequestAct, to: string, input: Fields): Promise<string> =>
    face === 'terminal'
      ? atTerminal(
          ...['request', act, to, ...optionsOf(input)],
          ...(act === 'apply' ? ['--none', '--yes'] : []),
        )
      : inConsole(`/requests/${to}/${requestActs[act].path}`, { ...input, number: to });
  const entries = (id: number): Promise<readonly { readonly purpose: string; readonly reason: string }[]> =>
    home.gateway.owner
      .all<{ purpose: string; reason: string }>(
        "SELECT purpose, reason FROM handovers WHERE entry = 'request' AND purpose REGEXP ? ORDER BY id",
        [`^request ${id}(:|$)`],
      )
      .then((rows) => rows.map((row) => ({ ...row, purpose: row.purpose.replace(/^request \d+/, '') })));

  const mail = 'ask zoe@courriel.example';
  test.each<[RequestAct, Fields, string]>([
    ['apply', { identity: mail }, 'USAGE-001'],
    ['apply', {}, 'REQUEST-002'],
    ['extend', {}, 'USAGE-002'],
    ['extend', { reason: 'x' }, 'USAGE-002'],
    ['extend', { reason: mail }, 'USAGE-001'],
    ['extend', { reason: 'x'.repeat(201) }, 'USAGE-001'],
    ['acknowledge', { evidence: 'ticket 1' }, 'USAGE-001'],
    ['acknowledge', { destination: 'essai-crm' }, 'USAGE-002'],
    ['acknowledge', { destination: 'nowhere', evidence: 'ticket 1' }, 'FIND-001'],
    ['declare-informed', {}, 'USAGE-002'],
    ['declare-informed', { evidence: mail }, 'USAGE-001'],
    ['answer', { evidence: 'ticket 1' }, 'REQUEST-001'],
    ['answer', { evidence: 'ticket 1', identity: mail }, 'USAGE-001'],
    ['lift', { evidence: 'ticket 1' }, 'REQUEST-001'],
    ['close', { outcome: 'nonsense' }, 'USAGE-001'],
    ['close', { outcome: 'refused' }, 'REQUEST-002'],
    ['close', { outcome: 'refused', reason: mail }, 'USAGE-001'],
    ['close', {}, 'REQUEST-004'],
  ])(
    '%s with %j is refused with %s by terminal and console, and nothing is noted',
    async (act, input, code) => {
      const id = await open('erasure');
      const before = await entries(id);
      expect([
        await ask('terminal', act, String(id), input),
        // A form always names the outcome.
        await ask('console', act, String(id), act === 'close' ? { outcome: 'done', ...input } : input),
      ]).toEqual([code, code]);
      expect(await entries(id)).toEqual(before);
    },
  );

  test.each(Object.keys(requestActs) as RequestAct[])('%s of no request is FIND-001 at both', async (act) => {
    const input = { evidence: 'ticket 1', reason: 'ticket 1', destination: 'essai-crm' };
    const { fields } = requestActs[act].act;
    const own = Object.fromEntries(Object.entries(input).filter(([name]) => name in fields));
    expect([
      await ask('terminal', act, '99999', own),
      await ask('console', act, '99999', { ...own, ...(act === 'close' ? { outcome: 'done' } : {}) }),
    ]).toEqual(['FIND-001', 'FIND-001']);
  });

  test.each<[RequestAct, 'erasure' | 'restriction' | 'access', Fields]>([
    ['extend', 'erasure', { reason: 'ticket 12' }],
    ['declare-informed', 'erasure', { evidence: 'mail of 2026-11-20' }],
    ['answer', 'access', { evidence: 'letter of 2026-11-20', identity: 'ticket 12' }],
    ['apply', 'erasure', { identity: 'ticket 12' }],
    ['close', 'erasure', { outcome: 'refused', reason: 'ticket 12' }],
  ])('%s of a request has the same entries at terminal and console', async (act, kind, input) => {
    const ids = [await open(kind), await open(kind)];
    if (act === 'close')
      for (const id of ids)
        await home.gateway.app.requests.declareInformed(id, { actor: 'tester', evidence: 'ticket 1' });
    expect(await ask('terminal', act, String(ids[0]), input)).toBe('');
    expect(await ask('console', act, String(ids[1]), input)).toBe('');
    const [first, second] = [await entries(ids[0] ?? 0), await entries(ids[1] ?? 0)];
    expect(first.length).toBeGreaterThan(1);
    expect(second).toEqual(first);
  });
});

describe('an act of one or two faces', () => {
  test.each<[string, string]>([
    ['x', 'USAGE-002'],
    ['ask zoe@courriel.example', 'USAGE-001'],
  ])('publishing and rolling back with the note "%s" is refused with %s', async (note, code) => {
    const version = { agree: 'yes', note };
    expect([
      await atTerminal('mapping', 'publish', 'essai-crm', '--note', note),
      await inConsole('/mappings/essai-crm/publish', version),
      await atTerminal('mapping', 'rollback', 'essai-crm', '1', '--note', note),
      await inConsole('/mappings/essai-crm/versions/1/rollback', version),
    ]).toEqual([code, code, code, code]);
    expect(await home.gateway.owner.all("SELECT id FROM handovers WHERE entry = 'rolled_back'")).toEqual([]);
  });

  test('an export, a new secret and a backfill are refused by their fields and by what they are about', async () => {
    const reason = 'ticket 12';
    expect([
      await inConsole('/exports', { list: 'deliveries', reason: '' }),
      await inConsole('/exports', { list: 'leads', reason }),
      await inConsole('/exports', { list: 'deliveries', client: 'nowhere', reason }),
      await inConsole('/destinations/essai-crm/secret', {}),
      await inConsole('/destinations/essai-crm/secret/take-back', {}),
      await atTerminal('destination', 'backfill', 'essai-crm', '--since', '1h'),
      await atTerminal('destination', 'backfill', 'essai-crm', '--reason', reason),
      await atTerminal('destination', 'backfill', 'nowhere', '--since', '1h', '--reason', reason),
    ]).toEqual([
      'USAGE-002',
      'USAGE-001',
      'FIND-001',
      'DEST-001',
      'DEST-001',
      'USAGE-002',
      'USAGE-001',
      'FIND-001',
    ]);
    const kinds = "'exported', 'secret_rotated', 'backfilled'";
    expect(await home.gateway.owner.all(`SELECT id FROM handovers WHERE entry IN (${kinds})`)).toEqual([]);
  });

  test('leads are fetched and acknowledged of a pull destination only', async () => {
    const items = [{ key: 'k', lease: '1-1-1', outcome: 'accepted' }];
    expect([
      await overHttp('/v1/pull/essai-crm', {}),
      await overHttp('/v1/pull/nowhere', {}),
      await overHttp('/v1/pull/essai-crm/answers', { items }),
      await overHttp('/v1/contacts', { operation: 'pullContacts' }),
    ]).toEqual(['DEST-001', 'FIND-001', 'DEST-001', 'FIND-001']);
  });
});

describe('an act on an account or a key of another system', () => {
  const web = { name: 'Formulaires', scope: 'lead.post', days: '30' };
  /** Makes one at each face, or is refused; a field that is a list has one option and one box for each. */
  const make = async (what: 'account' | 'api-key', fields: readonly (readonly [string, string])[]) => {
    const name = what === 'account' ? 'login' : 'name';
    const named = fields.find(([field]) => field === name)?.[1] ?? '';
    const options = fields.flatMap(([field, text]) => (field === name ? [] : [`--${field}`, text]));
    const form = new URLSearchParams();
    for (const [field, text] of fields) form.append(field === 'address' ? 'addresses' : field, text);
    return [
      await atTerminal(what, 'add', named, ...options),
      await inConsole(what === 'account' ? '/accounts' : '/api-keys', form),
    ];
  };
  const changes = (): Promise<readonly { readonly id: number }[]> =>
    home.gateway.owner.all(
      "SELECT id FROM handovers WHERE entry IN ('account_changed', 'api_key_changed') ORDER BY id",
    );
  const idOf = async (login: string): Promise<number> =>
    (await home.gateway.owner.all<{ id: number }>('SELECT id FROM accounts WHERE login = ?', [login]))[0]
      ?.id ?? 0;

  test.each<['account' | 'api-key', readonly (readonly [string, string])[], string]>([
    [
      'account',
      [
        ['login', 'u.face'],
        ['role', 'support'],
        ['role', 'owner'],
      ],
      'USAGE-001',
    ],
    [
      'account',
      [
        ['login', 'u.face'],
        ['role', 'viewer'],
      ],
      'ACCESS-001',
    ],
    [
      'account',
      [
        ['login', 'u.face'],
        ['role', 'support'],
        ['client', 'essai'],
      ],
      'ACCESS-001',
    ],
    [
      'account',
      [
        ['login', 'u.face'],
        ['role', 'viewer'],
        ['client', 'nowhere'],
      ],
      'FIND-001',
    ],
    [
      'account',
      [
        ['login', 'u'],
        ['role', 'support'],
      ],
      'ACCESS-001',
    ],
    ['api-key', [...Object.entries(web), ['scope', 'account.manage']], 'USAGE-001'],
    ['api-key', [...Object.entries({ ...web, scope: 'lead.pull' })], 'ACCESS-001'],
    ['api-key', [...Object.entries({ ...web, days: '0' })], 'ACCESS-001'],
    ['api-key', [...Object.entries({ ...web, name: '!' })], 'ACCESS-001'],
    ['api-key', [...Object.entries(web), ['address', 'partout']], 'ACCESS-001'],
    ['api-key', [...Object.entries(web), ['client', 'nowhere']], 'FIND-001'],
  ])(
    'a new %s with %j is refused with %s by terminal and console, and nothing is noted',
    async (what, fields, code) => {
      const before = await changes();
      expect(await make(what, fields)).toEqual([code, code]);
      expect(await changes()).toEqual(before);
    },
  );

  test('an account has the same entries whichever face its acts were asked at', async () => {
    const logins = ['t.face', 'c.face'];
    const [atFirst = '', there = ''] = logins;
    expect([
      await atTerminal('account', 'add', atFirst, '--role', 'support'),
      await inConsole('/accounts', { login: there, role: 'support' }),
    ]).toEqual(['', '']);
    const path = `/accounts/${await idOf(there)}`;
    expect([
      await atTerminal('account', 'roles', atFirst, '--role', 'dpo', '--role', 'owner'),
      await inConsole(
        `${path}/roles`,
        new URLSearchParams([
          ['role', 'dpo'],
          ['role', 'owner'],
        ]),
      ),
      await atTerminal('account', 'roles', atFirst, '--role', 'dpo'),
      await inConsole(`${path}/roles`, { role: 'dpo' }),
      await atTerminal('account', 'reset', atFirst),
      await inConsole(`${path}/reset`, { login: there }),
      await atTerminal('account', 'end', atFirst),
      await inConsole(`${path}/end`, { login: there }),
    ]).toEqual(['USAGE-001', 'USAGE-001', '', '', '', '', '', '']);
    const entries = async (login: string) =>
      home.gateway.owner.all<{ reason: string }>(
        "SELECT entry, reason, fields, client_id FROM handovers WHERE entry = 'account_changed' AND target = ? ORDER BY id",
        [`account:${await idOf(login)}`],
      );
    const first = await entries(atFirst);
    expect(first.map(({ reason }) => reason)).toEqual(['CREATED', 'ROLES', 'RESET', 'ENDED']);
    expect(await entries(there)).toEqual(first);
    expect([
      await atTerminal('account', 'end', atFirst),
      await inConsole(`${path}/end`, { login: there }),
      await atTerminal('account', 'end', 'nobody'),
      await inConsole('/accounts/99999/end', { login: '' }),
    ]).toEqual(['FIND-001', 'FIND-001', 'FIND-001', 'FIND-001']);
  });

  test('a key that has ended, or never existed, is not ended again', async () => {
    expect(await make('api-key', Object.entries(web))).toEqual(['', '']);
    const [{ id } = { id: 0 }] = await home.gateway.owner.all<{ id: number }>(
      'SELECT MAX(id) AS id FROM api_keys',
    );
    const ends = async (of: number): Promise<readonly string[]> => [
      await inConsole(`/api-keys/${of}/end`, { name: web.name }),
      await atTerminal('api-key', 'end', String(of)),
    ];
    expect([await ends(id), await ends(id), await ends(99_999)]).toEqual([
      ['', 'FIND-001'],
      ['FIND-001', 'FIND-001'],
      ['FIND-001', 'FIND-001'],
    ]);
  });
});

const modules = {
  accounts,
  authorisations,
  bulk,
  deliveries,
  destinations,
  exports,
  mappings,
  pull,
  requests,
  secrets,
  setAside,
  tasks,
};
type AnyAct = Act<object, unknown, unknown>;
const isAct = (value: unknown): value is AnyAct =>
  typeof value === 'object' && value !== null && 'permission' in value && 'work' in value;
const acts = Object.values(modules).flatMap((module) =>
  Object.entries(module as Readonly<Record<string, unknown>>).flatMap(([name, value]) =>
    isAct(value) ? [[name, value] as const] : [],
  ),
);

test('there are as many acts as the faces offer', () => expect(acts.length).toBeGreaterThan(45));

test.each(acts)(
  '%s is refused to a holder without its permission, before anything is read',
  async (_, act) => {
    const nobody: Holder = { kind: 'account', roles: [], clientId: undefined, spans: 'clients' };
    const asked = { to: ['1'], input: {} };
    // A place with a database that nothing may ask.
    const place = { database: {} } as { readonly database: typeof home.gateway.app.database };
    await expect(perform(place, act, { scope: nobody, actor: 'account:0' }, asked)).rejects.toMatchObject({
      code: 'ACCESS-003',
      message: `This needs the permission ${act.permission}.`,
    });
  },
);
