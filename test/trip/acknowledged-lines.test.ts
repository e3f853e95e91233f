// Acknowledgements read line by line: each lead of a file gets its own outcome, and no line of anybody's moves another.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { silentLog } from '../../src/log.ts';
import { openDropGateway, type DropGateway, type FlowLines } from './drop.ts';
import { strangerRow } from './gateway.ts';

let gateway: DropGateway;
const names = (letter: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${letter}-${index + 1}`);

const csvLines =
  'csv: {}, reference: REF, status: STATUT, reason: MOTIF, id: ID, accepted: [OK], duplicate: [DOUBLON], refused: [KO], again: [PLUS TARD]';
const lined = (lines = csvLines, path = 'in/ACK_{seq}.txt'): FlowLines => ({
  file: `  ack: { path: '${path}', within: 1h, lines: { ${lines} } }`,
  extra: 'pending: { for: 1h, every: 1s }',
});

const acknowledge = (text: string | Buffer, name = 'ACK_1.txt'): void =>
  writeFileSync(join(gateway.folder, name), text);
const heading = 'REF;STATUT;MOTIF;ID\n';
const stateOf = async (reference: string): Promise<readonly string[]> =>
  (await gateway.states(`l.reference = '${reference}'`)).map((row) => `${row.state}:${row.reason}`);
const alerts = async (): Promise<readonly string[]> =>
  (
    await gateway.owner.all<{ kind: string; reason: string }>(
      "SELECT kind, reason FROM alerts WHERE kind LIKE 'ack%' ORDER BY id",
    )
  ).map((one) => `${one.kind} ${one.reason}`);
const batches = async (): Promise<readonly unknown[]> =>
  gateway.owner.all("SELECT state FROM batches WHERE role <> 'part' ORDER BY id");

async function sendAll(references: readonly string[]): Promise<void> {
  await gateway.start('planner', 'worker');
  await gateway.send(...references.map((name) => strangerRow(name)));
  await gateway.collectable(references.length);
  await gateway.ask();
  await gateway.soon(
    'pending',
    async () => (await gateway.counts())['pending:recipient_decides'] === references.length,
  );
}

afterEach(() => gateway.close());

test('each lead of a file gets the outcome of its line; of a refusal the code is kept and no text', async () => {
  gateway = await openDropGateway(lined());
  await sendAll(names('L', 6));
  acknowledge(
    `${heading}L-1;ok;;CRM-17\nL-2;KO;TEL_INVALIDE;\nL-3;KO;"Mme Durand n'habite plus là";\nL-6;KO;${String(strangerRow('L-6').last_name)}_injoignable;\nL-4;DOUBLON;;\nL-5;Plus tard;BASE;\n`,
  );
  await gateway.soon('settled', async () => (await gateway.counts())['delivered:duplicate'] === 1);
  expect(await stateOf('L-1')).toEqual(['delivered:accepted']);
  expect(await stateOf('L-2')).toEqual(['failed:refused:TEL_INVALIDE']);
  expect(await stateOf('L-3')).toEqual(['failed:refused:OTHER']);
  // A code in form, with the name of the lead's person.
  expect(await stateOf('L-6')).toEqual(['failed:refused:OTHER']);
  expect(await stateOf('L-4')).toEqual(['delivered:duplicate']);
  await gateway.soon('file ended', async () => JSON.stringify(await batches()) === '[{"state":"sent"}]');
  const [first] = await gateway.owner.all<{ reference: string }>(
    "SELECT recipient_reference AS reference FROM deliveries WHERE state = 'delivered' AND reason = 'accepted'",
  );
  expect(first?.reference).toBe('CRM-17');
  // It leaves in the next file, under another number.
  expect((await stateOf('L-5'))[0]).toMatch(/^waiting:(retry:BASE|slot)$/);
  await gateway.owner.run("UPDATE deliveries SET due_at = UTC_TIMESTAMP(3) WHERE state = 'waiting'");
  await gateway.ask();
  await gateway.soon('second file', async () => gateway.drops().length === 2);
  expect(gateway.text('L_000002.csv')).toContain('L-5');
  await gateway.soon(
    'pending again',
    async () => (await gateway.counts())['pending:recipient_decides'] === 1,
  );
  acknowledge(`${heading}L-5;OK;;\n`, 'ACK_2.txt');
  await gateway.soon('all', async () => (await stateOf('L-5'))[0] === 'delivered:accepted');
  expect(await alerts()).toEqual([]);
  expect(await gateway.stranded()).toBe(0);
});

test('lines about a file of updates count also where the mapping writes no updates any more', async () => {
  gateway = await openDropGateway({ ...lined(), extra: `${lined().extra}\nupdate: {}` });
  const [planner] = await gateway.start('planner');
  await gateway.send(strangerRow('U-1'), strangerRow('U-2'));
  await gateway.collectable(2);
  await gateway.owner.run("UPDATE deliveries SET action = 'update'");
  await gateway.ask();
  await gateway.until('queued', async () => (await gateway.counts())['queued'] === 2);
  await planner?.stop();
  const roles = await gateway.start('planner', 'worker');
  await gateway.soon('pending', async () => (await gateway.counts())['pending:recipient_decides'] === 2);
  for (const role of roles) await role.stop();
  await gateway.publish(lined());
  await gateway.start('planner', 'worker');
  acknowledge(`${heading}U-1;OK;;CRM-1\nU-2;KO;DOUBLE;\n`);
  await gateway.soon('settled', async () => (await stateOf('U-2'))[0] === 'failed:refused:DOUBLE');
  expect(await stateOf('U-1')).toEqual(['delivered:accepted']);
});

test('a lead without a line is never delivered: it waits, and past its time it has failed as undecided, its file having arrived', async () => {
  gateway = await openDropGateway(lined());
  await sendAll(names('N', 3));
  acknowledge(`${heading}N-1;OK;;\n`);
  await gateway.soon('first', async () => (await stateOf('N-1'))[0] === 'delivered:accepted');
  expect((await stateOf('N-2'))[0]).not.toMatch(/^delivered/);
  await gateway.owner.run(
    'UPDATE deliveries SET pending_since = TIMESTAMPADD(MINUTE, -61, UTC_TIMESTAMP(3)) WHERE pending_since IS NOT NULL',
  );
  await gateway.soon('given up', async () => (await gateway.counts())['failed:expired:PENDING'] === 2);
  await gateway.soon('file ended', async () => JSON.stringify(await batches()) === '[{"state":"sent"}]');
  expect((await gateway.entries()).filter((entry) => entry.entry === 'batch_voided')).toEqual([]);
  // Its line comes after all: what was left open is settled by it, without anybody.
  acknowledge(`${heading}N-1;OK;;\nN-2;OK;;\nN-3;KO;DOUBTE;\n`);
  await gateway.soon('late', async () => {
    await gateway.owner.run('UPDATE batches SET look_at = UTC_TIMESTAMP(3) WHERE look_at IS NOT NULL');
    return (await stateOf('N-2'))[0] === 'delivered:accepted';
  });
  expect(await stateOf('N-3')).toEqual(['failed:expired:PENDING']);
});

test('a line that contradicts an earlier one moves nothing: it stands in the log, and support is asked once', async () => {
  gateway = await openDropGateway(lined());
  await sendAll(names('C', 3));
  acknowledge(`${heading}C-1;OK;;\nC-2;KO;X1;\nC-1;KO;X2;\n`);
  await gateway.soon('heard', async () => (await stateOf('C-2'))[0] === 'failed:refused:X1');
  await gateway.soon('told', async () => (await alerts()).length === 1);
  expect(await stateOf('C-1')).toEqual(['delivered:accepted']);
  // Replaced by another that says the contrary of both, and speaks of the third.
  acknowledge(`${heading}C-1;OK;;\nC-2;OK;;\nC-3;OK;;\n`);
  await gateway.soon('third', async () => (await stateOf('C-3'))[0] === 'delivered:accepted');
  await gateway.soon('told again', async () => (await alerts()).length === 2);
  expect(await stateOf('C-2')).toEqual(['failed:refused:X1']);
  const late = (await gateway.entries()).filter((entry) => entry.entry === 'late');
  expect(late.map((entry) => entry.outcome)).toEqual(['refused', 'accepted']);
  // After the end of its file a third one contradicts, once.
  acknowledge(`${heading}C-3;KO;X3;\n`);
  const look = (): Promise<unknown> =>
    gateway.owner.run('UPDATE batches SET look_at = UTC_TIMESTAMP(3) WHERE look_at IS NOT NULL');
  await gateway.soon('after the end', async () => {
    await look();
    return (await alerts()).length === 3;
  });
  expect(await alerts()).toEqual([
    'ack_contradicts FILE_1',
    'ack_contradicts FILE_1',
    'ack_contradicts FILE_1',
  ]);
  expect(await stateOf('C-3')).toEqual(['delivered:accepted']);
});

test('lines about leads that are not in the file, and words that nobody agreed, move nothing and are told', async () => {
  gateway = await openDropGateway(lined());
  await sendAll(names('U', 2));
  await gateway.send(strangerRow('U-9'));
  await gateway.collectable(1);
  acknowledge(`${heading}U-9;OK;;\nNOBODY;OK;;\nU-1;HM;;\nU-2;OK;;\n`);
  await gateway.soon('heard', async () => (await stateOf('U-2'))[0] === 'delivered:accepted');
  await gateway.soon('told', async () => (await alerts()).length === 2);
  expect(await alerts()).toEqual(['ack_lines_unknown FILE_1', 'ack_lines_unknown FILE_1.STATUS']);
  expect((await stateOf('U-1'))[0]).not.toMatch(/^(delivered|failed)/);
  expect((await stateOf('U-9'))[0]).toMatch(/^(planned|waiting):/);
});

test('an acknowledgement that is malformed at its end, too large or in another encoding moves nothing and is told; the right one is read', async () => {
  gateway = await openDropGateway(lined());
  await sendAll(names('M', 2));
  for (const [text, code] of [
    [`${heading}M-1;KO;;\n"M-2;KO;;\n`, 'MALFORMED'],
    [Buffer.from(`${heading}M-1;KO;déjà;\n`, 'latin1'), 'ENCODING'],
    [Buffer.from(`${heading}M-1;KO;;\n`, 'utf16le'), 'ENCODING'],
    [`REF;ETAT\nM-1;KO\n`, 'COLUMNS'],
    [`${heading}M-1;KO;;\n${'x'.repeat(1_100_000)}\n`, 'TOO_LARGE'],
  ] as const) {
    acknowledge(text);
    await gateway.soon(code, async () => (await alerts()).includes(`ack_unreadable FILE_1.${code}`));
    expect((await gateway.counts())['failed:refused:NO_REASON']).toBeUndefined();
  }
  acknowledge(`${heading}M-1;OK;;\nM-2;OK;;\n`);
  await gateway.soon('read', async () => (await gateway.counts())['delivered:accepted'] === 2);
});

