// The data protection officer at the desk: a request from the demand to its closing, its papers, the calendar, the log verified.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkProof } from '../../src/privacy/proofs/proof.ts';
import { checkPack } from '../../src/support/audit-pack/check.ts';
import type { Answer, Browser } from './desk.ts';
import { hostile, openFilledDesk, type FilledDesk } from './filled.ts';

let desk: FilledDesk;
let dpo: Browser;
beforeAll(async () => {
  desk = await openFilledDesk({ failures: 1 });
  dpo = await desk.signedIn('dpo');
});
afterAll(() => desk.close());

const plain = (text: string): string => text.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ');
interface Entry {
  readonly entry: string;
  readonly actor: string;
  readonly purpose: string;
  readonly reason: string;
}
const entries = (...kinds: readonly string[]): Promise<readonly Entry[]> =>
  desk.gateway.owner
    .all<Entry>('SELECT entry, actor, purpose, reason FROM handovers ORDER BY id', [])
    .then((all) => all.filter(({ entry }) => kinds.includes(entry)));

const demand = `De : zoe@courriel.example\r\n\r\nEffacez-moi.\r\n`;
async function opened(fields: Readonly<Record<string, string>>, withDemand = true): Promise<number> {
  const form = new FormData();
  for (const [name, value] of Object.entries({ client: 'essai', ...fields })) form.set(name, value);
  if (withDemand) form.set('document', new File([demand], `../../${hostile}.eml`));
  const answer = await dpo.post('/requests', form);
  const id = /^\/requests\/(\d+)$/.exec(answer.to)?.[1];
  if (id === undefined) throw new Error(`Not opened: ${answer.status} ${plain(answer.text)}`);
  return Number(id);
}
const act = (id: number, name: string, fields: Readonly<Record<string, string>>): Promise<Answer> =>
  dpo.post(`/requests/${id}/${name}`, fields);
const fileName = ({ headers }: Answer): string => headers.get('content-disposition') ?? '';

test('a request is noted with its demand, and what cannot be one is said on the page and changes nothing', async () => {
  const wrong: readonly Readonly<Record<string, string>>[] = [
    { kind: 'erasure' },
    { kind: 'erasure', email: 'zoe' },
    { kind: 'erasure', email: 'mailto:ok-1@courriel.example' },
    { kind: 'objection', email: '(ok-1@courriel.example)' },
    { kind: 'nulle', email: 'ok-1@courriel.example' },
    { kind: 'erasure', email: 'ok-1@courriel.example', received: '2026-02-30' },
    { kind: 'erasure', email: 'ok-1@courriel.example', received: '1999-01-01' },
    { kind: 'erasure', email: 'ok-1@courriel.example', identity: 'vu de zoe@courriel.example' },
    { kind: 'erasure', email: 'ok-1@courriel.example', client: 'inconnu' },
    { kind: 'erasure', reference: 'NULLE-PART' },
  ];
  for (const fields of wrong) {
    const answer = await dpo.post('/requests', { client: 'essai', ...fields });
    expect([fields, answer.status]).toEqual([fields, 422]);
  }
  expect((await entries('request')).length).toBe(0);
  const id = await opened({ kind: 'erasure', email: 'ok-1@courriel.example', identity: 'ticket 1' });
  const list = plain((await dpo.get('/requests')).text);
  expect(list).toMatch(/effacement à traiter .*j restants.*n’est pas exécutée/);
  expect((await entries('request', 'looked_up')).map(({ entry, reason }) => [entry, reason])).toEqual([
    ['request', 'opened:erasure'],
    ['looked_up', ''],
  ]);
  const page = await dpo.get(`/requests/${id}`);
  expect(page.text).toContain('href="/leads/essai/OK-1"');
  expect(page.text).not.toMatch(/ok-1@courriel\.example|<script>/);
});

