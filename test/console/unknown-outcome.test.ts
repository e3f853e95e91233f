// Support says in the console what became of a delivery of unknown outcome: once, about the try that was looked at, on evidence.
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { openGateway, strangerRow, webhookFiles } from '../trip/gateway.ts';
import { deskOver, type Answer, type Browser, type TestDesk } from './desk.ts';

let crm: HttpRecipient;
let desk: TestDesk;
let support: Browser;
beforeAll(async () => {
  crm = await startHttpRecipient();
  desk = await deskOver(await openGateway({ files: webhookFiles(crm.port, { extra: 'onUnknown: hold' }) }));
  await desk.gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
  await desk.gateway.start('planner', 'worker');
  support = await desk.signedIn('support');
});
afterAll(async () => {
  await desk.close();
  await crm.close();
});

const plain = (text: string): string => text.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ');
const accepts: HttpRecipient['answer'] = (_request, response) =>
  void response.writeHead(200, { 'content-type': 'application/json' }).end('{"success":true,"id":"R-9"}');
const breaks: HttpRecipient['answer'] = (_request, response) => void response.destroy();

const stateOf = async (reference: string): Promise<string> => {
  const [row] = await desk.gateway.states(`l.reference = '${reference}'`);
  return `${row?.state}:${row?.reason.split(':')[0]}`;
};
async function held(reference: string): Promise<string> {
  crm.answer = breaks;
  await desk.gateway.send(strangerRow(reference));
  await desk.gateway.until('held', async () => (await stateOf(reference)) === 'waiting:unknown_hold');
  const [row] = await desk.gateway.states(`l.reference = '${reference}'`);
  return `/deliveries/${row?.id}`;
}
/** What the forms of the page carry. */
const seenOn = async (path: string): Promise<string> =>
  /name="seen" value="([\d.]+)"/.exec((await support.get(path)).text)?.[1] ?? '';
const resolved = () =>
  desk.gateway.owner.all<{ actor: string; purpose: string; reason: string }>(
    "SELECT actor, purpose, reason FROM handovers WHERE entry = 'resolved' ORDER BY id",
  );
const evidence = 'courriel du 20 novembre, ticket 40';
const told = ({ status, text }: Answer, words: string) => [status, plain(text).includes(words)];

test('the client has it, under its reference: delivered, with evidence in the log; a second press does nothing', async () => {
  const path = await held('U-1');
  const page = plain((await support.get(path)).text);
  expect(page).toContain('Personne ne sait si le client l’a');
  const seen = await seenOn(path);
  const form = { seen, reference: 'C-10234', evidence };
  expect(told(await support.post(`${path}/received`, { ...form, evidence: '' }), 'ce qui l’atteste')).toEqual(
    [422, true],
  );
  const personal = { ...form, evidence: 'zoe@courriel.example le dit' };
  expect(told(await support.post(`${path}/received`, personal), 'Le journal n’oublie jamais')).toEqual([
    422,
    true,
  ]);
  const named = { ...form, reference: 'zoe@courriel.example' };
  expect(told(await support.post(`${path}/received`, named), 'ne peut pas être gardée')).toEqual([422, true]);
  expect(told(await support.post(`${path}/received`, { ...form, seen: '' }), 'relisez-la')).toEqual([
    422,
    true,
  ]);
  expect([await resolved(), await stateOf('U-1')]).toEqual([[], 'waiting:unknown_hold']);

  const [one, other] = await Promise.all([
    support.post(`${path}/received`, form),
    support.post(`${path}/received`, form),
  ]);
  expect([one.status, other.status].toSorted((a, b) => a - b)).toEqual([303, 422]);
  expect(plain([one, other].find(({ status }) => status === 422)?.text ?? '')).toContain('Rien n’a été fait');
  expect([one, other].find(({ status }) => status === 303)?.to).toBe(`${path}?say=delivered`);
  expect(await stateOf('U-1')).toBe('delivered:accepted');
  expect(await resolved()).toEqual([
    { actor: expect.stringMatching(/^account:\d+$/) as string, purpose: evidence, reason: 'received' },
  ]);
  const after = plain((await support.get(`${path}?say=delivered`)).text);
  expect(after).toContain('C-10234');
  expect(after).toContain('Noté : elle est livrée');
  expect(after).not.toContain('Personne ne sait');
});

