// A request's papers between officer and client: the answer taken out by the page for one day, the copy of the demand behind the client's
// login, its declaration, and what an objection or a withdrawal would change.
import { watchRequests } from '../../src/privacy/requests/watch.ts';
import { viewerOfAnother, type Answer, type Browser } from './desk.ts';
import { openFilledDesk, type FilledDesk } from './filled.ts';

let desk: FilledDesk;
let dpo: Browser;
let client: Browser;
beforeAll(async () => {
  desk = await openFilledDesk({ failures: 1 });
  dpo = await desk.signedIn('dpo');
  client = await desk.signedIn('viewer');
});
afterAll(() => desk.close());

const plain = (text: string): string => text.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ');
const entries = (purpose: string): Promise<readonly { entry: string; reason: string; actor: string }[]> =>
  desk.gateway.owner.all('SELECT entry, reason, actor FROM handovers WHERE purpose = ? ORDER BY id', [
    purpose,
  ]);
const demand = 'De : zoe@courriel.example\r\n\r\nMes données, s’il vous plaît.\r\n';
async function opened(fields: Readonly<Record<string, string>>): Promise<number> {
  const form = new FormData();
  for (const [name, value] of Object.entries({ client: 'essai', ...fields })) form.set(name, value);
  form.set('document', new File([demand], 'demande.eml'));
  const answer = await dpo.post('/requests', form);
  return Number(/^\/requests\/(\d+)$/.exec(answer.to)?.[1]);
}
const act = (id: number, name: string, fields: Readonly<Record<string, string>>): Promise<Answer> =>
  dpo.post(`/requests/${id}/${name}`, fields);
/** Addresses of the documents on a page, in its order. */
const documents = ({ text }: Answer): readonly string[] =>
  [...text.matchAll(/action="(\/(?:my\/)?requests\/\d+\/documents\/\d+)"/g)].map(([, path]) => path ?? '');
const kept = (id: number): Promise<readonly { content: Buffer }[]> =>
  desk.gateway.owner.all(
    `SELECT p.content FROM request_document_parts p JOIN request_documents d ON d.id = p.document_id
      WHERE d.request_id = ? AND d.kind = 'answer'`,
    [id],
  );

test('C21: an answer is prepared and taken out by the page alone, kept sealed, and deleted after its day', async () => {
  const id = await opened({ kind: 'access', email: 'ok-1@courriel.example' });
  const chosen = { subject: 'lead:OK-1' };
  expect((await act(id, 'answer', chosen)).status).toBe(422);
  expect(await kept(id)).toHaveLength(0);
  const page = await act(id, 'answer', { ...chosen, identity: 'ticket 6' });
  expect(page.to).toBe(`/requests/${id}?say=done`);
  const [sealed, ...more] = await kept(id);
  expect(more).toHaveLength(0);
  // A ZIP names its files in clear; what is kept does not even begin as one.
  expect(sealed?.content.includes('lettre.html')).toBe(false);
  expect(sealed?.content.subarray(0, 2).toString()).not.toBe('PK');
  const [answer = ''] = documents(await dpo.get(`/requests/${id}`));
  const taken = await dpo.post(answer, { reason: `answer to request ${id}` });
  expect([taken.status, taken.headers.get('content-disposition')]).toEqual([
    200,
    `attachment; filename="reponse-${id}.zip"`,
  ]);
  expect(taken.text.startsWith('PK')).toBe(true);
  expect(taken.text).toContain('lettre.html');
  expect((await entries(`request ${id}: answer to request ${id}`)).map(({ reason }) => reason)).toEqual([
    expect.stringMatching(/^copied:\d+$/) as string,
  ]);
  expect((await entries(`request ${id}`)).map(({ entry }) => entry)).toContain('person_exported');
  // Prepared again, there is one.
  await act(id, 'answer', chosen);
  expect(await kept(id)).toHaveLength(1);
  const [second = ''] = documents(await dpo.get(`/requests/${id}`));
  expect((await dpo.post(answer, { reason: 'ticket 6' })).status).toBe(404);
  await desk.gateway.owner.run(
    "UPDATE request_documents SET gone_at = UTC_TIMESTAMP(3) - INTERVAL 1 SECOND WHERE request_id = ? AND kind = 'answer'",
    [id],
  );
  expect((await dpo.post(second, { reason: 'ticket 6' })).status).toBe(404);
  expect((await dpo.get(`/requests/${id}`)).text).not.toContain(second);
  await watchRequests({ database: desk.gateway.app.database, onBroken: () => undefined });
  expect(await kept(id)).toHaveLength(0);
  expect(documents(await dpo.get(`/requests/${id}`))).toHaveLength(1);
  expect((await act(id, 'answered', { evidence: 'remise en main propre, ticket 6' })).status).toBe(303);
});

