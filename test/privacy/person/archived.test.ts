// C21: who received a person's data is told from the log's archives too; an answer that forgot them is refused.
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { archiveLog, removeArchived } from '../../../src/privacy/archive.ts';
import { startHttpRecipient, type HttpRecipient } from '../../connectors/servers/http.ts';
import { environmentOf, terminalOf, type Relais } from '../../cli/terminal.ts';
import { openGateway, strangerRow, webhookFiles, type Gateway } from '../../trip/gateway.ts';
import { openExport } from './open-export.ts';

let crm: HttpRecipient;
let gateway: Gateway;
let relais: Relais;
let folder: string;
let identity: string;

beforeAll(async () => {
  crm = await startHttpRecipient();
  crm.answer = (_request, response) =>
    void response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ success: true, id: 'CRM-1' }));
  folder = mkdtempSync(join(tmpdir(), 'relais-archived-'));
  identity = await generateIdentity();
  gateway = await openGateway({ files: webhookFiles(crm.port) });
  relais = terminalOf(environmentOf(gateway));
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
  const roles = await gateway.start('planner', 'worker');
  await gateway.send(strangerRow('R-1'), strangerRow('R-2'), strangerRow('R-3', { consents: null }));
  for (const reference of ['R-1', 'R-2'])
    await gateway.until('delivered', async () =>
      (await gateway.states(`l.reference = '${reference}'`)).some(({ state }) => state === 'delivered'),
    );
  await gateway.until('withheld', async () =>
    (await gateway.states("l.reference = 'R-3'")).some(({ state }) => state === 'withheld'),
  );
  for (const reference of ['R-1', 'R-3'])
    await relais('lead', 'show', reference, '--client', 'essai', '--reveal', '--reason', 'ticket 8');
  await Promise.all(roles.map((role) => role.stop()));
  while ((await gateway.app.sealer.seal(500)) > 0);
  const place = { owner: gateway.owner, sealKeys: gateway.app.keys.seal, folder };
  await archiveLog(place, '2099-01');
  expect(await removeArchived(place)).toBeGreaterThan(4);
});
afterAll(async () => {
  await gateway.close();
  await crm.close();
  rmSync(folder, { recursive: true });
});

const exported = (name: string, ...more: readonly string[]) => exportedOf('R-1', name, ...more);
const exportedOf = async (reference: string, name: string, ...more: readonly string[]) =>
  relais(
    ...['person', 'export', '--client', 'essai', '--lead', reference, '--to', join(folder, name)],
    ...['--recipient', await identityToRecipient(identity), '--reason', 'request 77', ...more],
  );

test('C21: without the archives that hold who received, nothing is given out', async () => {
  const { code, err } = await exported('none.age');
  expect([code, err]).toEqual([1, expect.stringContaining('LOG-003')]);
  expect(readdirSync(folder)).not.toContain('none.age');
});

test('C21: with them the recipients are told as before, and of this person alone', async () => {
  expect((await exported('with.age', '--archives', folder)).code).toBe(0);
  const { data } = await openExport(readFileSync(join(folder, 'with.age')), identity);
  expect(data.transmissions).toMatchObject([
    { lead: 'R-1', recipient: 'Essai CRM', action: 'create', reception: 'confirmed' },
  ]);
  expect(data.consultations).toContainEqual(expect.objectContaining({ what: 'revealed', why: 'ticket 8' }));
});

test('C21: of a lead that nobody received, the answer still tells who looked at it, from the archives', async () => {
  expect((await exportedOf('R-3', 'unsent.age')).err).toContain('LOG-003');
  expect((await exportedOf('R-3', 'unsent.age', '--archives', folder)).code).toBe(0);
  const { data } = await openExport(readFileSync(join(folder, 'unsent.age')), identity);
  expect(data.transmissions).toEqual([]);
  expect(data.consultations).toContainEqual(expect.objectContaining({ what: 'revealed', why: 'ticket 8' }));
});

test('C58: look-ups are told from the archives too, and without them not as if nobody had looked', async () => {
  const asked = ['lookups', '--client', 'essai', '--reference', 'R-1', '--reason', 'audit 4'];
  const without = await relais(...asked);
  expect([without.code, without.out]).toEqual([1, '']);
  expect(without.err).toContain('LOG-003');
  expect((await relais(...asked, '--archives', folder)).out).toContain('ticket 8');
  const since = await gateway.owner.all("SELECT 1 FROM handovers WHERE purpose = 'audit 4'");
  expect(since).toHaveLength(2);
});

test('C21: what came in after the archived months needs no archive', async () => {
  await gateway.send(strangerRow('R-4', { consents: null }));
  await gateway.app.intake.acceptBatch(10);
  // The months before it were sealed a day ago.
  await gateway.owner.run(
    "UPDATE leads SET created_at = TIMESTAMPADD(DAY, 1, created_at) WHERE reference = 'R-4'",
  );
  const asked = ['lookups', '--client', 'essai', '--reference', 'R-4', '--reason', 'audit 5'];
  expect((await relais(...asked)).err).toContain('Nobody looked this person up.');
});

test('an archive that was changed is not read', async () => {
  const [name = ''] = readdirSync(folder).filter((file) => file.endsWith('.jsonl.gz'));
  const bytes = readFileSync(join(folder, name));
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
  writeFileSync(join(folder, name), bytes);
  expect((await exported('changed.age', '--archives', folder)).err).toContain('LOG-002');
});
