// C16b: a grant that ends by itself is told to every recipient before its end; nobody needs to say anything.
import type { ServerResponse } from 'node:http';
import { startHttpRecipient, type HttpRecipient, type Received } from '../connectors/servers/http.ts';
import { openGateway, strangerRow, webhookFiles, type Gateway } from './gateway.ts';
import { passGranted } from './hours.ts';

let crm: HttpRecipient;
let gateway: Gateway;

const consent = `  - { to: OPTIN, purpose: marketing, channel: email, values: { granted: OUI, refused: NON, not_asked: NON, withdrawn: RETRAIT } }
  - { to: TEL, purpose: marketing, channel: phone, values: { granted: OUI, refused: NON, not_asked: NON, withdrawn: RETRAIT } }`;

interface Body {
  readonly ref?: string;
  readonly OPTIN?: string;
  readonly TEL?: string;
}
const bodyOf = (request: Received): Body => JSON.parse(request.body.toString() || '{}') as Body;
const told = (reference: string): readonly Body[] =>
  crm.received.map(bodyOf).filter(({ ref }) => ref === reference);

const accept = (_request: Received, response: ServerResponse): void =>
  void response
    .writeHead(200, { 'content-type': 'application/json' })
    .end(JSON.stringify({ success: true, id: 'CRM-1' }));

const minutes = (count: number): Date => new Date(Date.now() + count * 60_000);
/** Minutes. */
const day = 24 * 60;

interface Answer {
  readonly recordedAt?: Date;
  readonly validUntil?: Date;
}
const grants = ({ recordedAt = minutes(-60), validUntil }: Answer): string =>
  JSON.stringify([
    { purpose: 'marketing', channel: 'email', state: 'granted', recordedAt: '2026-01-05T10:00:00Z' },
    {
      ...{ purpose: 'marketing', channel: 'phone', state: 'granted', recordedAt },
      ...{ legalEntity: 'ESSAI PROMOTION SAS', wordingVersion: 'v3' },
      ...(validUntil === undefined ? {} : { validUntil }),
    },
  ]);

const take = (reference: string, answer: Answer): Promise<void> =>
  gateway.send(strangerRow(reference, { consents: grants(answer) }));
const statesOf = async (reference: string): Promise<readonly string[]> =>
  (await gateway.states(`l.reference = '${reference}'`)).map(
    ({ action, state, reason }) => `${action} ${state}${reason === '' ? '' : ` ${reason}`}`,
  );
const until = (what: string, reference: string, wanted: readonly string[]): Promise<void> =>
  gateway.until(what, async () => (await statesOf(reference)).join() === wanted.join());
/** Every grant whose end is due has been looked at. */
const lookedAt = (reference: string, left = 0): Promise<void> =>
  gateway.until('looked at', async () => {
    const rows = await gateway.owner.all(
      `SELECT 1 FROM consent_ends e JOIN leads l ON l.id = e.lead_id WHERE l.reference = '${reference}'`,
    );
    return rows.length === left;
  });

const passMinutes = (reference: string, count: number): Promise<void> =>
  passGranted(gateway, reference, count);

beforeAll(async () => {
  crm = await startHttpRecipient();
  crm.answer = accept;
  const files = webhookFiles(crm.port, { consent });
  // A lead that waits for its next try does so for as long as the test takes: `soon` brings that forward.
  const text = (files['essai/crm.yaml'] ?? '').replace('retry: [1s, 1s, 2s]', 'retry: [10m, 10m, 10m]');
  gateway = await openGateway({ files: { ...files, 'essai/crm.yaml': text } });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
  await gateway.start('planner', 'worker');
});
beforeEach(() => {
  crm.received.length = 0;
  crm.answer = accept;
});
afterAll(async () => {
  await gateway.close();
  await crm.close();
});

test('C16b: a recipient that was told the yes is told the no a quarter of an hour before the end, and the log says why', async () => {
  await take('E-1', { validUntil: minutes(60) });
  await until('delivered', 'E-1', ['create delivered accepted']);
  await passMinutes('E-1', 46);
  await until('updated', 'E-1', ['create delivered accepted', 'update delivered accepted']);
  expect(told('E-1').map(({ TEL }) => TEL)).toEqual(['OUI', 'NON']);
  const entries = await gateway.owner.all<{ reason: string; actor: string }>(
    "SELECT h.reason, h.actor FROM handovers h JOIN leads l ON l.id = h.lead_id WHERE l.reference = 'E-1' AND h.entry = 'consent_ended'",
  );
  expect(entries).toEqual([{ reason: 'marketing.phone', actor: 'planner' }]);
  await lookedAt('E-1');
});

test('C16b: a phone grant without an end of its own is over after 365 days', async () => {
  await take('E-2', { recordedAt: minutes(-364 * day) });
  await until('delivered', 'E-2', ['create delivered accepted']);
  await passMinutes('E-2', day - 14);
  await until('updated', 'E-2', ['create delivered accepted', 'update delivered accepted']);
  expect(told('E-2').map(({ TEL }) => TEL)).toEqual(['OUI', 'NON']);
});

