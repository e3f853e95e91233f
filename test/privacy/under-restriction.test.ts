// Article 18 does not suspend 7(3), 16 and 19: under a restriction what takes back or corrects leaves, and what is new to a recipient waits.
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { retried } from '../support/set-aside.ts';
import { openGateway, strangerRow, webhookFiles, type Gateway } from '../trip/gateway.ts';
import { passGranted } from '../trip/hours.ts';

let crm: HttpRecipient;
let gateway: Gateway;

const line = (to: string, channel: string): string =>
  `  - { to: ${to}, purpose: marketing, channel: ${channel}, values: { granted: OUI, refused: NON, not_asked: NON, withdrawn: RETRAIT } }`;

beforeAll(async () => {
  crm = await startHttpRecipient();
  crm.answer = (_request, response) =>
    void response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ success: true, id: 'CRM-1' }));
  const consent = ['email', 'sms', 'phone'].map((channel) => line(`OPT_${channel}`, channel)).join('\n');
  const files = Object.entries(webhookFiles(crm.port, { consent })).map(([name, text]) => [
    name,
    text.replace('optIn: changed', 'optIn: changed, on: [corrected, interaction]'),
  ]);
  gateway = await openGateway({ files: Object.fromEntries(files) as Readonly<Record<string, string>> });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
  await gateway.start('planner', 'worker');
});
afterAll(async () => {
  await gateway.close();
  await crm.close();
});

const by = { actor: 'Sophie' };
const ago = (minutes: number): string => new Date(Date.now() - minutes * 60_000).toISOString();
const said = (channel: string, state: string, over: object = {}) => ({
  ...{ purpose: 'marketing', channel, state, recordedAt: ago(60) },
  ...over,
});
type Answer = ReturnType<typeof said>;

const contents = (reference: string): readonly Readonly<Record<string, string>>[] =>
  crm.received
    .map((request) => JSON.parse(request.body.toString() || '{}') as Record<string, string>)
    .filter(({ ref }) => ref === reference);
const optIns = (reference: string): string | undefined => {
  const last = contents(reference).at(-1);
  return last === undefined
    ? undefined
    : ['email', 'sms', 'phone'].map((channel) => last[`OPT_${channel}`] ?? '-').join(' ');
};

async function restricted(reference: string, ...answers: readonly Answer[]): Promise<number> {
  await gateway.send(strangerRow(reference, { consents: JSON.stringify(answers) }));
  await gateway.until(`${reference} received`, () => contents(reference).length === 1);
  await gateway.until(`${reference} delivered`, async () =>
    (await states(reference, 'create')).every((state) => state.startsWith('delivered')),
  );
  const { id } = await gateway.app.requests.open({
    ...{ clientId: 'essai', kind: 'restriction', references: [reference] },
    ...by,
  });
  await gateway.app.requests.apply(id, { selection: { leads: 'all', rows: 'all' }, ...by });
  return id;
}
const states = async (reference: string, action: string): Promise<readonly string[]> =>
  (await gateway.states(`l.reference = '${reference}' AND d.action = '${action}'`)).map(
    ({ state, reason }) => `${state}:${reason}`,
  );
const answer = (reference: string, row: string, ...answers: readonly Answer[]): Promise<void> =>
  gateway.send({
    ...{ client_id: 'essai', kind: 'consent', reference, row_reference: row },
    consents: JSON.stringify(answers),
  });
const waits = (reference: string): Promise<void> =>
  gateway.until(`${reference} waits`, async () =>
    (await states(reference, 'update')).includes('withheld:restricted'),
  );
const all = [said('email', 'granted'), said('sms', 'not_asked'), said('phone', 'not_asked')];

test('C16: a withdrawal leaves under a restriction, without a yes that came meanwhile, which follows when it is lifted', async () => {
  const id = await restricted('T-1', ...all);
  await answer('T-1', 'T-1-sms', said('sms', 'granted', { recordedAt: ago(0) }));
  await waits('T-1');
  await gateway.app.rights.withdraw({
    ...{ clientId: 'essai', reference: 'T-1', reason: 'request 7', ...by },
    ...{ purpose: 'marketing', channels: ['email'] },
  });
  await gateway.until('withdrawn', () => contents('T-1').length === 2);
  expect(contents('T-1').at(-1)).toMatchObject({ OPT_email: 'RETRAIT' });
  expect(contents('T-1').at(-1)?.['OPT_sms'] ?? 'NON').toBe('NON');
  await gateway.app.requests.lift(id, { ...by, evidence: 'letter' });
  await gateway.until('told', () => contents('T-1').at(-1)?.['OPT_sms'] === 'OUI');
});

