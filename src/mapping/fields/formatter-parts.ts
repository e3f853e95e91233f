// What a formatter is, and the parts that several are made of.
// Invariant: a formatter never makes a value out of nothing, and never changes its meaning, only its writing.
import type { SourceType } from '../../domain/lead.ts';
import { asText } from './values.ts';

/** Kind of value in the middle of a pipeline. */
export interface Kind {
  readonly type: SourceType;
  readonly list: boolean;
}

export type Transform = (value: unknown) => unknown;

export interface Formatted {
  readonly kind: Kind;
  readonly apply: Transform;
}

export interface Complaint {
  readonly code: 'MAP-202' | 'MAP-203';
  readonly message: string;
  readonly suggestion?: string | undefined;
}

/** One step of `as:`, and the kind of value it is given. */
export interface Step {
  readonly name: string;
  readonly option: unknown;
  readonly kind: Kind;
}

export type CompileStep = (step: Step) => Formatted | Complaint;

export interface Formatter {
  readonly compile: CompileStep;
  /** What is written, in the document a client signs; undefined for options that it shows as the file has them. */
  readonly french: string | ((option: unknown) => string | undefined);
  /** JSON type of what is written: `same` as before it; of the values in its options. */
  readonly writes: 'text' | 'number' | 'same' | ((option: unknown) => readonly unknown[]);
  /** Of a list it makes one value. */
  readonly endsList?: true;
}

const textual = new Set<SourceType>(['text', 'enum', 'phone', 'email']);
const numeric = new Set<SourceType>(['integer', 'decimal']);

export const isTextual = ({ type }: Kind): boolean => textual.has(type);
export const isNumeric = ({ type }: Kind): boolean => numeric.has(type);

export const unfit = ({ name, kind }: Step, needs: string): Complaint => ({
  code: 'MAP-203',
  message: `formatter "${name}" needs ${needs}, the value is ${kind.list ? 'a list' : `of type ${kind.type}`}.`,
});

export const wrong = (message: string, suggestion?: string): Complaint => ({
  code: 'MAP-202',
  message,
  suggestion,
});

export const noSuchZone = (zone: unknown): Complaint =>
  wrong(`time zone ${JSON.stringify(zone)} does not exist.`);

/** Of a list, each element. */
export const each = (kind: Kind, type: SourceType, apply: Transform): Formatted => ({
  kind: { type, list: kind.list },
  apply: kind.list
    ? (value) => (value as readonly unknown[]).map((item) => (item === undefined ? undefined : apply(item)))
    : apply,
});

export const onText =
  (change: (text: string) => string): CompileStep =>
  (step) =>
    isTextual(step.kind) ? each(step.kind, 'text', (value) => change(asText(value))) : unfit(step, 'a text');

export const onDate = (step: Step, write: (value: Date) => string): Formatted | Complaint =>
  step.kind.type === 'date'
    ? each(step.kind, 'text', (value) => write(value as Date))
    : unfit(step, 'a date');

export const onList =
  (pick: (values: readonly unknown[]) => unknown): CompileStep =>
  (step) =>
    step.kind.list
      ? { kind: { ...step.kind, list: false }, apply: (value) => pick(present(value)) }
      : unfit(step, 'a list');

export const present = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value.filter((item) => item !== undefined && item !== null && item !== '') : [];
