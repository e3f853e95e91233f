// Rows that would fill, stall or end a planner: each is refused or set aside by itself, and nobody waits for it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { RelaisError } from '../../src/errors.ts';
import { SqlFailure, type Database } from '../../src/store/database.ts';
import { listRefusals } from '../../src/store/intake/intake-refusals.ts';
import type { Intake, IntakeDeps } from '../../src/intake/accept.ts';
import { retried } from '../support/set-aside.ts';
import { openIntakeHome, type IntakeHome } from './intake-support.ts';
import { about, grant, lead } from './rows.ts';

let home: IntakeHome;
beforeAll(async () => {
  home = await openIntakeHome();
});
afterAll(() => home.close());
beforeEach(() => home.empty());

const insertWith = (reference: string, column: string, sql: string): Promise<unknown> =>
  home.sender.run(
    `INSERT INTO lead_intake (client_id, reference, channel, collected_at, last_name, ${column})
     VALUES ('acme', ?, 'web_form', '2026-11-24 09:15:00', 'Dupont-Test', ${sql})`,
    [reference],
  );
const rowsOf = (count: number, row: string): string => Array<string>(count).fill(row).join(', ');
const references = async (): Promise<string[]> =>
  (await home.database.all<{ reference: string }>('SELECT reference FROM leads ORDER BY reference')).map(
    (one) => one.reference,
  );
const refusedRow = async (reference: string): Promise<string> =>
  (await listRefusals(home.database)).find((row) => row.reference === reference)?.id ?? '';
const alerts = (): Promise<unknown[]> => home.database.all('SELECT kind, client_id, reason FROM alerts');

describe('a row that a process could not hold', () => {
  it.each([
    ['4.5 million empty consents', 'consents', "CONCAT('[{}', REPEAT(',{}', 4499999), ']')", 'TOO_LONG'],
    ['three megabytes of consents', 'consents', "CONCAT('[\"', REPEAT('a', 3000000), '\"]')", 'TOO_LONG'],
    ['101 interactions', 'interactions', "CONCAT('[{}', REPEAT(',{}', 100), ']')", 'TOO_LONG'],
    [
      'JSON a hundred thousand deep',
      'consents',
      "CONCAT(REPEAT('[', 100000), REPEAT(']', 100000))",
      'BAD_JSON',
    ],
    [
      'half a character',
      'interactions',
      `'[{"kind":"chat","at":"2026-11-24T09:15:00Z","content":"a\\\\ud800b"}]'`,
      'BROKEN_TEXT',
    ],
  ])('with %s is refused by its column, and its neighbours come in', async (_title, column, sql, code) => {
    await home.send(lead('A-1'));
    await insertWith('A-2', column, sql);
    await home.send(lead('A-3'));
    expect(await home.intake().acceptBatch(200)).toMatchObject({ accepted: 2, refused: 1 });
    const [refused] = await home.refusals();
    expect(refused).toMatchObject({ reference: 'A-2', code });
    expect(refused?.column.startsWith(column)).toBe(true);
    expect(await references()).toEqual(['A-1', 'A-3']);
  });

  it.each(['consent', 'interaction'])('holds for a row of kind %s', async (kind) => {
    await home.send(lead('A-1'));
    await home.sender.run(
      `INSERT INTO lead_intake (client_id, kind, reference, row_reference, ${kind}s)
       VALUES ('acme', ?, 'A-1', 'A-1-x', CONCAT('[{}', REPEAT(',{}', 1000000), ']'))`,
      [kind],
    );
    expect(await home.intake().acceptBatch(200)).toMatchObject({ accepted: 1, refused: 1 });
    expect(await home.refusals()).toMatchObject([{ column: `${kind}s`, code: 'TOO_LONG' }]);
  });
});

it('a batch is bounded by what its rows weigh, and the long rows of one client leave room for another', async () => {
  await home.database.run(
    "INSERT INTO clients (id, name, legal_entity, facts) VALUES ('other', 'Other', 'Other SAS', '{}') ON DUPLICATE KEY UPDATE id = id",
  );
  const said = (sign: string): string =>
    JSON.stringify(
      Array.from({ length: 100 }, () => ({
        kind: 'chat',
        at: '2026-11-24T09:15:00Z',
        content: sign.repeat(9_900),
      })),
    );
  for (let number = 1; number <= 9; number += 1)
    await home.send(lead(`BIG-${number}`, { interactions: said('a') }));
  await home.send(lead('SMALL-1', { client_id: 'other' }));
  const first = await home.intake().acceptBatch(200);
  expect(first.accepted).toBeGreaterThan(1);
  expect(first.accepted).toBeLessThan(7);
  expect(await references()).toContain('SMALL-1');
  while ((await home.intake().acceptBatch(200)).taken > 0);
  expect(await home.count('leads')).toBe(10);
});

