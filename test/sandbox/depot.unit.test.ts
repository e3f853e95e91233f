// The demo's SFTP server for a client of one's own: what the examples of the presets of files name is what answers there.
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Client from 'ssh2-sftp-client';
import { parse } from 'yaml';
import { inventSecrets } from '../../sandbox/demo/environment.ts';
import { startRecipients, type Recipients } from '../../sandbox/demo/recipients.ts';

interface Example {
  readonly file: {
    readonly to: string;
    readonly server: Readonly<Record<'host' | 'user' | 'password' | 'hostKey', string>>;
  };
}

let folder: string;
let recipients: Recipients;
const invented = inventSecrets();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'relais-depot-'));
  recipients = await startRecipients(folder, invented, 1);
});
afterAll(async () => {
  await recipients.close();
  rmSync(folder, { recursive: true, force: true });
});

test.each(['csv-excel', 'csv-portail'])(
  'the example of %s comes live on the demo as it stands',
  async (preset) => {
    const path = join(import.meta.dirname, `../../mappings/presets/${preset}/example/crm.yaml`);
    const { to, server } = (parse(readFileSync(path, 'utf8')) as Example).file;
    const secrets: Readonly<Record<string, string>> = invented.secrets;
    const client = new Client();
    await client.connect({
      host: '127.0.0.1',
      port: recipients.ports[server.host] ?? 0,
      username: server.user,
      password: secrets[server.password.replace('secret:', '')] ?? '',
      hostVerifier: (key: Buffer) =>
        `SHA256:${createHash('sha256').update(key).digest('base64').replaceAll('=', '')}` === server.hostKey,
    });
    try {
      await client.put(Buffer.from('x'), `${to.split('/')[1] ?? ''}/${preset}.csv`);
    } finally {
      await client.end();
    }
    expect(readdirSync(recipients.depot)).toContain(`${preset}.csv`);
  },
);
