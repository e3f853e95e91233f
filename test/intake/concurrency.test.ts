// Many senders, several intakes, broken rows: nothing twice, nothing half, nothing out of order, nothing held up.
import { setTimeout as sleep } from 'node:timers/promises';
import { SqlFailure } from '../../src/store/database.ts';
import { startOfPlanning, takeChanges } from '../../src/store/leads/lead-changes.ts';
import { createLeadSecrets } from '../../src/store/secrets.ts';
import { createKeyRing } from '../../src/domain/key-ring.ts';
import { masterKey, openIntakeHome, type IntakeHome } from './intake-support.ts';
import { about, fullLead, grant, lead } from './rows.ts';

let home: IntakeHome;
beforeAll(async () => {
  home = await openIntakeHome();
});
afterAll(() => home.close());
beforeEach(() => home.empty());

const consentRow = (reference: string, row: string): ReturnType<typeof about> =>
  about(reference, row, { kind: 'consent', consents: JSON.stringify([grant()]) });

/** Runs an intake until told to stop and nothing is left. */
async function drain(
  limit: number,
  more: Parameters<IntakeHome['intake']>[1] = {},
  isOver = (): boolean => true,
): Promise<{ accepted: number; duplicates: number }> {
  const intake = home.intake(undefined, more);
  const sum = { accepted: 0, duplicates: 0 };
  for (;;) {
    const wasOver = isOver();
    const { taken, waiting, accepted, duplicates } = await intake.acceptBatch(limit);
    sum.accepted += accepted;
    sum.duplicates += duplicates;
    if (taken === 0 && waiting === 0 && wasOver) return sum;
    if (taken === 0) await sleep(2);
  }
}

describe('a rush of one client', () => {
  it('holds up no other: its one lead is taken in and planned with the next batch', async () => {
    await home.database.run(
      "INSERT IGNORE INTO clients (id, name, legal_entity, facts) VALUES ('zenith', 'Zenith', 'Zenith SAS', '{}')",
    );
    for (let start = 0; start < 400; start += 100)
      await home.send(...Array.from({ length: 100 }, (_, index) => fullLead(`R-${start + index}`)));
    await home.send({ ...fullLead('Z-1'), client_id: 'zenith' });
    await home.intake().acceptBatch(50);
    expect(await home.count("leads WHERE client_id = 'zenith'")).toBe(1);
    expect(await home.count("leads WHERE client_id = 'acme'")).toBe(49);
    // The changes of a rush wait in turn as well, whatever came in first.
    await home.database.run("UPDATE lead_changes SET id = id + 100000 WHERE client_id = 'zenith'");
    const changes = await home.database.transaction((tx) => takeChanges(tx, 10, startOfPlanning()));
    expect(changes.filter((one) => one.clientId === 'zenith')).toHaveLength(1);
    expect(changes).toHaveLength(10);
  });
});

