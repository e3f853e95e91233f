// docs/house.md: every room is on the page, every file it sends a reader to exists.
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/house.md'), 'utf8');
const sectionOf = (title: string): string =>
  page.slice(page.indexOf(`\n## ${title}\n`) + 1).split(/\n(?=## )/)[0] ?? '';
const rooms = sectionOf('Rooms');
const changes = sectionOf('Which file for which change');

const foldersUnder = (folder: string): readonly string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => `${folder}/${name}`)
    .filter((path) => statSync(join(root, path)).isDirectory());
const folders = ['sandbox', ...['src', 'connectors', 'sandbox'].flatMap(foldersUnder)];

test('every folder of src, connectors and sandbox has one line', () => {
  expect(folders.length).toBeGreaterThan(30);
  const lines = [...rooms.matchAll(/^\| `([^`]+)\/` \|/gm)].map(([, folder = '']) => folder);
  expect([...lines].sort()).toEqual([...folders].sort());
});

test('every file at the top of src and connectors has one line', () => {
  const files = ['src', 'connectors'].flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((name) => name.endsWith('.ts'))
      .map((name) => `${folder}/${name}`),
  );
  const lines = [...rooms.matchAll(/^\| `([^`]+\.ts)` \|/gm)].map(([, file = '']) => file);
  expect([...lines].sort()).toEqual(files.sort());
});

test("the mapping's tests stand in the rooms of what they test", () => {
  const roomsOf = (folder: string): readonly string[] =>
    readdirSync(join(root, folder), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && entry.name !== 'fixtures')
      .map((entry) => entry.name)
      .sort();
  expect(roomsOf('test/mapping')).toEqual(roomsOf('src/mapping'));
});

/** `name.ts` in a room's line is a file of that room; a path is one from the root. */
const namedFiles = (text: string): readonly string[] =>
  text.split('\n').flatMap((line) => {
    const room = /^\| `([^`]+)\/` \|/.exec(line)?.[1];
    return [...line.matchAll(/`([^`\s]+\.(?:ts|sql|json|yaml|md|mjs|cjs))`/g)].map(([, name = '']) =>
      name.includes('/') || room === undefined ? name : `${room}/${name}`,
    );
  });

test('every file on the page exists', () => {
  const named = namedFiles(page);
  expect(named.length).toBeGreaterThan(60);
  expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});

test('every folder that a change names exists', () => {
  const named = [...changes.matchAll(/`((?:src|connectors|mappings|test|docs)\/[^`]*)\/`/g)].map(
    ([, path = '']) => path.replace(/\/[A-Z]+$/, ''),
  );
  expect(named.length).toBeGreaterThan(3);
  expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});

test.each([
  'A formatter',
  'A column of a lead',
  'A kind of handover',
  'A temporary HTTP status',
  'A connector',
  'An alert',
  'A column in a list',
  'A limit per period',
  'A timer',
  'An SQL statement',
  'A command',
])('says which file to open for: %s', (change) => {
  const line = changes.split('\n').find((text) => text.startsWith(`| ${change} |`)) ?? '';
  expect(namedFiles(line).length).toBeGreaterThan(0);
});
