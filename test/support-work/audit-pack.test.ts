// An audit pack: whole, signed, of one client alone, with nothing of a person; and each way of altering one is noticed.
import { execFileSync } from 'node:child_process';
import { createHash, sign } from 'node:crypto';
import { createWriteStream, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createKeyRing } from '../../src/domain/key-ring.ts';
import { archiveLog, removeArchived } from '../../src/privacy/archive.ts';
import { proofKeyOf, publishedKeys } from '../../src/privacy/proofs/proof.ts';
import { checkPack, type CheckedPack } from '../../src/support/audit-pack/check.ts';
import {
  auditPack,
  manifestOf,
  sumsOf,
  type PackAsked,
  type PackPlace,
} from '../../src/support/audit-pack/pack.ts';
import { beginVerification, endVerification } from '../../src/store/log/log-range.ts';
import { entryText } from '../../src/privacy/macs.ts';
import { appendHandovers } from '../../src/store/log/handovers.ts';
import { readEntries } from '../../src/store/log/seals.ts';
import { twoClients } from '../support/two-clients.ts';
import { openGateway, strangerRow, type Gateway } from '../trip/gateway.ts';
import { filesOf, zipOf } from './opened-zip.ts';

let gateway: Gateway;
let folder: string;
let made = 0;
const day = 86_400_000;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'relais-audit-'));
  gateway = await openGateway({ files: twoClients(9) });
  const { publishing } = gateway.app;
  for (const destinationId of ['essai-crm', 'autre-crm'])
    await publishing.publish({ destinationId, author: 'staff:1', note: 'first' });
  await gateway.send(
    strangerRow('AP-1', { last_name: 'Quimperlé', comment: 'canari jaune' }),
    strangerRow('AP-2', { client_id: 'autre' }),
    ...Array.from({ length: 30 }, (_, index) => strangerRow(`AX-${index}`, { client_id: 'autre' })),
    strangerRow('AP-3'),
  );
  await gateway.app.database.transaction((tx) =>
    appendHandovers(
      tx,
      Array.from({ length: 40 }, (_, index) => ({
        entry: 'looked_up' as const,
        clientId: index % 4 === 0 ? 'essai' : 'autre',
        actor: 'account:1',
        purpose: 'ticket 1',
      })),
    ),
  );
  const [planner] = await gateway.start('planner');
  await gateway.until('planned', async () => (await gateway.states()).length >= 33);
  // The tests seal by themselves, and count what is in the log.
  await planner?.stop();
});
afterAll(async () => {
  await gateway.close();
  rmSync(folder, { recursive: true, force: true });
});

const asked = (over: Partial<PackAsked> = {}): PackAsked => ({
  clientId: 'essai',
  from: new Date(Date.now() - 2 * day),
  until: new Date(Date.now() + 2 * day),
  actor: 'account:1',
  reason: 'audit 7',
  ...over,
});
async function packed(over: Partial<PackAsked> = {}, place: Partial<PackPlace> = {}): Promise<string> {
  const { bytes } = await auditPack({ ...gateway.app, ...place }, asked(over));
  const path = join(folder, `pack-${(made += 1)}.zip`);
  await pipeline(bytes, createWriteStream(path));
  return path;
}
const publicKeys = (): string =>
  publishedKeys(gateway.app.keys.seal)
    .map(({ pem }) => pem)
    .join('');
const check = (path: string, withSeals = true): Promise<CheckedPack> =>
  checkPack(path, publicKeys(), withSeals ? gateway.app.keys.seal : undefined);
const problemOf = async (path: string, withSeals = true): Promise<string> => {
  const checked = await check(path, withSeals);
  return checked.ok ? 'none' : checked.problem;
};
const idsOf = async (client: string): Promise<readonly number[]> =>
  (
    await gateway.owner.all<{ id: number }>('SELECT id FROM handovers WHERE client_id = ? ORDER BY id', [
      client,
    ])
  ).map(({ id }) => id);
const textOf = (files: ReadonlyMap<string, Buffer>, name: string): string => String(files.get(name) ?? '');
const entriesIn = (files: ReadonlyMap<string, Buffer>): readonly string[] =>
  textOf(files, 'journal.jsonl')
    .split('\n')
    .filter((line) => line.startsWith('['));

