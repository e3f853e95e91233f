// The opposition list: what a person took back holds for their later leads, also once no lead says it any more.
import { optInsNamed } from '../../src/domain/opposition.ts';
import { dropOutdated } from '../../src/roles/background.ts';
import type { IntakeValues } from '../../src/store/intake/intake.ts';
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { openGateway, strangerRow, webhookFiles, type Gateway } from '../trip/gateway.ts';

let crm: HttpRecipient;
let gateway: Gateway;

beforeAll(async () => {
  crm = await startHttpRecipient();
  crm.answer = (_request, response) =>
    void response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ success: true, id: 'CRM-1' }));
  gateway = await openGateway({ files: webhookFiles(crm.port) });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
  await gateway.start('planner', 'worker');
});
afterAll(async () => {
  await gateway.close();
  await crm.close();
});

const given = (reference: string): readonly string[] =>
  crm.received
    .map((request) => JSON.parse(request.body.toString() || '{}') as { ref?: string; OPTIN?: string })
    .filter(({ ref }) => ref === reference)
    .map(({ OPTIN }) => OPTIN ?? '');
const told = (reference: string, ...optIns: readonly string[]): Promise<void> =>
  gateway.until(`${reference} told`, () => given(reference).join() === optIns.join());
/** Collected now: what was collected before an erasure is held. */
const granted = (recordedAt: string): Partial<IntakeValues> => ({
  collected_at: new Date(),
  consents: JSON.stringify([{ purpose: 'marketing', channel: 'email', state: 'granted', recordedAt }]),
});
const ago = (minutes: number): string => new Date(Date.now() - minutes * 60_000).toISOString();
const named = (
  reference: string,
): { clientId: string; reference: string; actor: string; reason: string } => ({
  ...{ clientId: 'essai', reference, actor: 'tester', reason: 'request 7' },
});
/** A lead comes in, its person takes the consent back, and is erased: no lead says any more that they did. */
async function withdrawnAndErased(reference: string, over: Partial<IntakeValues>): Promise<void> {
  await gateway.send(strangerRow(reference, over));
  await told(reference, 'OUI');
  await gateway.app.rights.withdraw({ ...named(reference), purpose: 'marketing', channels: ['email'] });
  await told(reference, 'OUI', 'RETRAIT');
  await gateway.app.rights.erase(named(reference));
}

test('C21: after an erasure an older grant of the same address, or of the same phone, is told as taken back', async () => {
  const address = { email: 'rose@courriel.example', mobile: '+33639981100' };
  await withdrawnAndErased('O-1', address);
  await gateway.send(
    strangerRow('O-2', { ...granted(ago(60)), email: 'Rose@Courriel.example' }),
    strangerRow('O-3', { ...granted(ago(60)), mobile: null, landline: '+33639981100' }),
    strangerRow('O-4', granted(ago(60))),
  );
  await told('O-2', 'RETRAIT');
  await told('O-3', 'RETRAIT');
  await told('O-4', 'OUI');
  const entries = await gateway.owner.all<{
    reference: string;
    entry: string;
    reason: string;
    purpose: string;
  }>(
    `SELECT l.reference, h.entry, h.reason, h.purpose FROM handovers h JOIN leads l ON l.id = h.lead_id
      WHERE l.reference LIKE 'O-%' AND (h.entry = 'opposition_kept' OR h.purpose = 'opposition list') ORDER BY l.reference, h.id`,
  );
  expect(entries).toEqual([
    { reference: 'O-1', entry: 'opposition_kept', reason: 'marketing.email', purpose: '' },
    { reference: 'O-2', entry: 'withdrawn', reason: 'marketing.email', purpose: 'opposition list' },
    { reference: 'O-3', entry: 'withdrawn', reason: 'marketing.email', purpose: 'opposition list' },
  ]);
});

