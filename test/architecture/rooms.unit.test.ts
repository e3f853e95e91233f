// The borders between the rooms of a zone: in every room one file is planted that imports from every other room, and
// exactly what the table below forbids is reported. (That the real tree keeps to them: imports.unit.test.ts.)
import { cruise, plant } from './planted-tree.ts';
import type { PlantedTree } from './planted-tree.ts';

/** One file of each room, in the order in which pages name them; a room that is a folder has a file of any name. */
const mappingRooms = {
  contract: 'contract',
  document: 'document/any',
  scope: 'scope',
  fields: 'fields/any',
  formats: 'formats/any',
  consent: 'consent/any',
  response: 'response/any',
  transport: 'transport/any',
  record: 'record',
  calls: 'calls/any',
  root: 'check',
  tools: 'tools/any',
  spec: 'spec/any',
  skeleton: 'skeleton/any',
};
const deliveryRooms = {
  trip: 'trip/any',
  planning: 'planning/any',
  outcome: 'outcome/any',
  calls: 'calls/any',
  claim: 'claim/any',
  content: 'content/any',
  departure: 'departure/any',
  send: 'send/any',
  files: 'files/any',
  background: 'background/any',
  root: 'deliver',
};
const zones: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  mapping: mappingRooms,
  delivery: deliveryRooms,
};

let tree: PlantedTree;
let faults: readonly string[];

beforeAll(() => {
  const planted = Object.entries(zones).flatMap(([zone, rooms]) => {
    const files = Object.values(rooms);
    return files.map((file) => [`src/${zone}/${file}.ts`, importsOf(file, files)] as const);
  });
  tree = plant({
    'package.json': '{"name": "planted"}',
    'connectors/index.ts': 'export const registry = 1;',
    'src/mapping/unplaced.ts': "export type { Any } from './contract.ts';",
    ...Object.fromEntries(planted),
  });
  faults = cruise(tree.folder).faults;
});

afterAll(() => tree.remove());

/** A file that takes a type from each of the others. */
function importsOf(file: string, files: readonly string[]): string {
  const up = file.includes('/') ? '../' : './';
  const imports = files
    .filter((other) => other !== file)
    .map((other) => `import type { Any } from '${up}${other}.ts';`);
  return [...imports, 'export type Any = number;'].join('\n');
}

test.each([
  [
    'mapping',
    'contract',
    'document scope fields formats consent response transport record calls root tools spec skeleton',
  ],
  [
    'mapping',
    'document',
    'scope fields formats consent response transport record calls root tools spec skeleton',
  ],
  ['mapping', 'scope', 'consent response transport record calls root tools spec skeleton'],
  ['mapping', 'fields', 'formats consent response transport record calls root tools spec skeleton'],
  ['mapping', 'formats', 'consent response transport record calls root tools spec skeleton'],
  ['mapping', 'consent', 'formats response transport record calls root tools spec skeleton'],
  ['mapping', 'response', 'scope consent transport record calls root tools spec skeleton'],
  ['mapping', 'transport', 'scope formats consent response record calls root tools spec skeleton'],
  ['mapping', 'record', 'response transport calls root tools spec skeleton'],
  ['mapping', 'calls', 'root tools spec skeleton'],
  ['mapping', 'root', 'spec skeleton'],
  ['mapping', 'tools', 'scope consent transport record spec skeleton'],
  ['mapping', 'spec', 'scope formats consent transport record root skeleton'],
  ['mapping', 'skeleton', 'scope formats consent response transport record calls root tools spec'],
  ['delivery', 'trip', 'planning outcome calls claim content departure send files background root'],
  ['delivery', 'planning', 'outcome calls claim content departure send files background root'],
  ['delivery', 'outcome', 'calls claim content departure send files background root'],
  ['delivery', 'calls', 'planning outcome claim content departure send files background root'],
  ['delivery', 'claim', 'planning calls content departure send files background root'],
  ['delivery', 'content', 'planning claim departure send files background root'],
  ['delivery', 'departure', 'planning calls send files background root'],
  ['delivery', 'send', 'planning departure files background root'],
  ['delivery', 'files', 'planning calls background root'],
  ['delivery', 'background', 'calls claim departure send files root'],
  ['delivery', 'root', 'calls background'],
])('%s/%s imports none of: %s', (zone, room, forbidden) => {
  const rule = `${zone}/${room}-imports: src/${zone}/${zones[zone]?.[room]}.ts -> `;
  const reported = faults.filter((fault) => fault.startsWith(rule)).map((fault) => fault.slice(rule.length));
  const expected = forbidden.split(' ').map((other) => `src/${zone}/${zones[zone]?.[other]}.ts`);
  expect(reported.sort()).toEqual(expected.sort());
});

test('a file in no room of its zone is reported', () => {
  expect(faults.filter((fault) => fault.startsWith('outside-the-rooms'))).toEqual([
    'outside-the-rooms: src/mapping/unplaced.ts -> src/mapping/contract.ts',
  ]);
});