test('C23 C25: the client reads the demand behind its login and declares there that the person was informed', async () => {
  const id = await opened({ kind: 'erasure', email: 'ok-2@courriel.example', identity: 'ticket 7' });
  const access = await opened({ kind: 'access', email: 'ok-1@courriel.example', identity: 'ticket 8' });
  await act(access, 'answer', { subject: 'lead:OK-1' });
  const [mail] = await desk.gateway.owner.all<{ body: string }>(
    'SELECT body FROM client_mails WHERE mail_key = ?',
    [`request-${id}`],
  );
  expect(mail?.body).toContain(`page « Droits », demande n° ${id}`);
  const listed = await client.get('/my/requests');
  expect(listed.text).toContain(`href="/my/requests/${id}"`);
  const page = await client.get(`/my/requests/${id}`);
  const [path = ''] = documents(page);
  expect((await client.post(path, { reason: '' })).status).toBe(422);
  const taken = await client.post(path, { reason: 'ticket 77' });
  expect([taken.status, taken.text]).toEqual([200, demand]);
  expect(await entries(`request ${id}: ticket 77`)).toEqual([
    {
      entry: 'request',
      reason: expect.stringMatching(/^copied:/) as string,
      actor: expect.stringMatching(/^account:/) as string,
    },
  ]);
  // What answers the person is the officer's to give.
  const answer = documents(await dpo.get(`/requests/${access}`))[0] ?? '';
  expect(documents(await client.get(`/my/requests/${access}`))).toHaveLength(1);
  expect((await client.post(`/my${answer}`, { reason: 'ticket 77' })).status).toBe(404);
  // Too early: the request is not carried out.
  expect(plain(page.text)).toContain('une déclaration faite avant est à refaire');
  const declare = `/my/requests/${id}/informed`;
  for (const evidence of ['', 'appel au 06 39 98 00 01'])
    expect((await client.post(declare, { evidence })).status).toBe(422);
  expect((await client.post(declare, { evidence: 'courriel du 30/11/2026' })).status).toBe(303);
  expect(plain((await dpo.get(`/requests/${id}`)).text)).toContain('Personne informée');
  const stranger = await viewerOfAnother(desk);
  expect((await stranger.get('/my/requests')).text).not.toContain(`/my/requests/${id}"`);
  for (const answered of [
    await stranger.get(`/my/requests/${id}`),
    await stranger.post(path, { reason: 'ticket 77' }),
    await stranger.post(declare, { evidence: 'ticket 77' }),
  ])
    expect(answered.status).toBe(404);
  for (const other of [`/requests/${id}`, '/requests']) expect((await client.get(other)).status).toBe(403);
  expect((await client.post(`/requests/${id}/informed`, { evidence: 'ticket 77' })).status).toBe(403);
});

test('C21: before a withdrawal is carried out its page says which leads will change, and it changes those', async () => {
  const changing = (text: string): string =>
    plain(/Ce qui va changer[\s\S]*?<\/table>/.exec(text)?.[0] ?? '').replace(/^.*Sans être coché/, '');
  const withdrawal = await opened({ kind: 'withdrawal', email: 'ok-1@courriel.example', channel: 'email' });
  const before = changing((await dpo.get(`/requests/${withdrawal}`)).text);
  expect(before).toMatch(/OK-1 .*prospection par e-mail \(accordé\)/);
  await act(withdrawal, 'apply', { subject: 'lead:OK-1', number: String(withdrawal) });
  const after = await opened({ kind: 'withdrawal', email: 'ok-1@courriel.example', channel: 'email' });
  expect(changing((await dpo.get(`/requests/${after}`)).text)).toMatch(/^\s*OK-1 rien rien/);
});