test('C21: an erasure goes from the demand to its closing, by the page alone', async () => {
  const id = await opened({ kind: 'erasure', email: 'ok-2@courriel.example', identity: 'ticket 2' });
  const chosen = { subject: 'lead:OK-2' };
  for (const number of ['', String(id + 1)])
    expect((await act(id, 'apply', { ...chosen, number })).status).toBe(422);
  expect((await act(id, 'apply', { subject: 'lead:OK-1', number: String(id) })).status).toBe(422);
  expect((await entries('erased')).length).toBe(0);
  expect((await act(id, 'apply', { ...chosen, number: String(id) })).to).toBe(`/requests/${id}?say=done`);
  expect((await entries('erased')).length).toBe(1);
  const close = { outcome: 'done', number: String(id) };
  const early = await act(id, 'close', close);
  expect([early.status, plain(early.text).includes('ne peut pas encore être close')]).toEqual([422, true]);
  await desk.gateway.until('the recipient has to be asked in writing', async () =>
    plain((await dpo.get(`/requests/${id}`)).text).includes('à demander par écrit'),
  );
  expect((await act(id, 'informed', { evidence: 'x' })).status).toBe(422);
  expect((await act(id, 'informed', { evidence: 'appel au 06 39 98 00 01' })).status).toBe(422);
  expect((await act(id, 'informed', { evidence: 'courriel du client, ticket 2' })).status).toBe(303);
  const owing = await act(id, 'close', close);
  expect([owing.status, plain(owing.text).includes('un destinataire n’a pas répondu : essai-crm')]).toEqual([
    422,
    true,
  ]);
  const asked = { destination: 'essai-crm', evidence: 'ticket 3' };
  expect((await act(id, 'acknowledge', { ...asked, evidence: '' })).status).toBe(422);
  expect((await act(id, 'acknowledge', { ...asked, destination: 'inconnue' })).status).toBe(422);
  expect((await act(id, 'acknowledge', asked)).status).toBe(303);
  expect((await act(id, 'close', { ...close, number: '' })).status).toBe(422);
  expect((await act(id, 'close', close)).status).toBe(303);
  const page = plain((await dpo.get(`/requests/${id}`)).text);
  expect(page).toContain('close');
  expect(page).not.toContain('Tapez le numéro');
  const actors = new Set((await entries('request')).map(({ actor }) => actor));
  expect([...actors].filter((actor) => actor !== 'planner')).toEqual([
    expect.stringMatching(/^account:\d+$/) as string,
  ]);
});

test('the names that leads bear are shown for a reason, which is in the log before, and not without', async () => {
  const id = await opened({ kind: 'erasure', email: 'ko-0@courriel.example', identity: 'ticket 9' });
  const { text } = await dpo.get(`/requests/${id}`);
  expect(text).toContain(`action="/requests/${id}/names"`);
  expect(plain(text)).not.toContain('{{7*7}}');
  const revealed = async (): Promise<number> => (await entries('revealed')).length;
  const before = await revealed();
  for (const reason of ['', 'appel au 06 39 98 00 01']) {
    const refused = await act(id, 'names', { reason });
    expect([refused.status, plain(refused.text).includes('{{7*7}}')]).toEqual([422, false]);
  }
  expect(await revealed()).toBe(before);
  const shown = await act(id, 'names', { reason: 'ticket 9' });
  expect(shown.status).toBe(200);
  expect(shown.text).toContain('{{7*7}}');
  expect(shown.text).not.toContain('<script>');
  expect((await entries('revealed')).at(-1)).toMatchObject({ purpose: `request ${id}: ticket 9` });
  // The next look at the page shows none.
  expect(plain((await dpo.get(`/requests/${id}`)).text)).not.toContain('{{7*7}}');
});

test('the demand is given back with a reason, as bytes that no browser opens, under a harmless name', async () => {
  const id = await opened({ kind: 'erasure', reference: 'OK-1' });
  const page = (await dpo.get(`/requests/${id}`)).text;
  const path = /action="(\/requests\/\d+\/documents\/\d+)"/.exec(page)?.[1] ?? '';
  expect((await dpo.post(path, { reason: '' })).status).toBe(422);
  const taken = await dpo.post(path, { reason: 'ticket 4' });
  expect([taken.status, taken.text]).toEqual([200, demand]);
  expect(fileName(taken)).toMatch(/^attachment; filename="[A-Za-z0-9._-]+"$/);
  expect(taken.headers.get('content-type')).toBe('application/octet-stream');
  expect((await entries('request')).filter(({ reason }) => reason.startsWith('copied:'))).toHaveLength(1);
  expect((await dpo.post('/requests/1/documents/999999', { reason: 'ticket 4' })).status).toBe(404);
  const empty = new FormData();
  empty.set('document', new File([], 'vide.pdf'));
  expect((await dpo.post(`/requests/${id}/documents`, empty)).status).toBe(422);
  const broken = await dpo.post(`/requests/${id}/documents`, new FormData(), {
    'sec-fetch-site': 'same-origin',
    'content-type': 'multipart/form-data; boundary=autre',
  });
  expect(broken.status).toBe(400);
});

