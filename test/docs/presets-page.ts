// The list of presets on docs/presets.md, and the examples on a preset's own page: written from the presets' files.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { presetNamesIn, readPreset } from '../../sandbox/trial/preset-folder.ts';
import { simulatorOf } from '../../sandbox/simulators/index.ts';
import { rewritten, wrapped } from './page-lists.ts';

const mappings = join(process.cwd(), 'mappings');
export const presetNames = presetNamesIn(mappings);

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

/** A sentence for each version of a real system that was recorded. */
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
    const count = all.reduce((sum, { exchanges }) => sum + exchanges.length, 0);
    return `Recorded from ${system}, ${date} (${count} exchanges, ${reasons} differences).`;
  });
}

/** Answers that others published. */
function publishedOf(name: string): readonly string[] {
  const file = join(recordings, name, 'published.json');
  const count = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as readonly unknown[]).length : 0;
  return count === 0 ? [] : [`Published answers: ${count}.`];
}

function modelledOn(name: string): readonly string[] {
  const found = simulatorOf(name);
  return found === undefined ? ['Documentation only.'] : [`Model: ${found.modelled}.`];
}

function list(): string {
  const entries = presetNames.map((name) => {
    const { title, versions } = readPreset(mappings, name);
    const purpose = versions.startsWith(title) ? versions : `${title}: ${versions}`;
    const proved = [...recordedOf(name), ...publishedOf(name), ...modelledOn(name)].join(' ');
    return wrapped(`\`${name}\`: ${purpose}. ${proved}`, '- ', '  ');
  });
  return entries.join('\n');
}

/** docs/presets.md with its list. */
export const presetsPage = (before: string): string =>
  rewritten(
    before,
    /(<!-- presets: npm run docs -->\n\n)[\s\S]*?(<!-- end -->)/,
    (head, end) => `${head}${list()}\n\n${end}`,
  );

/** A preset's page with the files of its example. */
export const presetPage =
  (name: string) =>
  (before: string): string =>
    rewritten(
      before,
      /(<!-- (example\/[\w.-]+): npm run docs -->\n\n)[\s\S]*?(<!-- end -->)/g,
      (head, file = '', end) => {
        const text = readFileSync(join(mappings, 'presets', name, file), 'utf8');
        return `${head}\`\`\`yaml\n# ${file.replace('example/', 'mappings/client/')}\n${text.trimEnd()}\n\`\`\`\n\n${end}`;
      },
    );