test('C46: every entry of the client is in it, word for word, and none of another’s; it verifies with the public key and with the sealing key', async () => {
  await gateway.app.sealer.seal(7);
  const before = await idsOf('essai');
  const path = await packed();
  const files = await filesOf(path);
  const texts = entriesIn(files);
  const rows = await readEntries(gateway.owner, before);
  expect(rows.length).toBeGreaterThan(2);
  for (const row of rows) expect(texts).toContain(entryText(row));
  const others = await idsOf('autre');
  expect(others.length).toBeGreaterThan(10);
  expect(texts.filter((text) => others.includes(Number(/^\[(\d+)/.exec(text)?.[1])))).toEqual([]);
  expect(new Set(texts).size).toBe(texts.length);
  const checked = await check(path);
  expect(checked).toMatchObject({ ok: true, manifest: { client: { id: 'essai' }, madeBy: 'account:1' } });
  expect(await check(path, false)).toMatchObject({ ok: true });
});

test('C46: asking for it is in the log, with who, why and the period, before the first byte', async () => {
  const { bytes, name } = await auditPack(gateway.app, asked({ reason: 'audit 8' }));
  const [entry] = await gateway.owner.all<Record<string, unknown>>(
    "SELECT client_id AS client, actor, purpose, reason, target FROM handovers WHERE entry = 'exported' ORDER BY id DESC LIMIT 1",
  );
  expect(entry).toMatchObject({
    ...{ client: 'essai', actor: 'account:1', purpose: 'audit 8', reason: 'audit_pack' },
    target: expect.stringMatching(/^from \d{4}-\d\d-\d\d to \d{4}-\d\d-\d\d$/) as string,
  });
  expect(name).toMatch(/^relais-audit-essai-\d{4}-\d\d-\d\d-\d{4}-\d\d-\d\d\.zip$/);
  // Nobody listens any more: what was being read for them ends, and so does the verification.
  bytes.destroy();
  await gateway.until('the verification has ended', async () => {
    const rows = await gateway.owner.all('SELECT 1 FROM log_verifications WHERE running = 1');
    return rows.length === 0;
  });
});

test.each([
  ['without a reason', { reason: ' ' }, 'USAGE-002'],
  ['with a phone number as the reason', { reason: 'appel au 06 39 98 00 01' }, 'USAGE-001'],
  ['for a client nobody knows', { clientId: 'inconnu' }, 'FIND-001'],
  ['for a client with a blank behind its name', { clientId: 'essai ' }, 'FIND-001'],
  ['for a period that ends before it begins', { until: new Date('2020-01-01') }, 'USAGE-001'],
])('%s nothing is made and nothing is in the log', async (_, over, code) => {
  const count = async (): Promise<number> =>
    (await gateway.owner.all("SELECT 1 FROM handovers WHERE entry = 'exported'")).length;
  const before = await count();
  await expect(auditPack(gateway.app, asked(over))).rejects.toMatchObject({ code });
  expect(await count()).toBe(before);
});

test('while the log is being verified by somebody else nothing is made', async () => {
  const id = await beginVerification(gateway.owner, { actor: 'account:2', anchor: '' });
  await expect(auditPack(gateway.app, asked())).rejects.toMatchObject({ code: 'LOG-004' });
  await endVerification(gateway.owner, id ?? 0, { entries: 0, result: null });
  expect(await problemOf(await packed())).toBe('none');
});

test('nothing of a prospect and no name of the staff is in any of its files; each is told in LISEZ-MOI.txt', async () => {
  // As somebody typed their name before the staff had numbers.
  const author = (name: string): Promise<unknown> =>
    gateway.owner.run("UPDATE mapping_versions SET author = ? WHERE destination_id = 'essai-crm'", [name]);
  await author('Sophie Ancienne');
  const files = await filesOf(await packed());
  await author('staff:1');
  const all = [...files.values()].map(String).join('\n');
  for (const canary of [
    'Quimperlé',
    'canari',
    'courriel.example',
    '+3363998',
    'AP-1',
    'AP-3',
    'tester',
    'Sophie',
  ])
    expect([canary, all.includes(canary)]).toEqual([canary, false]);
  const readMe = textOf(files, 'LISEZ-MOI.txt');
  for (const name of files.keys()) if (name !== 'LISEZ-MOI.txt') expect(readMe).toContain(`\n${name}\n    `);
  expect(files.size).toBeGreaterThan(12);
});

test('it holds formats word for word, the note and the authorisation in force, and who looked somebody up', async () => {
  const files = await filesOf(await packed());
  const [version] = await gateway.owner.all<{ sources: string; fingerprint: string }>(
    "SELECT sources, fingerprint FROM mapping_versions WHERE destination_id = 'essai-crm'",
  );
  expect(textOf(files, 'formats/essai-crm-v1.json')).toBe(version?.sources);
  expect(createHash('sha256').update(textOf(files, 'formats/essai-crm-v1.json')).digest('hex')).toBe(
    version?.fingerprint,
  );
  expect(JSON.parse(textOf(files, 'formats.json'))).toMatchObject([
    { destination: 'essai-crm', version: 1, publishedBy: 'staff:1', isInForceNow: true },
  ]);
  expect(JSON.parse(textOf(files, 'habilitations.json'))).toMatchObject([
    { recipient: 'Essai CRM', documentRef: 'Contrat 1' },
  ]);
  expect(textOf(files, 'notes.jsonl')).toContain('essai-crm');
  expect(textOf(files, 'consultations.csv')).toMatch(/;exported;account:1;;audit_pack;audit 7/);
  expect(JSON.parse(textOf(files, 'verification.json'))).toMatchObject({ end: 'good' });
  expect([...files.keys()].filter((name) => name.includes('autre'))).toEqual([]);
});

test('a request is late where the person was informed past its term, and not where a recipient answered late; a copy is a look', async () => {
  const { requests } = gateway.app;
  const by = { actor: 'account:1', evidence: 'letter of 2026-12-01' };
  const demand = { name: 'demande.eml', bytes: Buffer.from('DEMANDE') };
  const ids: number[] = [];
  for (const informedDay of [20, 40]) {
    const asking = { clientId: 'essai', kind: 'access', email: 'personne@courriel.example' } as const;
    const { id } = await requests.open({ ...asking, demand, actor: by.actor });
    ids.push(id);
    await requests.answered(id, { ...by, identity: 'seen' });
    await requests.declareInformed(id, by);
    await requests.close(id, { actor: by.actor, outcome: 'done', reason: '' });
    await gateway.owner.run(
      `UPDATE requests SET received_at = received_at - INTERVAL 50 DAY, due_at = due_at - INTERVAL 50 DAY,
              applied_at = applied_at - INTERVAL 45 DAY, informed_at = received_at + INTERVAL ? DAY WHERE id = ?`,
      [informedDay, id],
    );
  }
  await requests.copy(ids[0] ?? 0, { actor: by.actor, reason: 'ticket 12' });
  const files = await filesOf(await packed());
  const late = textOf(files, 'demandes-de-droits.jsonl')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { readonly request: number; readonly isLate: boolean })
    .filter(({ request }) => ids.includes(request))
    .map(({ isLate }) => isLate);
  expect(late).toEqual([true, false]);
  expect(textOf(files, 'consultations.csv')).toMatch(/;request;account:1;;copied:\d+;request \d+: ticket 12/);
});

