// A packed file and a worker that dies in the middle of it: one complete file, and no second one.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { decrypt, generateKey, readMessage, readPrivateKey } from 'openpgp';
import { silentLog } from '../../../src/log.ts';
import { addTemplate, fill } from '../bench/backlog.ts';
import { sftpUser, type SftpStep } from '../../connectors/servers/sftp.ts';
import { openDropGateway, type DropGateway } from '../../trip/drop.ts';
import { lapse, startProcess, type GatewayProcess } from '../../trip/process.ts';

interface Pair {
  readonly publicKey: string;
  readonly privateKey: string;
}
let client: Pair;
let gateway: DropGateway;
const workers: GatewayProcess[] = [];
beforeAll(async () => {
  client = await generateKey({ userIDs: [{ email: 'leads@demo.example' }], format: 'armored' });
});
afterEach(async () => {
  for (const { child, exit } of workers.splice(0)) {
    child.kill('SIGKILL');
    await exit;
  }
  await gateway.close();
});

const startWorker = (): GatewayProcess => {
  const worker = startProcess(gateway, 'worker', {
    RELAIS_SECRET_SFTP: sftpUser.password,
    RELAIS_SECRET_KEY: client.publicKey,
    RELAIS_MAPPINGS_DIR: gateway.config.mappingsDir,
    RELAIS_LOG_LEVEL: 'error',
  });
  workers.push(worker);
  return worker;
};

async function unpacked(path: string): Promise<string> {
  const { data } = (await decrypt({
    message: await readMessage({ binaryMessage: readFileSync(path) }),
    decryptionKeys: await readPrivateKey({ armoredKey: client.privateKey }),
    format: 'binary',
  })) as { data: Uint8Array };
  return gunzipSync(Buffer.from(data)).toString();
}

test.each<[string, SftpStep, number]>([
  ['a long file was renamed and nobody knew', 'renamed', 250],
  ['a long file was being written', 'write', 250],
  ['a file was renamed and nobody knew', 'renamed', 20],
])('%s: encrypted or not, it stands once and whole', async (_when, step, leads) => {
  gateway = await openDropGateway(
    {
      file: '  compress: gzip\n  openpgp: { encryptTo: secret:KEY }',
      timeouts: '{ connect: 10s, response: 30s, total: 40s }',
    },
    silentLog,
    { RELAIS_FILE_PART_ROWS: '100', RELAIS_SECRET_KEY: client.publicKey },
  );
  const { sftp, folder } = gateway;
  await addTemplate(gateway);
  await fill(gateway, leads, 'essai-csv');
  await gateway.start('planner');
  let struck = false;
  sftp.fault = (at) => {
    if (at !== step || struck) return undefined;
    struck = true;
    return 'hang';
  };
  const first = startWorker();
  await gateway.collectable(leads);
  await gateway.ask();
  await gateway.until('struck', () => struck);
  first.child.kill('SIGKILL');
  await once(first.child, 'exit');
  await lapse(gateway);
  const name = 'L_000001.csv.gz.gpg';
  const stood = existsSync(join(folder, name)) ? readFileSync(join(folder, name)) : undefined;
  expect(stood !== undefined).toBe(step === 'renamed');
  startWorker();
  await gateway.soon(
    'delivered',
    async () => (await gateway.states("d.state = 'delivered'")).length === leads,
  );
  // Encrypted again it would be other bytes: what stood was left alone.
  expect(readdirSync(folder)).toEqual([name]);
  if (stood !== undefined) expect(readFileSync(join(folder, name)).equals(stood)).toBe(true);
  const lines = (await unpacked(join(folder, name))).trim().split('\n');
  expect(lines.length).toBe(leads);
  expect(new Set(lines).size).toBe(leads);
});
