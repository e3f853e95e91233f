// How the console is reached: TLS of its own, a proxy that is named, or a loopback address.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import { loadConfig } from '../../src/config.ts';
import { startConsole } from '../../src/console/server.ts';
import { silentLog } from '../../src/log.ts';
import { openDesk, password, type TestDesk } from './desk.ts';

let desk: TestDesk;
let folder: string;
let file: string;
let cert: string;
beforeAll(async () => {
  desk = await openDesk();
  folder = mkdtempSync(join(tmpdir(), 'relais-console-'));
  const made = await generate([{ name: 'commonName', value: 'localhost' }], { keySize: 2048 });
  cert = made.cert;
  file = join(folder, 'console.pem');
  writeFileSync(file, `${made.cert}\n${made.private}\n`);
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await desk.close();
});

const configured = (over: Readonly<Record<string, string>>) => {
  const key = Buffer.alloc(32, 1).toString('base64');
  return loadConfig(
    {
      RELAIS_ENV: 'development',
      RELAIS_MYSQL_URL: 'mysql://u:p@127.0.0.1/relais',
      RELAIS_REDIS_URL: 'redis://127.0.0.1',
      RELAIS_MASTER_KEY: key,
      RELAIS_SEAL_KEY: Buffer.alloc(32, 2).toString('base64'),
      RELAIS_CONSOLE_PORT: '0',
      ...over,
    },
    folder,
  ).console;
};

test('a configuration that would answer other machines in clear is refused, and a file that is no certificate', () => {
  expect(configured({})).toMatchObject({ host: '127.0.0.1', port: 0, proxies: [] });
  const problemOf = (over: Readonly<Record<string, string>>): string => {
    try {
      configured(over);
      return '';
    } catch (error) {
      return error instanceof Error ? error.message : '';
    }
  };
  expect(problemOf({ RELAIS_CONSOLE_HOST: '0.0.0.0' })).toContain('the console needs RELAIS_CONSOLE_TLS_PEM');
  expect(problemOf({ RELAIS_CONSOLE_HOST: '0.0.0.0', RELAIS_CONSOLE_PROXIES: '10.0.0.7' })).toBe('');
  expect(problemOf({ RELAIS_CONSOLE_TLS_PEM: join(folder, 'none.pem') })).toContain('no file at');
  const half = join(folder, 'half.pem');
  writeFileSync(half, cert);
  expect(problemOf({ RELAIS_CONSOLE_TLS_PEM: half })).toContain('private key');
  expect(problemOf({ RELAIS_ENV: 'production', RELAIS_SETTLING_MS: '60000' })).toContain(
    'RELAIS_CONSOLE_PORT without TLS',
  );
});

test('over TLS the cookie has its prefix and Secure, and a browser is told to stay with TLS', async () => {
  const { pem } = configured({ RELAIS_CONSOLE_TLS_PEM: file });
  const opened = await startConsole({
    place: desk.gateway.app,
    ...{ log: silentLog, host: '127.0.0.1', port: 0, proxies: [] },
    ...(pem === undefined ? {} : { pem }),
  });
  const login = await desk.account(['support']);
  const body = new URLSearchParams({ login, password }).toString();
  const headers = await new Promise<NodeJS.Dict<string | string[]>>((resolve, reject) => {
    request(
      {
        ...{ host: '127.0.0.1', port: opened.port, path: '/sign-in', method: 'POST', ca: cert },
        checkServerIdentity: () => undefined,
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          'sec-fetch-site': 'same-origin',
        },
      },
      (response) => {
        response.resume();
        resolve(response.headers);
      },
    )
      .on('error', reject)
      .end(body);
  });
  await opened.close();
  expect(headers['set-cookie']).toEqual([
    expect.stringMatching(/^__Host-relais=[\w-]{43}; Path=\/; HttpOnly; Secure; SameSite=Lax$/),
    expect.stringMatching(
      /^__Host-relais-known=[\w-]{43}; Max-Age=15552000; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    ),
  ]);
  expect(headers['strict-transport-security']).toBe('max-age=31536000');
});

test('an address that a proxy tells is believed from the proxy that is named, and from nobody else', async () => {
  const signedInFrom = async (proxies: readonly string[]): Promise<string> => {
    const opened = await startConsole({
      place: desk.gateway.app,
      ...{ log: silentLog, host: '127.0.0.1', port: 0, proxies },
    });
    const login = await desk.account(['support']);
    await fetch(`http://127.0.0.1:${opened.port}/sign-in`, {
      ...{ method: 'POST', redirect: 'manual', body: new URLSearchParams({ login, password }) },
      headers: { 'sec-fetch-site': 'same-origin', 'x-forwarded-for': '192.0.2.77' },
    });
    await opened.close();
    const rows = await desk.gateway.owner.all<{ address: string }>(
      'SELECT s.address FROM sessions s JOIN accounts a ON a.id = s.account_id WHERE a.login = ?',
      [login],
    );
    return rows[0]?.address ?? '';
  };
  expect(await signedInFrom([])).toBe('127.0.0.1');
  expect(await signedInFrom(['127.0.0.1'])).toBe('192.0.2.77');
  expect(await signedInFrom(['10.9.9.9'])).toBe('127.0.0.1');
});