describe('two intakes at once', () => {
  it('take no row twice: every lead, receipt, secret and change is there once', async () => {
    for (let start = 0; start < 600; start += 100)
      await home.send(...Array.from({ length: 100 }, (_, index) => fullLead(`P-${start + index}`)));
    await home.send(...Array.from({ length: 50 }, (_, index) => fullLead(`P-${index}`)));
    const [second, third] = [{ database: home.another() }, { database: home.another() }];
    // However fast one of them is, each takes some.
    const first = await Promise.all([
      home.intake().acceptBatch(17),
      home.intake(undefined, second).acceptBatch(23),
      home.intake(undefined, third).acceptBatch(11),
    ]);
    expect(first.filter((one) => one.accepted === 0)).toEqual([]);
    const sums = [...first, ...(await Promise.all([drain(17), drain(23, second), drain(11, third)]))];
    expect(await home.refusals()).toEqual([]);
    expect([
      sums.reduce((sum, one) => sum + one.accepted, 0),
      sums.reduce((sum, one) => sum + one.duplicates, 0),
    ]).toEqual([600, 50]);
    for (const table of ['leads', 'prospects', 'lead_changes', `${home.name}_keys.lead_secrets`])
      expect([table, await home.count(table)]).toEqual([table, 600]);
    expect([
      await home.count('consents'),
      await home.count('interactions'),
      await home.count('lead_intake'),
    ]).toEqual([1800, 1200, 0]);
  });

  it('apply the corrections of a lead in the order they were sent', async () => {
    const leads = ['O-1', 'O-2', 'O-3', 'O-4'];
    await home.send(...leads.map((one) => lead(one)));
    for (let round = 1; round <= 20; round += 1)
      await home.send(
        ...leads.map((one) => about(one, `r-${one}-${round}`, { kind: 'correction', city: `City ${round}` })),
      );
    await Promise.all([
      drain(3),
      drain(2, { database: home.another() }),
      drain(5, { database: home.another() }),
    ]);
    expect(await home.refusals()).toEqual([]);
    expect(
      await home.database.all('SELECT l.revision, p.city FROM leads l JOIN prospects p ON p.lead_id = l.id'),
    ).toEqual(leads.map(() => ({ revision: 21, city: 'City 20' })));
    const applied = await home.database.all<{ revisions: string }>(
      "SELECT GROUP_CONCAT(SUBSTRING(row_reference, 7) ORDER BY accepted_at, CAST(SUBSTRING(row_reference, 7) AS UNSIGNED)) AS revisions FROM intake_receipts WHERE kind = 'correction' GROUP BY lead_id",
    );
    expect(applied.map((one) => one.revisions)).toEqual(
      leads.map(() => Array.from({ length: 20 }, (_, index) => index + 1).join(',')),
    );
  });

  it('with an earlier row about the lead in other hands, the later one waits for it', async () => {
    await home.send(lead('O-1'));
    await home.intake().acceptBatch(10);
    await home.send(
      about('O-1', 'r-1', { kind: 'correction', city: 'First' }),
      about('O-1', 'r-2', { kind: 'correction', city: 'Second' }),
    );
    await home.another().transaction(async (tx) => {
      await tx.all("SELECT id FROM lead_intake WHERE row_reference = 'r-1' FOR UPDATE");
      expect(await home.intake().acceptBatch(10)).toMatchObject({ taken: 0, waiting: 1 });
    });
    expect(await home.intake().acceptBatch(10)).toMatchObject({ accepted: 2, waiting: 0 });
    expect(await home.database.all('SELECT city FROM prospects')).toEqual([{ city: 'Second' }]);
  });

  it('with the lead row itself in other hands, an event stays new instead of being refused', async () => {
    await home.send(lead('O-1'), consentRow('O-1', 'r-1'));
    await home.another().transaction(async (tx) => {
      await tx.all("SELECT id FROM lead_intake WHERE kind = 'lead' FOR UPDATE");
      expect(await home.intake().acceptBatch(10)).toMatchObject({ taken: 0, refused: 0, waiting: 1 });
    });
    expect(await home.intake().acceptBatch(10)).toMatchObject({ accepted: 2 });
  });

  it('never wait for rows or leads that others hold, however small the tables are', async () => {
    const names = Array.from({ length: 20 }, (_, index) => `W-${index}`);
    await home.send(...names.map((one) => lead(one)), lead('W-held'));
    await home.intake().acceptBatch(50);
    await home.send(
      ...names.map((one) => about(one, 'r-' + one, { kind: 'correction', city: 'Pau' })),
      lead('W-new'),
      lead('W-bad', { rooms: 0 }),
      lead('W-bad2', { rooms: 0 }),
    );
    await home.another().transaction(async (tx) => {
      await tx.all(
        "SELECT id FROM lead_intake FORCE INDEX (lead_intake_reference) WHERE client_id = 'acme' AND reference = 'W-new' FOR UPDATE",
      );
      await tx.all(
        "SELECT id FROM leads FORCE INDEX (leads_reference) WHERE client_id = 'acme' AND reference = 'W-held' FOR UPDATE",
      );
      // Had it to wait for a row that is locked, it would wait until the server gives up.
      expect(await home.intake().acceptBatch(50)).toMatchObject({
        accepted: 20,
        refused: 2,
      });
    });
    expect(await home.intake().acceptBatch(50)).toMatchObject({ accepted: 1 });
  });

  it('meeting over twin rows make one lead and one duplicate', async () => {
    const real = createLeadSecrets({
      masterKeys: createKeyRing([masterKey]),
      keysSchema: `${home.name}_keys`,
    });
    await home.send(lead('T-1'), lead('T-1'));
    let second: Promise<{ accepted: number; duplicates: number }> | undefined;
    const secrets: typeof real = {
      ...real,
      create: async (tx, ids) => {
        // The lead is inserted and not committed: the other intake now runs into its key.
        second ??= home.intake(undefined, { database: home.another() }).acceptBatch(10);
        await sleep(100);
        return real.create(tx, ids);
      },
    };
    expect(await home.intake(undefined, { secrets }).acceptBatch(1)).toMatchObject({ accepted: 1 });
    expect(await second).toMatchObject({ accepted: 0, duplicates: 1 });
    expect([await home.refusals(), await home.count('leads'), await home.count('alerts')]).toEqual([
      [],
      1,
      0,
    ]);
  });
});

