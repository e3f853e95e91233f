// What a departure cites is proved with it: a contract, a mapping version or a consent altered in the database afterwards is
// named; what comes later in the life of a lead or an authorisation is not.
import { createCitedCheck } from '../../src/privacy/verification.ts';
import { readEntries } from '../../src/store/log/seals.ts';
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { leadRow, openGateway, webhookFiles, type Gateway } from './gateway.ts';

let crm: HttpRecipient;
let gateway: Gateway;
/** Entry of the departure of S-1, and those of the publication before it. */
let departed: number;
let earlier: readonly number[];

beforeEach(async () => {
  crm = await startHttpRecipient();
  crm.answer = (_request, response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"success":true,"id":"C-1"}');
  gateway = await openGateway({ files: webhookFiles(crm.port) });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('S-1'));
  await gateway.until('delivered', async () => (await gateway.states("d.state = 'delivered'")).length === 1);
  await sealed();
  await expect(gateway.app.sealer.verify()).resolves.toMatchObject({ ok: true });
  const [entry] = await gateway.owner.all<{ id: number; cited: string }>(
    "SELECT id, cited FROM handovers WHERE entry = 'departed'",
  );
  departed = entry?.id ?? 0;
  earlier = (
    await gateway.owner.all<{ id: number }>(
      "SELECT id FROM handovers WHERE entry IN ('published', 'authorised') ORDER BY entry DESC",
    )
  ).map((one) => one.id);
  expect(earlier).toHaveLength(2);
  expect(entry?.cited).toMatch(/^a:[\w-]{43} m:[\w-]{43} c:1\.[\w-]{43}$/);
});
afterEach(async () => {
  await gateway.close();
  await crm.close();
});

const sealed = (): Promise<void> =>
  gateway.until('sealed', async () => {
    await gateway.app.sealer.seal(2_000);
    return (await gateway.owner.all('SELECT 1 FROM handovers_unsealed')).length === 0;
  });
const problem = async (): Promise<unknown> => (await gateway.app.sealer.verify()).problem;

test.each([
  ['authorisation_changed', "UPDATE authorisations SET recipient = 'Autre CRM'"],
  ['authorisation_changed', "UPDATE authorisations SET document_ref = 'Contrat 2'"],
  ['authorisation_changed', `UPDATE authorisations SET categories = '["identity","financial"]'`],
  ['authorisation_changed', "UPDATE authorisations SET valid_from = '2025-01-01'"],
  ['authorisation_changed', 'UPDATE authorisations SET id = id + 100'],
  ['mapping_changed', "UPDATE mapping_versions SET sources = REPLACE(sources, 'OUI', 'NON')"],
  ['mapping_changed', 'UPDATE mapping_versions SET version = 7'],
  ['consents_changed', "UPDATE consents SET state = 'refused'"],
  ['consents_changed', "UPDATE consents SET recorded_at = '2026-01-01'"],
  ['consents_changed', "UPDATE consents SET wording_version = 'v9'"],
  ['consents_changed', 'UPDATE consents SET origin_id = 12345'],
  ['consents_changed', 'DELETE FROM consents'],
])('C09: %s is named: %s', async (kind, statement) => {
  const { affected } = await gateway.owner.run(statement);
  expect(affected).toBeGreaterThan(0);
  const [published, authorised] = earlier;
  const first = { authorisation_changed: authorised, mapping_changed: published }[kind] ?? departed;
  expect(await problem()).toMatchObject({ kind, entry: first });
  // The entry that grants or publishes is named first; the departure proves it by itself.
  const { database, secrets } = gateway.app;
  const check = createCitedCheck(database, secrets);
  expect(await check(await readEntries(database, [departed]))).toEqual({ kind, entry: departed });
});

test('a withdrawal, a revocation and a new version that come later are no alteration', async () => {
  await gateway.app.rights.withdraw({
    ...{ clientId: 'essai', reference: 'S-1', channels: ['email'], purpose: 'marketing' },
    ...{ actor: 'Sophie', reason: 'request 77' },
  });
  await gateway.until(
    'told',
    async () => (await gateway.states("d.action = 'update' AND d.state = 'delivered'")).length === 1,
  );
  await gateway.owner.run("UPDATE authorisations SET revoked_at = UTC_TIMESTAMP(3), revoked_by = 'Sophie'");
  await sealed();
  expect(await problem()).toBeUndefined();
  const cited = await gateway.owner.all<{ cited: string }>(
    "SELECT cited FROM handovers WHERE entry = 'departed' ORDER BY id",
  );
  expect(cited.map((one) => / c:(\d)/.exec(one.cited)?.[1])).toEqual(['1', '2']);
});

test('after an erasure the consents can no longer be compared, the rest still is', async () => {
  await gateway.app.rights.erase({
    ...{ clientId: 'essai', reference: 'S-1', actor: 'Sophie', reason: 'request 78' },
  });
  await gateway.until(
    'erased there',
    async () => (await gateway.states("d.action = 'erase' AND d.state = 'delivered'")).length === 1,
  );
  await sealed();
  expect(await problem()).toBeUndefined();
  await gateway.owner.run("UPDATE consents SET state = 'refused'");
  expect(await problem()).toBeUndefined();
  await gateway.owner.run("UPDATE authorisations SET recipient = 'Autre CRM'");
  expect(await problem()).toMatchObject({ kind: 'authorisation_changed', entry: earlier[1] });
});
