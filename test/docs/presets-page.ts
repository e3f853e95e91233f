// The table of presets on docs/presets.md, and the examples on a preset's own page: written from the presets' files.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { presetNamesIn, readPreset } from '../../sandbox/trial/preset-folder.ts';
import { simulators } from '../../sandbox/simulators/index.ts';

const mappings = join(process.cwd(), 'mappings');
export const presetNames = presetNamesIn(mappings);

const proofWords = {
  documentation: 'documentation only; never met the real one',
  simulator: 'never met the real one',
  system: 'a real system',
} as const;

const recordings = join(process.cwd(), 'test/sandbox/recorded');
const foldersIn = (path: string): readonly string[] =>
  existsSync(path)
    ? readdirSync(path, { withFileTypes: true }).flatMap((one) => (one.isDirectory() ? [one.name] : []))
    : [];

interface Recorded {
  readonly system: string;
  readonly date: string;
  readonly exchanges: readonly unknown[];
}

/** A row for each version of a real system that was recorded. */
function recordedOf(name: string): readonly string[] {
  const differences = join(recordings, name, 'differences.json');
  const named = existsSync(differences)
    ? (JSON.parse(readFileSync(differences, 'utf8')) as readonly { readonly why: string }[])
    : [];
  const reasons = new Set(named.map(({ why }) => why)).size;
  return foldersIn(join(recordings, name)).map((version) => {
    const files = readdirSync(join(recordings, name, version)).toSorted();
    const all = files.map(
      (file) => JSON.parse(readFileSync(join(recordings, name, version, file), 'utf8')) as Recorded,
    );
    const { system = '', date = '' } = all[0] ?? {};
    const driven = files.map((file) => file.replace(/^\d+-(\w+)\.json$/, '$1')).join(' and ');
    const count = all.reduce((sum, { exchanges }) => sum + exchanges.length, 0);
    const differs = reasons === 0 ? 'nothing' : `${reasons} things, named`;
    return `| \`${name}\` | ${system} | ${date} | ${driven}, ${count} exchanges | ${differs} |`;
  });
}

/** Answers that others published. */
function publishedOf(name: string): string {
  const file = join(recordings, name, 'published.json');
  const count = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as readonly unknown[]).length : 0;
  return count === 0 ? '' : `; published answers: ${count}`;
}

function table(): string {
  const lines = presetNames.map((name) => {
    const { title, versions, proof } = readPreset(mappings, name);
    const met =
      recordedOf(name).length > 0 ? 'a real system, recorded' : `${proofWords[proof]}${publishedOf(name)}`;
    return `| \`${name}\` | ${title}: ${versions} | ${met} |`;
  });
  const models = simulators.map(({ preset, modelled }) => `- \`${preset}\`: ${modelled}`);
  return [
    ...['| preset | for | ran against |', '|---|---|---|', ...lines, ''],
    ...['Real systems whose answers were recorded, and in how much the simulated CRM answers otherwise:', ''],
    ...['| preset | real system | date | driven | differs |', '|---|---|---|---|---|'],
    ...[...presetNames.flatMap(recordedOf), ''],
    ...['What the simulated CRMs were modelled on:', '', ...models],
  ].join('\n');
}

/** docs/presets.md with its table. */
export const presetsPage = (before: string): string =>
  before.replace(
    /(<!-- presets: npm run docs -->\n\n)[\s\S]*?(<!-- end -->)/,
    (_whole, head: string, end: string) => `${head}${table()}\n\n${end}`,
  );

/** A preset's page with the files of its example. */
export const presetPage =
  (name: string) =>
  (before: string): string =>
    before.replaceAll(
      /(<!-- (example\/[\w.-]+): npm run docs -->\n\n)[\s\S]*?(<!-- end -->)/g,
      (_whole, head: string, file: string, end: string) => {
        const text = readFileSync(join(mappings, 'presets', name, file), 'utf8');
        return `${head}\`\`\`yaml\n# ${file.replace('example/', 'mappings/client/')}\n${text.trimEnd()}\n\`\`\`\n\n${end}`;
      },
    );