test('the commands of LISEZ-MOI.txt check it with nothing of ours', async () => {
  const at = mkdtempSync(join(folder, 'by-hand-'));
  const files = await filesOf(await packed());
  for (const [name, bytes] of files) {
    mkdirSync(dirname(join(at, name)), { recursive: true });
    writeFileSync(join(at, name), bytes);
  }
  const commands = [...textOf(files, 'LISEZ-MOI.txt').matchAll(/^ {7}((?:openssl|sha256sum) .+)$/gm)].map(
    ([, line = '']) => line.split(' '),
  );
  // The last two check a day and a proof: audit-completeness.test.ts.
  expect(commands.map(([program]) => program)).toEqual(['openssl', 'sha256sum', 'openssl', 'openssl']);
  const run = ([program = '', ...words]: readonly string[]): string =>
    String(execFileSync(program, words, { cwd: at, stdio: ['ignore', 'pipe', 'pipe'] }));
  const [byKey = [], bySums = []] = commands;
  expect(run(byKey)).toContain('Verified Successfully');
  expect(run(bySums)).toContain('journal.jsonl: OK');
  writeFileSync(join(at, 'notes.jsonl'), 'x');
  expect(() => run(bySums)).toThrow();
  writeFileSync(join(at, 'manifeste.json'), `${textOf(files, 'manifeste.json')} `);
  expect(() => run(byKey)).toThrow();
});

