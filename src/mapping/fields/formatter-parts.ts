// Types of a formatter, and the parts that several formatters use.
// Invariant: a formatter never invents a value, and never changes its meaning, only its writing.
import type { Both } from '../../../connectors/contract.ts';
import type { SourceType } from '../../domain/lead.ts';
import type { Message } from '../document/problems.ts';
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
  readonly message: Message;
  readonly suggestion?: string | undefined;
}

/** One step of `as:`, and the kind of value it receives. */
export interface Step {
  readonly name: string;
  readonly option: unknown;
  readonly kind: Kind;
}

export type CompileStep = (step: Step) => Formatted | Complaint;

export interface Formatter {
  readonly compile: CompileStep;
  /** Its words in the document a client signs; undefined for options shown as the file has them. */
  readonly french: string | ((option: unknown) => string | undefined);
  /** JSON type of the result: `same` as before the step; or of the values in its options. */
  readonly writes: 'text' | 'number' | 'same' | ((option: unknown) => readonly unknown[]);
  /** It turns a list into one value. */
  readonly endsList?: true;
}

const textual = new Set<SourceType>(['text', 'enum', 'phone', 'email']);
const numeric = new Set<SourceType>(['integer', 'decimal']);

export const isTextual = ({ type }: Kind): boolean => textual.has(type);
export const isNumeric = ({ type }: Kind): boolean => numeric.has(type);

const needed = {
  text: ['un texte', 'a text'],
  date: ['une date', 'a date'],
  list: ['une liste', 'a list'],
  phone: ['un téléphone', 'a phone'],
  number: ['un nombre', 'a number'],
  boolean: ['un oui ou non', 'a boolean'],
  noDate: ['tout sauf une date : utilisez date ou iso', 'anything but a date: use date or iso'],
  noDates: [
    'des textes : écrivez d’abord les dates, [iso, {join: ", "}]',
    'texts: write the dates first, [iso, {join: ", "}]',
  ],
} as const satisfies Readonly<Record<string, Both>>;

export const unfit = ({ name, kind }: Step, needs: keyof typeof needed): Complaint => {
  const [french, english] = needed[needs];
  return {
    code: 'MAP-203',
    message: [
      `le formateur « ${name} » a besoin de : ${french} ; la valeur est ${kind.list ? 'une liste' : `de type ${kind.type}`}.`,
      `formatter "${name}" needs ${english}, the value is ${kind.list ? 'a list' : `of type ${kind.type}`}.`,
    ],
  };
};

export const wrong = (message: Message, suggestion?: string): Complaint => ({
  code: 'MAP-202',
  message,
  suggestion,
});

export const noSuchZone = (zone: unknown): Complaint =>
  wrong([
    `le fuseau horaire ${JSON.stringify(zone)} n’existe pas.`,
    `time zone ${JSON.stringify(zone)} does not exist.`,
  ]);

/** Applies a change to a value, or to each element of a list. */
export const each = (kind: Kind, type: SourceType, apply: Transform): Formatted => ({
  kind: { type, list: kind.list },
  apply: kind.list
    ? (value) => (value as readonly unknown[]).map((item) => (item === undefined ? undefined : apply(item)))
    : apply,
});

export const onText =
  (change: (text: string) => string): CompileStep =>
  (step) =>
    isTextual(step.kind) ? each(step.kind, 'text', (value) => change(asText(value))) : unfit(step, 'text');

export const onDate = (step: Step, write: (value: Date) => string): Formatted | Complaint =>
  step.kind.type === 'date' ? each(step.kind, 'text', (value) => write(value as Date)) : unfit(step, 'date');

export const onList =
  (pick: (values: readonly unknown[]) => unknown): CompileStep =>
  (step) =>
    step.kind.list
      ? { kind: { ...step.kind, list: false }, apply: (value) => pick(present(value)) }
      : unfit(step, 'list');

export const present = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value.filter((item) => item !== undefined && item !== null && item !== '') : [];
