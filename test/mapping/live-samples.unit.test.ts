// C49 to C52: every sample client, and the example of every preset, is complete: what is copied from is live.
import { mkdtempSync, cpSync, readdirSync, rmSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectors } from '../../connectors/index.ts';
import { goLiveFindings } from '../../src/domain/go-live.ts';
import { checkSources } from '../../src/mapping/check.ts';
import { loadMappings } from '../../src/mapping/load.ts';

const mappings = join(import.meta.dirname, '../../mappings');
const presets = join(mappings, 'presets');
const examples = readdirSync(presets).filter((name) =>
  existsSync(join(presets, name, 'example/client.yaml')),
);

const problemsIn = (folder: string): readonly string[] =>
  loadMappings(folder).destinations.flatMap((sources) => {
    const checked = checkSources(sources, { connectors, tests: false });
    if (!checked.ok) return [`${sources.destinationId} has mistakes`];
    const { client, destinationId, consentTable: written } = checked.mapping;
    return goLiveFindings(client, [{ destinationId, written }], '2026-11-28').flatMap(({ problems }) =>
      problems.map(([, english]) => english),
    );
  });

test('C51: the sample clients', () => {
  expect(loadMappings(mappings).destinations.length).toBeGreaterThan(3);
  expect(problemsIn(mappings)).toEqual([]);
});

describe('beside the presets', () => {
  const folder = mkdtempSync(join(tmpdir(), 'relais-live-'));
  beforeAll(() => {
    cpSync(presets, join(folder, 'presets'), { recursive: true });
    cpSync(join(mappings, 'schema'), join(folder, 'schema'), { recursive: true });
  });
  afterEach(() => rmSync(join(folder, 'client'), { recursive: true, force: true }));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(examples)('C51: the example of the preset %s', (name) => {
    cpSync(join(presets, name, 'example'), join(folder, 'client'), { recursive: true });
    expect(loadMappings(folder).destinations.length).toBeGreaterThan(0);
    expect(problemsIn(folder)).toEqual([]);
  });
});
