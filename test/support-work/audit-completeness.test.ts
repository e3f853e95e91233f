// C46: with the public key alone an auditor sees that the log of a client is whole: the commands of LISEZ-MOI.txt, run by a shell.
import { execFileSync } from 'node:child_process';
import { createHash, sign } from 'node:crypto';
import { createWriteStream, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { signNextDay } from '../../src/privacy/day-seals.ts';
import { proofKeyOf, publishedKeys } from '../../src/privacy/proofs/proof.ts';
import { createSealer } from '../../src/privacy/seal.ts';
import { silentLog } from '../../src/log.ts';
import { appendHandovers } from '../../src/store/log/handovers.ts';
import { daySealsOf } from '../../src/store/log/day-seals.ts';
import { checkPack } from '../../src/support/audit-pack/check.ts';
import { auditPack, manifestOf } from '../../src/support/audit-pack/pack.ts';
import { terminalOf, environmentOf } from '../cli/terminal.ts';
import { twoClients } from '../support/two-clients.ts';
import { openGateway, strangerRow, type Gateway } from '../trip/gateway.ts';
import { filesOf, zipOf } from './opened-zip.ts';

const register = join(import.meta.dirname, '../../docs/registre.yaml');
const dayMs = 86_400_000;
let gateway: Gateway;
let folder: string;
/** Noon of the first of two days, so that nothing here crosses a midnight. */
let firstNoon: Date;
const dayOf = (at: Date): string => at.toISOString().slice(0, 10);
const later = (days: number, minutes = 0): Date =>
  new Date(firstNoon.getTime() + days * dayMs + minutes * 60_000);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'relais-complete-'));
  const files = twoClients(9);
  const client = files['essai/client.yaml'] ?? '';
  gateway = await openGateway({
    environment: { RELAIS_REGISTER_FILE: register },
    files: {
      ...files,
      'essai/client.yaml': client.replace('contacts: {', 'contacts: { seals: sceaux@essai.example,'),
    },
  });
  const { app } = gateway;
  for (const destinationId of ['essai-crm', 'autre-crm'])
    await app.publishing.publish({ destinationId, author: 'staff:1', note: 'first' });
  await gateway.send(
    strangerRow('AC-1'),
    ...Array.from({ length: 5 }, (_, index) => strangerRow(`AD-${index}`, { client_id: 'autre' })),
  );
  // Without a planner, which would seal by itself.
  expect((await app.intake.acceptBatch(100)).taken).toBe(6);
  await terminalOf(environmentOf(gateway))(
    ...[
      'lead',
      'erase',
      'AC-1',
      '--client',
      'essai',
      '--reason',
      'request 77',
      '--identity',
      'seen',
      '--yes',
    ],
  );
  firstNoon = new Date(`${dayOf(new Date(app.database.now().getTime() - dayMs))}T12:00:00Z`);
  await sealedAt(later(0));
});
afterAll(async () => {
  await gateway.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Seals all that waits, as if it were then. */
async function sealedAt(at: Date): Promise<void> {
  const { database, keys } = gateway.app;
  const sealer = createSealer({ database, sealKeys: keys.seal, log: silentLog, now: () => at });
  while ((await sealer.seal(5)) > 0);
}
const signedAt = (at: Date): Promise<boolean> =>
  signNextDay({
    database: gateway.app.database,
    sealKeys: gateway.app.keys.seal,
    mails: true,
    now: () => at,
  });
const sealsOf = (client: string) =>
  daySealsOf(gateway.owner, client, { from: '2000-01-01', until: '2999-12-31' });
const said = ({ document }: { readonly document: string }) => JSON.parse(document) as Record<string, unknown>;
async function unpacked(): Promise<string> {
  const { bytes } = await auditPack(gateway.app, {
    ...{ clientId: 'essai', actor: 'account:1', reason: 'audit 7' },
    ...{ from: later(-3), until: later(4) },
  });
  const at = mkdtempSync(join(folder, 'pack-'));
  await pipeline(bytes, createWriteStream(join(at, 'pack.zip')));
  for (const [name, content] of await filesOf(join(at, 'pack.zip'))) {
    mkdirSync(dirname(join(at, name)), { recursive: true });
    writeFileSync(join(at, name), content);
  }
  return at;
}
const shell = (command: string, at: string): string =>
  String(execFileSync('sh', ['-c', command], { cwd: at, stdio: ['ignore', 'pipe', 'pipe'] }));
/** The indented commands of LISEZ-MOI.txt, with its placeholders filled in. */
const commandsOf = (at: string, words: Readonly<Record<string, string>>): readonly string[] =>
  [...readFileSync(join(at, 'LISEZ-MOI.txt'), 'utf8').matchAll(/^ {7}((?:openssl|awk) .+)$/gm)].map(
    ([, line = '']) =>
      Object.entries(words).reduce((text, [word, value]) => text.replaceAll(word, value), line),
  );

test('C46: a day is signed once, when it is over, for the whole log and for each client with entries', async () => {
  // The first of all: the day before, on which nothing was sealed.
  expect(await signedAt(later(0, 12 * 60 + 9))).toBe(true);
  expect(await signedAt(later(0, 12 * 60 + 9))).toBe(false);
  expect(await signedAt(later(0, 12 * 60 + 11))).toBe(true);
  expect(await signedAt(later(0, 12 * 60 + 12))).toBe(false);
  const [before, whole] = await sealsOf('');
  expect(said(before ?? { document: '{}' })).toMatchObject({
    ...{ client: null, day: dayOf(later(-1)), entries: 0, lastSeal: null, previousDay: null },
  });
  const [essai] = await sealsOf('essai');
  const count = async (where: string): Promise<number> =>
    Number((await gateway.owner.all<{ n: number }>(`SELECT COUNT(*) AS n FROM handovers ${where}`))[0]?.n);
  expect(said(whole ?? { document: '{}' })).toMatchObject({
    ...{ format: 'relais-day-1', client: null, day: dayOf(firstNoon), previousDay: dayOf(later(-1)) },
    entries: await count(''),
  });
  expect(said(essai ?? { document: '{}' })).toMatchObject({
    client: 'essai',
    entries: await count("WHERE client_id = 'essai'"),
    lastSeal: await gateway.app.sealer.anchor(),
  });
  expect((await sealsOf('autre')).length).toBe(1);
  await expect(gateway.app.database.run('UPDATE day_seals SET day = day')).rejects.toMatchObject({
    errno: 1142,
  });
});

test('C46: the next day cites the one before it, and two planners at once sign it once', async () => {
  await gateway.app.database.transaction((tx) =>
    appendHandovers(tx, [{ entry: 'looked_up', clientId: 'essai', actor: 'account:1', purpose: 'ticket 1' }]),
  );
  await sealedAt(later(1));
  await Promise.all([signedAt(later(1, 12 * 60 + 11)), signedAt(later(1, 12 * 60 + 11))]);
  const [first, second, ...more] = await sealsOf('essai');
  expect(more).toEqual([]);
  expect(said(second ?? { document: '{}' })).toMatchObject({
    previousDay: dayOf(firstNoon),
    previous: createHash('sha256')
      .update(first?.document ?? '')
      .digest('hex'),
  });
  expect((await sealsOf('autre')).length).toBe(1);
});

test('C46: the officer and the client who wants it get the signed day by mail, another client none', async () => {
  const sent = await gateway.owner.all<{
    client: string;
    addressee: string;
    mailbox: string;
    attachments: string;
  }>(
    "SELECT client_id AS client, addressee, mailbox, attachments FROM client_mails WHERE kind = 'day_seal' ORDER BY id",
  );
  const mails = (count: number, client: string, addressee: string, mailbox: string) =>
    Array.from({ length: count }, () => ({ client, addressee, mailbox }));
  expect(
    sent.map(({ attachments: _, ...head }) => head).toSorted((a, b) => (a.client < b.client ? -1 : 1)),
  ).toEqual([...mails(3, '', 'dpo', ''), ...mails(2, 'essai', 'mailbox', 'sceaux@essai.example')]);
  const mine = sent.find(({ client }) => client === 'essai')?.attachments ?? '[]';
  const [document, signature] = (JSON.parse(mine) as { base64: string }[]).map(({ base64 }) =>
    Buffer.from(base64, 'base64'),
  );
  const [stored] = await sealsOf('essai');
  expect([String(document), signature]).toEqual([stored?.document, stored?.signature]);
});

test('C46: openssl, awk and sha256sum prove the days and the proofs of the pack; one entry left out is seen', async () => {
  const at = await unpacked();
  const days = (await sealsOf('essai')).map(({ day }) => day);
  expect(days.length).toBe(2);
  for (const day of days) {
    const seal = JSON.parse(readFileSync(join(at, `sceaux/${day}.json`), 'utf8')) as {
      key: string;
      sha256: string;
    };
    const [, bySignature = '', bySum = ''] = commandsOf(at, { JOUR: day, NOM: seal.key });
    expect(shell(bySignature, at)).toContain('Verified Successfully');
    expect(shell(bySum, at).split(' ')[0]).toBe(seal.sha256);
  }
  const [day = ''] = days;
  const { key, sha256 } = JSON.parse(readFileSync(join(at, `sceaux/${day}.json`), 'utf8')) as {
    key: string;
    sha256: string;
  };
  const numbers = await gateway.owner.all<{ number: number }>(
    "SELECT number FROM proofs WHERE client_id = 'essai'",
  );
  expect(numbers.length).toBeGreaterThan(0);
  const [, bySignature = '', bySum = '', byProof = ''] = commandsOf(at, { JOUR: day, NOM: key });
  for (const { number } of numbers)
    expect(shell(byProof.replaceAll('/N.', `/${number}.`), at)).toContain('Verified Successfully');
  const journal = readFileSync(join(at, 'journal.jsonl'), 'utf8').split('\n');
  const left = journal.findIndex((line) => line.startsWith('['));
  writeFileSync(join(at, 'journal.jsonl'), journal.toSpliced(left, 1).join('\n'));
  expect(shell(bySum, at).split(' ')[0]).not.toBe(sha256);
  writeFileSync(
    join(at, `sceaux/${day}.json`),
    readFileSync(join(at, `sceaux/${day}.json`), 'utf8').replace(/"entries": \d+/, '"entries": 0'),
  );
  expect(() => shell(bySignature, at)).toThrow();
});

test('C46: an entry that waited for its seal since before the period is in the pack with the day of its seal', async () => {
  await gateway.app.database.transaction((tx) =>
    appendHandovers(
      tx,
      [{ entry: 'looked_up', clientId: 'essai', actor: 'account:1', purpose: 'ticket 2' }],
      { at: later(-9) },
    ),
  );
  // A clock that is set back by a minute over midnight: the seals stay in order of time, each in one day.
  await sealedAt(later(1, 12 * 60));
  await gateway.app.database.transaction((tx) =>
    appendHandovers(tx, [{ entry: 'looked_up', clientId: 'essai', actor: 'account:1', purpose: 'ticket 3' }]),
  );
  await sealedAt(later(1, 12 * 60 - 1));
  await signedAt(later(2, 12 * 60 + 11));
  const keys = publishedKeys(gateway.app.keys.seal)
    .map(({ pem }) => pem)
    .join('');
  expect(await checkPack(join(await unpacked(), 'pack.zip'), keys)).toMatchObject({ ok: true });
});

test('C56: the register is in the pack with its client alone, and on the terminal with all; a mistake in it is named', async () => {
  const page = readFileSync(join(await unpacked(), 'registre.html'), 'utf8');
  expect(page).toContain('Hébergeur Exemple SAS');
  expect(page).toContain('ESSAI PROMOTION SAS');
  expect(page).not.toContain('AUTRE PROMOTION SAS');
  const relais = (file: string, ...more: readonly string[]) =>
    terminalOf(environmentOf(gateway, { RELAIS_REGISTER_FILE: file }))('register', 'page', ...more);
  const all = await relais(register);
  expect(all.code).toBe(0);
  for (const entity of ['ESSAI PROMOTION SAS', 'AUTRE PROMOTION SAS']) expect(all.out).toContain(entity);
  const to = join(folder, 'registre.html');
  expect(await relais(register, '--client', 'essai', '--to', to)).toMatchObject({ code: 0, out: `${to}\n` });
  expect(readFileSync(to, 'utf8')).not.toContain('AUTRE PROMOTION SAS');
  const wrong = join(folder, 'registre.yaml');
  writeFileSync(wrong, readFileSync(register, 'utf8').replace('country: BE', 'country: US'));
  expect(await relais(wrong)).toMatchObject({
    code: 78,
    err: expect.stringMatching(/CONFIG-001[^]*registre\.yaml:\d+:\d+/) as string,
  });
});

test('C46: `audit verify` names the day from which the holder of the key of proofs has left an entry out', async () => {
  const at = await unpacked();
  const files = await filesOf(join(at, 'pack.zip'));
  const { seal } = gateway.app.keys;
  const keys = publishedKeys(seal)
    .map(({ pem }) => pem)
    .join('');
  const problemWith = async (change: (files: Map<string, Buffer>) => void): Promise<string> => {
    const copy = new Map(files);
    change(copy);
    const {
      format: _,
      files: __,
      ...head
    } = JSON.parse(String(copy.get('manifeste.json'))) as Record<string, unknown>;
    for (const name of ['manifeste.json', 'manifeste.sig']) copy.delete(name);
    const list = [...copy].map(([name, bytes]) => ({
      ...{ name, bytes: bytes.length },
      sha256: createHash('sha256').update(bytes).digest('hex'),
    }));
    const manifest = Buffer.from(manifestOf(head, list));
    copy.set('manifeste.json', manifest);
    copy.set('manifeste.sig', sign(null, manifest, proofKeyOf(seal.current()).privateKey));
    writeFileSync(join(at, 'forged.zip'), await zipOf(copy));
    const checked = await checkPack(join(at, 'forged.zip'), keys);
    return checked.ok ? 'none' : `${checked.problem} ${checked.where}`;
  };
  const journal = (change: (lines: string[]) => readonly string[]) => (copy: Map<string, Buffer>) =>
    void copy.set(
      'journal.jsonl',
      Buffer.from(change(String(files.get('journal.jsonl')).split('\n')).join('\n')),
    );
  const [first = '', second = ''] = (await sealsOf('essai')).map(({ day }) => day);
  expect(await problemWith(() => undefined)).toBe('none');
  const leftOut = journal((lines) =>
    lines
      .toSpliced(
        lines.findIndex((line) => line.startsWith('[')),
        1,
      )
      .map((line) =>
        line.replace(/"entries":(\d+),"unsealed"/, (_, count) => `"entries":${Number(count) - 1},"unsealed"`),
      ),
  );
  expect(await problemWith(leftOut)).toBe(`day_incomplete ${first}`);
  expect(
    await problemWith((copy) => {
      copy.delete(`sceaux/${first}.json`);
      copy.delete(`sceaux/${first}.sig`);
    }),
  ).toBe(`day_changed ${second}`);
  expect(
    await problemWith(
      (copy) => void copy.set(`sceaux/${second}.sig`, files.get(`sceaux/${first}.sig`) ?? Buffer.alloc(0)),
    ),
  ).toBe(`day_changed ${second}`);
});
