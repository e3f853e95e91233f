// Support acts on a destination of files in the console: its file now, one that is held back, a test of the access.
import { openDropGateway, type DropGateway } from '../trip/drop.ts';
import { strangerRow } from '../trip/gateway.ts';
import { deskOver, type Answer, type Browser, type TestDesk } from './desk.ts';

let desk: TestDesk<DropGateway>;
let support: Browser;
beforeAll(async () => {
  desk = await deskOver(await openDropGateway({ file: '  mode: full' }));
  await desk.gateway.start('planner', 'worker');
  support = await desk.signedIn('support');
});
afterAll(() => desk.close());

const path = '/destinations/essai-csv';
const plain = (text: string): string => text.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ');
const told = ({ status, text }: Answer, words: string) => [status, plain(text).includes(words)];
/** What the form of this act carries. */
const seenOn = async (act: string): Promise<string> =>
  new RegExp(`/${act}"[^]*?name="seen" value="(\\d+)"`).exec((await support.get(path)).text)?.[1] ?? '';
const entries = (entry: string) =>
  desk.gateway.owner.all<{ actor: string; purpose: string }>(
    'SELECT actor, purpose FROM handovers WHERE entry = ? ORDER BY id',
    [entry],
  );
const account = expect.stringMatching(/^account:\d+$/) as string;
const isHeld = async (): Promise<boolean> =>
  (await desk.gateway.owner.all('SELECT 1 FROM full_files WHERE held_at IS NOT NULL')).length === 1;
const erase = async (...references: readonly string[]): Promise<void> => {
  for (const reference of references)
    await desk.gateway.app.rights.erase({
      clientId: 'essai',
      reference,
      actor: 'tester',
      reason: 'ticket 9',
    });
  await desk.gateway.until(
    'erasures planned',
    async () =>
      (await desk.gateway.states("d.action = 'erase' AND d.state IN ('planned', 'waiting')")).length >=
      references.length,
  );
};

test('the file leaves now, with a reason in the log; two presses of one page are one file', async () => {
  const { gateway } = desk;
  await gateway.send(...['A-1', 'A-2', 'A-3', 'A-4', 'A-5', 'A-6'].map((name) => strangerRow(name)));
  await gateway.collectable(6);
  const form = { reason: 'ticket 50', seen: await seenOn('send-file') };
  expect(told(await support.post(`${path}/send-file`, { ...form, reason: '' }), 'Dites pourquoi')).toEqual([
    422,
    true,
  ]);
  const both = await Promise.all([1, 2].map(() => support.post(`${path}/send-file`, form)));
  expect(both.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([303, 422]);
  expect(both.map(({ to }) => to)).toContain(`${path}?say=asked`);
  await gateway.until(
    'the file has arrived',
    async () => (await gateway.states("d.state = 'delivered'")).length === 6,
  );
  expect(await entries('file_requested')).toEqual([{ actor: account, purpose: 'ticket 50' }]);
  expect(told(await support.post(`${path}/send-file`, form), 'rien n’a été fait')).toEqual([422, true]);
  expect(await gateway.owner.all('SELECT 1 FROM slots')).toHaveLength(1);
});

test('a test says what was tried, and sends nothing', async () => {
  const reached = await support.post(`${path}/test`);
  expect(told(reached, 'Le destinataire répond.')).toEqual([200, true]);
  expect(plain(reached.text)).toContain('Aucun lead n’a été envoyé.');
  expect(desk.gateway.drops()).toHaveLength(1);
});

test('a held file: its page says what it would lose; given up or let go once, and only the file that was looked at', async () => {
  const { gateway } = desk;
  await erase('A-1', 'A-2', 'A-3', 'A-4');
  await gateway.ask();
  await gateway.until('held', isHeld);
  const page = plain((await support.get(path)).text);
  expect(page).toMatch(/Leads dans ce fichier\s+2\s/);
  expect(page).toMatch(/absents de celui-ci\s+4\s/);
  expect(page).not.toContain('Envoyer le fichier maintenant');
  const old = { reason: 'ticket 51', seen: await seenOn('discard-file') };
  for (const role of ['viewer', 'integrator'] as const) {
    const browser = await desk.signedIn(role);
    expect((await browser.get(path)).text).not.toContain('/release-file');
    expect((await browser.post(`${path}/release-file`, old)).status).toBe(403);
  }
  expect((await support.post(`${path}/discard-file`, { ...old, reason: '' })).status).toBe(422);
  expect((await support.post(`${path}/discard-file`, old)).to).toBe(`${path}?say=done`);
  expect(told(await support.post(`${path}/discard-file`, old), 'rien n’a été fait')).toEqual([422, true]);
  await gateway.ask();
  await gateway.until('held again', isHeld);
  // The page of the file before says nothing about this one.
  expect((await support.post(`${path}/release-file`, old)).status).toBe(422);
  expect(await isHeld()).toBe(true);
  const now = { reason: 'ticket 52', seen: await seenOn('release-file') };
  expect((await support.post(`${path}/release-file`, now)).to).toBe(`${path}?say=released`);
  await gateway.until('it left', () => gateway.drops().length === 2);
  expect(await entries('file_discarded')).toEqual([{ actor: account, purpose: 'ticket 51' }]);
  expect(await entries('file_released')).toEqual([{ actor: account, purpose: 'ticket 52' }]);
});

test('a test says so where nobody answers, and that nothing was sent', async () => {
  await desk.gateway.sftp.close();
  const failed = await support.post(`${path}/test`);
  expect(told(failed, 'Le destinataire ne répond pas')).toEqual([200, true]);
  expect(plain(failed.text)).toMatch(
    /ne répond pas : indisponible : rien n’écoute à cette adresse unavailable:CONNECT_REFUSED/,
  );
  expect(plain(failed.text)).toContain('Aucun lead n’a été envoyé.');
});
