// Files of more rows than are written at once: one file, written in parts, whole or not at all.
import { createHash } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { silentLog } from '../../src/log.ts';
import { setDestinationStatus } from '../../src/support/suspend.ts';
import { sftpUser } from '../connectors/servers/sftp.ts';
import { openDropGateway, type DropGateway, type FlowLines } from './drop.ts';
import { strangerRow } from './gateway.ts';
import { lapse, startProcess } from './process.ts';

let gateway: DropGateway;
const by = { actor: 'tester', reason: 'test' };
const names = (letter: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${letter}-${index + 1}`);
const open = async (over: FlowLines = {}): Promise<void> => {
  gateway = await openDropGateway(over, silentLog, { RELAIS_FILE_PART_ROWS: '3' });
};
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const referencesIn = (name: string): readonly string[] =>
  gateway
    .text(name)
    .trim()
    .split('\n')
    .map((line) => line.split(';')[1]?.replaceAll('"', '') ?? '')
    .toSorted();
const delivered = async (count: number): Promise<void> =>
  gateway.soon(
    'delivered',
    async () =>
      ((await gateway.counts())['delivered:accepted'] ?? 0) +
        ((await gateway.counts())['delivered:duplicate'] ?? 0) ===
      count,
  );
const batches = (): Promise<readonly { role: string; state: string }[]> =>
  gateway.owner.all('SELECT role, state FROM batches ORDER BY id');

afterEach(() => gateway.close());

test('leads of a slot make one file however many parts it is written in; its control file counts them all', async () => {
  await open({ file: "  control: { sidecar: '.ctl', fields: [rows, sha256, size, seq] }" });
  await gateway.start('planner', 'worker');
  await gateway.send(...names('A', 10).map((name) => strangerRow(name)));
  await gateway.collectable(10);
  await gateway.ask();
  await delivered(10);
  expect(gateway.drops()).toEqual(['L_000001.csv']);
  expect(referencesIn('L_000001.csv')).toEqual(names('A', 10).toSorted());
  const text = gateway.text('L_000001.csv');
  expect(gateway.text('L_000001.csv.ctl')).toBe(
    `rows=10\nsha256=${sha256(text)}\nsize=${Buffer.byteLength(text)}\nseq=1\n`,
  );
  await gateway.until('ended', async () => (await batches()).every((one) => one.state === 'sent'));
  expect((await batches()).map((one) => one.role).toSorted()).toEqual([
    'part',
    'part',
    'part',
    'part',
    'whole',
  ]);
  // The log proves each of them: a departure with the name of the file, and its outcome.
  const entries = await gateway.owner.all<{ entry: string; n: number; digests: number; files: number }>(
    `SELECT entry, COUNT(DISTINCT delivery_id) AS n, COUNT(DISTINCT digest) AS digests, SUM(file_name = 'L_000001.csv') AS files
       FROM handovers WHERE entry IN ('departed', 'outcome') GROUP BY entry ORDER BY entry`,
  );
  expect(entries.map((one) => [one.entry, one.n])).toEqual([
    ['departed', 10],
    ['outcome', 10],
  ]);
  expect(Number(entries[0]?.files)).toBe(10);
  expect(entries[0]?.digests).toBe(10);
  expect(await gateway.stranded()).toBe(0);
  // Nothing of it is kept.
  expect(await gateway.owner.all('SELECT 1 FROM batches WHERE content IS NOT NULL')).toEqual([]);
});

test('a list of JSON and a tree of XML written in parts are well-formed', async () => {
  await open();
  const asJson = (file: string): string =>
    file.replace(/^csv:.*$/m, 'json: {}').replace("name: 'L_{seq:6}.csv'", "name: 'L_{seq:6}.json.csv'");
  gateway.file('essai/csv.yaml', asJson(gateway.fileOf('essai/csv.yaml')));
  await gateway.app.publishing.publish({ destinationId: 'essai-csv', author: 'tester', note: 'json' });
  await gateway.start('planner', 'worker');
  await gateway.send(...names('J', 7).map((name) => strangerRow(name)));
  await gateway.collectable(7);
  await gateway.ask();
  await delivered(7);
  const records = JSON.parse(gateway.text('L_000001.json.csv')) as readonly { readonly REF: string }[];
  expect(records.map((one) => one.REF).toSorted()).toEqual(names('J', 7).toSorted());
});

/** Runs `meanwhile` when the first parts have departed and the last one cannot be claimed yet. */
async function whileItIsWritten(count: number, meanwhile: () => Promise<void>): Promise<void> {
  await gateway.ask();
  await gateway.until('queued', async () => (await gateway.counts())['queued'] === count);
  await gateway.owner.transaction(async (tx) => {
    await tx.all('SELECT id FROM deliveries ORDER BY id DESC LIMIT 1 FOR UPDATE');
    await gateway.start('worker');
    await gateway.until('departed', async () => {
      const departed = await gateway.states('d.departures > 0');
      return departed.length === count - (count % 3);
    });
    await meanwhile();
  });
}

test('what a prospect took back while the file was being written is not in it: nothing had left', async () => {
  await open({ extra: 'update: {}' });
  const [planner] = await gateway.start('planner');
  await gateway.send(...names('W', 8).map((name) => strangerRow(name)));
  await gateway.collectable(8);
  const right = { clientId: 'essai', ...by };
  await whileItIsWritten(8, async () => {
    await gateway.app.rights.withdraw({
      ...{ ...right, reference: 'W-1', purpose: 'marketing' as const },
      channels: ['email'],
    });
    await gateway.app.rights.erase({ ...right, reference: 'W-5' });
  });
  await delivered(7);
  expect(gateway.drops()).toEqual(['L_000001.csv']);
  expect(referencesIn('L_000001.csv')).not.toContain('W-5');
  expect(referencesIn('L_000001.csv')).toHaveLength(7);
  const line = (name: string): string =>
    gateway
      .text('L_000001.csv')
      .split('\n')
      .find((text) => text.includes(`"${name}"`)) ?? '';
  expect(line('W-1').startsWith('"R"')).toBe(true);
  expect(line('W-2').startsWith('"O"')).toBe(true);
  await planner?.stop();
});

test('what is taken back meanwhile is not in it either where an earlier file may have brought the lead', async () => {
  await open({ extra: 'update: {}' });
  const [planner] = await gateway.start('planner');
  await gateway.send(...names('B', 8).map((name) => strangerRow(name)));
  await gateway.collectable(8);
  await gateway.owner.run(
    `UPDATE deliveries d JOIN destinations s ON s.id = d.destination_id
        SET d.maybe_received = 1, d.sent_revision = 1, d.sent_mapping_id = s.mapping_version_id`,
  );
  const right = { clientId: 'essai', ...by };
  await whileItIsWritten(8, async () => {
    await gateway.app.rights.withdraw({
      ...{ ...right, reference: 'B-1', purpose: 'marketing' as const },
      channels: ['email'],
    });
  });
  await delivered(8);
  const optIns = gateway.text('L_000001.csv').trim().split('\n').toSorted();
  expect(optIns.map((line) => line.slice(0, 3))).toEqual([...names('B', 7).map(() => '"O"'), '"R"']);
  await planner?.stop();
});

test('a cut in the middle is tried again under the same name with the same bytes, and there is no second file', async () => {
  await open();
  await gateway.start('planner', 'worker');
  let cuts = 0;
  gateway.sftp.fault = (step) => (step === 'write' && cuts++ === 0 ? 'reset' : undefined);
  await gateway.send(...names('C', 8).map((name) => strangerRow(name)));
  await gateway.collectable(8);
  await gateway.ask();
  await delivered(8);
  expect(gateway.drops()).toEqual(['L_000001.csv']);
  expect(referencesIn('L_000001.csv')).toEqual(names('C', 8).toSorted());
  expect(existsSync(join(gateway.folder, 'L_000001.csv.part'))).toBe(false);
  await gateway.until('ended', async () => (await batches()).every((one) => one.state === 'sent'));
});

/** A worker of its own that can be killed. */
const startKillable = () =>
  startProcess(gateway, 'worker', {
    RELAIS_SECRET_SFTP: sftpUser.password,
    RELAIS_MAPPINGS_DIR: gateway.config.mappingsDir,
  });

test.each(['while its parts are written', 'while its bytes travel'])(
  'a worker killed %s leaves one complete file, and no second one',
  async (when) => {
    // However late it is killed, nobody has given up before.
    await open({ timeouts: '{ connect: 10s, response: 30s, total: 40s }' });
    const [planner] = await gateway.start('planner');
    await gateway.send(...names('X', 8).map((name) => strangerRow(name)));
    await gateway.collectable(8);
    await gateway.ask();
    await gateway.until('queued', async () => (await gateway.counts())['queued'] === 8);
    const killed = startKillable();
    const departed = async (count: number): Promise<void> =>
      gateway.until('departed', async () => (await gateway.states('d.departures > 0')).length === count);
    if (when === 'while its parts are written') {
      await gateway.owner.transaction(async (tx) => {
        await tx.all('SELECT id FROM deliveries ORDER BY id DESC LIMIT 1 FOR UPDATE');
        await departed(6);
        killed.child.kill('SIGKILL');
        await killed.exit;
      });
    } else {
      gateway.sftp.fault = (step) => (step === 'write' ? 'hang' : undefined);
      await departed(8);
      await gateway.until('travels', () => gateway.sftp.log.length > 0);
      killed.child.kill('SIGKILL');
      await killed.exit;
      gateway.sftp.fault = () => undefined;
    }
    await lapse(gateway);
    await gateway.start('worker');
    await delivered(8);
    expect(gateway.drops()).toEqual(['L_000001.csv']);
    expect(referencesIn('L_000001.csv')).toEqual(names('X', 8).toSorted());
    await gateway.until('ended', async () => (await batches()).every((one) => one.state === 'sent'));
    // Each departure has its outcome: of the killed worker's, that nothing left, or that nobody knows.
    const outcomes = (await gateway.entries()).filter((one) =>
      when === 'while its bytes travel'
        ? one.entry === 'outcome_unknown'
        : one.entry === 'outcome' && one.reason === 'FILE_NOT_FINISHED',
    );
    expect(outcomes).toHaveLength(when === 'while its bytes travel' ? 8 : 6);
    await planner?.stop();
  },
);

test('a rename whose answer is lost is found standing: one file, each row delivered', async () => {
  await open();
  await gateway.start('planner', 'worker');
  let cuts = 0;
  gateway.sftp.fault = (step) => (step === 'renamed' && cuts++ === 0 ? 'reset' : undefined);
  await gateway.send(...names('R', 7).map((name) => strangerRow(name)));
  await gateway.collectable(7);
  await gateway.ask();
  await delivered(7);
  expect(gateway.drops()).toEqual(['L_000001.csv']);
  expect(gateway.sftp.log.filter((line) => line.startsWith('rename'))).toHaveLength(1);
});

// Of the first part nothing has departed again by then; before the last part is written, all the others have.
test.each(['E-2', 'E-8'])(
  'once the recipient may have it, erasing %s voids the file: its other rows leave under another number',
  async (erased) => {
    await open({ retry: '[1h, 1h, 1h, 1h]' });
    await gateway.start('planner', 'worker');
    let cuts = 0;
    gateway.sftp.fault = (step) => (step === 'write' && cuts++ === 0 ? 'reset' : undefined);
    await gateway.send(...names('E', 8).map((name) => strangerRow(name)));
    await gateway.collectable(8);
    await gateway.ask();
    await gateway.until(
      'cut',
      async () => (await gateway.states("d.state = 'waiting' AND d.reason LIKE 'retry%'")).length === 8,
    );
    // Each waits for a time of its own, its file for another.
    await gateway.owner.run('UPDATE deliveries SET due_at = TIMESTAMPADD(HOUR, 1, due_at)');
    await gateway.app.rights.erase({ clientId: 'essai', reference: erased, ...by });
    await delivered(7);
    expect(gateway.drops()).toEqual(['L_000002.csv']);
    expect(referencesIn('L_000002.csv')).toEqual(
      names('E', 8)
        .filter((name) => name !== erased)
        .toSorted(),
    );
    // In the story of each of them, whether it was in the worker's hand just then or not.
    const untold = await gateway.owner.all(
      `SELECT delivery_id FROM handovers WHERE delivery_id > 0
        GROUP BY delivery_id HAVING COUNT(DISTINCT IF(entry = 'departed', file_name, NULL)) > 1 + SUM(entry = 'batch_voided')`,
    );
    expect(untold).toEqual([]);
    const without = await gateway.owner.all(
      `SELECT delivery_id, attempt FROM handovers WHERE delivery_id > 0
      GROUP BY delivery_id, run, attempt HAVING SUM(entry = 'departed') <> SUM(entry IN ('outcome', 'outcome_unknown'))`,
    );
    expect(without).toEqual([]);
    expect(await gateway.stranded()).toBe(0);
  },
);

test('its recipient being suspended keeps a long file; resuming sends it whole', async () => {
  await open();
  const [planner] = await gateway.start('planner');
  await gateway.send(...names('P', 8).map((name) => strangerRow(name)));
  await gateway.collectable(8);
  await gateway.ask();
  await gateway.until('queued', async () => (await gateway.counts())['queued'] === 8);
  await setDestinationStatus(gateway.app.database, 'essai-csv', 'suspended', by);
  const [worker] = await gateway.start('worker');
  await gateway.until(
    'shown',
    async () => ((await gateway.counts())['waiting:destination_suspended'] ?? 0) > 0,
  );
  expect(gateway.drops()).toEqual([]);
  await setDestinationStatus(gateway.app.database, 'essai-csv', 'active', by);
  await delivered(8);
  expect(gateway.drops()).toEqual(['L_000001.csv']);
  await Promise.all([planner?.stop(), worker?.stop()]);
});

test('an acknowledgement is asked for once for the whole file, and settles every row of it', async () => {
  await open({
    file: "  ack: { path: 'in/ACK_{seq}.txt' }",
    extra:
      'pending: { for: 1h, every: 1s }\nresponse:\n  - { accepted: { text: OK }, on: lookup }\n  - { refused: { text: KO }, on: lookup }',
  });
  await gateway.start('planner', 'worker');
  await gateway.send(...names('K', 7).map((name) => strangerRow(name)));
  await gateway.collectable(7);
  await gateway.ask();
  await gateway.until('pending', async () => (await gateway.counts())['pending:recipient_decides'] === 7);
  const connections = gateway.sftp.connections();
  await gateway.soon('asked', () => gateway.sftp.connections() > connections + 1);
  // No row of it moves, and the log gets no entry for each of them, while the recipient decides.
  expect((await gateway.entries()).filter((one) => one.entry === 'lookup')).toEqual([]);
  writeFileSync(join(gateway.folder, 'ACK_1.txt'), 'OK');
  await delivered(7);
  expect(gateway.drops()).toEqual(['L_000001.csv']);
  // Found out by asking: nothing departed once more, and the log does not say so.
  const entries = await gateway.entries();
  expect(entries.filter(({ entry }) => entry === 'departed')).toHaveLength(7);
  expect(entries.filter(({ entry }) => entry === 'outcome')).toHaveLength(7);
  expect(entries.filter(({ entry }) => entry === 'lookup')).toHaveLength(7);
});

test('`empty: header`: an hour without leads makes a numbered file with its heading alone, once', async () => {
  gateway = await openDropGateway({}, silentLog, {});
  const withHeading = gateway
    .fileOf('essai/csv.yaml')
    .replace('header: false', 'header: true')
    .replace('file:\n', "file:\n  empty: header\n  control: { sidecar: '.ctl', fields: [rows, seq] }\n");
  gateway.file('essai/csv.yaml', withHeading);
  await gateway.app.publishing.publish({ destinationId: 'essai-csv', author: 'tester', note: 'empty' });
  await gateway.start('planner', 'worker');
  let cuts = 0;
  gateway.sftp.fault = (step) => (step === 'write' && cuts++ === 0 ? 'reset' : undefined);
  await gateway.ask();
  const ended = async (state: string): Promise<boolean> =>
    (await batches()).some((one) => one.role === 'whole' && one.state === state);
  await gateway.soon('sent', () => ended('sent'));
  expect(gateway.drops()).toEqual(['L_000001.csv']);
  expect(gateway.text('L_000001.csv')).toBe('"OPTIN";"REF";"NOM"\n');
  expect(gateway.text('L_000001.csv.ctl')).toBe('rows=0\nseq=1\n');
  const entries = await gateway.owner.all<{ entry: string; outcome: string; next_step: string }>(
    "SELECT entry, outcome, next_step FROM handovers WHERE entry LIKE 'file\\\\_%' AND entry <> 'file_requested' ORDER BY id",
  );
  expect(entries.map((one) => `${one.entry} ${one.outcome} ${one.next_step}`.trim())).toEqual([
    'file_departed',
    'file_outcome unavailable retry',
    'file_departed',
    'file_outcome accepted done',
  ]);
  // With leads there is one file, of them.
  await gateway.send(strangerRow('N-1'));
  await gateway.collectable(1);
  await gateway.ask();
  await delivered(1);
  expect(gateway.drops()).toEqual(['L_000001.csv', 'L_000002.csv']);
});