test('each alteration is named: a file, the list, the signature, the archive itself', async () => {
  const files = await filesOf(await packed());
  const altered = async (change: (files: Map<string, Buffer>) => void): Promise<string> => {
    const copy = new Map(files);
    change(copy);
    const path = join(folder, `altered-${(made += 1)}.zip`);
    writeFileSync(path, await zipOf(copy));
    return problemOf(path, false);
  };
  expect(await altered(() => undefined)).toBe('none');
  for (const name of [...files.keys()].filter((one) => !one.startsWith('manifeste')))
    expect([
      name,
      await altered(
        (copy) => void copy.set(name, Buffer.concat([copy.get(name) ?? Buffer.alloc(0), Buffer.from(' ')])),
      ),
    ]).toEqual([name, 'file_changed']);
  expect(await altered((copy) => void copy.delete('notes.jsonl'))).toBe('file_missing');
  expect(await altered((copy) => void copy.set('ajout.txt', Buffer.from('x')))).toBe('file_added');
  expect(
    await altered(
      (copy) =>
        void copy.set(
          'manifeste.json',
          Buffer.from(textOf(files, 'manifeste.json').replace('account:1', 'account:2')),
        ),
    ),
  ).toBe('signature_wrong');
  expect(await altered((copy) => void copy.delete('manifeste.sig'))).toBe('not_a_pack');
  const cut = join(folder, 'cut.zip');
  writeFileSync(cut, (await zipOf(files)).subarray(0, -30));
  expect(await problemOf(cut)).toBe('not_a_pack');
  const other = createKeyRing([Buffer.alloc(32, 9)]);
  const pem = publishedKeys(other)
    .map((key) => key.pem)
    .join('');
  const path = join(folder, 'same.zip');
  writeFileSync(path, await zipOf(files));
  expect(await checkPack(path, pem)).toMatchObject({ ok: false, problem: 'other_key' });
  expect(await checkPack(path, 'nothing')).toMatchObject({ ok: false, problem: 'key_unreadable' });
});

test('what an archive holds beside its files is noticed, though their names, sums and signature are right', async () => {
  const path = await packed();
  const whole = readFileSync(path);
  const padded = async (bytes: Buffer): Promise<string> => {
    const other = join(folder, `padded-${(made += 1)}.zip`);
    writeFileSync(other, bytes);
    return problemOf(other, false);
  };
  expect(await padded(whole)).toBe('none');
  const end = whole.length - 22;
  const directory = whole.readUInt32LE(end + 16);
  const moved = (by: number): Buffer => {
    const tail = Buffer.from(whole.subarray(end));
    tail.writeUInt32LE(directory + by, 16);
    return tail;
  };
  // A file of another content under a name that is there, for who reads the archive from its beginning.
  const smuggled = (await zipOf([['notes.jsonl', Buffer.from('{}')]])).subarray(0, 43);
  const between = [whole.subarray(0, directory), smuggled, whole.subarray(directory, end)];
  expect(await padded(Buffer.concat([...between, moved(smuggled.length)]))).toBe('archive_padded');
  const remark = Buffer.from('tout est conforme');
  const remarked = Buffer.concat([whole, remark]);
  remarked.writeUInt16LE(remark.length, end + 20);
  expect(await padded(remarked)).toBe('archive_padded');
  const renamed = Buffer.from(whole);
  renamed.write('X', renamed.indexOf('notes.jsonl'));
  expect(await padded(renamed)).toBe('archive_padded');
  expect(await padded(Buffer.concat([whole, remark]))).toBe('not_a_pack');
  expect(await padded(Buffer.concat([remark, whole]))).not.toBe('none');
});

