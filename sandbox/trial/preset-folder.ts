// Reads a preset's folder: its facts, its recorded answers, its example, and its mapping with a rule removed.
// Invariant: reads files, and changes none.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseDocument } from 'yaml';
import { RelaisError } from '../../src/errors.ts';

/** How far a preset is proved: written from public pages, run against our simulator, run against a real system. */
export type Proof = 'documentation' | 'simulator' | 'system';

/** The source of an answer, the surest first. */
export const origins = ['run', 'source', 'documentation', 'reported', 'invented'] as const;

export interface RecordedAnswer {
  /** Its source; docs/presets.md says what each word claims. */
  readonly from: (typeof origins)[number];
  readonly on?: 'create' | 'update' | 'erase' | 'lookup';
  /** The call it answers, when there are several. */
  readonly call?: string;
  readonly answer: {
    readonly status: number;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: unknown;
    /** The reference that a look-up asked about. */
    readonly asked?: string;
  };
  readonly outcome: string;
  readonly reason?: string;
  readonly reference?: string;
}

/** A habit of the real system, and the change to the mapping that removes its rule. */
export interface Habit {
  readonly name: string;
  readonly says: string;
  /** The changed file: the client's own, where it contains the rule; the preset's mapping when absent. */
  readonly in?: 'example/crm.yaml';
  /** Places that are removed. */
  readonly without?: readonly string[];
  /** Places that get another value. */
  readonly with?: Readonly<Record<string, unknown>>;
  /** Words of the fault that the trial must then find. */
  readonly breaks: string;
}

export interface PresetFacts {
  readonly name: string;
  readonly title: string;
  readonly versions: string;
  readonly proof: Proof;
  readonly proven: string;
  /** The host of every client of this CRM; a trial replaces it with a host of its own. */
  readonly host?: string;
  /**
   * Capacity of fields without a `max`, by their targets, `*` for all others: characters, or why their length is not known. With its
   * source in a comment.
   */
  readonly holds: Readonly<Record<string, number | string>>;
  readonly answers: readonly RecordedAnswer[];
  readonly habits: readonly Habit[];
}

/** @throws FIND-001 where the folder has no presets */
export function presetNamesIn(mappings: string): readonly string[] {
  const folder = join(mappings, 'presets');
  const names = existsSync(folder)
    ? readdirSync(folder, { withFileTypes: true })
        .filter((entry) => entry.isDirectory() && existsSync(join(folder, entry.name, 'preset.yaml')))
        .map(({ name }) => name)
        .toSorted()
    : [];
  if (names.length > 0) return names;
  throw new RelaisError('FIND-001', `The folder ${folder} holds no preset: name the mappings folder.`);
}

/** @throws FIND-001 */
export function readPreset(mappings: string, name: string): PresetFacts {
  const facts = parse(readPresetFile(mappings, name, 'preset.yaml')) as Partial<PresetFacts>;
  const { title = name, versions = '', proof = 'documentation', proven = '' } = facts;
  const host = facts.host === undefined ? {} : { host: facts.host };
  const { answers = [], habits = [], holds = {} } = facts;
  return { name, title, versions, proof, proven, holds, answers, habits, ...host };
}

/** @throws FIND-001 */
export function readPresetFile(mappings: string, name: string, file: string): string {
  const path = join(mappings, 'presets', name, file);
  if (/^[a-z0-9-]+$/.test(name) && existsSync(path)) return readFileSync(path, 'utf8');
  throw new RelaisError(
    'FIND-001',
    presetNamesIn(mappings).includes(name)
      ? `The preset ${name} has no ${file}.`
      : `There is no preset ${name} in ${mappings}: ${presetNamesIn(mappings).join(', ')}.`,
  );
}

/** The mapping without the rule a habit needs. */
export function withoutRule(mapping: string, habit: Pick<Habit, 'name' | 'without' | 'with'>): string {
  const document = parseDocument(mapping);
  const whole = document.toJS() as unknown;
  const pathOf = (place: string): readonly (string | number)[] => {
    const path = pathIn(whole, place);
    if (path === undefined)
      throw new RelaisError('FIND-001', `The habit ${habit.name} names ${place}, which the mapping has not.`);
    return path;
  };
  // All places are found before the first is changed: a removed line moves those behind it.
  const removed = (habit.without ?? []).map(pathOf);
  const changed = Object.entries(habit.with ?? {}).map(([place, value]) => [pathOf(place), value] as const);
  for (const [path, value] of changed) document.setIn(path, document.createNode(value));
  for (const path of removed.toReversed()) document.deleteIn(path);
  return document.toString();
}

/** `fields/to=lastName/max`: keys, and in a list the item with a value there; undefined where there is none. */
function pathIn(whole: unknown, place: string): readonly (string | number)[] | undefined {
  const path: (string | number)[] = [];
  let here = whole;
  for (const step of place.split('/')) {
    if (Array.isArray(here)) {
      const [key = '', wanted] = step.split('=');
      const index = (here as unknown[]).findIndex((item) => String(valueAt(item, key)) === wanted);
      if (index < 0) return undefined;
      path.push(index);
      here = (here as unknown[])[index];
    } else {
      if (typeof here !== 'object' || here === null || !Object.hasOwn(here, step)) return undefined;
      path.push(step);
      here = (here as Record<string, unknown>)[step];
    }
  }
  return path;
}

/** `invalid.status` of an item. */
const valueAt = (item: unknown, keys: string): unknown =>
  keys
    .split('.')
    .reduce<unknown>(
      (value, key) =>
        typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined,
      item,
    );