test('an acknowledgement in pieces is read as they come, and an erased lead among them stays cancelled', async () => {
  gateway = await openDropGateway(lined(csvLines, 'in/ACK_{seq}_{piece:2}.txt'));
  await sendAll(names('P', 4));
  await gateway.app.rights.erase({ clientId: 'essai', reference: 'P-4', actor: 't', reason: 't' });
  acknowledge(`${heading}P-1;OK;;\nP-4;OK;;\n`, 'ACK_1_01.txt');
  await gateway.soon('first piece', async () => (await stateOf('P-1'))[0] === 'delivered:accepted');
  acknowledge(`${heading}P-2;OK;;\n`, 'ACK_1_02.txt');
  acknowledge(`${heading}P-3;KO;NON;\n`, 'ACK_1_03.txt');
  await gateway.soon('all', async () => (await stateOf('P-3'))[0] === 'failed:refused:NON');
  expect(await stateOf('P-2')).toEqual(['delivered:accepted']);
  expect((await stateOf('P-4'))[0]).toMatch(/^(cancelled:erased|delivered:accepted)$/);
  expect(await gateway.stranded()).toBe(0);
});

test('XML is read by its records, and a lead may be named by the key of its delivery', async () => {
  gateway = await openDropGateway({
    ...lined(
      "xml: { record: lead }, key: '@cle', status: etat, reason: motif, accepted: [OK], refused: [KO]",
    ),
    fields: '[{ consent: rest }, { to: REF, from: delivery.key }, { to: NOM, from: identity.lastName }]',
  });
  await sendAll(names('X', 2));
  const keys = await gateway.owner.all<{ key: string }>(
    'SELECT delivery_key AS `key` FROM deliveries ORDER BY id',
  );
  mkdirSync(join(gateway.folder, 'none'), { recursive: true });
  acknowledge(
    `<?xml version="1.0" encoding="ISO-8859-1"?>\n<a:retour xmlns:a="urn:x"><a:lead cle="${keys[0]?.key}"><etat>OK</etat></a:lead><lead cle="${keys[1]?.key}"><etat>KO</etat><motif><![CDATA[A1]]></motif></lead></a:retour>`,
  );
  await gateway.soon('settled', async () => (await gateway.counts())['delivered:accepted'] === 1);
  expect(await gateway.counts()).toMatchObject({ 'failed:refused:A1': 1 });
});