test('what whoever holds the key of proofs has altered is named by the chain and by the sealing key', async () => {
  await gateway.app.sealer.seal(1_000);
  const files = await filesOf(await packed());
  const forged = async (
    change: (lines: string[]) => readonly string[],
    withSeals: boolean,
  ): Promise<string> => {
    const copy = new Map(files);
    copy.set('journal.jsonl', Buffer.from(change(textOf(files, 'journal.jsonl').split('\n')).join('\n')));
    const key = proofKeyOf(gateway.app.keys.seal.current());
    const {
      format: _,
      files: __,
      ...head
    } = JSON.parse(textOf(files, 'manifeste.json')) as Record<string, unknown>;
    for (const name of ['SHA256SUMS', 'manifeste.json', 'manifeste.sig']) copy.delete(name);
    const list = [...copy].map(([name, bytes]) => ({
      ...{ name, bytes: bytes.length },
      sha256: createHash('sha256').update(bytes).digest('hex'),
    }));
    const sums = Buffer.from(sumsOf(list));
    copy.set('SHA256SUMS', sums);
    const last = {
      name: 'SHA256SUMS',
      bytes: sums.length,
      sha256: createHash('sha256').update(sums).digest('hex'),
    };
    const manifest = Buffer.from(manifestOf(head, [...list, last]));
    copy.set('manifeste.json', manifest);
    copy.set('manifeste.sig', sign(null, manifest, key.privateKey));
    const path = join(folder, `forged-${(made += 1)}.zip`);
    writeFileSync(path, await zipOf(copy));
    return problemOf(path, withSeals);
  };
  const first = (lines: readonly string[]): number => lines.findIndex((line) => line.startsWith('['));
  expect(await forged((lines) => lines, true)).toBe('none');
  const actor = (lines: readonly string[]): readonly string[] =>
    lines.map((line, at) => (at === first(lines) ? line.replace('staff:1', 'staff:2') : line));
  expect(await forged(actor, false)).toBe('none');
  expect(await forged(actor, true)).toBe('entry_changed');
  expect(
    await forged(
      (lines) => lines.map((line, at) => (at === first(lines) ? line.replace(/^\[\d+/, '[999999') : line)),
      false,
    ),
  ).toBe('entry_changed');
  expect(await forged((lines) => lines.filter((_, at) => at !== first(lines)), false)).toBe('log_broken');
  // A seal that another one follows is not what that one says it follows.
  const other = (lines: readonly string[]): readonly string[] => {
    const at = lines.findIndex((line) => line.startsWith('{"seal"'));
    return lines.map((line, index) =>
      index === at ? line.replace(/"mac":"[0-9a-f]{8}/, '"mac":"00000000') : line,
    );
  };
  expect(textOf(files, 'journal.jsonl').match(/^\{"(?:seal|link)"/gm)?.length).toBeGreaterThan(1);
  expect(await forged(other, false)).toBe('log_broken');
  expect(await forged((lines) => lines.slice(0, -3), false)).toBe('log_broken');
  expect(await forged((lines) => lines.map((line) => line.replace(/"count":\d+/, '"count":1')), true)).toBe(
    'seal_changed',
  );
});

test('entries that were archived and removed are in it where the archives are given; without them nothing is made', async () => {
  const archives = mkdtempSync(join(folder, 'archives-'));
  const { owner } = gateway;
  while ((await gateway.app.sealer.seal(50)) > 0);
  const before = await idsOf('essai');
  const written = await archiveLog({ owner, sealKeys: gateway.app.keys.seal, folder: archives }, '2999-01');
  expect(written.length).toBeGreaterThan(0);
  expect(await problemOf(await packed())).toBe('none');
  await removeArchived({ owner, sealKeys: gateway.app.keys.seal, folder: archives });
  await expect(auditPack(gateway.app, asked())).rejects.toMatchObject({ code: 'LOG-003' });
  await expect(auditPack({ ...gateway.app, archives: folder }, asked())).rejects.toMatchObject({
    code: 'LOG-002',
  });
  const path = await packed({}, { archives });
  const ids = entriesIn(await filesOf(path)).map((text) => Number(/^\[(\d+)/.exec(text)?.[1]));
  expect(before.filter((id) => !ids.includes(id))).toEqual([]);
  expect(await problemOf(path)).toBe('none');
  // What began after the archive needs no archive.
  expect(await problemOf(await packed({ from: new Date(Date.now() + day) }))).toBe('none');
});