test('C23: a proof is verified at each look, and one that was altered is said to be', async () => {
  const listed = (await dpo.get('/proofs')).text;
  const number = /href="\/proofs\/(\d+)"/.exec(listed)?.[1] ?? '';
  const page = await dpo.get(`/proofs/${number}`);
  expect(plain(page.text)).toContain('La signature est valide');
  const keys = (await dpo.get('/proofs/keys')).text;
  const file = await dpo.get(`/proofs/${number}/file`);
  expect(checkProof(file.text, keys).ok).toBe(true);
  expect((await dpo.get(`/proofs/${number}/page`)).text).toContain('<html');
  const alter = (from: string, to: string): Promise<unknown> =>
    desk.gateway.owner.run('UPDATE proof_documents SET document = REPLACE(document, ?, ?) WHERE number = ?', [
      ...[`"act": "${from}"`, `"act": "${to}"`],
      Number(number),
    ]);
  await alter('erasure', 'withdrawal');
  const altered = await dpo.get(`/proofs/${number}`);
  expect(plain(altered.text)).toContain('ne se vérifie pas');
  expect((await dpo.get(`/proofs/${number}/page`)).status).toBe(404);
  expect((await dpo.get('/proofs/999999')).status).toBe(404);
  // The log is verified below, and the proof with it.
  await alter('withdrawal', 'erasure');
});

test('a letter to a recipient is read and saved; of a correction it holds the value, and reading it is an entry', async () => {
  const id = await opened({ kind: 'rectification', reference: 'OK-1', identity: 'ticket 5' }, false);
  const number = String(id);
  expect((await act(id, 'apply', { subject: 'lead:OK-1', number })).status).toBe(422);
  const fields = { subject: 'lead:OK-1', number, field1: 'city', value1: 'Brest' };
  expect((await act(id, 'apply', { ...fields, value1: 'x'.repeat(200) })).status).toBe(422);
  expect((await act(id, 'apply', fields)).status).toBe(303);
  const letter = `/requests/${id}/letters/essai-crm`;
  const before = (await entries('revealed')).length;
  const read = await dpo.post(letter);
  expect(plain(read.text)).toContain('Brest');
  expect((await entries('revealed')).length).toBe(before + 1);
  const saved = await dpo.post(letter, { as: 'file' });
  expect([saved.headers.get('content-type'), saved.text.startsWith('Objet : ')]).toEqual([
    'text/plain; charset=utf-8',
    true,
  ]);
  const paper = await dpo.post(letter, { as: 'page' });
  expect(fileName(paper)).toBe(`attachment; filename="lettre-${id}-essai-crm.html"`);
  expect(paper.text).toMatch(/^<!doctype html>.*Brest.*Délégation à la protection des données/s);
  expect((await dpo.post(`/requests/${id}/letters/inconnue`)).status).toBe(404);
});

test('a restriction is applied and lifted, and a term is extended once, each with its reason', async () => {
  const id = await opened({ kind: 'restriction', reference: 'OK-1' });
  expect((await act(id, 'lift', { evidence: 'ticket 7' })).status).toBe(422);
  expect((await act(id, 'apply', { subject: 'lead:OK-1', number: String(id) })).status).toBe(303);
  expect((await act(id, 'extend', { reason: '' })).status).toBe(422);
  expect((await act(id, 'extend', { reason: 'six appels à écouter' })).status).toBe(303);
  expect((await act(id, 'extend', { reason: 'encore' })).status).toBe(422);
  expect((await act(id, 'lift', { evidence: 'lettre du 28/11/2026' })).status).toBe(303);
  expect((await entries('unrestricted')).length).toBe(1);
  const changed = (page: Answer): string =>
    plain(
      /Ce qui a changé dans nos bases[\s\S]*?<\/details>|What changed in our tables[\s\S]*?<\/details>/.exec(
        page.text,
      )?.[0] ?? '',
    );
  expect(changed(await dpo.get(`/requests/${id}`))).toMatch(/Contact leads limitation du traitement 1/);
  const english = await dpo.get(`/requests/${id}`, { 'accept-language': 'en' });
  expect(changed(english)).toMatch(/Lead leads restriction of processing 1/);
});

