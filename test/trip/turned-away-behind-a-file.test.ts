// A file that stands, and a recipient that turns us away behind it: it has the leads, and what persons ask for afterwards reaches it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requestFile } from '../../src/delivery/files/collect.ts';
import { setDestinationStatus } from '../../src/support/suspend.ts';
import { certificateFor } from '../connectors/servers/certificate.ts';
import { startFileRecipient, type FileRecipient } from '../connectors/servers/files.ts';
import { openGateway, strangerRow, type Gateway } from './gateway.ts';

jest.setTimeout(90_000);

let folder: string;
let recipient: FileRecipient;
let gateway: Gateway;
let isIn = true;
const by = { actor: 'tester', reason: 'test' };

const filesOf = (port: number): Readonly<Record<string, string>> => ({
  'essai/client.yaml': `id: essai
name: Essai Promotion
legalEntity: ESSAI PROMOTION SAS
hosts: [localhost]
folders: ['https:essai/in']
categories: [identity, project, statistical]
contacts: { rights: dpo@essai.example }
authorisations:
  - { recipient: Essai SI, destination: essai-csv, targets: ['https:essai/in'], categories: [identity, project, statistical], document: Contrat 1, from: 2026-01-01 }
`,
  'essai/csv.yaml': `destination: essai-csv
connector: flow
file:
  name: 'L_{seq:6}.csv'
  to: https:essai/in
  server: { url: 'https://localhost:${port}/files', auth: { bearer: secret:FILES } }
  schedule: { cron: '0 0 1 1 *' }
timeouts: { connect: 1s, response: 2s, total: 3s }
retry: [1s, 1s, 1s, 1s, 1s]
csv: { delimiter: ';', quote: all, encoding: utf-8, eol: lf, header: false, formulaGuard: false }
consent:
  - { to: OPTIN, channel: email, values: { granted: O, refused: N, not_asked: '', withdrawn: R } }
fields: [{ to: ACTION, from: delivery.action }, { to: REF, from: id }, { consent: rest }, { to: NOM, from: identity.lastName }]
erase: { fields: [{ to: ACTION, from: delivery.action }, { to: REF, from: id }] }
`,
});

beforeEach(async () => {
  isIn = true;
  folder = mkdtempSync(join(tmpdir(), 'relais-ca-'));
  const certificate = await certificateFor('localhost', '127.0.0.1');
  writeFileSync(join(folder, 'ca.pem'), certificate.cert);
  recipient = await startFileRecipient(certificate);
  recipient.letsIn = () => isIn;
  gateway = await openGateway({
    files: filesOf(recipient.port),
    environment: {
      RELAIS_CA_FILE: join(folder, 'ca.pem'),
      RELAIS_SECRET_FILES: 'jeton',
      RELAIS_LEASE_MS: '8500',
    },
  });
  await gateway.app.publishing.publish({ destinationId: 'essai-csv', author: 'tester', note: 'first' });
});
afterEach(async () => {
  await gateway.close();
  await recipient.close();
  rmSync(folder, { recursive: true });
});

const ask = (): Promise<void> =>
  requestFile(gateway.app.database, { id: 'essai-csv', clientId: 'essai' }, 'tester', 'now');
const rows = (action: string): readonly string[] =>
  [...recipient.files.values()]
    .flatMap((bytes) => bytes.toString().trim().split('\n'))
    .filter((line) => line.startsWith(`"${action}"`))
    .map((line) => line.split(';')[1]?.replaceAll('"', '') ?? '')
    .toSorted();

test('a person who is erased after the file stood, and before anybody could say so, is erased there too', async () => {
  // The token ends between the file and the question for its size.
  recipient.fault = (step) => {
    if (step === 'stored') isIn = false;
    return undefined;
  };
  await gateway.start('planner', 'worker');
  await gateway.send(strangerRow('A-1'), strangerRow('A-2'));
  await gateway.until('planned', async () => (await gateway.states('d.batch_id = 0')).length === 2);
  await ask();
  await gateway.until(
    'held',
    async () => (await gateway.states("d.reason LIKE 'destination_held%'")).length === 2,
    30_000,
  );
  expect(rows('create')).toEqual(['A-1', 'A-2']);
  await gateway.app.rights.erase({ clientId: 'essai', reference: 'A-1', ...by });

  isIn = true;
  recipient.fault = () => undefined;
  await setDestinationStatus(gateway.app.database, 'essai-csv', 'suspended', by);
  await setDestinationStatus(gateway.app.database, 'essai-csv', 'active', by);
  await gateway.until(
    'the other',
    async () => (await gateway.states("l.reference = 'A-2' AND d.state = 'delivered'")).length === 1,
    30_000,
  );
  await gateway.until(
    'erased there, or a task that says it must be',
    async () => {
      await ask();
      const [erase] = await gateway.states("l.reference = 'A-1' AND d.action = 'erase'");
      return erase?.state === 'delivered' || erase?.reason === 'manual_erasure_required';
    },
    30_000,
  );
  expect(await gateway.states("l.reference = 'A-1' AND d.reason LIKE 'not_needed%'")).toEqual([]);
});