test('a long file is heard part by part; leads without a line wait, and expire without taking the file for voided', async () => {
  gateway = await openDropGateway(lined(), silentLog, { RELAIS_FILE_PART_ROWS: '3' });
  await sendAll(names('G', 8));
  expect(gateway.drops()).toEqual(['L_000001.csv']);
  const line = (name: string): string => `${name};OK;;\n`;
  acknowledge(heading + names('G', 4).map(line).join(''));
  await gateway.soon('first half', async () => (await gateway.counts())['delivered:accepted'] === 4);
  expect((await gateway.counts())['pending:recipient_decides']).toBe(4);
  acknowledge(heading + names('G', 6).map(line).join('') + 'G-7;KO;N7;\n');
  await gateway.soon('more', async () => (await gateway.counts())['failed:refused:N7'] === 1);
  await gateway.owner.run(
    'UPDATE deliveries SET pending_since = TIMESTAMPADD(MINUTE, -61, UTC_TIMESTAMP(3)) WHERE pending_since IS NOT NULL',
  );
  await gateway.owner.run(
    'UPDATE batches SET first_sent_at = TIMESTAMPADD(MINUTE, -61, UTC_TIMESTAMP(3)) WHERE first_sent_at IS NOT NULL',
  );
  await gateway.soon('given up', async () => (await gateway.counts())['failed:expired:PENDING'] === 1);
  expect((await gateway.counts())['delivered:accepted']).toBe(6);
  await gateway.soon('ended', async () => JSON.stringify(await batches()) === '[{"state":"sent"}]');
  expect(await gateway.owner.all("SELECT 1 FROM batches WHERE state = 'voided'")).toEqual([]);
  expect(gateway.drops()).toEqual(['L_000001.csv']);
  expect(await gateway.stranded()).toBe(0);
  expect(await alerts()).toEqual([]);
});

