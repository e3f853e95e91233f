// Files of all leads, and what happens around them: leads that never got through before, and a mapping that changes its mode.
import { setTimeout as pause } from 'node:timers/promises';
import { startWorker } from '../../src/roles/worker.ts';
import { createFiles, type Files } from '../../src/delivery/files/collect.ts';
import { settleCarried } from '../../src/delivery/files/fill.ts';
import { silentLog } from '../../src/log.ts';
import type { Role } from '../../src/roles/role-status.ts';
import { processesTable, waitersTable } from '../support/processes.ts';
import { replay } from '../support/replay.ts';
import type { Database, Sql } from '../../src/store/database.ts';
import type { IntakeValues } from '../../src/store/intake/intake.ts';
import { setDestinationStatus } from '../../src/support/suspend.ts';
import { startHttpRecipient } from '../connectors/servers/http.ts';
import { openDropGateway, type DropGateway } from './drop.ts';
import { strangerRow } from './gateway.ts';
import { closed, open } from './hours.ts';

let gateway: DropGateway;
const by = { actor: 'tester', reason: 'ticket 9' };
const full = '  mode: full';
const names = (letter: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${letter}-${index + 1}`);

/** Three leads are written at once. */
beforeEach(async () => {
  gateway = await openDropGateway({ file: full }, silentLog, { RELAIS_FILE_PART_ROWS: '3' });
});
afterEach(() => gateway.close());

const referencesIn = (name: string): readonly string[] =>
  gateway
    .text(name)
    .trim()
    .split('\n')
    .map((line) => line.split(';')[1]?.replaceAll('"', '') ?? '')
    .toSorted();
/** Of the file with this place among those that stand. */
const references = (place: number): readonly string[] => referencesIn(gateway.drops()[place - 1] ?? '');
const arrived = (count: number): Promise<void> =>
  gateway.until(
    `${count} files have arrived`,
    async () =>
      (await gateway.owner.all("SELECT 1 FROM batches WHERE state = 'sent' AND role <> 'part'")).length ===
      count,
  );
const come = async (...rows: readonly IntakeValues[]): Promise<void> => {
  const before = (await gateway.states()).length;
  await gateway.send(...rows);
  await gateway.until('planned, and at rest', async () => {
    const all = await gateway.states();
    return all.length === before + rows.length && all.every(({ state }) => state !== 'planned');
  });
};
/** A whole that is being collected keeps a file of all leads waiting until its time for collecting has run out. */
const nothingUnderWay = (): Promise<void> =>
  gateway.until(
    'no slot is due, and no file is under way',
    async () =>
      (
        await gateway.owner.all(
          "SELECT 1 FROM slots WHERE state = 'due' AND slot_at <= UTC_TIMESTAMP(3) UNION ALL SELECT 1 FROM batches WHERE state IN ('open', 'written')",
        )
      ).length === 0,
  );
const isHeld = async (): Promise<boolean> =>
  (await gateway.owner.all('SELECT 1 FROM full_files WHERE held_at IS NOT NULL')).length === 1;
async function first(references: readonly string[]): Promise<readonly Role[]> {
  const roles = await gateway.start('planner', 'worker');
  await come(...references.map((reference) => strangerRow(reference)));
  await gateway.ask();
  await arrived(1);
  return roles;
}
/** A second file that lost too much. */
async function holdBack(letter: string): Promise<readonly Role[]> {
  const roles = await first(names(letter, 7));
  for (const reference of names(letter, 4))
    await gateway.app.rights.erase({ clientId: 'essai', reference, ...by });
  await gateway.until('told', async () => (await gateway.states("d.action = 'erase'")).length === 4);
  await gateway.ask();
  await gateway.until('held', isHeld);
  await gateway.until(
    'given back',
    async () =>
      (
        await gateway.states(
          "d.action = 'create' AND d.batch_id = 0 AND d.state IN ('planned', 'waiting') AND d.run = 2",
        )
      ).length === 3,
  );
  return roles;
}
const stop = (roles: readonly Role[]): Promise<unknown> => Promise.all(roles.map((role) => role.stop()));
/** The collecting alone, a step at a time, with roles that have stopped. */
const collecting = (database: Database = gateway.app.database): Files =>
  createFiles({
    log: silentLog,
    ...{ database, published: gateway.app.published, partRows: 3 },
    producer: { push: () => Promise.resolve() } as unknown as Parameters<typeof createFiles>[0]['producer'],
  });
interface Watch {
  readonly before?: (sql: string, values: readonly unknown[]) => Promise<unknown> | undefined;
  readonly after?: (sql: string) => Promise<unknown> | undefined;
}
/** The database, and what happens around the statements of its transactions. */
const watching = ({ before, after }: Watch): Database => ({
  ...gateway.app.database,
  transaction: (inside, options) =>
    gateway.app.database.transaction(
      (tx) =>
        inside({
          ...tx,
          all: async <Row>(sql: string, values: Parameters<Sql['all']>[1] = []) => {
            await before?.(sql, values);
            const rows = await tx.all<Row>(sql, values);
            await after?.(sql);
            return rows;
          },
        }),
      options,
    ),
});
/** Until the first part of a long file is collected, and there is more of it. */
async function collectPart(files: Files): Promise<void> {
  while ((await gateway.owner.all("SELECT 1 FROM slots WHERE state = 'due' AND collecting > 0")).length === 0)
    expect(await files.collect()).toBe(1);
}

test('a lead that came while a file was held, and grew too old meanwhile, stands in the next one', async () => {
  await holdBack('A');
  await come(strangerRow('N-1'));
  await gateway.owner.run(
    `UPDATE deliveries d JOIN leads l ON l.id = d.lead_id SET d.expires_at = TIMESTAMPADD(SECOND, -1, UTC_TIMESTAMP(3)), d.due_at = UTC_TIMESTAMP(3)
      WHERE l.reference IN ('N-1', 'A-5')`,
  );
  await gateway.until(
    'expired',
    async () => (await gateway.states("d.state = 'failed' AND d.reason LIKE 'expired%'")).length === 2,
  );
  await gateway.decide('essai-csv', 'release');
  await arrived(2);
  expect(references(2)).toEqual(['A-5', 'A-6', 'A-7', 'N-1']);
});

test('a lead that was invalid from the first stands in the next file once a mapping is published that takes it', async () => {
  await first(names('B', 3));
  await come(strangerRow('X-1', { last_name: null }));
  await gateway.ask();
  await arrived(2);
  expect(references(2)).toEqual(names('B', 3));
  await gateway.publish({
    file: full,
    fields: '[{ consent: rest }, { to: REF, from: id }, { to: NOM, from: identity.lastName }]',
  });
  await gateway.ask();
  await arrived(3);
  expect(references(3)).toEqual([...names('B', 3), 'X-1']);
});

test('leads that a held file had opened again do not leave as new ones where the mapping makes files of new leads by then', async () => {
  await holdBack('C');
  await come(strangerRow('N-1'));
  await gateway.publish({});
  await gateway.decide('essai-csv', 'discard');
  await gateway.ask();
  await arrived(2);
  expect(references(2)).toEqual(['N-1']);
  await gateway.until(
    'as they were',
    async () => (await gateway.states("d.action = 'create' AND d.state = 'delivered'")).length === 8,
  );
  // Back to files of all leads: they stand in the next one.
  await nothingUnderWay();
  await gateway.publish({ file: full });
  await gateway.ask();
  await arrived(3);
  expect(references(3)).toEqual(['C-5', 'C-6', 'C-7', 'N-1']);
});

test('nor where somebody has them locked while the file of new leads is collected', async () => {
  const roles = await holdBack('O');
  await stop(roles);
  await gateway.publish({});
  await gateway.owner.run('UPDATE full_files SET held_at = NULL');
  await gateway.ask();
  const lock = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  const locking = gateway.owner.transaction(async (tx) => {
    await tx.all('SELECT id FROM deliveries WHERE run = 2 FOR UPDATE');
    held.resolve();
    await lock.promise;
  });
  await held.promise;
  const release = async (): Promise<void> => {
    lock.resolve();
    await locking;
  };
  // Let go right after they were looked for.
  const watched = watching({ after: (sql) => (sql.includes('o.run < d.run') ? release() : undefined) });
  await collecting(watched).collect();
  await release();
  await gateway.start('planner', 'worker');
  await gateway.until(
    'as they were',
    async () => (await gateway.states("d.state = 'delivered' AND d.run = 2")).length === 3,
  );
  await nothingUnderWay();
  expect(gateway.drops()).toHaveLength(1);
});

test('what a person replayed leaves all the same with a file of new leads', async () => {
  await first(names('D', 3));
  await gateway.publish({});
  const [row] = await gateway.states("l.reference = 'D-2'");
  await replay(gateway.app, [row?.id ?? 0], { ...by, again: true });
  await gateway.ask();
  await arrived(2);
  expect(references(2)).toEqual(['D-2']);
});

test('a file of all leads that has not begun to leave when its mapping makes other files does not leave', async () => {
  const [, worker] = await first(names('E', 7));
  await worker?.stop();
  await gateway.ask();
  await gateway.until(
    'gathered into one',
    async () =>
      (
        await gateway.owner.all(
          "SELECT 1 FROM full_files f JOIN batches b ON b.id = f.batch_id WHERE f.slot_at IS NULL AND b.state = 'open'",
        )
      ).length === 1,
  );
  await gateway.publish({});
  await come(strangerRow('N-1'));
  await gateway.start('worker');
  await gateway.until(
    'everything at its end',
    async () => (await gateway.states("d.state = 'delivered'")).length === 8,
  );
  expect(gateway.drops()).toHaveLength(2);
  expect(references(2)).toEqual(['N-1']);
});

test('an hour that is given up with its file leaves alone the file that is being collected', async () => {
  const roles = await holdBack('F');
  await gateway.until(
    'given up',
    async () =>
      (await gateway.owner.all("SELECT 1 FROM slots WHERE state = 'due' AND asked_by = 'voided'")).length ===
      1,
  );
  await stop(roles);
  await gateway.publish({});
  // Three of the four erasures.
  await collectPart(collecting());
  await gateway.decide('essai-csv', 'discard');
  await gateway.start('planner', 'worker');
  await nothingUnderWay();
  expect(await gateway.counts("action = 'erase'")).toEqual({ 'failed:manual_erasure_required': 4 });
});

/** Leads of a flow whose files are of new leads, a file asked for, and no role at work. */
async function ofNewLeads(references: readonly string[]): Promise<void> {
  await stop(await first(names('G', 4)));
  await gateway.publish({ file: '  empty: header', header: true });
  const planner = await gateway.start('planner');
  await come(...references.map((reference) => strangerRow(reference)));
  await gateway.until(
    'shown as waiting for their file',
    async () =>
      (await gateway.states("d.state = 'waiting' AND d.reason = 'slot'")).length === references.length,
  );
  await stop(planner);
  await gateway.ask();
}
/** The push of a file, which no worker has had, is made again. */
const pushedAgain = (): Promise<unknown> =>
  gateway.owner.run("UPDATE batches SET queued_at = TIMESTAMPADD(HOUR, -1, queued_at) WHERE state = 'open'");
const all = [...names('G', 4), ...names('N', 4)];
/** Its mapping makes files of all leads again; the second file that arrives is the first of them. */
async function fullAgain(expected: readonly string[]): Promise<void> {
  await gateway.publish({ file: full, header: true });
  await pushedAgain();
  await gateway.start('planner', 'worker');
  await arrived(2);
  await nothingUnderWay();
  expect(gateway.drops()).toHaveLength(2);
  expect(references(2)).toEqual([...expected, 'REF']);
}

test('a long file of new leads that is being collected does not leave once its mapping makes files of all', async () => {
  await ofNewLeads(names('N', 4));
  await collectPart(collecting());
  await fullAgain(all);
});

test('a long file of new leads that was collected does not leave once its mapping makes files of all', async () => {
  await ofNewLeads(names('N', 4));
  const files = collecting();
  await collectPart(files);
  expect(await files.collect()).toBe(1);
  await fullAgain(all);
});

test('a short file of new leads does not leave once its mapping makes files of all', async () => {
  await ofNewLeads(names('N', 2));
  expect(await collecting().collect()).toBe(1);
  await fullAgain([...names('G', 4), ...names('N', 2)]);
});

test('a file without new leads does not leave once its mapping makes files of all', async () => {
  await ofNewLeads([]);
  expect(await collecting().collect()).toBe(1);
  await fullAgain(names('G', 4));
});

test('a file of all leads that is being collected does not leave once its mapping makes files of new ones', async () => {
  await collectPart(await askedAgain('H'));
  await gateway.publish({});
  const planner = await gateway.start('planner');
  await come(strangerRow('N-1'));
  await stop(planner);
  await gateway.start('planner', 'worker');
  await arrived(2);
  await nothingUnderWay();
  expect(gateway.drops()).toHaveLength(2);
  expect(references(2)).toEqual(['N-1']);
  expect(await gateway.counts()).toEqual({ 'delivered:accepted': 8 });
});

test('of two hours that came meanwhile, one that was passed over while another loop had the lock makes no file of its own', async () => {
  await stop(await first(names('L', 4)));
  await gateway.ask();
  await gateway.ask();
  const { database } = gateway.app;
  await settleCarried(database, 'essai-csv');
  let isFirst = true;
  await collecting({
    ...database,
    transaction: (work, options) => {
      if (!isFirst) return database.transaction(work, options);
      isFirst = false;
      return gateway.owner.transaction(async (tx) => {
        await tx.all('SELECT 1 FROM full_files FOR UPDATE');
        return database.transaction(work, options);
      });
    },
  }).collect();
  // The later one has begun.
  expect(await gateway.owner.all('SELECT 1 FROM full_files WHERE slot_at IS NOT NULL')).toHaveLength(1);
  await gateway.start('planner', 'worker');
  await arrived(2);
  await nothingUnderWay();
  expect(gateway.drops()).toHaveLength(2);
});

/** A file of all leads is asked for, with no role at work. */
async function askedAgain(letter: string): Promise<Files> {
  const roles = await first(names(letter, 7));
  await gateway.until(
    'settled what the first one carried',
    async () => (await gateway.owner.all('SELECT 1 FROM full_files WHERE is_told = 1')).length === 1,
  );
  await stop(roles);
  await gateway.ask();
  return collecting();
}

test('a mapping that makes other files for a moment, while leads are gathered, leaves none of them out of the file of all', async () => {
  const files = await askedAgain('I');
  const reopened = "SELECT 1 FROM deliveries WHERE run = 2 AND state = 'planned'";
  while ((await gateway.owner.all(reopened)).length < 3) expect(await files.collect()).toBe(1);
  await gateway.publish({});
  expect(await files.collect()).toBe(1);
  await gateway.publish({ file: full });
  await gateway.start('planner', 'worker');
  await arrived(2);
  expect(references(2)).toEqual(names('I', 7));
});

test('nor while they are collected', async () => {
  const files = await askedAgain('J');
  await collectPart(files);
  await gateway.publish({});
  await files.collect();
  await files.collect();
  await gateway.publish({ file: `${full}\n  guard: { shrink: 99 }` });
  await pushedAgain();
  await gateway.start('planner', 'worker');
  await nothingUnderWay();
  expect(gateway.drops()).toHaveLength(2);
  expect(references(2)).toEqual(names('J', 7));
});

test('a file of all leads that waited for the hours and is being collected when others are published is complete', async () => {
  const files = await askedAgain('K');
  await gateway.publish({ file: full, extra: closed() });
  expect(await files.collect()).toBe(0);
  await gateway.publish({ file: full, extra: open });
  await collectPart(files);
  await gateway.publish({ file: `${full}\n  guard: { shrink: 99 }` });
  await gateway.start('planner', 'worker');
  await nothingUnderWay();
  expect(gateway.drops()).toHaveLength(2);
  expect(references(2)).toEqual(names('K', 7));
});

test.each(['', ', rights: in_hours'])(
  'a long file whose hours end while it is collected leaves with all its leads at the opening (closed%s)',
  async (more) => {
    await gateway.publish({ extra: open });
    const planner = await gateway.start('planner');
    await come(...names('L', 7).map((reference) => strangerRow(reference)));
    await stop(planner);
    await gateway.ask();
    const files = collecting();
    await collectPart(files);
    await gateway.publish({ extra: closed(more) });
    await files.collect();
    await files.collect();
    await gateway.publish({ extra: open });
    await pushedAgain();
    await gateway.start('planner', 'worker');
    await gateway.soon(
      'all have left',
      async () => (await gateway.states("d.state = 'delivered'")).length === 7,
    );
  },
);

/** A worker before whose first departure something happens, once. */
async function workerDuring(happens: () => Promise<unknown>): Promise<Role> {
  let isOver = false;
  return startWorker(gateway.app, {
    step: async (name) => {
      if (name !== 'written' || isOver) return;
      isOver = true;
      await happens();
    },
  });
}

test('a long file of new leads that is being written when its mapping makes files of all does not leave', async () => {
  await ofNewLeads(names('N', 4));
  const files = collecting();
  await collectPart(files);
  expect(await files.collect()).toBe(1);
  await pushedAgain();
  const worker = await workerDuring(() => gateway.publish({ file: full, header: true }));
  await gateway.start('planner');
  await arrived(2);
  await nothingUnderWay();
  expect(gateway.drops()).toHaveLength(2);
  expect(references(2)).toEqual([...all, 'REF']);
  await worker.stop();
});

test('a file of all leads that is being written when its mapping makes files of new ones does not leave', async () => {
  const files = await askedAgain('M');
  while ((await files.collect()) > 0);
  await pushedAgain();
  const worker = await workerDuring(() => gateway.publish({}));
  await gateway.start('planner');
  await gateway.until(
    'as they were',
    async () => (await gateway.states("d.state = 'delivered' AND d.run = 2")).length === 7,
  );
  await nothingUnderWay();
  expect(gateway.drops()).toHaveLength(1);
  await worker.stop();
});

test('leads that change faster than they can be written do not leave a file of all leads without them', async () => {
  await askedAgain('P');
  const [lead] = await gateway.owner.all<{ id: number }>("SELECT id FROM leads WHERE reference = 'P-5'");
  let changes = 0;
  const before: Watch['before'] = (sql, values) => {
    if (!sql.includes("'term' AS part") || !values.includes(lead?.id) || changes === 8) return undefined;
    changes += 1;
    return gateway.owner.run("UPDATE leads SET revision = revision + 1 WHERE reference = 'P-5'");
  };
  const worker = await startWorker({ ...gateway.app, database: watching({ before }) });
  await gateway.start('planner');
  await arrived(2);
  await nothingUnderWay();
  expect(changes).toBe(8);
  expect(references(2)).toEqual(names('P', 7));
  await worker.stop();
});

/** Its leads leave one by one, by webhook. */
async function publishWebhook(port: number): Promise<void> {
  gateway.file(
    'essai/client.yaml',
    gateway
      .fileOf('essai/client.yaml')
      .replace("targets: ['sftp:essai/in']", "targets: ['sftp:essai/in', localhost]"),
  );
  gateway.file(
    'essai/csv.yaml',
    `destination: essai-csv
connector: webhook
send: { url: 'http://localhost:${port}/leads' }
consent: [{ to: OPTIN, channel: email, values: { granted: O, refused: N, not_asked: '', withdrawn: R } }]
fields: [{ to: ref, from: id }]
response: [{ accepted: { status: 2xx, json: { success: true } } }]
`,
  );
  await gateway.app.publishing.publish({ destinationId: 'essai-csv', author: 'tester', note: 'by webhook' });
}

test.each(['published', 'put back'])(
  'leads that a held file had opened again do not leave as new ones once another connector is %s',
  async (how) => {
    const crm = await startHttpRecipient();
    crm.answer = (_request, response) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"success":true}');
    await publishWebhook(crm.port);
    await gateway.publish({ file: full });
    await holdBack('Q');
    await come(strangerRow('N-1'));
    await gateway.owner.run(
      `UPDATE deliveries d JOIN leads l ON l.id = d.lead_id SET d.state = 'withheld', d.reason = 'recipient_not_authorised' WHERE l.reference = 'Q-6' AND d.run = 2`,
    );
    if (how === 'published') await publishWebhook(crm.port);
    else
      await gateway.app.publishing.rollback({
        ...{ destinationId: 'essai-csv', version: 2 },
        ...{ actor: 'tester', reason: 'back' },
      });
    await gateway.until(
      'everything at its end',
      async () =>
        (await gateway.states("d.action = 'create' AND d.state = 'delivered' AND d.settled_at IS NOT NULL"))
          .length === 8,
    );
    expect(crm.received.map(({ body }) => (JSON.parse(body.toString()) as { ref: string }).ref)).toEqual([
      'N-1',
    ]);
    expect(await gateway.owner.all("SELECT actor FROM handovers WHERE entry = 'file_discarded'")).toEqual([
      { actor: 'tester' },
    ]);
    await crm.close();
  },
);

/** For a lock. */
async function isSomebodyWaiting(): Promise<boolean> {
  const { owner } = gateway;
  // MariaDB shows the same picture again to a caller that looks within 100 ms of the last look.
  await pause(120);
  const waiting = await owner.all(
    `SELECT 1 FROM ${await processesTable(owner)} p JOIN ${await waitersTable(owner)} t ON t.id = p.ID WHERE p.DB = DATABASE()`,
  );
  return waiting.length > 0;
}

test('nor where they are being gathered while another connector is published', async () => {
  const crm = await startHttpRecipient();
  const files = await askedAgain('R');
  let publishing: Promise<void> | undefined;
  const before: Watch['before'] = (sql) => {
    if (publishing === undefined && sql.includes("d.reason LIKE 'not\\_accepted%'"))
      publishing = publishWebhook(crm.port);
    else return undefined;
    return Promise.race([publishing, gateway.until('it waits', isSomebodyWaiting)]);
  };
  const watched = collecting(watching({ before }));
  while (publishing === undefined) await watched.collect();
  await publishing;
  await files.collect();
  expect(await gateway.counts()).toEqual({ 'delivered:accepted': 7 });
  await crm.close();
});

const setStatus = (status: 'active' | 'suspended'): Promise<void> =>
  setDestinationStatus(gateway.app.database, 'essai-csv', status, by);

test.each([
  [3, 'gathered'],
  [3, 'collected'],
  [7, 'gathered'],
  [7, 'collected'],
] as const)(
  '%d of 7 leads that grow too old once they are %s, while their destination is suspended, stand in the file of all',
  async (count, place) => {
    const files = await askedAgain('S');
    const isGathered = async (): Promise<boolean> =>
      (await gateway.owner.all('SELECT 1 FROM full_files WHERE is_gathered = 1 AND gathered = 7')).length ===
      1;
    while (!(await isGathered())) await files.collect();
    if (place === 'collected') while ((await files.collect()) > 0);
    await setStatus('suspended');
    await gateway.owner.run(
      `UPDATE deliveries SET expires_at = TIMESTAMPADD(SECOND, -1, UTC_TIMESTAMP(3)) ORDER BY id DESC LIMIT ${count}`,
    );
    await gateway.start('planner');
    await gateway.until(
      'expired',
      async () => (await gateway.states("d.state = 'failed' AND d.reason LIKE 'expired%'")).length === count,
    );
    await setStatus('active');
    await pushedAgain();
    await gateway.start('worker');
    await arrived(2);
    expect(references(2)).toEqual(names('S', 7));
  },
);

test('a held file is not released once its mapping makes other files; one released before does not count for the next file of all', async () => {
  const roles = await holdBack('T');
  await stop(roles);
  await gateway.publish({});
  await expect(gateway.decide('essai-csv', 'release')).rejects.toMatchObject({ code: 'DEST-001' });
  await gateway.publish({ file: full });
  await gateway.decide('essai-csv', 'release');
  await gateway.publish({});
  await gateway.start('planner', 'worker');
  await nothingUnderWay();
  await gateway.publish({ file: full });
  await gateway.ask();
  await gateway.until('held again', isHeld);
  expect(gateway.drops()).toHaveLength(1);
});

test('a held file that is given up leaves the hours of files of new leads alone', async () => {
  const roles = await holdBack('U');
  await come(strangerRow('N-1'));
  await stop(roles);
  await gateway.publish({});
  await gateway.owner.run("INSERT INTO slots (destination_id, slot_at) VALUES ('essai-csv', '2026-01-05')");
  await gateway.decide('essai-csv', 'discard');
  expect(await gateway.owner.all("SELECT state FROM slots WHERE slot_at = '2026-01-05'")).toEqual([
    { state: 'due' },
  ]);
  await gateway.start('planner', 'worker');
  await arrived(2);
  expect(references(2)).toEqual(['N-1']);
});
