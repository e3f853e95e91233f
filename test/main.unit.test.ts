// A start with a wrong configuration, and with none that could reach a server.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const program = join(import.meta.dirname, '..', 'bin', 'relais.mjs');

test.each([
  ['exit', /^CONFIG-001 [^]*RELAIS_MYSQL_URL is missing[^]*$/],
  ['wait', /^CONFIG-001 [^]*RELAIS_MYSQL_URL is missing[^]*waiting to be started again\.\n$/],
])('with RELAIS_ON_CONFIG_ERROR=%s it reports the configuration once and ends with 78', async (how, said) => {
  const child = spawn(process.execPath, [program, 'start', 'all'], {
    cwd: tmpdir(),
    env: { PATH: process.env['PATH'] ?? '', RELAIS_ENV: 'production', RELAIS_ON_CONFIG_ERROR: how },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let text = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    // One that waits ends by its signal alone.
    if (text.endsWith('started again.\n')) child.kill('SIGTERM');
  });
  const [code, signal] = (await once(child, 'close')) as readonly unknown[];
  expect([code, signal]).toEqual([78, null]);
  expect(text).toMatch(said);
  expect(text.match(/CONFIG-001/g)).toHaveLength(1);
});
