// The formatters of `as:`, compiled into one function from a lead's value to what is written.
// Invariant: a formatter never makes a value out of nothing, and never changes its meaning, only its writing.
import type { SourceType } from '../../domain/lead.ts';
import { isRecord } from '../document/yaml.ts';
import { compileNumber } from './numbers.ts';
import { compilePhone, phoneStyles } from './phones.ts';
import { suggest } from '../document/suggest.ts';
import { ascii, titleCase } from './texts.ts';
import { compilePattern, defaultZone, isoIn, isZone } from './time.ts';
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

const simpleNames = ['upper', 'lower', 'title', 'ascii', 'trim', 'text', 'integer', 'iso', 'first', 'last'];
const optionNames = ['phone', 'date', 'number', 'boolean', 'join', 'split', 'iso', 'epoch'];
export const formatterNames: readonly string[] = [...new Set([...simpleNames, ...optionNames])];

const textual = new Set<SourceType>(['text', 'enum', 'phone', 'email']);
const numeric = new Set<SourceType>(['integer', 'decimal']);

/** One step: a name, or a name with its options. */
function compileStep(step: unknown, kind: Kind): Formatted | Complaint {
  let name: string;
  let option: unknown;
  if (typeof step === 'string') {
    name = step;
  } else if (isRecord(step) && Object.keys(step).length === 1) {
    name = Object.keys(step)[0] ?? '';
    option = step[name];
  } else {
    return { code: 'MAP-202', message: 'a formatter is a name, or one name with its options.' };
  }
  const unfit = (needs: string): Complaint => ({
    code: 'MAP-203',
    message: `formatter "${name}" needs ${needs}, the value is ${kind.list ? 'a list' : `of type ${kind.type}`}.`,
  });
  const wrong = (message: string, suggestion?: string): Complaint => ({
    code: 'MAP-202',
    message,
    suggestion,
  });
  const each = (type: SourceType, apply: (value: unknown) => unknown): Formatted => ({
    kind: { type, list: kind.list },
    apply: kind.list
      ? (value) => (value as readonly unknown[]).map((item) => (item === undefined ? undefined : apply(item)))
      : apply,
  });
  const onText = (change: (text: string) => string): Formatted | Complaint =>
    textual.has(kind.type) ? each('text', (value) => change(asText(value))) : unfit('a text');

  switch (name) {
    case 'upper':
      return onText((text) => text.toLocaleUpperCase('fr'));
    case 'lower':
      return onText((text) => text.toLocaleLowerCase('fr'));
    case 'title':
      return onText(titleCase);
    case 'ascii':
      return onText(ascii);
    case 'trim':
      return onText((text) => text.trim().replaceAll(/\s+/g, ' '));
    case 'text':
      if (kind.type === 'date') return unfit('anything but a date: use date or iso');
      return each('text', asText);
    case 'integer':
      return numeric.has(kind.type)
        ? each('integer', (value) => Math.round(value as number))
        : unfit('a number');
    case 'iso': {
      const zone = option ?? defaultZone;
      if (typeof zone !== 'string' || !isZone(zone))
        return wrong(`time zone ${JSON.stringify(zone)} does not exist.`);
      return kind.type === 'date' ? each('text', (value) => isoIn(value as Date, zone)) : unfit('a date');
    }
    case 'epoch': {
      if (option !== 's' && option !== 'ms')
        return wrong('epoch counts seconds or milliseconds: {epoch: s} or {epoch: ms}.');
      const unit = option === 's' ? 1_000 : 1;
      return kind.type === 'date'
        ? each('integer', (value) => Math.floor((value as Date).getTime() / unit))
        : unfit('a date');
    }
    case 'date': {
      const pattern = isRecord(option) ? option['pattern'] : option;
      const zone = isRecord(option) ? (option['zone'] ?? defaultZone) : defaultZone;
      if (typeof pattern !== 'string') return wrong('date needs a pattern: {date: dd/MM/yyyy HH:mm}.');
      if (typeof zone !== 'string' || !isZone(zone))
        return wrong(`time zone ${JSON.stringify(zone)} does not exist.`);
      const write = compilePattern(pattern, zone);
      if (typeof write === 'string') return wrong(write);
      return kind.type === 'date' ? each('text', (value) => write(value as Date)) : unfit('a date');
    }
    case 'phone': {
      const style = typeof option === 'number' ? String(option) : option;
      if (typeof style !== 'string' || !phoneStyles.includes(style)) {
        return wrong(
          `phone style ${JSON.stringify(option)} does not exist: ${phoneStyles.join(', ')}.`,
          typeof style === 'string' ? suggest(style, phoneStyles) : undefined,
        );
      }
      const write = compilePhone(style);
      return kind.type === 'phone' ? each('text', (value) => write(asText(value))) : unfit('a phone');
    }
    case 'number': {
      const write = compileNumber(option);
      if (typeof write === 'string') return wrong(write);
      return numeric.has(kind.type) ? each('text', (value) => write(value as number)) : unfit('a number');
    }
    case 'boolean': {
      const pair = Array.isArray(option)
        ? (option as unknown[])
        : isRecord(option)
          ? [option['true'], option['false']]
          : [];
      const [yes, no] = pair;
      if (!isScalarValue(yes) || !isScalarValue(no) || pair.length !== 2) {
        return wrong('boolean needs two values, for true and for false: {boolean: ["OUI", "NON"]}.');
      }
      if (String(yes) === String(no)) return wrong('boolean writes true and false alike.');
      return kind.type === 'boolean'
        ? each('text', (value) => (value === true ? yes : no))
        : unfit('a boolean');
    }
    case 'join':
      if (typeof option !== 'string') return wrong('join needs a separator: {join: ", "}.');
      if (kind.type === 'date') return unfit('texts: write the dates first, [iso, {join: ", "}]');
      return kind.list
        ? { kind: { type: 'text', list: false }, apply: (value) => present(value).map(asText).join(option) }
        : unfit('a list');
    case 'split':
      if (typeof option !== 'string' || option === '') return wrong('split needs a separator: {split: ";"}.');
      return kind.list || !textual.has(kind.type)
        ? unfit('a text')
        : {
            kind: { type: 'text', list: true },
            apply: (value) =>
              asText(value)
                .split(option)
                .map((part) => part.trim()),
          };
    case 'first':
      return kind.list
        ? { kind: { ...kind, list: false }, apply: (value) => present(value)[0] }
        : unfit('a list');
    case 'last':
      return kind.list
        ? { kind: { ...kind, list: false }, apply: (value) => present(value).at(-1) }
        : unfit('a list');
    default:
      return wrong(`formatter "${name}" does not exist.`, suggest(name, formatterNames));
  }
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
