// The API and the console, as other machines reach them: by TLS of their own or through a proxy that is named.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import { loadConfig } from '../../src/config.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'relais-door-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const key = (byte: number): string => Buffer.alloc(32, byte).toString('base64');
const configured = (over: Readonly<Record<string, string>>) =>
  loadConfig(
    {
      RELAIS_MYSQL_URL: 'mysql://u:p@127.0.0.1/relais',
      RELAIS_REDIS_URL: 'redis://127.0.0.1',
      RELAIS_MASTER_KEY: key(1),
      RELAIS_SEAL_KEY: key(2),
      RELAIS_PHONE_PROOFS_DIR: folder,
      RELAIS_PHONE_PROOFS_RECIPIENT: `age1${'q'.repeat(58)}`,
      ...over,
    },
    folder,
  );

describe.each([
  ['API', 'api'],
  ['CONSOLE', 'console'],
] as const)('%s', (name, door) => {
  const reached = { [`RELAIS_${name}_HOST`]: '0.0.0.0', [`RELAIS_${name}_PORT`]: '0' };

  test('is refused where other machines would reach it in clear', () => {
    expect(() => configured(reached)).toThrow(`needs RELAIS_${name}_TLS_PEM, or RELAIS_${name}_PROXIES`);
    expect(configured({ ...reached, [`RELAIS_${name}_PROXIES`]: '10.0.0.7' })[door].proxies).toEqual([
      '10.0.0.7',
    ]);
  });

  test('takes a file with certificate and key, and no other', async () => {
    const made = await generate([{ name: 'commonName', value: 'localhost' }], { keySize: 2048 });
    const file = join(folder, 'both.pem');
    writeFileSync(file, `${made.cert}\n${made.private}\n`);
    expect(configured({ ...reached, [`RELAIS_${name}_TLS_PEM`]: file })[door].pem).toContain('PRIVATE KEY');
    writeFileSync(file, made.cert);
    expect(() => configured({ ...reached, [`RELAIS_${name}_TLS_PEM`]: file })).toThrow(
      `RELAIS_${name}_TLS_PEM must be a readable file`,
    );
    const absent = `${file}.absent`;
    expect(() => configured({ ...reached, [`RELAIS_${name}_TLS_PEM`]: absent })).toThrow(
      `no file at ${absent}`,
    );
  });
});
