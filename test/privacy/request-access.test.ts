// C21: an access is answered in one act: the file for the officer's key, its entry in the log, the answer noted.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { environmentOf, terminalOf, type Relais } from '../cli/terminal.ts';
import { openGateway, strangerRow, webhookFiles, type Gateway } from '../trip/gateway.ts';
import { openExport, type OpenedExport } from './person/open-export.ts';

let gateway: Gateway;
let relais: Relais;
let folder: string;
let identity: string;
let recipient: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'relais-access-'));
  identity = await generateIdentity();
  recipient = await identityToRecipient(identity);
  gateway = await openGateway({ files: webhookFiles(9) });
  relais = terminalOf(environmentOf(gateway));
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
});
afterAll(async () => {
  await gateway.close();
  rmSync(folder, { recursive: true, force: true });
});

async function leads(...rows: readonly Parameters<typeof strangerRow>[]): Promise<void> {
  await gateway.send(...rows.map((row) => strangerRow(...row)));
  await gateway.app.intake.acceptBatch(20);
}
const open = async (
  kind: 'access' | 'portability' | 'erasure',
  email: string,
  ...more: readonly string[]
): Promise<string> => {
  const { out } = await relais(
    ...['request', 'open', '--client', 'essai', '--kind', kind, '--email', email],
    ...more,
  );
  return /Request (\d+)/.exec(out)?.[1] ?? '';
};
const access = (id: string, name: string, ...more: readonly string[]) =>
  relais('request', 'access', id, '--to', join(folder, name), '--recipient', recipient, ...more);
const opened = (name: string): Promise<OpenedExport> =>
  openExport(readFileSync(join(folder, name)), identity);
const logged = async (id: string): Promise<readonly string[]> =>
  (
    await gateway.owner.all<{ entry: string; reason: string }>(
      'SELECT entry, reason FROM handovers WHERE purpose = ? OR purpose LIKE ? ORDER BY id',
      [`request ${id}`, `request ${id}:%`],
    )
  ).map(({ entry, reason }) => (entry === 'request' ? reason : entry));

const rowsOf = async (...references: readonly string[]): Promise<readonly string[]> =>
  (
    await gateway.owner.all<{ id: string; reference: string }>(
      "SELECT CAST(id AS CHAR) AS id, reference FROM lead_intake WHERE status = 'refused' ORDER BY id",
      [],
    )
  ).flatMap(({ id, reference }) => (references.includes(reference) ? [id] : []));

test('C21: an access is answered with a file that only the key opens; the log has it, the person’s other requests are in it', async () => {
  await leads(
    ['AC-1', { email: 'alix@courriel.example', last_name: 'Alixtémoin' }],
    ['AC-2', { email: 'other@courriel.example', last_name: 'Autrecanari' }],
  );
  const erasure = await open('erasure', 'other@courriel.example');
  const earlier = await open('portability', 'alix@courriel.example');
  const id = await open('access', 'alix@courriel.example');
  // Identity first.
  expect((await access(id, 'a.age')).err).toContain('REQUEST-002');
  expect(existsSync(join(folder, 'a.age'))).toBe(false);
  const done = await access(id, 'a.age', '--identity', 'identity card seen, ticket 12');
  expect(done.err).toBe('');
  expect(done.out).toContain(`1 leads, 0 refused rows`);
  const { data, text, letter } = await opened('a.age');
  expect(data).toMatchObject({ kind: 'access', request: id, leads: [{ reference: 'AC-1' }] });
  expect(text).toContain('Alixtémoin');
  expect(text).not.toContain('Autrecanari');
  expect(data.requests.map(({ number, kind, state }) => [number, kind, state])).toEqual([
    [earlier, 'portability', 'open'],
    [id, 'access', 'open'],
  ]);
  expect(erasure).not.toBe('');
  expect(letter).toMatch(/portabilité[\s\S]*en cours/);
  expect(await logged(id)).toEqual([
    'opened:access',
    'looked_up',
    'confirmed:1',
    'person_exported',
    'answered:access',
  ]);
  const shown = await relais('request', 'show', id);
  expect(shown.out).toMatch(/Request \d+ +access .*applied/);
  // Once.
  expect((await access(id, 'again.age')).err).toContain('Sophie answered it');
  expect(existsSync(join(folder, 'again.age'))).toBe(false);
});