test('C16: a newer grant of the person counts again', async () => {
  const address = { email: 'iris@courriel.example', mobile: null };
  await withdrawnAndErased('N-1', address);
  await gateway.owner.run('UPDATE oppositions SET recorded_at = TIMESTAMPADD(MINUTE, -30, recorded_at)');
  await gateway.send(strangerRow('N-2', { ...granted(ago(1)), ...address }));
  await told('N-2', 'OUI');
  await gateway.send(strangerRow('N-3', { ...granted(ago(60)), ...address }));
  await told('N-3', 'RETRAIT');
});

test('a lead that is corrected to the address is told as taken back as well', async () => {
  const address = { email: 'lise@courriel.example', mobile: null };
  await withdrawnAndErased('L-1', address);
  await gateway.send(strangerRow('L-2', granted(ago(60))));
  await told('L-2', 'OUI');
  await gateway.send({
    ...{ client_id: 'essai', kind: 'correction', reference: 'L-2', row_reference: 'L-2-1' },
    email: 'lise@courriel.example',
  });
  await gateway.until('told', () => given('L-2').at(-1) === 'RETRAIT');
});

test('what was granted again before the erasure is not on the list', async () => {
  const address = { email: 'anne@courriel.example', mobile: null };
  await gateway.send(strangerRow('A-1', { ...granted(ago(120)), ...address }));
  await told('A-1', 'OUI');
  for (const [state, minutes] of [
    ['withdrawn', 60],
    ['granted', 30],
  ] as const) {
    await gateway.send({
      ...{ client_id: 'essai', kind: 'consent', reference: 'A-1', row_reference: `A-1-${state}` },
      consents: JSON.stringify([{ purpose: 'marketing', channel: 'email', state, recordedAt: ago(minutes) }]),
    });
    await gateway.until(state, () => given('A-1').at(-1) === (state === 'granted' ? 'OUI' : 'RETRAIT'));
  }
  await gateway.app.rights.erase(named('A-1'));
  await gateway.send(strangerRow('A-2', { ...granted(ago(90)), ...address }));
  await told('A-2', 'OUI');
});

test('the list names nobody: neither the address nor a digest that can be had without the key', async () => {
  const { createHash } = await import('node:crypto');
  const rows = await gateway.owner.all<{ digest: Buffer }>('SELECT * FROM oppositions');
  expect(rows.length).toBeGreaterThan(2);
  const bare = ['rose@courriel.example', '+33639981100', 'iris@courriel.example'].flatMap((value) => [
    createHash('sha256').update(value).digest('hex'),
    createHash('sha256').update(`essai\nemail\n${value}`).digest('hex'),
    createHash('sha256').update(`essai\nphone\n${value}`).digest('hex'),
  ]);
  const digests = rows.map(({ digest }) => digest.toString('hex'));
  expect(digests.filter((digest) => bare.includes(digest))).toEqual([]);
  expect(JSON.stringify(rows.map(({ digest: _digest, ...rest }) => rest))).not.toContain('courriel');
});

test('C21: an erasure opposes every address the lead ever had, those that were corrected or cleared among them', async () => {
  const first = { email: 'first@courriel.example', mobile: '+33639981190', landline: '+33199000190' };
  await gateway.send(strangerRow('F-1', first));
  await told('F-1', 'OUI');
  const correct = (row: string, over: Partial<IntakeValues>) =>
    gateway.send({
      ...{ client_id: 'essai', kind: 'correction', reference: 'F-1', row_reference: row },
      ...over,
    });
  await correct('F-1-a', { email: 'second@courriel.example', clear_fields: 'landline' });
  await correct('F-1-b', { email: 'third@courriel.example', mobile: '+33639981191' });
  await gateway.until('corrected', async () => (await formerOf('F-1')) === 4);
  await gateway.app.rights.withdraw({ ...named('F-1'), purpose: 'marketing', channels: ['email'] });
  await gateway.app.rights.erase(named('F-1'));
  expect(await formerOf('F-1')).toBe(0);
  const alone = { email: null, mobile: null, landline: null };
  await gateway.send(
    strangerRow('F-2', { ...granted(ago(60)), ...alone, email: 'first@courriel.example' }),
    strangerRow('F-3', { ...granted(ago(60)), ...alone, email: 'second@courriel.example' }),
    strangerRow('F-4', { ...granted(ago(60)), ...alone, email: 'third@courriel.example' }),
    strangerRow('F-5', { ...granted(ago(60)), ...alone, mobile: '+33639981190' }),
    strangerRow('F-6', { ...granted(ago(60)), ...alone, landline: '+33199000190' }),
    strangerRow('F-7', { ...granted(ago(60)), ...alone, mobile: '+33639981191' }),
    strangerRow('F-8', granted(ago(60))),
  );
  for (const reference of ['F-2', 'F-3', 'F-4', 'F-5', 'F-6', 'F-7']) await told(reference, 'RETRAIT');
  await told('F-8', 'OUI');
});

