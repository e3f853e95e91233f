// What does not conform in the leads of a client is counted when they come in, by form or agent; nothing is refused for it.
import type { IntakeValues } from '../../src/store/intake/intake.ts';
import { checkAlerts } from '../../src/delivery/background/alert-checks.ts';
import { createQuarantine } from '../../src/delivery/trip/quarantine.ts';
import { silentLog } from '../../src/log.ts';
import { environmentOf, terminalOf, type Relais } from '../cli/terminal.ts';
import { openGateway, strangerRow, webhookFiles, type Gateway } from './gateway.ts';

const notices = `notices:
  - { version: web-3, channel: web_form, wording: "Vos données servent à vous répondre.", from: 2026-01-01 }
  - { version: voix-2, channel: inbound_call, wording: "Cet appel peut être enregistré.", from: 2026-01-01 }
`;
const consent = `  - { to: OPTIN, purpose: marketing, channel: email, values: { granted: OUI, refused: NON, not_asked: NON, withdrawn: RETRAIT } }
  - { to: TEL, purpose: marketing, channel: phone, values: { granted: OUI, refused: NON, not_asked: NON, withdrawn: RETRAIT } }`;

let gateway: Gateway;
let relais: Relais;
let files: Readonly<Record<string, string>>;

beforeAll(async () => {
  files = webhookFiles(9, { consent, extra: 'accepts: { channel: [web_form, inbound_call] }\n' });
  gateway = await openGateway({ files });
  relais = terminalOf(environmentOf(gateway));
  gateway.file('essai/client.yaml', `${files['essai/client.yaml'] ?? ''}${notices}`);
  await publish();
});
afterEach(() => gateway.owner.run('DELETE FROM client_anomalies'));
afterAll(() => gateway.close());

const publish = () =>
  gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'n' });
const recordedAt = new Date(Date.now() - 3_600_000).toISOString();
const phone = { ...{ purpose: 'marketing', channel: 'phone', state: 'refused' }, recordedAt };
const email = { ...{ purpose: 'marketing', channel: 'email', state: 'granted' }, recordedAt };
const conforms = (reference: string, over: Partial<IntakeValues> = {}): IntakeValues =>
  strangerRow(reference, { notice: 'web-3', consents: JSON.stringify([email, phone]), ...over });

async function takeIn(...rows: readonly IntakeValues[]): Promise<void> {
  await gateway.send(...rows);
  const { accepted } = await gateway.app.intake.acceptBatch(500);
  expect(accepted).toBe(rows.length);
}

interface Listed {
  readonly kind: string;
  readonly code: string;
  readonly collectedBy: string;
  readonly channel: string;
  readonly leads: number;
  readonly examples: readonly string[];
}
async function listed(): Promise<readonly Listed[]> {
  const { out } = await relais('client', 'anomalies', 'essai', '--json');
  return out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Listed);
}
const short = async (): Promise<readonly string[]> =>
  (await listed())
    .map(({ kind, code, collectedBy, leads }) => [kind, code, collectedBy, String(leads)].join(' '))
    .sort();

test('C14: a lead whose notice is known, of its channel and in use, counts nowhere; any other is taken in and counted', async () => {
  await takeIn(
    conforms('N-1'),
    conforms('N-2', { notice: 'web-9', collected_by: 'form-1' }),
    conforms('N-3', { notice: 'voix-2', collected_by: 'form-1' }),
    conforms('N-4', { notice: null, collected_by: 'form-2' }),
    conforms('N-5', { notice: null, channel: 'callback' }),
    conforms('N-6', { notice: 'web-3', collected_at: new Date('2025-12-31T22:59:00Z') }),
  );
  expect(await short()).toEqual([
    'notice_missing  form-2 1',
    'notice_not_in_force voix-2 form-1 1',
    'notice_not_in_force web-3  1',
    'notice_unknown web-9 form-1 1',
  ]);
});

test('C16: a lead without any answer to what a destination needs that takes it is counted by form, and only then', async () => {
  const form = (source: string, more: object = {}) => ({ ...email, source, ...more });
  await takeIn(
    conforms('Q-1', { consents: null, collected_by: 'form-12' }),
    conforms('Q-2', { consents: JSON.stringify([form('form-13')]) }),
    conforms('Q-3', { consents: JSON.stringify([form('form-13', { state: 'not_asked' })]) }),
    conforms('Q-4', { consents: null, channel: 'callback', notice: null }),
    conforms('Q-5', { consents: JSON.stringify([email]), collected_by: 'form-14' }),
    {
      ...{ client_id: 'essai', kind: 'consent', reference: 'Q-5', row_reference: 'Q-5-tel' },
      consents: JSON.stringify([phone]),
    },
  );
  expect(await short()).toEqual([
    'question_not_asked marketing.email form-12 1',
    'question_not_asked marketing.phone form-12 1',
    'question_not_asked marketing.phone form-13 2',
  ]);
  expect((await listed()).find(({ collectedBy }) => collectedBy === 'form-13')?.examples).toEqual([
    'Q-3',
    'Q-2',
  ]);
});