describe('a lead that has reached what a lead may weigh', () => {
  beforeEach(async () => {
    await home.send(lead('FULL-1'));
    await home.intake().acceptBatch(10);
    const [full] = await home.database.all<{ id: number }>("SELECT id FROM leads WHERE reference = 'FULL-1'");
    const id = full?.id ?? 0;
    await home.database.run(
      `INSERT INTO interactions (client_id, lead_id, kind, happened_at, voluntary, content)
       VALUES ${rowsOf(49, "('acme', ?, 'chat', '2026-11-24 09:15:00', 0, REPEAT('a', 42000))")}`,
      Array<number>(49).fill(id),
    );
    await home.database.run(
      `INSERT INTO consents (client_id, lead_id, purpose, channel, state, recorded_at)
       VALUES ${rowsOf(1_000, "('acme', ?, 'marketing', 'email', 'granted', '2026-11-24 09:15:00')")}`,
      Array<number>(1_000).fill(id),
    );
  });
  const say = (row: string, length: number): ReturnType<typeof about> =>
    about('FULL-1', row, {
      kind: 'interaction',
      interactions: JSON.stringify(
        Array.from({ length }, () => ({
          kind: 'chat',
          at: '2026-11-24T09:15:00Z',
          content: 'b'.repeat(9_000),
        })),
      ),
    });
  const consent = (row: string, state: string): ReturnType<typeof about> =>
    about('FULL-1', row, { kind: 'consent', consents: JSON.stringify([grant({ state })]) });

  it('takes no more interactions and no more grants, says so, and goes on for the others', async () => {
    await home.send(say('i-1', 2), say('i-2', 20), consent('o-1', 'granted'), lead('NEXT-1'));
    expect(await home.intake().acceptBatch(10)).toMatchObject({ accepted: 2, refused: 2 });
    expect(await home.refusals()).toMatchObject([
      { column: 'interactions', code: 'LEAD_FULL' },
      { column: 'consents', code: 'LEAD_FULL' },
    ]);
  });

  it('weighs a new lead with its own events where rows about it are taken in beside it', async () => {
    const grants = JSON.stringify(Array.from({ length: 100 }, () => grant()));
    const more = Array.from({ length: 10 }, (_, at) =>
      about('NEW-1', `n-${at}`, { kind: 'consent', consents: grants }),
    );
    await home.send(lead('NEW-1', { consents: grants }), ...more);
    expect(await home.intake().acceptBatch(20)).toMatchObject({ accepted: 10, refused: 1 });
    expect(await home.refusals()).toMatchObject([{ column: 'consents', code: 'LEAD_FULL' }]);
  });

  it('a withdrawal is never refused for its weight', async () => {
    await home.send(consent('o-2', 'withdrawn'));
    expect(await home.intake().acceptBatch(10)).toMatchObject({ accepted: 1, refused: 0 });
  });
});

