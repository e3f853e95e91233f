// Plants a bug in a copy of the checkout, lets a storm blow over it, and sees whether the checker turns red for the right reason.
// Invariant: the sources of this checkout are never written to; the copy goes when the storm is over.
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { patched, type Patch, type Plant } from './plants.ts';
import type { StormReport } from './storm.ts';

export interface Caught {
  readonly caught: boolean;
  /** What turned red for it. */
  readonly findings: readonly string[];
  /** Every other figure that was not 0. */
  readonly besides: readonly string[];
  /** What the storm had of what the bug needs: where it is 0, nothing was looked at. */
  readonly counted: Readonly<Record<string, number>>;
}

const copied = ['src', 'connectors', 'sandbox', 'mappings', 'test', 'package.json', 'tsconfig.json'];

export async function plantAndStorm(
  plant: Plant,
  options: {
    readonly root: string;
    readonly seed: number;
    readonly seconds: number;
    readonly log: (line: string) => void;
  },
): Promise<Caught> {
  return inPlantedCopy(options.root, plant.patches, async (folder) => {
    const result = await stormOver(folder, plant, options);
    const findings = plant.red
      .flatMap((name) => result.faults[name] ?? [])
      .filter((one) => plant.like?.test(one) ?? true);
    return {
      caught: findings.length > 0,
      findings,
      counted: Object.fromEntries(
        Object.entries(result).flatMap(([name, value]) => (typeof value === 'number' ? [[name, value]] : [])),
      ),
      besides: Object.entries(result.faults).flatMap(([name, found]) =>
        found.length > 0 && !plant.red.includes(name) ? [`${name} × ${found.length}`] : [],
      ),
    };
  });
}

/** Several may stand side by side. */
let copies = 0;

/** A copy of the sources with a bug in it, for as long as the work takes. */
export async function inPlantedCopy<T>(
  root: string,
  patches: readonly Patch[],
  work: (folder: string) => Promise<T>,
): Promise<T> {
  copies += 1;
  const folder = join(root, '.relais', `plant-${process.pid}-${copies}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  try {
    for (const name of copied) cpSync(join(root, name), join(folder, name), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    for (const patch of patches) {
      const path = join(folder, patch.file);
      writeFileSync(path, patched(readFileSync(path, 'utf8'), patch));
    }
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The storm of the copy, in a process of its own: its gateway is the copy's too. */
async function stormOver(
  folder: string,
  { favour = [], undisturbed }: Plant,
  options: { readonly seed: number; readonly seconds: number; readonly log: (line: string) => void },
): Promise<StormReport> {
  const json = join(folder, 'result.json');
  const words = [
    '--minutes',
    String(options.seconds / 60),
    '--seed',
    String(options.seed),
    '--calm',
    '120',
    '--favour',
    favour.join(','),
    ...(undisturbed === undefined ? [] : ['--undisturbed', '--rate', '8']),
  ];
  const ledgers = join(folder, '..', 'plant-ledgers.json');
  const child = spawn(
    process.execPath,
    ['test/lab/faults/faults.ts', ...words, '--no-poison', '--json', json, '--ledgers', ledgers],
    {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let errors = '';
  child.stderr.on('data', (part: Buffer) => (errors += part.toString()));
  const endWithUs = (): void => void child.kill('SIGTERM');
  process.once('exit', endWithUs);
  await new Promise((done) => child.once('exit', done));
  process.off('exit', endWithUs);
  try {
    return JSON.parse(readFileSync(json, 'utf8')) as StormReport;
  } catch {
    throw new Error(`The storm over the planted copy did not end:\n${errors.slice(-2_000)}`);
  }
}