test('C16b: a consent that names another company is counted by who recorded it, in a lead and in a row of its own', async () => {
  const named = (legalEntity: string, source: string) =>
    JSON.stringify([email, { ...phone, state: 'granted', legalEntity, wordingVersion: 'v1', source }]);
  await takeIn(
    conforms('E-1', { consents: named('Essai Promotion', 'agent-1') }),
    conforms('E-2', { consents: named('Autre SARL', 'agent-2') }),
    {
      ...{ client_id: 'essai', kind: 'consent', reference: 'E-1', row_reference: 'E-1-again' },
      consents: named('Autre SARL', 'agent-3'),
    },
  );
  expect(await short()).toEqual([
    'other_entity marketing.phone agent-2 1',
    'other_entity marketing.phone agent-3 1',
  ]);
});

test('C54: a bought lead without a proof of consent is counted by seller', async () => {
  await takeIn(
    conforms('B-1', { acquisition: 'bought', seller: 'factory', buyer: 'centre', collected_by: 'api-1' }),
    conforms('B-2', { acquisition: 'bought', seller: 'factory', consent_proof: 'present' }),
    conforms('B-3', { acquisition: 'collected' }),
  );
  expect(await short()).toEqual(['bought_without_proof factory api-1 1']);
});

test('what a publication changes holds for the very next lead', async () => {
  await takeIn(conforms('P-1', { notice: 'web-4' }));
  gateway.file(
    'essai/client.yaml',
    `${files['essai/client.yaml'] ?? ''}${notices}  - { version: web-4, channel: web_form, wording: "Autre texte.", from: 2026-01-01 }\n`,
  );
  await publish();
  await takeIn(conforms('P-2', { notice: 'web-4' }));
  expect(await short()).toEqual(['notice_unknown web-4  1']);
});

test('C22: once a lead is erased nothing of the list leads to it, and the count stays', async () => {
  await takeIn(conforms('X-1', { notice: 'web-8' }), conforms('X-2', { notice: 'web-8' }));
  expect((await listed())[0]?.examples).toEqual(['X-2', 'X-1']);
  await gateway.app.rights.erase({
    clientId: 'essai',
    reference: 'X-2',
    actor: 'tester',
    reason: 'request 1',
  });
  expect(await listed()).toMatchObject([{ leads: 2, examples: ['X-1'] }]);
  const [row] = await gateway.owner.all<{ n: number }>(
    "SELECT COUNT(*) AS n FROM client_anomalies a JOIN leads l ON l.id = a.lead_id WHERE l.reference = 'X-2'",
  );
  expect(row?.n).toBe(0);
});

test('a pile of them is alerted once a week for each client and kind, as a task', async () => {
  const quarantine = createQuarantine({
    database: gateway.app.database,
    log: silentLog,
    step: 'TEST',
    retryAfterMs: 0,
  });
  const check = () => checkAlerts(gateway.app.database, gateway.app.published, quarantine);
  const alerts = () =>
    gateway.owner.all("SELECT client_id, reason FROM alerts WHERE kind = 'anomalies_pile_up' ORDER BY id");
  const leads = (from: number, count: number) =>
    Array.from({ length: count }, (_, at) => conforms(`A-${from + at}`, { notice: 'web-6' }));
  await takeIn(...leads(0, 9));
  await check();
  expect(await alerts()).toEqual([]);
  await takeIn(...leads(9, 1));
  await check();
  await check();
  expect(await alerts()).toEqual([{ client_id: 'essai', reason: 'notice_unknown' }]);
});

test('the list in words: what it is, how many, which form, and what to do; an unknown client is said so', async () => {
  await takeIn(conforms('L-1', { notice: 'web-5', collected_by: 'form-9' }));
  const { out } = await relais('client', 'anomalies', 'essai');
  expect(out).toMatch(/1 +notice_unknown +web-5 +form-9 +web_form .* L-1\n/);
  expect(out).toContain('Mention d’information inconnue / unknown notice');
  expect(out).toContain('client.yaml');
  expect(await relais('client', 'anomalies', 'nobody')).toMatchObject({ code: 1 });
  await gateway.owner.run('DELETE FROM client_anomalies');
  const empty = await relais('client', 'anomalies', 'essai');
  expect([empty.code, empty.err]).toEqual([0, 'None.\n']);
});

test('a form that makes up a code for each lead fills no table, and a phone number as a code stays out of it', async () => {
  await takeIn(
    ...Array.from({ length: 300 }, (_, at) =>
      conforms(`M-${at}`, { notice: 'web-7', collected_by: `form-${at}` }),
    ),
    conforms('M-tel', { notice: 'web-7', collected_by: '0639980001' }),
  );
  const rows = await listed();
  expect(rows.length).toBeLessThanOrEqual(202);
  expect(rows.reduce((sum, { leads }) => sum + leads, 0)).toBe(301);
  expect(JSON.stringify(rows)).not.toContain('0639980001');
});
