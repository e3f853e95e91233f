// Types of a formatter, and the parts that several formatters use.
// Invariant: a formatter never invents a value, and never changes its meaning, only its writing.
import type { Both } from '../../../connectors/contract.ts';
import type { SourceType } from '../../domain/lead.ts';
import type { Message } from '../document/problems.ts';
import { asText } from './values.ts';
import { isRecord } from '../document/yaml.ts';

export const noSeparator = (formatter: string, example: string): Complaint =>
  wrong([
    `${formatter} a besoin d’un séparateur : {${formatter}: ${example}}.`,
    `${formatter} needs a separator: {${formatter}: ${example}}.`,
  ]);

// Writes numbers with the separators a client wants.
// Invariant: no digit is lost silently: without `decimals` every decimal of the value is written.

const optionNames = ['decimal', 'group', 'decimals'];

/** A writer for `{decimal, group, decimals}`, or the message about a mistake. */
export function compileNumber(option: unknown): ((value: number) => string) | Both {
  if (!isRecord(option))
    return [
      'number a besoin de ses séparateurs : {number: {decimal: ",", group: " ", decimals: 2}}.',
      'number needs its separators: {number: {decimal: ",", group: " ", decimals: 2}}.',
    ];
  const unknown = Object.keys(option).find((key) => !optionNames.includes(key));
  if (unknown !== undefined)
    return [
      `number n’a pas d’option « ${unknown} » : ${optionNames.join(', ')}.`,
      `number has no option "${unknown}": ${optionNames.join(', ')}.`,
    ];
  const { decimal = '.', group = '', decimals } = option;
  if (typeof decimal !== 'string' || typeof group !== 'string')
    return ['decimal et group de number sont des textes.', 'decimal and group of number are texts.'];
  if (decimal === '' || decimal === group)
    return ['decimal de number est un seul caractère.', 'decimal of number must be a sign of its own.'];
  if (
    decimals !== undefined &&
    (typeof decimals !== 'number' || !Number.isInteger(decimals) || decimals < 0 || decimals > 6)
  ) {
    return [
      'decimals de number est un nombre entier de 0 à 6.',
      'decimals of number is a whole number from 0 to 6.',
    ];
  }
  return (value) => {
    const plain = decimals === undefined ? plainNumber(value) : value.toFixed(decimals);
    const [whole = '', fraction] = plain.split('.');
    const grouped = group === '' ? whole : whole.replaceAll(/\B(?=(\d{3})+$)/g, group);
    return fraction === undefined ? grouped : `${grouped}${decimal}${fraction}`;
  };
}

/** A number without exponent: CRMs do not read 1e21. */
export function plainNumber(value: number): string {
  const text = String(value);
  return text.includes('e')
    ? value.toLocaleString('en-US', { useGrouping: false, maximumFractionDigits: 20 })
    : text;
}

/** The separators of `number` in French; undefined where they are not written as options. */
export function numberWords(option: unknown): string | undefined {
  if (!isRecord(option)) return undefined;
  const { decimal = '.', group, decimals } = option;
  const parts = [`décimale « ${asText(decimal)} »`];
  if (asText(group) !== '') parts.push(`milliers séparés par « ${asText(group)} »`);
  if (decimals !== undefined) parts.push(`${asText(decimals)} décimale(s)`);
  return `nombre, ${parts.join(', ')}`;
}

/** Kind of value in the middle of a pipeline. */
export interface Kind {
  readonly type: SourceType;
  readonly list: boolean;
}

type Transform = (value: unknown) => unknown;

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

type CompileStep = (step: Step) => Formatted | Complaint;

export interface Formatter {
  readonly compile: CompileStep;
  /** Its words in the document a client signs; undefined for options shown as the file has them. */
  readonly french: string | ((option: unknown) => string | undefined);
  /** JSON type of the result where it is no text: `same` as before the step; or of the values in its options. */
  readonly writes?: 'number' | 'same' | ((option: unknown) => readonly unknown[]);
  /** It turns a list into one value. */
  readonly endsList?: true;
}

const textual = new Set<SourceType>(['text', 'enum', 'phone', 'email']);
const numeric = new Set<SourceType>(['integer', 'decimal']);

export const isTextual = ({ type }: Kind): boolean => textual.has(type);

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

/** A step that takes values of one kind only. */
export const onKind = (
  step: Step,
  needs: 'phone' | 'date' | 'boolean' | 'number',
  type: SourceType,
  apply: Transform,
): Formatted | Complaint =>
  (needs === 'number' ? numeric.has(step.kind.type) : step.kind.type === needs)
    ? each(step.kind, type, apply)
    : unfit(step, needs);

export const onList =
  (pick: (values: readonly unknown[]) => unknown): CompileStep =>
  (step) =>
    step.kind.list
      ? { kind: { ...step.kind, list: false }, apply: (value) => pick(present(value)) }
      : unfit(step, 'list');

export const present = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value.filter((item) => item !== undefined && item !== null && item !== '') : [];
