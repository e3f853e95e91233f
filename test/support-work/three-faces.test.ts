// The filter of deliveries, and the acts on deliveries, tasks and what Relais set aside, each asked for at the terminal, over HTTP and in
// the console: the same refusal, the same effect, the same entry of the log.
import { createApiKey } from '../../src/access/api-keys.ts';
import { keyScopes } from '../../src/access/permissions.ts';
import type { Api } from '../../src/api/server.ts';
import { filterConditions, type AskedFilter } from '../../src/domain/delivery-filter.ts';
import { asidePriority } from '../../src/store/leads/lead-changes.ts';
import { openInterface } from '../api/interface.ts';
import { environmentOf, terminalOf, type Relais } from '../cli/terminal.ts';
import { deskOver, type Browser, type TestDesk } from '../console/desk.ts';
import { openBulkHome, type BulkHome } from './bulk-home.ts';

let home: BulkHome;
let relais: Relais;
let api: Api;
let key: string;
let desk: TestDesk;
let support: Browser;

beforeAll(async () => {
  home = await openBulkHome();
  relais = terminalOf(environmentOf(home.gateway));
  api = await openInterface(home.gateway.app);
  key = (
    await createApiKey(
      home.gateway.app.access,
      { name: 'faces', scopes: keyScopes.filter((scope) => scope !== 'lead.pull'), addresses: [], days: 1 },
      'tester',
    )
  ).key;
  desk = await deskOver(home.gateway);
  support = await desk.signedIn('support');
  await home.failed(3, 'LIST');
  await home.gateway.owner.run(
    "UPDATE deliveries SET state = 'withheld', reason = 'opt_in_missing', settled_at = NULL ORDER BY id LIMIT 1",
  );
});
afterAll(async () => {
  await api.close();
  await desk.close();
});

type Fields = Readonly<Record<string, string>>;

/** What a face answered: the code of its refusal, or the text that it gave. */
interface Answered {
  readonly code: string;
  readonly text: string;
}