test('the client has not: it is sent again; pressed again on the old page, nothing is said of the new try', async () => {
  const path = await held('U-2');
  const seen = await seenOn(path);
  const before = crm.received.length;
  const sent = await support.post(`${path}/not-received`, { seen, evidence });
  expect(sent.to).toBe(`${path}?say=sent_again`);
  await desk.gateway.until(
    'sent again and held',
    async () => (await seenOn(path)) !== seen && (await stateOf('U-2')) === 'waiting:unknown_hold',
  );
  expect(crm.received).toHaveLength(before + 1);
  const again = await support.post(`${path}/not-received`, { seen, evidence });
  expect(told(again, 'Elle a changé depuis l’affichage de la page')).toEqual([422, true]);
  expect([await stateOf('U-2'), (await resolved()).length]).toEqual(['waiting:unknown_hold', 2]);
  crm.answer = accepts;
  await support.post(`${path}/not-received`, { seen: await seenOn(path), evidence });
  await desk.gateway.until('delivered', async () => (await stateOf('U-2')) === 'delivered:accepted');
});

test('a replay that is pressed twice is one replay, whatever became of the first', async () => {
  const path = await held('U-3');
  crm.answer = accepts;
  await support.post(`${path}/received`, { seen: await seenOn(path), evidence });
  const unasked = { seen: await seenOn(path), reason: 'ticket 41' };
  const before = crm.received.length;
  expect(plain((await support.get(path)).text)).toContain('la rejouer l’envoie une seconde fois');
  expect(told(await support.post(`${path}/replay`, unasked), 'elle est déjà livrée')).toEqual([422, true]);
  expect(crm.received).toHaveLength(before);
  const all = '/replay?destination=essai-crm&state=delivered';
  const plan = await support.get(all);
  expect(plain(plan.text)).toContain('Refusé : déjà livrée');
  const href = /href="(\/replay\?[^"]*again=yes)"/.exec(plan.text)?.[1]?.replaceAll('&amp;', '&') ?? '';
  expect(plain((await support.get(href)).text)).toMatch(/déjà livrées?, envoyées? de nouveau/);
  const form = { ...unasked, again: 'yes' };
  expect((await support.post(`${path}/replay`, form)).status).toBe(303);
  await desk.gateway.until('delivered again', async () => crm.received.length > before);
  await desk.gateway.until('at its end', async () => (await stateOf('U-3')) === 'delivered:accepted');
  expect(told(await support.post(`${path}/replay`, form), 'vient de l’être')).toEqual([422, true]);
  expect(crm.received).toHaveLength(before + 1);
});

test('it is sent all the same only where a double is accepted, on its page and in bulk', async () => {
  const path = await held('U-6');
  const form = { seen: await seenOn(path), reason: 'ticket 42' };
  const before = crm.received.length;
  expect(plain((await support.get(path)).text)).toContain('il pourrait l’avoir deux fois');
  expect(told(await support.post(`${path}/replay`, form), 'le destinataire l’a peut-être')).toEqual([
    422,
    true,
  ]);
  const all = '/replay?destination=essai-crm&state=waiting';
  expect(plain((await support.get(all)).text)).toContain('à trancher d’abord');
  expect(plain((await support.get(`${all}&acceptDoubles=yes`)).text)).toContain('peut-être en double');
  expect(crm.received).toHaveLength(before);
  crm.answer = accepts;
  expect((await support.post(`${path}/replay`, { ...form, acceptDoubles: 'yes' })).status).toBe(303);
  await desk.gateway.until('delivered', async () => (await stateOf('U-6')) === 'delivered:accepted');
});

test('C39: nobody but support answers it, and a client sees no form', async () => {
  const path = await held('U-4');
  const form = { seen: await seenOn(path), evidence };
  for (const role of ['viewer', 'integrator', 'admin'] as const) {
    const browser = await desk.signedIn(role);
    expect([role, (await browser.get(path)).text.includes('/received"')]).toEqual([role, false]);
    expect([role, (await browser.post(`${path}/received`, form)).status]).toEqual([role, 403]);
  }
  expect(await stateOf('U-4')).toBe('waiting:unknown_hold');
});