describe('a row that ends the process', () => {
  const run = async (deadly: string): Promise<number> => {
    const url = new URL(process.env['RELAIS_TEST_MYSQL_URL'] ?? '');
    url.pathname = `/${home.name}`;
    for (let deaths = 0; deaths < 6; deaths += 1) {
      const child = spawn(process.execPath, [join(__dirname, 'dying-intake.ts'), url.href, deadly], {
        stdio: 'inherit',
      });
      const [code] = (await once(child, 'exit')) as [number | null];
      if (code === 0) return deaths;
      await home.database.run('UPDATE takings SET taken_at = TIMESTAMPADD(MINUTE, -1, taken_at)');
    }
    return Number.POSITIVE_INFINITY;
  };

  it('is set aside with an alert once it has done so twice by itself; all its neighbours come in', async () => {
    const names = Array.from({ length: 30 }, (_, index) => `N-${100 + index}`);
    await home.send(...names.slice(0, 15).map((name) => lead(name)));
    await home.send(lead('DEADLY'));
    await home.send(...names.slice(15).map((name) => lead(name)));
    // Among others, in a tenth of them, then twice alone.
    expect(await run('DEADLY')).toBe(4);
    expect(await references()).toEqual(names);
    expect(await home.refusals()).toMatchObject([{ reference: 'DEADLY', column: 'row', code: 'SET_ASIDE' }]);
    expect(await alerts()).toEqual([{ kind: 'intake_failed', client_id: 'acme', reason: 'SET_ASIDE' }]);
  });

  it('is taken in once more when support says that it was not the row', async () => {
    await home.send(lead('INNOCENT'), lead('WRONG', { rooms: 900 }));
    expect(await run('INNOCENT')).toBe(3);
    const wrong = await refusedRow('WRONG');
    const innocent = await refusedRow('INNOCENT');
    const by = { actor: 'support', reason: 'ticket 118' };
    await expect(retried(home.database, wrong, by)).rejects.toMatchObject({ code: 'LEAD-005' });
    await expect(retried(home.database, '999999', by)).rejects.toMatchObject({ code: 'FIND-001' });
    await retried(home.database, innocent, by);
    expect(await run('nobody')).toBe(0);
    expect(await references()).toEqual(['INNOCENT']);
  });

  describe('when a lead that was set aside is taken in once more', () => {
    const by = { actor: 'support', reason: 'ticket 119' };
    const asideAs = (code: string): Promise<unknown> =>
      home.database.run("UPDATE lead_intake SET status = 'refused', refusal = ? WHERE status = 'new'", [
        JSON.stringify([{ column: 'row', code, message: '' }]),
      ]);
    const consentsOf = (state: string, recordedAt: string): string =>
      JSON.stringify([grant({ state, recordedAt })]);
    const withdrawn = (rowReference: string): ReturnType<typeof about> =>
      about('ASIDE', rowReference, {
        kind: 'consent',
        consents: consentsOf('withdrawn', '2026-11-24T11:00:00+01:00'),
      });
    const stateNow = async (): Promise<unknown> =>
      (await home.database.all('SELECT state FROM consents ORDER BY recorded_at DESC, id DESC LIMIT 1'))[0];

    it('so is what was refused because nobody knew the lead: a withdrawal counts before anything leaves', async () => {
      await home.send(lead('ASIDE', { consents: consentsOf('granted', '2026-11-24T10:15:00+01:00') }));
      await asideAs('SET_ASIDE');
      const aside = await refusedRow('ASIDE');
      const wrong = about('ASIDE', 'c-2', { kind: 'correction', rooms: 900 });
      await home.send(withdrawn('c-1'), wrong, about('OTHER', 'c-1', { kind: 'correction', rooms: 3 }));
      expect(await home.intake().acceptBatch(10)).toMatchObject({ refused: 3 });
      expect(await retried(home.database, aside, by)).toMatchObject({ alongside: 1 });
      expect(await home.intake().acceptBatch(10)).toMatchObject({ accepted: 2, refused: 0 });
      expect(await stateNow()).toEqual({ state: 'withdrawn' });
      expect((await home.refusals()).map((row) => row.reference)).toEqual(['ASIDE', 'OTHER']);
    });

    it('a consent older than a withdrawal that came meanwhile does not undo it', async () => {
      await home.send(lead('ASIDE'));
      await home.intake().acceptBatch(10);
      const granted = consentsOf('granted', '2026-11-24T10:15:00+01:00');
      await home.send(about('ASIDE', 'g-1', { kind: 'consent', consents: granted }));
      await asideAs('INTERNAL');
      await home.send(withdrawn('w-1'));
      await home.intake().acceptBatch(10);
      expect(await retried(home.database, await refusedRow('ASIDE'), by)).toMatchObject({ alongside: 0 });
      expect(await home.intake().acceptBatch(10)).toMatchObject({ accepted: 1 });
      expect(await stateNow()).toEqual({ state: 'withdrawn' });
    });
  });

  it('marks nothing that is left when the work is done, and nothing that only failed', async () => {
    await home.send(lead('A-1'));
    await home.intake().acceptBatch(10);
    await home.send(about('A-1', 'A-1-c', { kind: 'correction', rooms: 3 }));
    const failing = home.intake(() => Promise.reject(new RelaisError('DB-001', 'away')));
    await expect(failing.acceptBatch(10)).rejects.toThrow('away');
    expect(await home.count('takings')).toBe(0);
  });
});

