// A worker that is frozen at the end of a TLS handshake for longer than its lease: what the person asked for meanwhile was confirmed,
// and the worker that thaws sends nothing of what stood before.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { certificateFor } from '../connectors/servers/certificate.ts';
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { hasty, leadRow, openGateway, webhookFiles, type Gateway } from './gateway.ts';
import { startProcess, type GatewayProcess } from './process.ts';

let folder: string;
let crm: HttpRecipient;
let gateway: Gateway;
let worker: GatewayProcess;

beforeEach(async () => {
  const certificate = await certificateFor('localhost', '127.0.0.1');
  folder = mkdtempSync(join(tmpdir(), 'relais-frozen-'));
  const environment = { RELAIS_CA_FILE: join(folder, 'ca.pem'), RELAIS_LEASE_MS: '500' };
  writeFileSync(environment.RELAIS_CA_FILE, certificate.cert);
  crm = await startHttpRecipient(certificate);
  crm.answer = (_request, response) => void response.writeHead(200).end('{"success":true,"id":"C-1"}');
  const files = Object.entries(hasty(webhookFiles(crm.port))).map(
    ([name, text]) => [name, text.replaceAll('http://', 'https://')] as const,
  );
  gateway = await openGateway({ files: Object.fromEntries(files), environment });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
  worker = startProcess(gateway, 'worker', {
    ...environment,
    NODE_OPTIONS: `--import=${fileURLToPath(new URL('freezing.ts', import.meta.url))}`,
  });
});
afterEach(async () => {
  worker.child.kill('SIGKILL');
  await worker.exit;
  await gateway.close();
  await crm.close();
  rmSync(folder, { recursive: true });
});

const by = { actor: 'tester', reason: 'test' };
const named = async (entry: string): Promise<readonly { outcome: string; reason: string }[]> =>
  (await gateway.entries()).filter((one) => one.entry === entry);
const isFrozen = (): boolean => / T /.test(readFileSync(`/proc/${worker.child.pid}/stat`, 'utf8'));

/** Its create is on its way. */
async function frozen(): Promise<void> {
  await gateway.start('planner');
  await gateway.send(leadRow('F-1'));
  await gateway.until('the worker is frozen', isFrozen);
}

async function thawed(): Promise<void> {
  worker.child.kill('SIGCONT');
  await gateway.until('what became of its create', async () => (await named('late')).length > 0);
}

test('C22: what was erased while its worker was frozen in a handshake does not leave', async () => {
  await frozen();
  await gateway.app.rights.erase({ clientId: 'essai', reference: 'F-1', ...by });
  await gateway.until('the lease is over', async () => (await named('outcome_unknown')).length > 0);
  await thawed();
  expect(await named('late')).toMatchObject([{ outcome: 'unavailable', reason: 'LEASE_LOST' }]);
  expect(crm.received.filter(({ method }) => method === 'POST')).toEqual([]);
});
