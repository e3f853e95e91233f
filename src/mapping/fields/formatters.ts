// The formatters of `as:`, compiled into one function from a lead's value to what is written.
// Invariant: a formatter never makes a value out of nothing, and never changes its meaning, only its writing.
import type { SourceType } from '../../domain/lead.ts';
import { isRecord } from '../document/yaml.ts';
import { compileNumber } from './numbers.ts';
import { compilePhone, phoneStyles } from './phones.ts';
import { suggest } from '../document/suggest.ts';
import { ascii, titleCase } from './texts.ts';
import { compileDatePattern, defaultZone, isoIn, isZone } from './time.ts';
import type { Scalar } from './values.ts';

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
interface Step {
  readonly name: string;
  readonly option: unknown;
  readonly kind: Kind;
}

type CompileStep = (step: Step) => Formatted | Complaint;

const textual = new Set<SourceType>(['text', 'enum', 'phone', 'email']);
const numeric = new Set<SourceType>(['integer', 'decimal']);

const unfit = ({ name, kind }: Step, needs: string): Complaint => ({
  code: 'MAP-203',
  message: `formatter "${name}" needs ${needs}, the value is ${kind.list ? 'a list' : `of type ${kind.type}`}.`,
});

const wrong = (message: string, suggestion?: string): Complaint => ({ code: 'MAP-202', message, suggestion });

/** Of a list, each element. */
const each = (kind: Kind, type: SourceType, apply: Transform): Formatted => ({
  kind: { type, list: kind.list },
  apply: kind.list
    ? (value) => (value as readonly unknown[]).map((item) => (item === undefined ? undefined : apply(item)))
    : apply,
});

const onText =
  (change: (text: string) => string): CompileStep =>
  (step) =>
    textual.has(step.kind.type)
      ? each(step.kind, 'text', (value) => change(asText(value)))
      : unfit(step, 'a text');

const onDate = (step: Step, write: (value: Date) => string): Formatted | Complaint =>
  step.kind.type === 'date'
    ? each(step.kind, 'text', (value) => write(value as Date))
    : unfit(step, 'a date');

const onList =
  (pick: (values: readonly unknown[]) => unknown): CompileStep =>
  (step) =>
    step.kind.list
      ? { kind: { ...step.kind, list: false }, apply: (value) => pick(present(value)) }
      : unfit(step, 'a list');

/** Every formatter by its name: what it asks of its options and of the value, and how it writes. */
const formatters: Readonly<Record<string, CompileStep>> = {
  upper: onText((text) => text.toLocaleUpperCase('fr')),
  lower: onText((text) => text.toLocaleLowerCase('fr')),
  title: onText(titleCase),
  ascii: onText(ascii),
  trim: onText((text) => text.trim().replaceAll(/\s+/g, ' ')),
  text: (step) =>
    step.kind.type === 'date'
      ? unfit(step, 'anything but a date: use date or iso')
      : each(step.kind, 'text', asText),
  integer: (step) =>
    numeric.has(step.kind.type)
      ? each(step.kind, 'integer', (value) => Math.round(value as number))
      : unfit(step, 'a number'),
  iso: (step) => {
    const zone = step.option ?? defaultZone;
    if (typeof zone !== 'string' || !isZone(zone)) return noSuchZone(zone);
    return onDate(step, (value) => isoIn(value, zone));
  },
  first: onList((values) => values[0]),
  last: onList((values) => values.at(-1)),
  phone: (step) => {
    const style = typeof step.option === 'number' ? String(step.option) : step.option;
    if (typeof style !== 'string' || !phoneStyles.includes(style)) {
      return wrong(
        `phone style ${JSON.stringify(step.option)} does not exist: ${phoneStyles.join(', ')}.`,
        typeof style === 'string' ? suggest(style, phoneStyles) : undefined,
      );
    }
    const write = compilePhone(style);
    return step.kind.type === 'phone'
      ? each(step.kind, 'text', (value) => write(asText(value)))
      : unfit(step, 'a phone');
  },
  date: (step) => {
    const { option } = step;
    const pattern = isRecord(option) ? option['pattern'] : option;
    const zone = isRecord(option) ? (option['zone'] ?? defaultZone) : defaultZone;
    if (typeof pattern !== 'string') return wrong('date needs a pattern: {date: dd/MM/yyyy HH:mm}.');
    if (typeof zone !== 'string' || !isZone(zone)) return noSuchZone(zone);
    const write = compileDatePattern(pattern, zone);
    return typeof write === 'string' ? wrong(write) : onDate(step, write);
  },
  number: (step) => {
    const write = compileNumber(step.option);
    if (typeof write === 'string') return wrong(write);
    return numeric.has(step.kind.type)
      ? each(step.kind, 'text', (value) => write(value as number))
      : unfit(step, 'a number');
  },
  boolean: (step) => {
    const pair = pairOf(step.option);
    const [yes, no] = pair;
    if (!isScalarValue(yes) || !isScalarValue(no) || pair.length !== 2)
      return wrong('boolean needs two values, for true and for false: {boolean: ["OUI", "NON"]}.');
    if (String(yes) === String(no)) return wrong('boolean writes true and false alike.');
    return step.kind.type === 'boolean'
      ? each(step.kind, 'text', (value) => (value === true ? yes : no))
      : unfit(step, 'a boolean');
  },
  join: (step) => {
    const { option, kind } = step;
    if (typeof option !== 'string') return wrong('join needs a separator: {join: ", "}.');
    if (kind.type === 'date') return unfit(step, 'texts: write the dates first, [iso, {join: ", "}]');
    return kind.list
      ? { kind: { type: 'text', list: false }, apply: (value) => present(value).map(asText).join(option) }
      : unfit(step, 'a list');
  },
  split: (step) => {
    const { option, kind } = step;
    if (typeof option !== 'string' || option === '') return wrong('split needs a separator: {split: ";"}.');
    if (kind.list || !textual.has(kind.type)) return unfit(step, 'a text');
    return {
      kind: { type: 'text', list: true },
      apply: (value) =>
        asText(value)
          .split(option)
          .map((part) => part.trim()),
    };
  },
  epoch: (step) => {
    const { option } = step;
    if (option !== 's' && option !== 'ms')
      return wrong('epoch counts seconds or milliseconds: {epoch: s} or {epoch: ms}.');
    const unit = option === 's' ? 1_000 : 1;
    return step.kind.type === 'date'
      ? each(step.kind, 'integer', (value) => Math.floor((value as Date).getTime() / unit))
      : unfit(step, 'a date');
  },
};

