// The table of presets on docs/presets.md, and the examples on a preset's own page: written from the presets' files.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { presetNamesIn, readPreset } from '../../src/sandbox/trial/preset-folder.ts';
import { simulators } from '../../src/sandbox/simulators/index.ts';

const mappings = join(process.cwd(), 'mappings');
export const presetNames = presetNamesIn(mappings);

const proofWords = {
  documentation: 'nothing: documentation only',
  simulator: 'the simulated CRM',
  system: 'a real system',
} as const;

function table(): string {
  const lines = presetNames.map((name) => {
    const { title, versions, proof } = readPreset(mappings, name);
    return `| \`${name}\` | ${title}: ${versions} | ${proofWords[proof]} |`;
  });
  const models = simulators.map(({ preset, modelled }) => `- \`${preset}\`: ${modelled}`);
  return [
    ...['| preset | for | ran against |', '|---|---|---|', ...lines, ''],
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