test('a reading that broke off begins anew, and what was heard before is not heard twice', async () => {
  gateway = await openDropGateway(lined());
  await sendAll(names('R', 3));
  acknowledge(`${heading}R-1;OK;;\nR-2;KO;N2;\nR-3;OK;;\n`);
  await gateway.soon('ended', async () => JSON.stringify(await batches()) === '[{"state":"sent"}]');
  const heard = async (): Promise<number> =>
    (await gateway.entries()).filter((entry) => entry.entry === 'lookup' && entry.outcome !== 'pending')
      .length;
  expect(await heard()).toBe(3);
  // As a worker leaves it that died before it noted the end.
  await gateway.owner.run("UPDATE file_acknowledgements SET state = 'seen'");
  await gateway.owner.run('UPDATE batches SET look_at = UTC_TIMESTAMP(3)');
  const read = (): Promise<readonly unknown[]> =>
    gateway.owner.all("SELECT 1 FROM file_acknowledgements WHERE state = 'read'");
  await gateway.soon('read anew', async () => (await read()).length === 1);
  expect(await heard()).toBe(3);
  expect(await alerts()).toEqual([]);
  expect(await gateway.counts()).toEqual({ 'delivered:accepted': 2, 'failed:refused:N2': 1 });
});

test('a file whose lines refuse twenty leads and take none holds its destination; one that is taken among them does not', async () => {
  gateway = await openDropGateway(lined());
  await sendAll(names('T', 21));
  const told = (): Promise<readonly unknown[]> =>
    gateway.owner.all("SELECT reason FROM alerts WHERE kind = 'destination_held'");
  const said = (letter: string, taken: number): string =>
    heading +
    names(letter, 21)
      .map((name, index) => `${name};${index === taken ? 'OK' : 'KO'};X;\n`)
      .join('');
  acknowledge(said('T', 20));
  await gateway.soon('heard', async () => (await stateOf('T-21'))[0] === 'delivered:accepted');
  await gateway.soon('ended', async () => JSON.stringify(await batches()) === '[{"state":"sent"}]');
  expect(await told()).toEqual([]);
  await gateway.send(...names('U', 21).map((name) => strangerRow(name)));
  await gateway.collectable(21);
  await gateway.ask();
  await gateway.soon('pending', async () => (await gateway.counts())['pending:recipient_decides'] === 21);
  acknowledge(said('U', -1), 'ACK_2.txt');
  await gateway.soon('held', async () => (await told()).length === 1);
  expect(await told()).toEqual([{ reason: 'rejection' }]);
  expect((await gateway.entries()).filter((entry) => entry.entry === 'circuit_opened')).toHaveLength(1);
});