test('C21: a restriction in force is lifted from the page of its request, which is closed', async () => {
  const id = await opened({ kind: 'restriction', reference: 'OK-1' });
  await act(id, 'apply', { subject: 'lead:OK-1', number: String(id) });
  await act(id, 'acknowledge', { destination: 'essai-crm', evidence: 'mail du 28/11/2026' });
  await act(id, 'informed', { evidence: 'lettre du 28/11/2026' });
  expect((await act(id, 'close', { outcome: 'done', number: String(id) })).status).toBe(303);
  const forms = async (): Promise<readonly string[]> =>
    [...(await dpo.get(`/requests/${id}`)).text.matchAll(/action="\/requests\/\d+\/(\w+)"/g)].map(
      ([, name = '']) => name,
    );
  expect(await forms()).toEqual(['lift']);
  expect((await act(id, 'lift', { evidence: 'lettre du 10/12/2026' })).status).toBe(303);
  expect(await forms()).toEqual([]);
});

test('C21: past its first month a term is not extended: the page says why instead of offering it, and the act refuses', async () => {
  const id = await opened({ kind: 'objection', email: 'ok-2@courriel.example' }, false);
  expect((await dpo.get(`/requests/${id}`)).text).toContain(`action="/requests/${id}/extend"`);
  await desk.gateway.owner.run(
    'UPDATE requests SET received_at = received_at - INTERVAL 40 DAY, due_at = due_at - INTERVAL 40 DAY WHERE id = ?',
    [id],
  );
  const { text } = await dpo.get(`/requests/${id}`);
  expect(text).not.toContain(`/requests/${id}/extend`);
  expect(plain(text)).toMatch(/Prolonger n’est plus possible : .*RGPD, article 12, paragraphe 3/);
  const refused = await act(id, 'extend', { reason: 'six appels à relire' });
  expect(refused.status).toBe(422);
  expect(plain(refused.text)).toMatch(
    /REQUEST-001 Détail : Le premier mois de la demande de droits \d+ est passé/,
  );
  expect(plain(refused.text)).not.toMatch(/The term of request|en anglais/);
  expect((await entries('request')).filter(({ reason }) => reason.startsWith('extended')).length).toBe(1);
});

test('the calendar says what goes in a month, by client and rule, with what is overdue in the present one', async () => {
  const { owner } = desk.gateway;
  await owner.run("UPDATE leads SET collected_at = '2022-02-01' WHERE reference = 'KO-0'", []);
  const now = plain((await dpo.get('/retention')).text);
  expect(now).toMatch(/échue : sera exécutée au prochain passage essai anonymisation .* 1 trois ans après/);
  expect(now).toContain('Ce mois : 0 lead à supprimer, 1 lead à anonymiser.');
  const later = plain((await dpo.get('/retention?month=2099-03')).text);
  expect(later).toContain('Durées de conservation, mars 2099');
  expect(later).toContain('Aucune suppression ni anonymisation ce mois-ci');
  expect((await dpo.get('/retention?client=inconnu')).status).toBe(404);
  expect((await dpo.get('/retention?month=nulle')).status).toBe(200);
});

test('C46: the log is verified on request, its result kept; an anchor that is not there is a finding', async () => {
  await desk.gateway.until('something is sealed', async () =>
    /\d+:[0-9a-f]{64}/.test((await dpo.get('/audit')).text),
  );
  const anchor = (await dpo.get('/audit/anchor')).text.trim();
  expect((await dpo.post('/audit/verifications', { anchor: 'x' })).status).toBe(422);
  const begin = async (given: string): Promise<string> => {
    const begun = await dpo.post('/audit/verifications', { anchor: given });
    await desk.gateway.until('it has ended', async () => {
      const page = (await dpo.get(begun.to)).text;
      return !page.includes('hx-trigger');
    });
    return begun.to;
  };
  const good = await begin(anchor);
  expect(plain((await dpo.get(good)).text)).toMatch(/Le journal est intact.*L’ancre a été retrouvée/);
  const report = JSON.parse((await dpo.get(`${good}/file`)).text) as { readonly end: string };
  expect(report.end).toBe('good');
  const cut = await begin(`999999:${'a'.repeat(64)}`);
  expect(plain((await dpo.get(cut)).text)).toMatch(/a été altéré.*la fin du journal a été coupée/);
  const { owner } = desk.gateway;
  await owner.run(
    `INSERT INTO log_verifications (actor, begun_at, seen_at, running) VALUES ('account:1', UTC_TIMESTAMP(3), UTC_TIMESTAMP(3), 1)`,
    [],
  );
  expect((await dpo.post('/audit/verifications')).status).toBe(422);
  await owner.run("UPDATE log_verifications SET seen_at = '2026-01-01' WHERE running = 1", []);
  expect(plain((await dpo.get('/audit')).text)).toContain('interrompue');
  await begin('');
});

