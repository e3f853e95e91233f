// The texts that the tests' processes kept: gathered after each run, of whatever part of the tests, until their source changes.
// Invariant: a text that no source in src/store makes any more is dropped, so that its statement counts as never collected.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMadeOf, sitesOfStore, type Site } from './sites.ts';

export interface Collected {
  /** Prepared by the server, or sent as text. */
  readonly how: 'prepared' | 'sent';
  readonly text: string;
  /** Those it was first made with, as JSON keeps them. */
  readonly values: readonly unknown[];
}

export const folder = join(import.meta.dirname, '../../.relais/statements');
const gathered = join(folder, 'collected.jsonl');

/** Where the processes of this run write. */
export function openCollection(): string {
  const own = join(folder, `run-${process.pid}`);
  mkdirSync(own, { recursive: true });
  return own;
}

/** Puts what the run kept to what is known. */
export function gather(run: string): void {
  const sites = sitesOfStore().filter(({ isStatement }) => isStatement);
  const texts = new Map<string, Collected>();
  const files = readdirSync(run).map((name) => join(run, name));
  for (const one of [...collected(), ...files.flatMap(linesOf)]) {
    // Each test has schemas and accounts of its own.
    const text = one.text.replaceAll(/`\w+_keys`/g, '`{keys}`').replaceAll(/\brt_[0-9a-f]+/g, '{name}');
    if (!texts.has(text) && sites.some((site) => isMadeOf(text, site))) texts.set(text, { ...one, text });
  }
  rmSync(run, { recursive: true, force: true });
  writeFileSync(
    `${gathered}.${process.pid}`,
    [...texts.values()].map((one) => `${JSON.stringify(one)}\n`).join(''),
  );
  renameSync(`${gathered}.${process.pid}`, gathered);
}

/** Everything that is known, none where no test ever ran. */
export function collected(): readonly Collected[] {
  try {
    return linesOf(gathered);
  } catch {
    return [];
  }
}

const linesOf = (file: string): readonly Collected[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Collected);

/** The source a text was made of; where several may have made it, the one that says most of it. */
export const sourceOf = (text: string, sites: readonly Site[]): Site | undefined =>
  sites
    .filter((site) => site.isStatement && isMadeOf(text, site))
    .toSorted((one, other) => other.parts.join('').length - one.parts.join('').length)[0];