describe('trouble of the server that always comes with the same row', () => {
  const troubled =
    (reference: string, error: Error): IntakeDeps['snapshot'] =>
    async (tx, ids) => {
      const [bad] = await tx.all<{ id: number }>('SELECT id FROM leads WHERE reference = ?', [reference]);
      if (bad !== undefined && ids.includes(bad.id)) throw error;
    };
  const change = (name: string): ReturnType<typeof about> =>
    about(name, `${name}-c`, { kind: 'correction', rooms: 3 });
  const names = ['L-1', 'L-2', 'L-3', 'L-4', 'L-5', 'L-6'];
  beforeEach(async () => {
    await home.send(...names.map((name) => lead(name)));
    await home.intake().acceptBatch(10);
  });

  it.each([
    ['1153, a packet too large', new SqlFailure(1153, 'ER_NET_PACKET_TOO_LARGE'), 'SQL_1153'],
    ['a connection lost each time', new RelaisError('DB-001', 'lost'), 'DB-001'],
  ])('%s: that row is set aside with an alert, the others go on', async (_title, error, reason) => {
    const intake = home.intake(troubled('L-4', error));
    await home.send(...names.map(change));
    const results: unknown[] = [];
    for (let round = 0; round < 4; round += 1)
      results.push(await intake.acceptBatch(10).catch((one: unknown) => one));
    expect(await home.refusals()).toMatchObject([{ reference: 'L-4', column: 'row', code: 'INTERNAL' }]);
    const changed = await home.database.all('SELECT id FROM leads WHERE revision = 2');
    expect(changed).toHaveLength(5);
    expect(await alerts()).toEqual([{ kind: 'intake_failed', client_id: 'acme', reason }]);
  });

  describe('a connection that is lost by chance, for a network cuts many', () => {
    const lost = new RelaisError('DB-001', 'lost');
    const accepted = async (intake: Intake): Promise<number> => {
      await home.send(...names.map(change));
      for (let round = 0; round < 4; round += 1) await intake.acceptBatch(10).catch(() => undefined);
      expect(await home.refusals()).toEqual([]);
      return (await home.database.all('SELECT id FROM leads WHERE revision = 2')).length;
    };

    it('five times in a row with the same row alone: it comes in', async () => {
      let left = 5;
      const always = troubled('L-4', lost);
      const intake = home.intake((tx, ids) =>
        always(tx, ids).catch((error: unknown) => {
          if (ids.length > 1 || left-- > 0) throw error;
        }),
      );
      expect(await accepted(intake)).toBe(6);
    });

    it('also in as long a transaction without that row: it is left for later', async () => {
      const database: Database = {
        ...home.database,
        transaction: (work, options) =>
          home.database.transaction(
            (tx) =>
              work({
                ...tx,
                all: (sql, values) => (sql === 'SELECT 1' ? Promise.reject(lost) : tx.all(sql, values)),
              }),
            options,
          ),
      };
      expect(await accepted(home.intake(troubled('L-4', lost), { database }))).toBe(5);
    });
  });

  it.each([
    ['the packet limit', new SqlFailure(1153, 'ER_NET_PACKET_TOO_LARGE'), 1],
    ['a full disk', new SqlFailure(1114, 'ER_RECORD_FILE_FULL'), 0],
  ])('of a row that is alone with %s: %#', async (_title, error, refused) => {
    const intake = home.intake(troubled('L-4', error));
    await home.send(change('L-4'));
    for (let round = 0; round < 4; round += 1) await intake.acceptBatch(10).catch(() => undefined);
    expect(await home.refusals()).toHaveLength(refused);
  });

  it('that comes with every row accuses none, is told, and all come in when it is over', async () => {
    let away = true;
    const intake = home.intake(() =>
      away ? Promise.reject(new SqlFailure(1114, 'ER_RECORD_FILE_FULL')) : Promise.resolve(),
    );
    await home.send(...names.map(change));
    for (let round = 0; round < 4; round += 1)
      await expect(intake.acceptBatch(10)).rejects.toThrow('ER_RECORD_FILE_FULL');
    expect(await home.refusals()).toEqual([]);
    expect(await alerts()).toEqual([{ kind: 'intake_failed', client_id: '', reason: 'SQL_1114' }]);
    away = false;
    expect(await intake.acceptBatch(10)).toMatchObject({ accepted: 6 });
  });
});

describe('what a sender with too many rights may have left', () => {
  it.each(['', 'NEW', 'newer', 'done', 'zzz'])(
    'a row with the status %j, which nobody knows, is refused with an alert',
    async (status) => {
      await home.database.run(
        "INSERT INTO lead_intake (client_id, reference, status) VALUES ('acme', 'S-1', ?)",
        [status],
      );
      await home.intake().refuseStrays();
      expect(await home.refusals()).toMatchObject([
        { reference: 'S-1', column: 'status', code: 'UNKNOWN_STATUS' },
      ]);
      expect(await alerts()).toEqual([
        { kind: 'intake_failed', client_id: 'acme', reason: 'UNKNOWN_STATUS' },
      ]);
    },
  );

  it('rows with ids above 2^53 are taken once, each as itself, and so are those that follow', async () => {
    for (const [id, name] of [
      ['9007199254740992', 'I-1'],
      ['9007199254740993', 'I-2'],
    ] as const) {
      await home.database.run(
        `INSERT INTO lead_intake (id, client_id, reference, channel, collected_at, last_name)
         VALUES (CAST(? AS UNSIGNED), 'acme', ?, 'web_form', '2026-11-24 09:15:00', 'Dupont-Test')`,
        [id, name],
      );
    }
    await home.send(lead('I-3'), lead('I-4', { channel: 'fax' }));
    expect(await home.intake().acceptBatch(10)).toMatchObject({ accepted: 3, refused: 1, duplicates: 0 });
    expect(await references()).toEqual(['I-1', 'I-2', 'I-3']);
    expect(await listRefusals(home.database)).toMatchObject([{ id: '9007199254740995', reference: 'I-4' }]);
    expect(await home.intake().acceptBatch(10)).toMatchObject({ taken: 0 });
  });
});