describe('senders at work', () => {
  it('a row of an open transaction is passed over, and taken once it is committed', async () => {
    const columns =
      "(client_id, reference, channel, collected_at, last_name) VALUES ('acme', 'U-1', 'web_form', '2026-11-24 09:00:00', 'Dupont-Test')";
    await home.sender.transaction(async (tx) => {
      await tx.run(`INSERT INTO lead_intake ${columns}`);
      await home.send(lead('U-2'));
      expect(await home.intake().acceptBatch(10)).toMatchObject({ taken: 1, accepted: 1 });
    });
    expect(await home.intake().acceptBatch(10)).toMatchObject({ taken: 1, accepted: 1 });
    expect(await home.database.all('SELECT reference FROM leads ORDER BY id')).toEqual([
      { reference: 'U-2' },
      { reference: 'U-1' },
    ]);
  });

  it('a thousand single inserts while intakes run: no lead is ever seen without its consents', async () => {
    let isOver = false;
    const incomplete = async (): Promise<number> =>
      home.count(
        'leads l WHERE (SELECT COUNT(*) FROM consents c WHERE c.lead_id = l.id) <> 3 OR NOT EXISTS (SELECT 1 FROM prospects p WHERE p.lead_id = l.id)',
      );
    const watched: number[] = [];
    const watching = (async () => {
      while (!isOver) watched.push(await incomplete());
    })();
    const sending = Promise.all(
      Array.from({ length: 4 }, async (_, sender) => {
        for (let index = 0; index < 250; index += 1) await home.send(fullLead(`S-${sender}-${index}`));
      }),
    ).then(() => {
      isOver = true;
    });
    await Promise.all([
      drain(50, {}, () => isOver),
      drain(50, { database: home.another() }, () => isOver),
      sending,
      watching,
    ]);
    expect(watched.filter((one) => one > 0)).toEqual([]);
    expect([
      await home.count('leads'),
      await home.count('consents'),
      await home.count('lead_changes'),
      await incomplete(),
    ]).toEqual([1000, 3000, 1000, 0]);
  });

  it('may insert, and nothing else (C40)', async () => {
    await home.send(lead('I-1'));
    for (const statement of [
      ...[
        'SELECT reference FROM lead_intake',
        "UPDATE lead_intake SET kind = 'lead'",
        'DELETE FROM lead_intake',
        'SELECT id FROM leads',
      ],
      ...[
        "INSERT INTO clients (id, name, legal_entity, facts) VALUES ('x', 'x', 'x', '{}')",
        'TRUNCATE TABLE lead_intake',
      ],
    ]) {
      await expect(home.sender.run(statement)).rejects.toMatchObject({ name: 'SqlFailure', errno: 1142 });
    }
    expect(await home.count('lead_intake')).toBe(1);
  });
});