let asked = 0;
async function overHttp(method: 'GET' | 'POST', path: string, body?: object): Promise<Answered> {
  const response = await fetch(`http://127.0.0.1:${api.port}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${key}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      'idempotency-key': `faces-${(asked += 1)}`,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const { code = 'none' } = JSON.parse(text) as { readonly code?: string };
  // A refusal is no fault of the gateway.
  return { code: response.ok ? '' : response.status < 500 ? code : `${response.status} ${code}`, text };
}

async function atTerminal(...argv: readonly string[]): Promise<Answered> {
  const { out, err, code } = await relais(...argv);
  return { code: code === 0 ? '' : (/^[A-Z]+-\d{3}/m.exec(err)?.[0] ?? 'none'), text: out };
}

const inConsole = ({ status, text }: { readonly status: number; readonly text: string }): Answered => ({
  // A page about nothing says in words what is unknown.
  code:
    status < 400
      ? ''
      : (/<code>([A-Z]+-\d{3})<\/code>/.exec(text)?.[1] ?? (status === 404 ? 'FIND-001' : 'none')),
  text,
});

const faces = ['terminal', 'http', 'console'] as const;
type Face = (typeof faces)[number];
const atEach = async <T>(ask: (face: Face) => Promise<T>): Promise<readonly T[]> => {
  const answers: T[] = [];
  for (const face of faces) answers.push(await ask(face));
  return answers;
};

/** A day for the console is a moment for the others. */
const inDays = ({ since, until, ...filter }: AskedFilter): Fields => ({
  ...(filter as Fields),
  ...(since === undefined ? {} : { from: since }),
  ...(until === undefined ? {} : { to: until }),
});

describe('the filter', () => {
  const listed = async (face: Face, filter: AskedFilter): Promise<Answered> => {
    const query = new URLSearchParams(filter).toString();
    switch (face) {
      case 'terminal':
        return atTerminal(
          ...['delivery', 'list', '--json'],
          ...Object.entries(filter).flatMap(([name, text]) => [`--${name}`, text]),
        );
      case 'http':
        return overHttp('GET', `/v1/deliveries?${query}`);
      case 'console':
        return inConsole(await support.get(`/deliveries?${new URLSearchParams(inDays(filter)).toString()}`));
    }
  };
  const idsIn = (text: string): readonly number[] =>
    [
      ...new Set(
        [...text.matchAll(/"id":(\d+)|href="\/deliveries\/(\d+)"/g)].map((found) =>
          Number(found[1] ?? found[2]),
        ),
      ),
    ].toSorted((a, b) => a - b);

  test.each<[AskedFilter, string]>([
    [{ client: 'Essai!' }, 'USAGE-001'],
    [{ client: 'esai' }, 'FIND-001'],
    [{ destination: 'essai crm' }, 'USAGE-001'],
    [{ destination: 'essai-cmr' }, 'FIND-001'],
    [{ state: 'lost' }, 'USAGE-001'],
    [{ cause: 'Refused?' }, 'USAGE-001'],
    [{ cause: 'refuse' }, 'FIND-001'],
    [{ since: 'yesterday' }, 'USAGE-001'],
    [{ since: '2026-02-30' }, 'USAGE-001'],
    [{ until: '0001-01-01T00:00:00Z' }, 'USAGE-001'],
    [{ lead: 'LIST 0' }, 'USAGE-001'],
    [{ lead: 'LIST-404' }, 'FIND-001'],
  ])('%j is refused with %s by every face', async (filter, code) => {
    expect(await atEach(async (face) => (await listed(face, filter)).code)).toEqual(faces.map(() => code));
  });

  test.each<[AskedFilter, number]>([
    [{ state: 'failed' }, 2],
    [{ state: 'withheld', cause: 'opt_in_missing' }, 1],
    [{ client: 'essai', destination: 'essai-crm', cause: 'refused' }, 2],
    [{ lead: 'LIST-1' }, 1],
  ])('%j finds the same %i deliveries at every face', async (filter, count) => {
    const [first = [], ...others] = await atEach(async (face) => idsIn((await listed(face, filter)).text));
    expect(first).toHaveLength(count);
    for (const other of others) expect(other).toEqual(first);
  });

  test('every condition of the declaration is offered by a face', async () => {
    const { out: help } = await relais('delivery', 'list', '--help');
    const described = JSON.stringify(
      (
        JSON.parse((await overHttp('GET', '/v1/openapi.json')).text) as {
          readonly paths: Readonly<Record<string, { readonly get: { readonly parameters: object } }>>;
        }
      ).paths['/v1/deliveries']?.get.parameters,
    );
    const form = /<form class="line card filters"[\s\S]*?<\/form>/.exec(
      (await support.get('/deliveries?run=1')).text,
    )?.[0];
    const offered = Object.keys(filterConditions).filter(
      (name) =>
        help.includes(`--${name} <`) ||
        described.includes(`"name":"${name}"`) ||
        form?.includes(`name="${name}"`) === true,
    );
    expect(offered).toEqual(Object.keys(filterConditions));
  });
});

describe('an act', () => {
  type Name = 'replay' | 'cancel' | 'close';
  const why = { reason: 'ticket 12' };
  const closing = { ...why, evidence: 'mail of 2026-11-20' };
  const ask = async (face: Face, act: Name, to: string, input: Fields): Promise<Answered> => {
    const options = Object.entries(input).flatMap(([name, text]) => [`--${name}`, text]);
    switch (face) {
      case 'terminal':
        return atTerminal(...(act === 'close' ? ['task', 'close'] : [act]), to, ...options, '--yes');
      case 'http':
        return overHttp(
          'POST',
          act === 'close' ? `/v1/tasks/${to}/close` : `/v1/deliveries/${to}/${act}`,
          input,
        );
      case 'console':
        return inConsole(await support.post(`/deliveries/${to}/${act}`, input));
    }
  };

  const long = { reason: 'r'.repeat(100), evidence: 'e'.repeat(90) };
  test.each<[Name, string, Fields, string]>([
    ['replay', 'failed', {}, 'USAGE-002'],
    ['replay', 'failed', { reason: 'x' }, 'USAGE-002'],
    ['replay', 'failed', { reason: '   ' }, 'USAGE-002'],
    ['replay', 'failed', { reason: 'x'.repeat(201) }, 'USAGE-001'],
    ['replay', 'failed', { reason: 'ask zoe@courriel.example' }, 'USAGE-001'],
    ['replay', 'failed', { reason: 'ring 06 39 98 01 23' }, 'USAGE-001'],
    ['replay', 'delivered', why, 'REPLAY-001'],
    ['replay', 'nowhere', why, 'FIND-001'],
    ['cancel', 'failed', {}, 'USAGE-002'],
    ['cancel', 'failed', { reason: 'ask zoe@courriel.example' }, 'USAGE-001'],
    ['cancel', 'delivered', why, 'REPLAY-002'],
    ['cancel', 'nowhere', why, 'FIND-001'],
    ['close', 'failed', why, 'USAGE-002'],
    ['close', 'failed', { ...closing, reason: '' }, 'USAGE-002'],
    ['close', 'failed', { ...closing, evidence: 'zoe@courriel.example' }, 'USAGE-001'],
    ['close', 'failed', long, 'USAGE-001'],
    ['close', 'delivered', closing, 'TASK-001'],
    ['close', 'nowhere', closing, 'FIND-001'],
  ])(
    '%s of what is %s, with %j: every face refuses it with the same code, and nothing is done',
    async (act, of, input, code) => {
      const [id = 0] = await home.failed(1, `NO-${(asked += 1)}`);
      if (of === 'delivered')
        await home.gateway.owner.run(
          "UPDATE deliveries SET state = 'delivered', reason = 'accepted' WHERE id = ?",
          [id],
        );
      const to = of === 'nowhere' ? '99999999' : String(id);
      expect(await atEach(async (face) => (await ask(face, act, to, input)).code)).toEqual(
        faces.map(() => code),
      );
      expect(await home.gateway.owner.all('SELECT id FROM handovers WHERE delivery_id = ?', [id])).toEqual(
        [],
      );
    },
  );

  test.each<[Name, Fields, string]>([
    ['replay', why, "state = 'failed'"],
    ['cancel', why, "state = 'withheld', reason = 'opt_in_missing', settled_at = NULL"],
    ['close', closing, "state = 'failed'"],
  ])(
    '%s has the same effect and the same entry of the log, whichever face it was asked at',
    async (act, input, as) => {
      const ids = await home.failed(faces.length, `DO-${act}`);
      await home.gateway.owner.run(`UPDATE deliveries SET ${as} WHERE id IN (${ids.join(', ')})`);
      for (const [at, face] of faces.entries())
        expect([face, (await ask(face, act, String(ids[at]), input)).code]).toEqual([face, '']);
      const rows = await home.gateway.owner.all<{ actor: string }>(
        `SELECT h.entry, h.purpose, h.reason, h.client_id, h.destination_id, h.actor, d.state, d.reason AS why, d.run,
              (SELECT COUNT(*) FROM task_closings c WHERE c.delivery_id = d.id) AS closings
         FROM handovers h JOIN deliveries d ON d.id = h.delivery_id WHERE d.id IN (${ids.join(', ')}) ORDER BY d.id`,
      );
      expect(rows.map(({ actor }) => actor.split(':')[0])).toEqual(['staff', 'key', 'account']);
      const [first, ...others] = rows.map(({ actor: _, ...row }) => row);
      for (const other of others) expect(other).toEqual(first);
    },
  );
});

describe('what Relais set aside', () => {
  const why = { reason: 'host out of memory, ticket 118' };
  const refusedAs = async (reference: string, codes: readonly string[]): Promise<string> => {
    const { insertId } = await home.gateway.owner.run(
      `INSERT INTO lead_intake (client_id, kind, reference, row_reference, status, settled_at, refusal)
       VALUES ('essai', 'correction', ?, 'c-1', 'refused', UTC_TIMESTAMP(3), ?)`,
      [reference, JSON.stringify(codes.map((code) => ({ column: 'row', code, message: '' })))],
    );
    return String(insertId);
  };
  const retry = async (face: Face, row: string, input: Fields): Promise<Answered> => {
    const options = Object.entries(input).flatMap(([name, text]) => [`--${name}`, text]);
    switch (face) {
      case 'terminal':
        return atTerminal('lead', 'retry', row, ...options);
      case 'http':
        return overHttp('POST', `/v1/refused-rows/${row}/retry`, input);
      case 'console':
        return inConsole(await support.post(`/refused-rows/${row}/retry`, input));
    }
  };
  const entries = (row: string): Promise<readonly { readonly actor: string }[]> =>
    home.gateway.owner.all('SELECT actor, client_id, entry, purpose FROM handovers WHERE reason = ?', [
      `intake_row:${row}`,
    ]);

  test.each<[string, readonly string[], Fields, string]>([
    ['set aside, without a reason', ['SET_ASIDE'], {}, 'USAGE-002'],
    [
      'set aside, for a reason that names a person',
      ['SET_ASIDE'],
      { reason: 'zoe@courriel.example' },
      'USAGE-001',
    ],
    ['wrong', ['INVALID_FORMAT'], why, 'LEAD-005'],
    ['wrong and set aside', ['INTERNAL', 'INVALID_FORMAT'], why, 'LEAD-005'],
    ['of an erased person', ['ERASED_SINCE'], why, 'ACCESS-003'],
    ['nowhere', [], why, 'FIND-001'],
  ])('a row that is %s is taken in by no face', async (_, codes, input, code) => {
    const row = codes.length === 0 ? '99999999' : await refusedAs(`NO-${(asked += 1)}`, codes);
    expect(await atEach(async (face) => (await retry(face, row, input)).code)).toEqual(faces.map(() => code));
    expect(await entries(row)).toEqual([]);
  });

  test('a row is taken in again by each face, with the same entry of the log', async () => {
    const seen = await atEach(async (face) => {
      const row = await refusedAs(`AGAIN-${face}`, ['SET_ASIDE']);
      const answered = await retry(face, row, why);
      const rows = await home.gateway.owner.all<{ status: string }>(
        'SELECT status FROM lead_intake WHERE id = ? AND refusal IS NULL',
        [row],
      );
      return { answered: answered.code, rows: rows.length, entries: await entries(row) };
    });
    const entry = { entry: 'reopened', client_id: 'essai', purpose: why.reason };
    expect(seen).toMatchObject(faces.map(() => ({ answered: '', rows: 1, entries: [entry] })));
    expect(seen.map(({ entries: [one] }) => one?.actor.split(':')[0])).toEqual(['staff', 'key', 'account']);
  });

  test('a number with zeros before it is the row, by which marks and log name it; no other text is a number', async () => {
    const answers = await atEach(async (face) => {
      const row = await refusedAs(`ZEROS-${face}`, ['SET_ASIDE']);
      await home.gateway.owner.run("INSERT INTO takings (work, items) VALUES ('intake', ?)", [row]);
      const refused = (await retry(face, `${row}abc`, why)).code;
      const { code } = await retry(face, `00${row}`, why);
      const marks = await home.gateway.owner.all('SELECT 1 FROM takings WHERE items = ?', [row]);
      return { refused, code, marks: marks.length, entries: (await entries(row)).length };
    });
    const done = { code: '', marks: 0, entries: 1 };
    expect(answers).toEqual(['USAGE-001', 'USAGE-001', 'FIND-001'].map((refused) => ({ refused, ...done })));
  });

  test('the reason names neither the lead of the row nor the person of a row that comes with it', async () => {
    const { owner } = home.gateway;
    const lead = await refusedAs('NAMED', ['SET_ASIDE']);
    const beside = await refusedAs('NAMED', ['UNKNOWN_LEAD']);
    await owner.run("UPDATE lead_intake SET kind = 'lead' WHERE id = ?", [lead]);
    await owner.run("UPDATE lead_intake SET last_name = 'Vandeputte' WHERE id = ?", [beside]);
    await home.failed(1, 'OFLEAD');
    await owner.run(
      "INSERT INTO prospects (lead_id, client_id, last_name) SELECT id, 'essai', 'Quillebeuf' FROM leads WHERE reference = 'OFLEAD-0'",
    );
    const correction = await refusedAs('OFLEAD-0', ['INTERNAL']);
    const codes = [
      await retry('http', lead, { reason: 'Vandeputte asked, ticket 8' }),
      await retry('http', correction, { reason: 'Quillebeuf asked, ticket 8' }),
      await retry('http', lead, why),
      await retry('http', correction, why),
    ].map(({ code }) => code);
    expect(codes).toEqual(['USAGE-001', 'USAGE-001', '', '']);
  });

  test('the page and the list offer it for such a row alone', async () => {
    const [aside, wrong] = [
      await refusedAs('ASIDE', ['SET_ASIDE']),
      await refusedAs('WRONG', ['INVALID_FORMAT']),
    ];
    const { text } = await support.get('/refused-rows');
    expect([aside, wrong].map((row) => text.includes(`action="/refused-rows/${row}/retry"`))).toEqual([
      true,
      false,
    ]);
    const { items } = JSON.parse((await overHttp('GET', '/v1/refused-rows?client=essai')).text) as {
      readonly items: readonly { readonly row: string; readonly mayRetry: boolean }[];
    };
    expect(items.filter(({ row }) => [aside, wrong].includes(row))).toMatchObject([
      { row: wrong, mayRetry: false },
      { row: aside, mayRetry: true },
    ]);
  });

  test('C22: a lead’s row under a restriction is refused by each face with one code, and offered by none; a correction is', async () => {
    const { app, owner } = home.gateway;
    const [lead, correction] = [
      await refusedAs('UNDER-R', ['SET_ASIDE']),
      await refusedAs('UNDER-R', ['SET_ASIDE']),
    ];
    await owner.run("UPDATE lead_intake SET kind = 'lead' WHERE id = ?", [lead]);
    await owner.run("UPDATE lead_intake SET email = 'under.r@courriel.example' WHERE id IN (?, ?)", [
      lead,
      correction,
    ]);
    const by = { actor: 'tester', identity: 'seen, ticket 119' };
    const asked = { clientId: 'essai', kind: 'restriction', email: 'under.r@courriel.example' } as const;
    const { id } = await app.requests.open({ ...asked, ...by });
    await app.requests.apply(id, { selection: { leads: 'all', rows: 'all' }, ...by });
    const offered = async (): Promise<readonly unknown[]> => {
      const { text } = await support.get('/refused-rows');
      const list = JSON.parse((await overHttp('GET', '/v1/refused-rows?client=essai')).text) as {
        readonly items: readonly { readonly row: string; readonly mayRetry: boolean }[];
      };
      return [lead, correction].map((row) => [
        text.includes(`action="/refused-rows/${row}/retry"`),
        list.items.find((item) => item.row === row)?.mayRetry,
      ]);
    };
    expect(await offered()).toEqual([
      [false, false],
      [true, true],
    ]);
    expect(await atEach(async (face) => (await retry(face, lead, why)).code)).toEqual(
      faces.map(() => 'LEAD-006'),
    );
    await owner.run('UPDATE requests SET lifted_at = UTC_TIMESTAMP(3) WHERE id = ?', [id]);
    expect(await offered()).toEqual([
      [true, true],
      [true, true],
    ]);
    expect((await retry('terminal', lead, why)).code).toBe('');
  });

  test('changes of leads are planned again by each face; the alert about them has the act', async () => {
    const { owner } = home.gateway;
    const [lead] = await owner.all<{ id: number }>('SELECT id FROM leads ORDER BY id LIMIT 1');
    const { insertId: alert } = await owner.run(
      "INSERT INTO alerts (kind, client_id, destination_id, delivery_id, reason) VALUES ('intake_failed', 'essai', '', 0, 'PLANNING:SET_ASIDE')",
    );
    const replan = async (face: Face, client: string): Promise<Answered> => {
      switch (face) {
        case 'terminal':
          return atTerminal('lead', 'replan', '--client', client, '--reason', why.reason);
        case 'http':
          return overHttp('POST', `/v1/clients/${client}/replan`, why);
        case 'console':
          return inConsole(
            await support.post(`/tasks/alerts/${client === 'essai' ? alert : 999_999}/replan`, why),
          );
      }
    };
    expect(await atEach(async (face) => (await replan(face, 'nobody')).code)).toEqual(
      faces.map(() => 'FIND-001'),
    );
    const done = await atEach(async (face) => {
      await owner.run(
        `INSERT INTO lead_changes (client_id, lead_id, revision, kind, priority) VALUES ('essai', ?, 99, 'created', ${asidePriority})`,
        [lead?.id ?? 0],
      );
      const { code } = await replan(face, 'essai');
      const left = await owner.all(`SELECT 1 FROM lead_changes WHERE priority = ${asidePriority}`);
      return { code, left: left.length };
    });
    expect(done).toEqual(faces.map(() => ({ code: '', left: 0 })));
    expect(
      (
        await owner.all<{ actor: string }>(
          "SELECT actor FROM handovers WHERE reason = 'set_aside' ORDER BY id",
        )
      ).map(({ actor }) => actor.split(':')[0]),
    ).toEqual(['staff', 'key', 'account']);
    expect((await support.get(`/tasks/alerts/${alert}`)).text).toContain('Préparer à nouveau');
  });
});
