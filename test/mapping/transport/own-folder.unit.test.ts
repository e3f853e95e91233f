// A folder of this machine: the operator's, named by the contract and by the authorisation as it is written on the disk.
import { check, compiled, demoClient, problemsOf } from '../support.ts';

const mapping = `destination: demo-crm
connector: flow
file:
  name: 'leads_{seq:6}.csv'
  to: local:demo/in
  server: {folder: /srv/Demo}
  schedule: {cron: '0 7 * * *'}
consent:
  - {to: OPTIN, channel: email, values: {granted: O, refused: N, not_asked: N, withdrawn: N}}
fields:
  - {to: nom, from: identity.lastName}
csv: {}
`;

/** client.yaml with these folders, and one authorisation of the destination. */
const client = (folders: string, targets = ''): Readonly<Record<string, string>> => ({
  'demo/client.yaml': `${demoClient.replace(/^(folders|authorisations):.*\n( .*\n|- .*\n)*/gm, '')}
folders: [${folders}]
authorisations:
  - {recipient: Demo, destination: demo-crm, categories: [identity], document: Contrat, from: 2026-01-01${targets}}
`,
});
const warned = (files: Readonly<Record<string, string>>): readonly string[] =>
  problemsOf(mapping, files).filter((line) => line.includes('MAP-401'));
const warning = [expect.stringContaining('"/srv/Demo" is a folder of this machine') as string];

test('an authorisation that lists no targets covers the folder that the contract names', () => {
  const { covered, client: facts } = compiled(mapping, client('local:demo/in, /srv/Demo'));
  expect(covered).toEqual(['local:demo/in', '/srv/Demo']);
  expect(facts.folders).toEqual(['local:demo/in', '/srv/Demo']);
  expect(warned(client('local:demo/in, /srv/Demo'))).toEqual([]);
});

test('a path in other letters is another folder: neither covered nor taken for named', () => {
  const files = client('local:demo/in, /srv/demo');
  expect(compiled(mapping, files).covered).toEqual(['local:demo/in']);
  expect(warned(files)).toEqual(warning);
});

test('an authorisation that lists the address, and not the folder, is warned of; one that lists both is not', () => {
  const folders = 'local:demo/in, /srv/Demo';
  expect(warned(client(folders, ', targets: [local:demo/in]'))).toEqual(warning);
  expect(warned(client(folders, ', targets: [local:demo/in, /srv/Demo]'))).toEqual([]);
});

test('a target in other letters than the contract is refused where it is a path, and read where it is not', () => {
  const refused = check(mapping, client('local:demo/in, /srv/Demo', ', targets: [local:demo/in, /srv/demo]'));
  const codes = (refused.ok ? [] : refused.problems).map(({ code, severity }) => `${severity} ${code}`);
  expect(codes).toEqual(['error MAP-410', 'warning MAP-401']);
  expect(check(mapping, client('Local:Demo/in, /srv/Demo', ', targets: [LOCAL:demo/in, /srv/Demo]')).ok).toBe(
    true,
  );
});
