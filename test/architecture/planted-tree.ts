// A temporary tree with the layout of the real one, where faults are planted and the project's own tools, with the
// project's own settings, must find them.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export const root = join(import.meta.dirname, '..', '..');
const tool = (path: string): string => join(root, 'node_modules', path);

export type PlantedTree = { readonly folder: string; readonly remove: () => void };

export function plant(files: Readonly<Record<string, string>>): PlantedTree {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'relais-tree-')));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

type CruiseResult = {
  readonly summary: {
    readonly totalCruised: number;
    readonly violations: readonly {
      readonly from: string;
      readonly to: string;
      readonly rule: { readonly name: string };
    }[];
  };
};

/** What dependency-cruiser finds, as `rule: from -> to`, and how many files it has looked at. */
export function cruise(folder: string): { readonly faults: string[]; readonly files: number } {
  const program = tool('dependency-cruiser/bin/dependency-cruise.mjs');
  const config = join(root, '.dependency-cruiser.cjs');
  const folders = ['src', 'connectors', 'sandbox'].filter((name) => existsSync(join(folder, name)));
  const args = [program, '--config', config, '--output-type', 'json', ...folders];
  const { stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (stdout === '') throw new Error(`dependency-cruiser said nothing: ${stderr}`);
  const { summary } = JSON.parse(stdout) as CruiseResult;
  const faults = summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`);
  return { faults: [...new Set(faults)], files: summary.totalCruised };
}

type LintResult = { readonly diagnostics: readonly { readonly code: string; readonly filename: string }[] };

/** What oxlint finds, as `rule: file`. */
export function lint(folder: string): string[] {
  const args = [tool('oxlint/bin/oxlint'), '--config', join(root, '.oxlintrc.json'), '--format', 'json', '.'];
  const { stdout } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
  return (JSON.parse(stdout) as LintResult).diagnostics.map(({ code, filename }) => `${code}: ${filename}`);
}