test('C21: leads that only share an address are named by a person, or nothing is given out', async () => {
  const mobile = '+33639982001';
  await leads(
    ['SH-1', { email: 'sacha@courriel.example', mobile }],
    ['SH-2', { email: 'cousin@courriel.example', mobile, last_name: 'Cousincanari' }],
  );
  const id = await open('access', 'sacha@courriel.example', '--identity', 'seen');
  const refused = await access(id, 's.age');
  expect(refused.err).toMatch(/REQUEST-002 .*SH-2/);
  expect(await logged(id)).not.toContain('person_exported');
  const done = await access(id, 's.age', '--lead', 'SH-1');
  expect(done.out).toContain('1 leads');
  expect(done.err).toContain('not in the file: SH-2');
  expect((await opened('s.age')).text).not.toContain('Cousincanari');
  const both = await open('portability', 'sacha@courriel.example', '--identity', 'seen');
  expect((await access(both, 'both.age', '--all')).err).toMatch(/REQUEST-002 .*SH-2/);
  const named = await access(both, 'both.age', '--lead', 'SH-1', '--lead', 'SH-2');
  expect(named.out).toContain('2 leads');
  expect((await opened('both.age')).data).toMatchObject({ kind: 'portability' });
});

test('C21: what came in since the request was listed is seen first, and a refused row of the person is in the file', async () => {
  await leads(['LA-1', { email: 'lea@courriel.example' }]);
  const id = await open('access', 'lea@courriel.example', '--identity', 'seen');
  await leads(
    ['LA-2', { email: 'lea@courriel.example' }],
    ['LA-3', { email: 'lea@courriel.example', mobile: 'no phone' }],
  );
  expect((await access(id, 'l.age')).err).toContain('REQUEST-003');
  const done = await access(id, 'l.age');
  expect(done.out).toContain('2 leads, 1 refused rows');
});

test('C21: of a person of whom nothing is held the answer says so', async () => {
  await leads(['NO-1', { email: 'shared@courriel.example' }]);
  const id = await open('access', 'shared@courriel.example', '--identity', 'seen');
  expect((await access(id, 'none.age', '--none')).out).toContain('0 leads');
  const { data } = await opened('none.age');
  expect(data.leads).toEqual([]);
});

test('C21: who is on the opposition list is told so, without a lead, and after an erasure', async () => {
  const phone = '+33639982077';
  await relais('opposition', 'add', '--client', 'essai', '--phone', phone, '--reason', 'ticket 9');
  await leads(['OP-1', { email: 'efface@courriel.example' }]);
  await relais(
    ...['lead', 'withdraw', 'OP-1', '--client', 'essai', '--purpose', 'marketing', '--channel', 'email'],
    ...['--reason', 'ticket 10'],
  );
  await relais(
    ...['lead', 'erase', 'OP-1', '--client', 'essai', '--reason', 'ticket 10', '--identity', 'seen', '--yes'],
  );
  const asked = { phone: ['--phone', phone], email: ['--email', 'efface@courriel.example'] };
  for (const [name, by] of Object.entries(asked)) {
    const { out } = await relais(
      ...['request', 'open', '--client', 'essai', '--kind', 'access', ...by, '--identity', 'seen'],
    );
    const id = /Request (\d+)/.exec(out)?.[1] ?? '';
    expect((await access(id, `op-${name}.age`)).err).toBe('');
    const { data, letter } = await opened(`op-${name}.age`);
    expect(data.oppositions.map(({ optIn }) => optIn)).toContain('marketing.email');
    expect(letter).not.toMatch(/(figurent pas|figure) sur la liste d’opposition/);
  }
});

test('C21: of a person with refused rows alone the answer does not say that nobody looked: the log names no row', async () => {
  const email = 'lignes@courriel.example';
  await leads(['RW-1', { email, mobile: 'no phone' }]);
  const seen = await relais(
    ...['lead', 'find', '--email', email, '--client', 'essai', '--reveal', '--reason', 'ticket 11'],
  );
  expect(seen.out).toContain(email);
  const id = await open('access', email, '--identity', 'seen');
  expect((await access(id, 'seen-rows.age')).out).toContain('0 leads, 1 refused rows');
  const { letter } = await opened('seen-rows.age');
  expect(letter).not.toContain('Personne n’a consulté');
  expect(letter).toMatch(/Consultations par notre personnel.*lignes écartées/s);
  // A row says where it comes from, or nobody knows.
  expect(letter).not.toContain('Vos données viennent de vous');
});

test('C21: two officers at once: one answers, and no second file is given out', async () => {
  await leads(['TW-1', { email: 'twice@courriel.example' }]);
  const id = Number(await open('access', 'twice@courriel.example', '--identity', 'seen'));
  let given = 0;
  const answer = (actor: string) =>
    gateway.app.requests.access(id, {
      actor,
      recipients: [recipient],
      fileName: 'x.age',
      deliver: () => void (given += 1),
    });
  const both = await Promise.allSettled([answer('Sophie'), answer('Karim')]);
  expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  // Where both had made theirs before either was noted, the log has both: none is hidden.
  const exported = (await logged(String(id))).filter((entry) => entry === 'person_exported');
  expect(exported).toHaveLength(given);
});

