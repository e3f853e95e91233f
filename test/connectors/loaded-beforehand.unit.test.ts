// What a connector imports only when it is needed: all of it is loaded by `load`, before a worker begins.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = join(import.meta.dirname, '..', '..', 'connectors');

function importsIn(path: string): readonly string[] {
  return readdirSync(join(folder, path), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => {
      const text = readFileSync(join(folder, path, file), 'utf8');
      return [...text.matchAll(/import\('([^'.][^']*)'\)/g)].map(([, name]) => `${file}: ${name}`);
    });
}

const loadedBy = (connector: string): readonly string[] =>
  importsIn(connector).flatMap((one) =>
    one.startsWith('index.ts: ') ? [one.slice('index.ts: '.length)] : [],
  );

/** Read by a planner that looks after returned mails, which sends nothing. */
const notSent = ['return-mailbox.ts: imapflow', 'delivery-report.ts: @zone-eu/mailsplit'];

test.each(['email', 'flow', 'sms', 'webhook'])(
  '%s loads beforehand what its sending imports',
  (connector) => {
    const missing = importsIn(connector)
      .filter((one) => !notSent.includes(one))
      .filter((one) => !loadedBy(connector).includes(one.split(': ')[1] ?? ''));
    expect(missing).toEqual([]);
  },
);

test('what connectors share imports nothing later but what a webhook loads too', () => {
  expect([...importsIn('access'), ...importsIn('guard')]).toEqual(['oauth2.ts: jose/jwt/sign']);
  expect(loadedBy('webhook')).toContain('jose/jwt/sign');
});
