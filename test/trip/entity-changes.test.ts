// C16b: a publication after which a legal entity counts no more ends the phone grants that name it, and their recipients are told.
import { tellEntityChange } from '../../src/delivery/background/entity-changes.ts';
import type { Role } from '../../src/roles/role-status.ts';
import { silentLog } from '../../src/log.ts';
import { createSnapshots } from '../../src/store/leads/lead-revisions.ts';
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { openGateway, strangerRow, webhookFiles, type Gateway } from './gateway.ts';

const consent = `  - { to: OPTIN, purpose: marketing, channel: email, values: { granted: OUI, refused: NON, not_asked: NON, withdrawn: RETRAIT } }
  - { to: TEL, purpose: marketing, channel: phone, values: { granted: OUI, refused: NON, not_asked: NON, withdrawn: RETRAIT } }`;

let crm: HttpRecipient;
let gateway: Gateway;
let files: Readonly<Record<string, string>>;
let running: Role[] = [];

beforeAll(async () => {
  crm = await startHttpRecipient();
  crm.answer = (_request, response) =>
    void response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ success: true, id: 'CRM-1' }));
  files = webhookFiles(crm.port, { consent });
  gateway = await openGateway({
    files: {
      ...files,
      'essai/other.yaml': (files['essai/crm.yaml'] ?? '').replaceAll('essai-crm', 'essai-other'),
    },
  });
});
afterEach(() => {
  crm.received.length = 0;
});
afterAll(async () => {
  await gateway.close();
  await crm.close();
});

const named = (legalEntity: string): string => {
  const recordedAt = new Date(Date.now() - 3_600_000);
  return JSON.stringify([
    { purpose: 'marketing', channel: 'email', state: 'granted', recordedAt },
    {
      ...{ purpose: 'marketing', channel: 'phone', state: 'granted', recordedAt },
      ...{ legalEntity, wordingVersion: 'v3' },
    },
  ]);
};
const take = (reference: string, legalEntity: string): Promise<void> =>
  gateway.send(strangerRow(reference, { consents: named(legalEntity) }));
const told = (reference: string): readonly string[] =>
  crm.received
    .map((request) => JSON.parse(request.body.toString() || '{}') as { ref?: string; TEL?: string })
    .filter(({ ref }) => ref === reference)
    .map(({ TEL }) => TEL ?? '');
const contract = (more: string): void =>
  gateway.file(
    'essai/client.yaml',
    `${(files['essai/client.yaml'] ?? '').replace('legalEntity: ESSAI PROMOTION SAS\n', more)}  - { recipient: Essai Other, destination: essai-other, targets: [localhost], categories: [identity, project, statistical], document: Contrat 1, from: 2026-01-01 }\n`,
  );
const publish = (destinationId: string) =>
  gateway.app.publishing.publish({ destinationId, author: 'tester', note: 'n' });
const changes = async (): Promise<number> => (await gateway.owner.all('SELECT 1 FROM entity_changes')).length;
const states = async (reference: string): Promise<readonly string[]> =>
  (await gateway.states(`l.reference = '${reference}'`)).map(
    ({ destination, action, state }) => `${destination} ${action} ${state}`,
  );

test('C16b: a recipient that was told the yes is told the no; nobody else is, and the other destination keeps its yes until its own publication', async () => {
  contract('legalEntity: ESSAI PROMOTION SAS\n');
  await publish('essai-crm');
  await publish('essai-other');
  expect(await changes()).toBe(0);
  running = [...(await gateway.start('planner', 'worker'))];
  await take('C-1', 'Essai Promotion SAS');
  await take('C-2', 'Autre SARL');
  await gateway.until('delivered', () => told('C-1').length === 2 && told('C-2').length === 2);
  expect([...told('C-1'), ...told('C-2')]).toEqual(['OUI', 'OUI', 'NON', 'NON']);
  contract('legalEntity: ESSAI HABITAT SAS\n');
  await publish('essai-crm');
  await gateway.until('told', () => told('C-1').join() === 'OUI,OUI,NON');
  await gateway.until('looked at', async () => (await changes()) === 0);
  await gateway.until('settled', async () => (await gateway.states("d.state <> 'delivered'")).length === 0);
  expect(await states('C-1')).toEqual([
    'essai-crm create delivered',
    'essai-other create delivered',
    'essai-crm update delivered',
  ]);
  expect(told('C-2')).toEqual(['NON', 'NON']);
  const entries = await gateway.owner.all(
    "SELECT destination_id AS destination, reason, actor FROM handovers WHERE entry = 'consent_ended'",
  );
  expect(entries).toEqual([{ destination: 'essai-crm', reason: 'marketing.phone', actor: 'planner' }]);
  await publish('essai-other');
  await gateway.until('told there too', () => told('C-1').join() === 'OUI,OUI,NON,NON');
});