test('C46: the audit pack is one signed file, asked for with a reason that names nobody, and by nobody but the officer', async () => {
  const fields = { client: 'essai', from: '2026-01-01', until: '2099-12-31', reason: 'audit 7' };
  const wrongs: readonly Readonly<Record<string, string>>[] = [
    { reason: '' },
    { reason: 'appel au 06 39 98 00 01' },
    { client: 'inconnu' },
    { from: '2026-02-30' },
    { from: '2099-12-31', until: '2026-01-01' },
    { anchor: 'x' },
  ];
  for (const wrong of wrongs) {
    const answer = await dpo.post('/audit/pack', { ...fields, ...wrong });
    expect([wrong, answer.status]).toEqual([wrong, 422]);
  }
  expect((await entries('exported')).length).toBe(0);
  const answer = await fetch(`http://127.0.0.1:${desk.console.port}/audit/pack`, {
    method: 'POST',
    headers: {
      cookie: [...dpo.cookies].map(([name, value]) => `${name}=${value}`).join('; '),
      'sec-fetch-site': 'same-origin',
    },
    body: new URLSearchParams(fields),
  });
  expect([answer.status, answer.headers.get('content-disposition')]).toEqual([
    200,
    'attachment; filename="relais-audit-essai-2026-01-01-2099-12-31.zip"',
  ]);
  const folder = mkdtempSync(join(tmpdir(), 'relais-pack-'));
  const path = join(folder, 'pack.zip');
  writeFileSync(path, Buffer.from(await answer.arrayBuffer()));
  const keys = (await dpo.get('/proofs/keys')).text;
  expect(await checkPack(path, keys, desk.gateway.app.keys.seal)).toMatchObject({ ok: true });
  rmSync(folder, { recursive: true });
  expect(await entries('exported')).toMatchObject([{ purpose: 'audit 7', reason: 'audit_pack' }]);
  for (const role of ['support', 'admin', 'viewer'] as const)
    expect((await (await desk.signedIn(role)).post('/audit/pack', fields)).status).toBe(403);
  expect((await entries('exported')).length).toBe(1);
});

test('C58: who looked a person up is told after the question is in the log, with its reason', async () => {
  const asked = { client: 'essai', reference: 'OK-1' };
  expect((await dpo.post('/audit/lookups', asked)).status).toBe(422);
  expect((await dpo.post('/audit/lookups', { client: 'essai', reason: 'ticket 8' })).status).toBe(422);
  expect(
    (await dpo.post('/audit/lookups', { ...asked, reference: 'NULLE', reason: 'ticket 8' })).status,
  ).toBe(422);
  const seen = plain((await dpo.post('/audit/lookups', { ...asked, reason: 'ticket 8' })).text);
  expect(seen).toMatch(/OK-1 recherche, masquée .*personne-\d/);
  expect((await entries('looked_up')).filter(({ purpose }) => purpose === 'ticket 8')).toHaveLength(2);
});

test('every page of the officer shows what strangers typed as text', async () => {
  const paths = [
    '/requests',
    '/requests/1',
    '/requests/2',
    '/requests/new',
    '/proofs',
    '/retention',
    '/audit',
    '/audit/pack',
  ];
  const unknown = `/requests?client=${encodeURIComponent(hostile)}`;
  for (const path of [...paths, '/audit/lookups', unknown]) {
    const { status, text } = await dpo.get(path);
    expect([path, status]).toEqual([path, path === unknown ? 404 : 200]);
    expect(text).not.toMatch(/<script>|<img src=x|<b>/);
  }
  const back = await dpo.post('/requests', { client: hostile, email: hostile, kind: hostile });
  expect([back.status, /<script>|<img src=x/.test(back.text)]).toEqual([422, false]);
});