test('C16b: a grant that is about to end when the lead comes in is never told as a yes', async () => {
  await take('E-3', { validUntil: minutes(10) });
  await lookedAt('E-3');
  // Where the lead had left by then, an update says the same again.
  await gateway.until('delivered', async () => (await statesOf('E-3'))[0] === 'create delivered accepted');
  expect(new Set(told('E-3').map(({ TEL }) => TEL))).toEqual(new Set(['NON']));
});

test('a grant that was over long before the lead came is told as a no once, with the lead', async () => {
  await take('E-10', { recordedAt: minutes(-400 * day), validUntil: minutes(-36 * day) });
  await until('delivered', 'E-10', ['create delivered accepted']);
  await take('E-11', { validUntil: minutes(60) });
  await until('delivered', 'E-11', ['create delivered accepted']);
  await passMinutes('E-11', 46);
  // Ends are told the longest due first.
  await until('updated', 'E-11', ['create delivered accepted', 'update delivered accepted']);
  expect(await statesOf('E-10')).toEqual(['create delivered accepted']);
  expect(told('E-10').map(({ TEL }) => TEL)).toEqual(['NON']);
});

test('a grant that was renewed in time ends nothing', async () => {
  await take('E-4', { validUntil: minutes(60) });
  await until('delivered', 'E-4', ['create delivered accepted']);
  await gateway.send({
    ...{ client_id: 'essai', kind: 'consent', reference: 'E-4', row_reference: 'E-4-renewed' },
    consents: grants({ recordedAt: minutes(-1), validUntil: minutes(600) }),
  });
  await until('renewed', 'E-4', ['create delivered accepted', 'update delivered accepted']);
  await passMinutes('E-4', 50);
  await lookedAt('E-4', 1);
  expect(told('E-4').map(({ TEL }) => TEL)).toEqual(['OUI', 'OUI']);
});

test('what has not left when a grant ends says the no by itself', async () => {
  crm.answer = (_request, response) => void response.writeHead(503).end();
  await take('E-5', { validUntil: minutes(60) });
  await gateway.until('tried', () => told('E-5').length > 0);
  await passMinutes('E-5', 46);
  await lookedAt('E-5');
  crm.answer = accept;
  await gateway.soon('delivered', async () => (await statesOf('E-5'))[0] === 'create delivered accepted');
  expect(told('E-5').at(-1)?.TEL).toBe('NON');
});

test('a phone grant of an earlier version that cannot be proved was never told as a yes, and its end tells nobody', async () => {
  await take('E-9', { validUntil: minutes(60) });
  await until('delivered', 'E-9', ['create delivered accepted']);
  await gateway.owner.run(
    "UPDATE consents SET legal_entity = NULL WHERE channel = 'phone' AND lead_id = (SELECT id FROM leads WHERE reference = 'E-9')",
  );
  await passMinutes('E-9', 46);
  await lookedAt('E-9');
  expect(await gateway.owner.all('SELECT 1 FROM lead_changes')).toEqual([]);
  expect(await statesOf('E-9')).toEqual(['create delivered accepted']);
});

test('a recipient whose authorisation was revoked is told as well', async () => {
  await take('E-6', { validUntil: minutes(60) });
  await until('delivered', 'E-6', ['create delivered accepted']);
  await gateway.owner.run('UPDATE authorisations SET revoked_at = UTC_TIMESTAMP(3)');
  await passMinutes('E-6', 46);
  await until('updated', 'E-6', ['create delivered accepted', 'update delivered accepted']);
  await gateway.owner.run('UPDATE authorisations SET revoked_at = NULL');
  expect(told('E-6').map(({ TEL }) => TEL)).toEqual(['OUI', 'NON']);
});

test('a destination that does not tell this opt-in hears nothing of its end', async () => {
  for (const [name, text] of Object.entries(webhookFiles(crm.port))) gateway.file(name, text);
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'no phone' });
  await take('E-7', { validUntil: minutes(60) });
  await until('delivered', 'E-7', ['create delivered accepted']);
  await passMinutes('E-7', 46);
  await lookedAt('E-7');
  await gateway.until(
    'planned',
    async () => (await gateway.owner.all('SELECT 1 FROM lead_changes')).length === 0,
  );
  expect(await statesOf('E-7')).toEqual(['create delivered accepted']);
});

test('an erased lead leaves no end behind', async () => {
  await take('E-8', { validUntil: minutes(60) });
  await gateway.until('taken in', async () => (await statesOf('E-8')).length === 1);
  await gateway.app.rights.erase({
    clientId: 'essai',
    reference: 'E-8',
    actor: 'tester',
    reason: 'ticket 1',
  });
  await lookedAt('E-8');
});