describe('a row that cannot be stored', () => {
  beforeEach(() =>
    home.database.text(
      "CREATE TRIGGER poison BEFORE INSERT ON prospects FOR EACH ROW IF NEW.city = 'Poison' THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'poison'; END IF",
    ),
  );
  afterEach(() => home.database.text('DROP TRIGGER poison'));

  it('is refused with an alert; the others of its batch pass', async () => {
    await home.send(
      lead('Q-1'),
      lead('Q-2', { city: 'Poison' }),
      lead('Q-3'),
      about('Q-3', 'r-1', { kind: 'correction', city: 'Pau' }),
    );
    expect(await home.intake().acceptBatch(200)).toMatchObject({ taken: 4, accepted: 3, refused: 1 });
    expect(await home.refusals()).toMatchObject([{ reference: 'Q-2', column: 'row', code: 'INTERNAL' }]);
    expect(await home.database.all('SELECT kind, client_id, reason FROM alerts')).toEqual([
      { kind: 'intake_failed', client_id: 'acme', reason: 'SQL_1644' },
    ]);
  });

  it('is accused beside others that pass; where eight break and none passes, the fault is ours and no more are refused', async () => {
    const poison = (from: number, count: number): ReturnType<typeof lead>[] =>
      Array.from({ length: count }, (_, at) => lead(`Q-${from + at}`, { city: 'Poison' }));
    const intake = home.intake();
    await home.send(...poison(100, 6), lead('Q-200'), ...poison(300, 8), ...poison(400, 4));
    await expect(intake.acceptBatch(200)).rejects.toThrow('SQL failed');
    expect(await home.refusals()).toHaveLength(14);
    // Those about the refused rows: the one about the fault comes within the hour.
    await home.database.run('DELETE FROM alerts');
    await expect(intake.acceptBatch(200)).rejects.toThrow('SQL failed');
    expect(await home.refusals()).toHaveLength(14);
    expect(await home.database.all("SELECT reason FROM alerts WHERE client_id = ''")).toEqual([
      { reason: 'SQL_1644' },
    ]);
    await home.database.text('DROP TRIGGER poison');
    expect(await intake.acceptBatch(200)).toMatchObject({ accepted: 4, refused: 0 });
    await home.database.text('CREATE TRIGGER poison BEFORE INSERT ON prospects FOR EACH ROW SET @poison = 0');
  });

  it('takes the blame itself: an event sent before it is refused for want of the lead, not as broken', async () => {
    await home.send(consentRow('Q-2', 'r-1'), lead('Q-2', { city: 'Poison' }));
    await home.intake().acceptBatch(1);
    expect((await home.refusals()).map((one) => one.code)).toEqual(['UNKNOWN_LEAD', 'INTERNAL']);
    expect(await home.count('alerts')).toBe(1);
  });
});

it('a fault of the set-up blames no row: everything stays new until it is repaired', async () => {
  await home.send(lead('Q-1'), lead('Q-2'));
  await home.database.text('RENAME TABLE lead_changes TO lead_changes_away');
  try {
    await expect(home.intake().acceptBatch(200)).rejects.toBeInstanceOf(SqlFailure);
    expect([
      await home.count("lead_intake WHERE status = 'new'"),
      await home.count('leads'),
      await home.count('alerts'),
    ]).toEqual([2, 0, 0]);
  } finally {
    await home.database.text('RENAME TABLE lead_changes_away TO lead_changes');
  }
  expect(await home.intake().acceptBatch(200)).toMatchObject({ accepted: 2 });
});
