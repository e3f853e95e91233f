// Every preset's folder is whole: its page, its facts, its example that checks, and what it claims is on docs/presets.md.
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectors } from '../../connectors/index.ts';
import { checkAll } from '../../src/mapping/tools/check-folder.ts';
import { formatProblem } from '../../src/mapping/document/problems.ts';
import { simulatorOf, simulators } from '../../sandbox/simulators/index.ts';
import { preparePresets, writeClient } from '../../sandbox/trial/mappings.ts';
import { plantedPace, soundPace } from '../../sandbox/trial/pace.ts';
import { origins, readPreset, withoutRule } from '../../sandbox/trial/preset-folder.ts';
import { presetNames, presetPage, presetsPage } from './presets-page.ts';

const root = join(import.meta.dirname, '../..');
const presets = join(root, 'mappings/presets');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

test('every folder of mappings/presets is a preset, with its facts and its page', () => {
  expect(presetNames.length).toBeGreaterThan(14);
  expect(readdirSync(presets).toSorted()).toEqual([...presetNames]);
  for (const name of presetNames)
    for (const file of ['mapping.yaml', 'preset.yaml', 'README.fr.md'])
      expect([name, file, existsSync(join(presets, name, file))]).toEqual([name, file, true]);
});

test('the list of docs/presets.md and the examples on the presets’ pages are current (npm run docs)', () => {
  expect(read('docs/presets.md')).toBe(presetsPage(read('docs/presets.md')));
  for (const name of presetNames) expect(read('docs/presets.md')).toContain(`\n- \`${name}\`: `);
  for (const name of presetNames) {
    const page = read(`mappings/presets/${name}/README.fr.md`);
    expect(page).toBe(presetPage(name)(page));
    if (simulatorOf(name) !== undefined)
      expect([name, page]).toEqual([name, expect.stringContaining('extends: presets/')]);
  }
});

test('a preset that only follows documentation says so on its page, and none claims a simulated CRM it has not', () => {
  for (const name of presetNames) {
    const { proof } = readPreset(join(root, 'mappings'), name);
    const page = read(`mappings/presets/${name}/README.fr.md`);
    if (proof === 'documentation')
      expect([name, page]).toEqual([name, expect.stringContaining('Documentation seulement')]);
    else expect([name, simulatorOf(name) !== undefined || proof === 'system']).toEqual([name, true]);
  }
  expect(simulators.map(({ preset }) => preset).filter((name) => !presetNames.includes(name))).toEqual([]);
});

describe.each(simulators.map(({ preset }) => preset))('%s', (name) => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'relais-preset-'));
    preparePresets(folder);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('its example checks without a warning, and with every habit’s rule taken out it still compiles', () => {
    writeClient(folder, soundPace, name);
    const sound = checkAll(folder, { connectors });
    expect(sound.problems.map(formatProblem)).toEqual([]);
    // All of them in one look: each is a client of its own, whose folder stands in the message.
    const { habits } = readPreset(join(root, 'mappings'), name);
    for (const habit of habits) writeClient(folder, plantedPace, name, habit);
    const planted = checkAll(folder, { connectors });
    expect(planted.results).toHaveLength(sound.results.length + habits.length);
    expect(planted.problems.filter(({ severity }) => severity === 'error').map(formatProblem)).toEqual([]);
  });

  test('its page leads to the simulated CRM, and names no command that refuses', () => {
    const page = read(`mappings/presets/${name}/README.fr.md`);
    expect(page).toContain(`relais preset try ${name} --keep`);
    expect(page).not.toMatch(/mapping send (?!.*--sandbox)/);
  });

  test('every habit’s change is one of the mapping, or of the client’s file', () => {
    for (const habit of readPreset(join(root, 'mappings'), name).habits) {
      const mapping = read(`mappings/presets/${name}/${habit.in ?? 'mapping.yaml'}`);
      expect([habit.name, withoutRule(mapping, habit) === withoutRule(mapping, { name: '' })]).toEqual([
        habit.name,
        false,
      ]);
    }
  });
});

test('every recorded answer says how it is known, in a word the page explains; what nobody saw proves no yes', () => {
  for (const origin of origins) expect(read('mappings/README.md')).toContain(`\n- \`${origin}\`: `);
  for (const name of presetNames)
    for (const { from, answer, outcome } of readPreset(join(root, 'mappings'), name).answers) {
      expect([name, answer, origins.includes(from)]).toEqual([name, answer, true]);
      if (from === 'invented') expect(['unknown', 'unauthorized', 'invalid']).toContain(outcome);
    }
});

test('a habit that names a place the mapping has not is told, instead of planting nothing', () => {
  expect(() => withoutRule('send: {a: 1}', { name: 'h', without: ['send/b'] })).toThrow(
    /habit h names send\/b/,
  );
  expect(
    withoutRule('fields: [{to: a}, {to: b, as: upper}]', { name: 'h', without: ['fields/to=b/as'] }),
  ).not.toContain('upper');
});