test('C22: a rectification leaves under a restriction', async () => {
  await restricted('T-2', ...all);
  const { id } = await gateway.app.requests.open({
    ...{ clientId: 'essai', kind: 'rectification', references: ['T-2'] },
    ...by,
  });
  await gateway.app.requests.apply(id, {
    selection: { leads: 'all', rows: 'all' },
    corrections: { values: { last_name: 'Durandet' }, clear: [] },
    identity: 'seen',
    ...by,
  });
  await gateway.until('rectified', () => contents('T-2').at(-1)?.['nom'] === 'Durandet');
});

test('C16b: the end of a phone consent leaves under a restriction', async () => {
  const validUntil = new Date(Date.now() + 3_600_000).toISOString();
  const proof = { legalEntity: 'ESSAI PROMOTION SAS', wordingVersion: 'v3', validUntil };
  await restricted(
    'T-3',
    said('email', 'not_asked'),
    said('sms', 'not_asked'),
    said('phone', 'granted', proof),
  );
  expect(optIns('T-3')).toBe('NON NON OUI');
  await passGranted(gateway, 'T-3', 46);
  await gateway.until('ended', () => contents('T-3').at(-1)?.['OPT_phone'] === 'NON');
});

test('C21: what is new to the recipient waits: a yes, and an exchange; lifted, it leaves', async () => {
  const id = await restricted('T-4', ...all);
  await gateway.send({
    ...{ client_id: 'essai', kind: 'interaction', reference: 'T-4', row_reference: 'T-4-call' },
    interactions: JSON.stringify([{ kind: 'outbound_call', at: ago(1), content: 'Rappel' }]),
  });
  await waits('T-4');
  await answer('T-4', 'T-4-sms', said('sms', 'granted', { recordedAt: ago(0) }));
  await gateway.until('again', async () => {
    const updates = await states('T-4', 'update');
    return updates.length === 2 && updates.at(-1) === 'withheld:restricted';
  });
  expect(contents('T-4')).toHaveLength(1);
  await gateway.app.requests.lift(id, { ...by, evidence: 'letter' });
  await gateway.until('told', () => contents('T-4').at(-1)?.['OPT_sms'] === 'OUI');
});

test('C16: an objection of who has restricted the processing is told as well', async () => {
  await restricted('T-5', ...all);
  const { id } = await gateway.app.requests.open({
    ...{ clientId: 'essai', kind: 'objection', references: ['T-5'] },
    ...by,
  });
  await gateway.app.requests.apply(id, { selection: { leads: 'all', rows: 'all' }, ...by });
  await gateway.until('told', () => optIns('T-5') === 'RETRAIT RETRAIT RETRAIT');
});

test('C22: a refused row under a restriction is not taken in again until it is lifted', async () => {
  const { app, owner } = gateway;
  const { insertId } = await owner.run(
    `INSERT INTO lead_intake (client_id, reference, channel, collected_at, operation_kind, email, status, settled_at, refusal)
     VALUES ('essai', 'UR-ROW', 'web_form', UTC_TIMESTAMP(3), 'recurring', 'ur.row@courriel.example', 'refused', UTC_TIMESTAMP(3),
             '[{"column":"row","code":"SET_ASIDE","message":""}]')`,
  );
  const asked = { clientId: 'essai', kind: 'restriction', email: 'ur.row@courriel.example' } as const;
  const { id } = await app.requests.open({ ...asked, ...by });
  await app.requests.apply(id, { selection: { leads: 'all', rows: 'all' }, ...by });
  const retry = (): Promise<unknown> =>
    retried(app.database, String(insertId), { ...by, reason: 'host out of memory, ticket 118' });
  await expect(retry()).rejects.toMatchObject({ code: 'LEAD-006' });
  await owner.run('UPDATE requests SET lifted_at = UTC_TIMESTAMP(3) WHERE id = ?', [id]);
  await retry();
  await gateway.until(
    'taken in',
    async () => (await owner.all("SELECT 1 FROM leads WHERE reference = 'UR-ROW'")).length === 1,
  );
});