const formerOf = async (reference: string): Promise<number> => {
  const rows = await gateway.owner.all(
    'SELECT 1 FROM former_addresses f JOIN leads l ON l.id = f.lead_id WHERE l.reference = ?',
    [reference],
  );
  return rows.length;
};

test('C21: a line of the list goes three years after the objection was said, logged by its count; a day before it stands', async () => {
  const years = (count: number, days: number): string =>
    `TIMESTAMPADD(DAY, ${days}, TIMESTAMPADD(YEAR, -${count}, UTC_TIMESTAMP(3)))`;
  const put = (digest: string, at: string) =>
    gateway.owner.run(
      `INSERT INTO oppositions (client_id, digest, purpose, channel, recorded_at, receipt)
       VALUES ('essai', UNHEX(SHA2('${digest}', 256)), 'marketing', 'email', ${at}, 1)`,
    );
  await put('old', years(3, -2));
  await put('older', years(9, 0));
  await put('young', years(3, 1));
  const lines = async () => (await gateway.owner.all('SELECT 1 FROM oppositions')).length;
  const before = await lines();
  while (await dropOutdated(gateway.app.database));
  expect(await lines()).toBe(before - 2);
  const ended = await gateway.owner.all(
    "SELECT client_id, actor, reason FROM handovers WHERE entry = 'opposition_ended'",
  );
  expect(ended).toEqual([{ client_id: 'essai', actor: 'planner', reason: '2' }]);
});

const answered = (state: string | undefined): Partial<IntakeValues> => ({
  consents:
    state === undefined
      ? null
      : JSON.stringify([{ purpose: 'marketing', channel: 'email', state, recordedAt: ago(60) }]),
});
const objectTo = (email: string, request: number) =>
  gateway.app.rights.object({
    ...{ clientId: 'essai', addresses: { email }, optIns: optInsNamed({}), actor: 'tester' },
    reason: `request ${request}`,
  });

test('C21: an objection is a state whatever stood before: who said no, or was never asked, is told as taken back', async () => {
  const email = 'ines@courriel.example';
  await gateway.send(
    strangerRow('S-1', { ...answered('not_asked'), email }),
    strangerRow('S-2', { ...answered('refused'), email }),
    strangerRow('S-3', answered('not_asked')),
  );
  for (const reference of ['S-1', 'S-2', 'S-3']) await told(reference, 'NON');
  // Nobody asked: nothing leaves until somebody has answered.
  await gateway.send(strangerRow('S-4', { ...answered(undefined), email }));
  const reached = await objectTo(email, 90);
  expect(reached.map(({ reference }) => reference)).toContain('S-1');
  // Every purpose and channel, newsletters among them.
  expect(reached[0]?.pairs).toHaveLength(16);
  expect(reached[0]?.pairs).toContain('newsletter.email');
  await told('S-1', 'NON', 'RETRAIT');
  await told('S-2', 'NON', 'RETRAIT');
  await told('S-4', 'RETRAIT');
  // Who comes later, whatever the form says: but for what the person says after the objection.
  await gateway.send(
    strangerRow('S-5', { ...answered('not_asked'), email }),
    strangerRow('S-6', { ...answered('refused'), email }),
    strangerRow('S-7', { ...answered(undefined), email }),
  );
  for (const reference of ['S-5', 'S-6', 'S-7']) await told(reference, 'RETRAIT');
  expect(given('S-3')).toEqual(['NON']);
});
