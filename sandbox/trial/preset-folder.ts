// A preset's folder as tools read it: what it is, its recorded answers, its example, and its mapping with a rule taken out.
// Invariant: reads files, and changes none.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseDocument } from 'yaml';
import { RelaisError } from '../../src/errors.ts';

/** How far a preset was proved: written from public pages, run against our simulator, run against a real system. */
export type Proof = 'documentation' | 'simulator' | 'system';

/** How an answer came to be known, the surest first. */
export const origins = ['run', 'source', 'documentation', 'reported', 'invented'] as const;

export interface RecordedAnswer {
  /** Where it was seen; docs/presets.md says what each word claims. */
  readonly from: (typeof origins)[number];
  readonly on?: 'create' | 'update' | 'erase' | 'lookup';
  /** Of several calls, the one it answers. */
  readonly call?: string;
  readonly answer: {
    readonly status: number;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: unknown;
    /** Of a look-up, the reference that was asked about. */
    readonly asked?: string;
  };
  readonly outcome: string;
  readonly reason?: string;
  readonly reference?: string;
}

/** A habit of the real system, and the change to the mapping that takes its rule out. */
export interface Habit {
  readonly name: string;
  readonly says: string;
  /** The file that is changed: the client's own, where the rule stands there; the preset's mapping when absent. */
  readonly in?: 'example/crm.yaml';
  /** Places that are removed. */
  readonly without?: readonly string[];
  /** Places that become something else. */
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
  /** Where every client of this CRM sends to; a trial puts a host of its own in its place. */
  readonly host?: string;
  /**
   * What fields without a `max` take, by their targets, `*` for all others: characters, or why their length is not known. With its
   * source in a comment.
   */
  readonly holds: Readonly<Record<string, number | string>>;
  readonly answers: readonly RecordedAnswer[];
  readonly habits: readonly Habit[];
}

export const presetNamesIn = (mappings: string): readonly string[] =>
  existsSync(join(mappings, 'presets'))
    ? readdirSync(join(mappings, 'presets'), { withFileTypes: true })
        .filter(
          (entry) => entry.isDirectory() && existsSync(join(mappings, 'presets', entry.name, 'preset.yaml')),
        )
        .map(({ name }) => name)
        .toSorted()
    : [];

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

/** The mapping as it would be without the rule a habit needs. */
export function withoutRule(mapping: string, habit: Pick<Habit, 'name' | 'without' | 'with'>): string {
  const document = parseDocument(mapping);
  const whole = document.toJS() as unknown;
  const pathOf = (place: string): readonly (string | number)[] => {
    const path = pathIn(whole, place);
    if (path === undefined)
      throw new RelaisError('FIND-001', `The habit ${habit.name} names ${place}, which the mapping has not.`);
    return path;
  };
  // All places are looked for before the first is changed: a removed line moves those behind it.
  const removed = (habit.without ?? []).map(pathOf);
  const changed = Object.entries(habit.with ?? {}).map(([place, value]) => [pathOf(place), value] as const);
  for (const [path, value] of changed) document.setIn(path, document.createNode(value));
  for (const path of removed.toReversed()) document.deleteIn(path);
  return document.toString();
}

/** `fields/to=lastName/max`: keys, and of a list the item that has a value there; undefined where there is none. */
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
