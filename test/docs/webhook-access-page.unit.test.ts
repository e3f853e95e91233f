// docs/webhook-access.md: its examples are settings that pass, its keys those of the schema, its JavaScript verifies what we sign.
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import type { JsonSchema } from '../../connectors/contract.ts';
import { webhook } from '../../connectors/webhook/index.ts';
import { signatureOf } from '../../connectors/webhook/signature.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/webhook-access.md'), 'utf8');
const blocks = (kind: string): readonly string[] =>
  [...page.matchAll(new RegExp(`\`\`\`${kind}\\n(.*?)\`\`\``, 'gs'))].map((match) => match[1] ?? '');
const ajv = new Ajv({ allowUnionTypes: true, strict: false });

test.each(blocks('yaml').map((text) => [text]))('this example is taken: %s', (text) => {
  const { send } = parse(text) as { send: unknown };
  expect([ajv.validate(webhook.settingsSchema, send), ajv.errorsText()]).toEqual([true, 'No errors']);
  expect(webhook.check(send)).toEqual([]);
});

const keysUnder = (heading: string): readonly string[] => {
  const [, section = ''] = page.split(`\n## ${heading}\n`);
  const list = section.split('\n## ')[0] ?? '';
  return [...list.matchAll(/^- (`.*?): /gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`([A-Za-z0-9]+)`/g)].map(([, key = '']) => key),
  );
};
const propertiesAt = (...path: readonly string[]): readonly string[] => {
  let at = webhook.settingsSchema as Readonly<Record<string, Readonly<Record<string, JsonSchema>>>>;
  for (const name of path) at = at['properties']?.[name] as typeof at;
  return Object.keys(at['properties'] ?? {}).toSorted();
};

test('every key of the schema is explained', () => {
  expect([...keysUnder('OAuth2'), 'assertion', 'refreshToken'].toSorted()).toEqual(
    propertiesAt('auth', 'oauth2'),
  );
  expect(keysUnder('A session by a login').toSorted()).toEqual(propertiesAt('auth', 'login'));
  expect(keysUnder('Signatures').toSorted()).toEqual(propertiesAt('signature', 'hmac'));
});

test('a client that verifies as the page says takes our ed25519 signature, and no other', () => {
  const [, code = ''] = blocks('js');
  const { privateKey } = generateKeyPairSync('ed25519');
  const { d = '', x = '' } = privateKey.export({ format: 'jwk' });
  const body = '{"nom":"Zoé"}';
  const signature = signatureOf('dlv_1', 1_795_600_500, Buffer.from(body), [
    `whsk_${Buffer.from(d, 'base64url').toString('base64')}`,
  ]);
  const folder = mkdtempSync(join(tmpdir(), 'relais-access-'));
  const file = join(folder, 'verify.mjs');
  writeFileSync(file, code);
  const headers = {
    'webhook-id': 'dlv_1',
    'webhook-timestamp': '1795600500',
    'webhook-signature': signature,
  };
  const publicKey = `whpk_${Buffer.from(x, 'base64url').toString('base64')}`;
  const program = `import { verifies } from ${JSON.stringify(pathToFileURL(file).href)};
    const given = ${JSON.stringify([publicKey, headers, body])};
    console.log(verifies(...given), verifies(given[0], given[1], given[2] + ' '));`;
  const said = execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
  rmSync(folder, { recursive: true });
  expect(said.trim()).toBe('true false');
});