test.each([
  ['short', '1000'],
  ['long', '2'],
])(
  'a %s file that its acknowledgement refuses whole ends as refused: the recipient has its number',
  async (_, partRows) => {
    gateway = await openDropGateway(
      {
        file: "  ack: { path: 'in/ACK_{seq}.txt', within: 1h }",
        extra:
          'pending: { for: 4h, every: 1s }\nresponse:\n  - { accepted: { text: OK }, on: lookup }\n  - { refused: { text: KO }, on: lookup }',
      },
      silentLog,
      { RELAIS_FILE_PART_ROWS: partRows },
    );
    await sendAll(names('V', 5));
    acknowledge('KO');
    await gateway.soon(
      'refused',
      async () =>
        (await gateway.counts("state = 'failed'"))['failed:refused'] === 5 ||
        Object.keys(await gateway.counts()).every((key) => key.startsWith('failed')),
    );
    await gateway.soon('ended', async () => JSON.stringify(await batches()) === '[{"state":"refused"}]');
    expect((await gateway.entries()).filter((entry) => entry.entry === 'batch_voided')).toEqual([]);
  },
);

test('a line whose lead breaks is told of once; the others are heard, and repaired it is heard too', async () => {
  gateway = await openDropGateway(lined());
  await sendAll(names('B', 5));
  await gateway.owner.text(
    `CREATE TRIGGER poison BEFORE UPDATE ON deliveries FOR EACH ROW
       IF NEW.state IN ('delivered', 'failed') AND (SELECT l.reference FROM leads l WHERE l.id = NEW.lead_id) = 'B-3'
       THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'poison'; END IF`,
  );
  acknowledge(`${heading}B-1;OK;;\nB-2;KO;X1;\nB-3;KO;X2;\nB-4;OK;;\nB-3;OK;;\nB-5;OK;;\n`);
  await gateway.soon(
    'heard',
    async () =>
      (await gateway.counts())['delivered:accepted'] === 3 &&
      (await stateOf('B-2'))[0] === 'failed:refused:X1',
  );
  expect((await stateOf('B-3'))[0]).not.toMatch(/^(delivered|failed)/);
  const told = (): Promise<readonly { readonly reason: string }[]> =>
    gateway.owner.all(
      "SELECT a.reason FROM alerts a JOIN deliveries d ON d.id = a.delivery_id JOIN leads l ON l.id = d.lead_id WHERE a.kind = 'internal_error' AND a.closed_at IS NULL AND l.reference = 'B-3'",
    );
  await gateway.soon('told', async () => (await told()).length > 0);
  await gateway.owner.text('DROP TRIGGER poison');
  // The first of its two lines counts.
  await gateway.soon('repaired', async () => (await stateOf('B-3'))[0] === 'failed:refused:X2');
  await gateway.soon('nothing is told any more', async () => (await told()).length === 0);
  await gateway.soon('file ended', async () => JSON.stringify(await batches()) === '[{"state":"sent"}]');
  expect(await alerts()).toEqual(['ack_contradicts FILE_1']);
});