test('a name that is added, spelled otherwise or kept as a further one ends nothing', async () => {
  contract('legalEntity: ESSAI PROMOTION SAS\n');
  await publish('essai-crm');
  await gateway.until('looked at', async () => (await changes()) === 0);
  await take('K-1', 'Essai Promotion SAS');
  await gateway.until('delivered', () => told('K-1').length === 2);
  contract('legalEntity: Essai Promotion, S.A.S.\n');
  await publish('essai-crm');
  expect(await changes()).toBe(0);
  contract('legalEntity: ESSAI HABITAT SAS\nlegalEntities: [ESSAI PROMOTION]\n');
  await publish('essai-crm');
  expect(await changes()).toBe(0);
});

test('a way back to a version that does not count the name tells it as well', async () => {
  const versions = await gateway.app.publishing.history('essai-crm');
  const habitat = versions.find(
    ({ sources }) => sources.includes('HABITAT') && !sources.includes('legalEntities'),
  );
  await gateway.app.publishing.rollback({
    ...{ destinationId: 'essai-crm', version: habitat?.version ?? 0, actor: 'tester', reason: 'ticket 5' },
  });
  await gateway.until('told', async () => (await states('K-1')).includes('essai-crm update delivered'));
  expect(told('K-1').at(-1)).toBe('NON');
});

test('one lead that breaks our code holds up no other, comes again later, and is told as an internal error', async () => {
  contract('legalEntity: ESSAI PROMOTION SAS\n');
  await publish('essai-crm');
  await gateway.until('looked at', async () => (await changes()) === 0);
  for (const reference of ['B-1', 'B-2', 'B-3']) await take(reference, 'Essai Promotion SAS');
  await gateway.until('delivered', () => ['B-1', 'B-2', 'B-3'].every((one) => told(one).length === 2));
  const [broken] = await gateway.owner.all<{ id: number }>("SELECT id FROM leads WHERE reference = 'B-2'");
  // As the loop would, with a snapshot that breaks over one lead.
  const { keep } = createSnapshots(gateway.app.secrets);
  const needs = {
    database: gateway.app.database,
    published: gateway.app.published,
    log: silentLog,
    snapshot: async (tx: Parameters<typeof keep>[0], ids: readonly number[]) => {
      if (ids.includes(broken?.id ?? 0)) throw new TypeError('broken');
      await keep(tx, ids);
    },
  };
  for (const role of running.splice(0)) await role.stop();
  contract('legalEntity: ESSAI HABITAT SAS\n');
  await publish('essai-crm');
  while (await tellEntityChange(needs));
  const ended = await gateway.owner.all<{ reference: string }>(
    "SELECT l.reference FROM lead_changes c JOIN leads l ON l.id = c.lead_id WHERE c.kind LIKE 'consent_ended:%' ORDER BY c.id",
  );
  expect(ended.map(({ reference }) => reference).filter((one) => one.startsWith('B-'))).toEqual([
    'B-1',
    'B-3',
  ]);
  const left = await gateway.owner.all<{ after_lead: number; until_lead: number; late: number }>(
    'SELECT after_lead, until_lead, due_at > UTC_TIMESTAMP(3) AS late FROM entity_changes',
  );
  expect(left).toEqual([{ after_lead: (broken?.id ?? 0) - 1, until_lead: broken?.id, late: 1 }]);
  const alerts = await gateway.owner.all("SELECT reason FROM alerts WHERE kind = 'internal_error'");
  expect(alerts).toEqual([{ reason: 'ENTITY_CHANGE:TypeError' }]);
});
