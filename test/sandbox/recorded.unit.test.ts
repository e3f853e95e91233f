// Each simulated CRM answers as the real one did: every recorded exchange is replayed at it. What differs is named in
// recorded/NAME/differences.json with the reason, and what is named there differs.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Recording } from '../lab/real/exchange.ts';
import { replay, type Difference } from './replay.ts';

interface Named extends Pick<Difference, 'on' | 'at'> {
  readonly why: string;
}

const folder = join(import.meta.dirname, 'recorded');
const foldersIn = (path: string): readonly string[] =>
  readdirSync(path, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
const read = <Value>(path: string): Value => JSON.parse(readFileSync(path, 'utf8')) as Value;

/** Of a CRM that was never met there are published answers alone: published.unit.test.ts. */
const isRecorded = (preset: string): boolean => foldersIn(join(folder, preset)).length > 0;

const recorded = foldersIn(folder)
  .filter(isRecorded)
  .map((preset) => {
    const names = join(folder, preset, 'differences.json');
    return {
      preset,
      named: existsSync(names) ? read<readonly Named[]>(names) : [],
      versions: foldersIn(join(folder, preset)).map((version) => ({
        version,
        recordings: readdirSync(join(folder, preset, version))
          .toSorted()
          .map((file) => read<Recording>(join(folder, preset, version, file))),
      })),
    };
  });
/** `*` is any address; `[]` any place of a list. */
const isNamed =
  ({ on, at }: Difference) =>
  (one: Named): boolean =>
    (one.on === '*' || one.on === on) && one.at === at.replaceAll(/\[\d+\]/g, '[]');

describe.each(recorded)('$preset', ({ preset, named, versions }) => {
  const found = versions.map(({ version, recordings }) => ({
    version,
    differences: replay(preset, recordings),
  }));

  test.each(found)('answers as version $version did, but for what is named', ({ differences }) => {
    expect(differences.filter((difference) => !named.some(isNamed(difference)))).toEqual([]);
  });

  test('what is named as different differs, and says why', () => {
    const all = found.flatMap(({ differences }) => differences);
    expect(named.filter((one) => !all.some((difference) => isNamed(difference)(one)))).toEqual([]);
    expect(named.filter(({ why }) => why.length < 20)).toEqual([]);
  });

  test('no secret is in a recording: its place has the secret’s name, and one that was wrong says so', () => {
    const recordings = versions.flatMap((one) => one.recordings);
    const keys = recordings.flatMap(({ exchanges }) =>
      exchanges.flatMap(({ request: { headers } }) =>
        ['x-api-key', 'dolapikey', 'authorization'].flatMap((name) => headers[name] ?? []),
      ),
    );
    expect(keys.filter((key) => !/^(\w+ )?(\{[A-Z_]+\}|\{wrong\}|wrong)$/.test(key))).toEqual([]);
  });
});
