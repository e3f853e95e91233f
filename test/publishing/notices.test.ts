// The notices of client.yaml are kept by publishing, word for word, and shown in the document a client signs.
import { environmentOf, terminalOf, type Relais } from '../cli/terminal.ts';
import { openGateway, webhookFiles, type Gateway } from '../trip/gateway.ts';

let gateway: Gateway;
let relais: Relais;
const files = webhookFiles(9);
const notice = (version: string, wording: string, from = '2026-01-01'): string =>
  `  - { version: ${version}, channel: web_form, from: ${from}, wording: "${wording}" }\n`;
const contract = (...notices: readonly string[]): void =>
  gateway.file(
    'essai/client.yaml',
    `${files['essai/client.yaml'] ?? ''}${notices.length === 0 ? '' : `notices:\n${notices.join('')}`}`,
  );
const publish = (): Promise<string> =>
  gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'n' }).then(
    ({ version }) => `v${version.version}`,
    (error: Error & { code: string }) => `${error.code} ${error.message}`,
  );
const kept = () =>
  gateway.owner.all('SELECT version, channel, wording, valid_from FROM notices ORDER BY version');

beforeAll(async () => {
  gateway = await openGateway({ files });
  relais = terminalOf(environmentOf(gateway));
});
afterAll(() => gateway.close());

test('C14: a notice keeps its words; other words are refused and nothing is published, and what leaves the file stays known', async () => {
  contract(notice('web-1', 'Premier texte.'), notice('web-2', 'Deuxième texte.', '2026-07-01'));
  expect(await publish()).toBe('v1');
  const both = [
    {
      version: 'web-1',
      channel: 'web_form',
      wording: 'Premier texte.',
      valid_from: new Date('2025-12-31T23:00:00Z'),
    },
    {
      version: 'web-2',
      channel: 'web_form',
      wording: 'Deuxième texte.',
      valid_from: new Date('2026-06-30T22:00:00Z'),
    },
  ];
  expect(await kept()).toEqual(both);
  contract(notice('web-1', 'Premier texte, retouché.'), notice('web-3', 'Nouveau.'));
  expect(await publish()).toMatch(/^MAPPING-006 .*web-1/);
  expect([await kept(), (await gateway.app.publishing.history('essai-crm')).length]).toEqual([both, 1]);
  contract(notice('web-2', 'Deuxième texte.', '2026-08-01'));
  expect(await publish()).toBe('v2');
  expect((await kept()).map((row) => (row as { version: string }).version)).toEqual(['web-1', 'web-2']);
});

test('C14: twice the same version for a channel, a day that does not exist and an empty text are mistakes of the file', async () => {
  contract(
    notice('web-5', 'Un.'),
    notice('web-5', 'Deux.'),
    notice('web-6', ' '),
    notice('web-7', 'Trois.', '2026-02-30'),
  );
  const answer = await publish();
  expect(answer).toMatch(/^MAPPING-001 /);
  expect(answer).toContain('"web-5" is there twice for web_form');
  expect(answer).toContain('the wording of "web-6"');
  expect(answer).toContain('MAP-902');
});

test('C14: the signed document shows every notice word for word, and says so where none is listed', async () => {
  contract(notice('web-2', 'Deuxième texte.', '2026-08-01'));
  const { out } = await relais('mapping', 'spec', 'essai-crm');
  expect(out).toContain('Mentions d’information');
  expect(out).toContain('web-2');
  expect(out).toContain('1 août 2026');
  expect(out).toContain('Deuxième texte.');
  contract();
  expect((await relais('mapping', 'spec', 'essai-crm')).out).toContain('Aucun texte n’est encore enregistré');
});