test('C21: interrupted between file and note, the request stays open and is answered again', async () => {
  await leads(['CR-1', { email: 'crash@courriel.example' }]);
  const id = Number(await open('access', 'crash@courriel.example', '--identity', 'seen'));
  const order = { actor: 'Sophie', recipients: [recipient], fileName: 'x.age' };
  await expect(
    gateway.app.requests.access(id, {
      ...order,
      deliver: () => {
        throw new Error('disk full');
      },
    }),
  ).rejects.toThrow('disk full');
  expect((await gateway.app.requests.show(id)).request.state).toBe('open');
  await gateway.app.requests.access(id, { ...order, deliver: () => undefined });
  expect(await logged(String(id))).toEqual([
    ...['opened:access', 'looked_up'],
    ...['confirmed:1', 'person_exported', 'confirmed:1', 'person_exported', 'answered:access'],
  ]);
});

test('a wrong key, a name that names somebody and a file that exists give nothing out', async () => {
  const id = await open('access', 'alix@courriel.example', '--identity', 'seen');
  const wrong = await relais(
    ...['request', 'access', id, '--to', join(folder, 'w.age'), '--recipient', 'AGE-SECRET-KEY-1'],
  );
  expect(wrong.err).toContain('USAGE-001');
  expect(wrong.err).not.toContain('SECRET');
  expect(existsSync(join(folder, 'w.age'))).toBe(false);
  expect((await access(id, 'alix@courriel.example.age')).err).toContain('USAGE-001');
  expect((await access(id, 'a.age')).err).toContain('exists');
  const erasure = await open('erasure', 'alix@courriel.example', '--identity', 'seen');
  expect((await access(erasure, 'e.age')).err).toContain('is applied, not answered');
});

test('C21: --all takes neither a lead nor a refused row that only shares an address; each is named by itself', async () => {
  const email = 'commune@courriel.example';
  await leads(
    ['AL-1', { email, last_name: 'Allarow', first_name: 'Ada' }],
    ['AL-2', { email, last_name: 'Allarow', first_name: 'Ada', mobile: 'no phone' }],
    ['AL-3', { email, last_name: 'Rangcanari', first_name: 'Zoé', mobile: 'no phone' }],
  );
  const named = ['--identity', 'seen', '--name', 'Allarow'];
  const [own, other] = await rowsOf('AL-2', 'AL-3');
  const id = await open('access', email, ...named);
  expect((await access(id, 'rows.age', '--all')).err).toMatch(new RegExp(`REQUEST-002 .*${other}`));
  const erasure = await open('erasure', email, ...named);
  expect((await relais('request', 'apply', erasure, '--all', '--yes')).err).toMatch(
    new RegExp(`REQUEST-002 .*${other}`),
  );
  expect(await rowsOf('AL-2', 'AL-3')).toEqual([own, other]);
  expect((await access(id, 'rows.age')).out).toContain('1 leads, 1 refused rows');
  expect((await opened('rows.age')).text).not.toContain('Rangcanari');
  // An erasure takes along what bears the person's name, and leaves the other's.
  expect((await relais('request', 'apply', erasure, '--lead', 'AL-1', '--yes')).code).toBe(0);
  expect(await rowsOf('AL-2', 'AL-3')).toEqual([other]);
});

test('C21: person export --name leaves out who shares the address under another name, lead and refused row', async () => {
  const email = 'export@courriel.example';
  await leads(
    ['PE-1', { email, last_name: 'Exportelle' }],
    ['PE-2', { email, last_name: 'Nomcanari' }],
    ['PE-3', { email, last_name: 'Rangcanari', mobile: 'no phone' }],
  );
  const exported = (name: string, ...more: readonly string[]) =>
    relais(
      ...['person', 'export', '--client', 'essai', '--email', email, '--to', join(folder, name)],
      ...['--recipient', recipient, '--reason', 'request 77', ...more],
    );
  expect((await exported('pf.age', '--first-name', 'Ada')).err).toContain('USAGE-001');
  const done = await exported('pe.age', '--name', 'exportelle');
  expect(done.out).toContain('1 leads, 0 refused rows');
  expect(done.err).toMatch(/PE-2/);
  expect(done.err).toContain((await rowsOf('PE-3'))[0]);
  expect((await opened('pe.age')).text).not.toMatch(/Nomcanari|Rangcanari/);
});
