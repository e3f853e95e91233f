// What production does not publish: an address in clear, a client without the evidence for going live (C38, C51, C52).
import { connectors } from '../../connectors/index.ts';
import { silentLog } from '../../src/log.ts';
import { createPublishing, type Publishing } from '../../src/publishing/publish.ts';
import { openGateway, webhookFiles, type Gateway } from '../trip/gateway.ts';

let gateway: Gateway;
let production: Publishing;
const files = webhookFiles(9);
const client = files['essai/client.yaml'] ?? '';
const clear = files['essai/crm.yaml'] ?? '';
const encrypted = clear.replaceAll('http://', 'https://');
const agreed = `optIn:
  - { field: OPTIN, channel: email, values: { granted: OUI, refused: NON, not_asked: NON, withdrawn: RETRAIT } }
`;
const evidence = (date: string): string => `${agreed}goLive:
  optIn: { evidence: "mail of the client, ticket 12", date: ${date} }
  rightsProcedure: { evidence: "contract, annex 3", date: 2026-01-05 }
`;

const publish = (over = production): Promise<string> =>
  over.publish({ destinationId: 'essai-crm', author: 'tester', note: 'n' }).then(
    ({ version, changed }) => `v${version.version} ${changed ? 'published' : 'unchanged'}`,
    (error: Error & { code: string }) => `${error.code} ${error.message}`,
  );

beforeEach(async () => {
  gateway = await openGateway({ files: { ...files, 'essai/crm.yaml': encrypted } });
  production = createPublishing({
    ...{ database: gateway.app.database, mappingsDir: gateway.config.mappingsDir, check: { connectors } },
    ...{ log: silentLog, production: true },
  });
});
afterEach(() => gateway.close());

test('C51, C52: a client goes live with the evidence of opt-in and rights, and not before; both gaps are named at once', async () => {
  const refusal = await publish();
  expect(refusal).toMatch(/^MAPPING-003 /);
  expect(refusal).toContain('goLive.optIn');
  expect(refusal).toContain('goLive.rightsProcedure');
  expect(await gateway.owner.all('SELECT id FROM destinations')).toEqual([]);
  gateway.file('essai/client.yaml', client + evidence('2099-01-01'));
  expect(await publish()).toMatch(
    /^MAPPING-003 .*\n.*goLive\.optIn is dated 2099-01-01, which is still to come$/,
  );
  gateway.file('essai/client.yaml', client + evidence('2026-01-05'));
  expect(await publish()).toBe('v1 published');
});

test('C51: what the mapping writes otherwise than agreed is refused, and so is an agreement that is not said', async () => {
  gateway.file('essai/client.yaml', client + evidence('2026-01-05').replace('RETRAIT', 'NON'));
  expect(await publish()).toMatch(/^MAPPING-003 .*\n.*OPTIN .* is RETRAIT when withdrawn; agreed: NON$/);
  gateway.file('essai/client.yaml', client + evidence('2026-01-05').replace(agreed, ''));
  expect(await publish()).toMatch(/^MAPPING-003 .*\n.*does not list the agreed fields/);
  gateway.file(
    'essai/client.yaml',
    client.replace('dpo@essai.example', 'M. Exemple') + evidence('2026-01-05'),
  );
  expect(await publish()).toMatch(/^MAPPING-003 .*\n.*contacts\.rights names no mailbox$/);
  expect(await gateway.owner.all('SELECT id FROM destinations')).toEqual([]);
});

test('a client that was live before the list was held to gets its repairs; what it newly receives is held to the list', async () => {
  expect(await publish(gateway.app.publishing)).toBe('v1 published');
  gateway.file('essai/crm.yaml', encrypted.replace('to: nom', 'to: name'));
  expect(await publish()).toMatch(/^MAPPING-003 /);
  await gateway.owner.run('UPDATE clients SET live_before_list = 1');
  expect(await publish()).toBe('v2 published');
  gateway.file('essai/second.yaml', encrypted.replace('destination: essai-crm', 'destination: essai-second'));
  await expect(
    production.publish({ destinationId: 'essai-second', author: 'tester', note: 'n' }),
  ).rejects.toThrow(/goLive\.optIn/);
});

test('C51, C52: a version of before the evidence is not put back', async () => {
  expect(await publish(gateway.app.publishing)).toBe('v1 published');
  gateway.file('essai/client.yaml', client + evidence('2026-01-05'));
  expect(await publish()).toBe('v2 published');
  await expect(
    production.rollback({ destinationId: 'essai-crm', version: 1, actor: 'tester', reason: 'ticket 1' }),
  ).rejects.toThrow(/goLive\.optIn/);
});

test('an address in clear is refused to a live client too, wherever it stands, and by a way back', async () => {
  gateway.file('essai/client.yaml', client + evidence('2026-01-05'));
  gateway.file('essai/crm.yaml', clear);
  expect(await publish(gateway.app.publishing)).toBe('v1 published');
  gateway.file(
    'essai/crm.yaml',
    encrypted
      .replace("/leads' }", "/leads', lookup: { url: 'http://localhost:9/find?ref={leadReference}' } }")
      .replace(
        'response:\n',
        'response:\n  - { absent: { status: 404 }, on: lookup }\n  - { accepted: { status: 200, json: { found: true } }, on: lookup }\n',
      ),
  );
  expect(await publish()).toMatch(/^MAPPING-003 [^]*\{leadReference\} is not https:/);
  gateway.file('essai/crm.yaml', encrypted.replace("DELETE, url: 'https", "DELETE, url: 'http"));
  expect(await publish()).toContain('  - http://localhost:9/leads/{reference} is not https://');
  gateway.file('essai/crm.yaml', encrypted);
  expect(await publish()).toBe('v2 published');
  await expect(
    production.rollback({ destinationId: 'essai-crm', version: 1, actor: 'tester', reason: 'ticket 1' }),
  ).rejects.toThrow(/http:\/\/localhost:9\/leads is not https/);
});

test('development publishes both, to be tried', async () => {
  gateway.file('essai/crm.yaml', clear);
  expect(await publish(gateway.app.publishing)).toBe('v1 published');
});
