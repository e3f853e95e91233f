// docs/webhook.md: its snippets accept what the webhook connector signs, and nothing else; its numbers are the code's.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { maxAnswerBytes } from '../../connectors/guard/http/carrier.ts';
import { signatureOf } from '../../connectors/webhook/signature.ts';
import { defaultBreakerPolicy } from '../../src/domain/breaker.ts';
import { schedules } from '../../src/mapping/transport/timing.ts';

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/webhook.md'), 'utf8');
const block = (language: string): string =>
  new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'ms').exec(page)?.[1] ?? '';

const secret = `whsec_${Buffer.from('a secret of thirty-two bytes ...').toString('base64')}`;
const other = `whsec_${Buffer.from('the one that was there before ..').toString('base64')}`;
const sent = '{"nom":"LEFÈVRE","prenom":"Zoé"}';
const now = (): number => Math.floor(Date.now() / 1000);

function request(body: string, secrets: readonly string[], timestamp: number): Record<string, string> {
  const id = '9f0c2c1e-6c61-4c56-9a06-0f6b8f4f4d2a';
  const signature = signatureOf(id, timestamp, Buffer.from(body), secrets);
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': signature ?? '',
  };
}

// Each program reads {secret, headers, body} from its standard input and says yes or no.
const programs: Record<string, { readonly command: readonly string[]; readonly text: string }> = {
  js: {
    command: [process.execPath, '--input-type=module', '-e'],
    text: `${block('js')}
      import { readFileSync } from 'node:fs';
      const { secret, headers, body } = JSON.parse(readFileSync(0, 'utf8'));
      try { verify(secret, headers, body); console.log('yes'); } catch { console.log('no'); }`,
  },
  python: {
    command: ['python3', '-c'],
    text: `${block('python')}
import json, sys
given = json.loads(sys.stdin.buffer.read())
print("yes" if verify(given["secret"], given["headers"], given["body"].encode()) else "no")`,
  },
  php: {
    command: ['php', '-r'],
    text: `${block('php')}
      $given = json_decode(file_get_contents('php://stdin'), true);
      echo verify($given['secret'], $given['headers'], $given['body']) ? 'yes' : 'no';`,
  },
};

const installed = (program: string): boolean => spawnSync(program, ['--version']).status === 0;

describe.each(Object.entries(programs))('the %s snippet', (language, { command, text }) => {
  const [program = '', ...options] = command;
  // Node is always here; a build server may lack the other two.
  const trial = language === 'js' || installed(program) ? test : test.skip;
  const answer = (headers: Record<string, string>, body = sent): string => {
    const ran = spawnSync(program, [...options, text], {
      cwd: root,
      encoding: 'utf8',
      input: JSON.stringify({ secret, headers, body }),
    });
    return ran.status === 0 ? ran.stdout.trim() : ran.stderr;
  };

  trial('accepts what the connector signed, accents and empty bodies included', () => {
    expect(answer(request(sent, [secret], now()))).toBe('yes');
    expect(answer(request('', [secret], now()), '')).toBe('yes');
  });

  trial('accepts either secret while one replaces the other', () => {
    expect(answer(request(sent, [other, secret], now()))).toBe('yes');
    expect(answer(request(sent, [secret, other], now()))).toBe('yes');
  });

  trial('refuses another body, another secret and an old moment', () => {
    expect(answer(request(sent, [secret], now()), sent.replace('LEFÈVRE', 'LEFEVRE'))).toBe('no');
    expect(answer(request(sent, [other], now()))).toBe('no');
    expect(answer(request(sent, [secret], now() - 600))).toBe('no');
  });
});

test('the example body is the one the mapping of Horizon writes', () => {
  const golden = readFileSync(join(root, 'mappings/horizon/samples/durand.crm.json'), 'utf8');
  expect(JSON.parse(block('json'))).toEqual(JSON.parse(golden));
});

test('tries, limits and sizes on the page are those of the code', () => {
  const written = (schedules['standard'] ?? []).map((one) =>
    one.replace(/m$/, 'min').replace(/(\d)(?=[a-z])/, '$1 '),
  );
  expect(page).toContain(written.join(', '));
  expect(page).toContain(`first ${maxAnswerBytes / 1024} KiB`);
  expect([defaultBreakerPolicy.unavailableLimit, defaultBreakerPolicy.rejectionLimit]).toEqual([5, 20]);
  expect([defaultBreakerPolicy.firstProbeMs, defaultBreakerPolicy.maxProbeMs]).toEqual([5_000, 300_000]);
});
