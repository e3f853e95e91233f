// Defines the formatters of `as:`, each with its options, its writing and its French words.
// Invariant: a formatter never invents a value, and never changes its meaning, only its writing.
import { isRecord } from '../document/yaml.ts';
import { suggest } from '../document/suggest.ts';
import {
  each,
  isNumeric,
  isTextual,
  noSuchZone,
  onDate,
  onList,
  onText,
  present,
  unfit,
  wrong,
  type Formatter,
} from './formatter-parts.ts';
import { compileNumber, numberWords } from './numbers.ts';
import { compilePhone, phoneStyles, phoneWords } from './phones.ts';
import { compileRemoval, removalNames, removalWords } from './removals.ts';
import { ascii, titleCase } from './texts.ts';
import { compileDatePattern, dateWords, defaultZone, isoIn, isoWords, isZone } from './time.ts';
import { asText, isScalarValue } from './values.ts';
import * as says from './formatter-words.ts';

/** Every formatter by its name, in the order in which an editor names them. */
const formatters: Readonly<Record<string, Formatter>> = {
  phone: {
    compile: (step) => {
      const style = typeof step.option === 'number' ? String(step.option) : step.option;
      if (typeof style !== 'string' || !phoneStyles.includes(style)) {
        return wrong(
          says.noPhoneStyle(step.option, phoneStyles),
          typeof style === 'string' ? suggest(style, phoneStyles) : undefined,
        );
      }
      const write = compilePhone(style);
      return step.kind.type === 'phone'
        ? each(step.kind, 'text', (value) => write(asText(value)))
        : unfit(step, 'phone');
    },
    french: (option) => phoneWords[asText(option)],
    writes: 'text',
  },
  date: {
    compile: (step) => {
      const { option } = step;
      const pattern = isRecord(option) ? option['pattern'] : option;
      const zone = isRecord(option) ? (option['zone'] ?? defaultZone) : defaultZone;
      if (typeof pattern !== 'string') return wrong(says.noPattern);
      if (typeof zone !== 'string' || !isZone(zone)) return noSuchZone(zone);
      const write = compileDatePattern(pattern, zone);
      return typeof write === 'function' ? onDate(step, write) : wrong(write);
    },
    french: (option) => {
      if (option === undefined) return undefined;
      return isRecord(option)
        ? dateWords(asText(option['pattern']), asText(option['zone']))
        : dateWords(asText(option), '');
    },
    writes: 'text',
  },
  iso: {
    compile: (step) => {
      const zone = step.option ?? defaultZone;
      if (typeof zone !== 'string' || !isZone(zone)) return noSuchZone(zone);
      return onDate(step, (value) => isoIn(value, zone));
    },
    french: (option) => (option === undefined ? isoWords : `date ISO 8601 (${asText(option)})`),
    writes: 'text',
  },
  epoch: {
    compile: (step) => {
      const { option } = step;
      if (option !== 's' && option !== 'ms') return wrong(says.noUnit);
      const unit = option === 's' ? 1_000 : 1;
      return step.kind.type === 'date'
        ? each(step.kind, 'integer', (value) => Math.floor((value as Date).getTime() / unit))
        : unfit(step, 'date');
    },
    french: (option) =>
      option === 's' || option === 'ms'
        ? `date en ${option === 's' ? 'secondes' : 'millisecondes'} depuis le 1er janvier 1970 à 0 h UTC`
        : undefined,
    writes: 'number',
  },
  number: {
    compile: (step) => {
      const write = compileNumber(step.option);
      if (typeof write !== 'function') return wrong(write);
      return isNumeric(step.kind)
        ? each(step.kind, 'text', (value) => write(value as number))
        : unfit(step, 'number');
    },
    french: numberWords,
    writes: 'text',
  },
  integer: {
    compile: (step) =>
      isNumeric(step.kind)
        ? each(step.kind, 'integer', (value) => Math.round(value as number))
        : unfit(step, 'number'),
    french: 'nombre entier',
    writes: 'number',
  },
  boolean: {
    compile: (step) => {
      const pair = pairOf(step.option);
      const [yes, no] = pair;
      if (!isScalarValue(yes) || !isScalarValue(no) || pair.length !== 2) return wrong(says.notTwo);
      if (String(yes) === String(no)) return wrong(says.bothAlike);
      return step.kind.type === 'boolean'
        ? each(step.kind, 'text', (value) => (value === true ? yes : no))
        : unfit(step, 'boolean');
    },
    french: (option) => {
      const [yes, no] = pairOf(option);
      return yes === undefined ? undefined : `« ${asText(yes)} » pour oui, « ${asText(no)} » pour non`;
    },
    writes: pairOf,
  },
  text: {
    compile: (step) => (step.kind.type === 'date' ? unfit(step, 'noDate') : each(step.kind, 'text', asText)),
    french: 'texte',
    writes: 'text',
  },
  upper: {
    compile: onText((text) => text.toLocaleUpperCase('fr')),
    french: 'en majuscules',
    writes: 'text',
  },
  lower: {
    compile: onText((text) => text.toLocaleLowerCase('fr')),
    french: 'en minuscules',
    writes: 'text',
  },
  title: { compile: onText(titleCase), french: 'initiales en majuscules', writes: 'text' },
  ascii: { compile: onText(ascii), french: 'sans accents', writes: 'text' },
  trim: {
    compile: onText((text) => text.trim().replaceAll(/\s+/g, ' ')),
    french: 'espaces superflus retirés',
    writes: 'text',
  },
  remove: {
    compile: (step) => {
      const without = compileRemoval(step.option);
      if (typeof without !== 'function')
        return wrong(
          without,
          typeof step.option === 'string' ? suggest(step.option, removalNames) : undefined,
        );
      return onText(without)(step);
    },
    french: removalWords,
    writes: 'text',
  },
  join: {
    compile: (step) => {
      const { option, kind } = step;
      if (typeof option !== 'string') return wrong(says.noSeparator('join', '", "'));
      if (kind.type === 'date') return unfit(step, 'noDates');
      return kind.list
        ? { kind: { type: 'text', list: false }, apply: (value) => present(value).map(asText).join(option) }
        : unfit(step, 'list');
    },
    french: (option) => (option === undefined ? undefined : `valeurs séparées par « ${asText(option)} »`),
    writes: 'text',
    endsList: true,
  },
  split: {
    compile: (step) => {
      const { option, kind } = step;
      if (typeof option !== 'string' || option === '') return wrong(says.noSeparator('split', '";"'));
      if (kind.list || !isTextual(kind)) return unfit(step, 'text');
      return {
        kind: { type: 'text', list: true },
        apply: (value) =>
          asText(value)
            .split(option)
            .map((part) => part.trim()),
      };
    },
    french: (option) => (option === undefined ? undefined : `coupé à chaque « ${asText(option)} »`),
    writes: 'text',
  },
  first: {
    compile: onList((values) => values[0]),
    french: 'la première valeur',
    writes: 'same',
    endsList: true,
  },
  last: {
    compile: onList((values) => values.at(-1)),
    french: 'la dernière valeur',
    writes: 'same',
    endsList: true,
  },
};

export const formatterNames: readonly string[] = Object.keys(formatters);

const byName: ReadonlyMap<string, Formatter> = new Map(Object.entries(formatters));
export const formatterOf = (name: string): Formatter | undefined => byName.get(name);

/** The two values of `boolean`: a list, or `{true: ..., false: ...}`. */
function pairOf(option: unknown): readonly unknown[] {
  if (Array.isArray(option)) return option as unknown[];
  return isRecord(option) ? [option['true'], option['false']] : [];
}