export const formatterNames: readonly string[] = Object.keys(formatters);

const noSuchZone = (zone: unknown): Complaint => wrong(`time zone ${JSON.stringify(zone)} does not exist.`);

/** The two values of `boolean`: a list, or `{true: ..., false: ...}`. */
function pairOf(option: unknown): readonly unknown[] {
  if (Array.isArray(option)) return option as unknown[];
  return isRecord(option) ? [option['true'], option['false']] : [];
}

/** One step: a name, or a name with its options. */
function compileStep(written: unknown, kind: Kind): Formatted | Complaint {
  const step = readStep(written, kind);
  if (step === undefined)
    return { code: 'MAP-202', message: 'a formatter is a name, or one name with its options.' };
  const compile = Object.hasOwn(formatters, step.name) ? formatters[step.name] : undefined;
  return (
    compile?.(step) ?? wrong(`formatter "${step.name}" does not exist.`, suggest(step.name, formatterNames))
  );
}

function readStep(written: unknown, kind: Kind): Step | undefined {
  if (typeof written === 'string') return { name: written, option: undefined, kind };
  if (!isRecord(written) || Object.keys(written).length !== 1) return undefined;
  const [name = ''] = Object.keys(written);
  return { name, option: written[name], kind };
}

/** Compiles the whole of `as:`: one formatter or a list of them. */
export function compileFormat(as: unknown, kind: Kind): Formatted | Complaint {
  const steps = Array.isArray(as) ? (as as unknown[]) : [as];
  let current: Formatted = { kind, apply: (value) => value };
  for (const step of steps) {
    const next = compileStep(step, current.kind);
    if ('code' in next) return next;
    const before = current.apply;
    const after = next.apply;
    current = {
      kind: next.kind,
      apply: (value) => {
        const middle = before(value);
        return middle === undefined ? undefined : after(middle);
      },
    };
  }
  return current;
}

const present = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value.filter((item) => item !== undefined && item !== null && item !== '') : [];

export const isScalarValue = (value: unknown): value is Scalar =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';

export const asText = (value: unknown): string => (isScalarValue(value) ? String(value) : '');

/** Phones that begin with + once written: E.164, or no formatter at all. */
export function writesPlus(as: unknown, type: SourceType): boolean {
  if (type !== 'phone') return false;
  const steps = Array.isArray(as) ? (as as unknown[]) : as === undefined ? [] : [as];
  const style = steps
    .map((step) => (isRecord(step) ? step['phone'] : undefined))
    .find((item) => item !== undefined);
  return style === undefined || style === 'e164';
}
