// Defines the formatters of `as:`, each with its options, its writing and its French words.
// Invariant: a formatter never invents a value, and never changes its meaning, only its writing.
import { isRecord } from '../document/yaml.ts';
import { suggest } from '../document/suggest.ts';
import {
  each,
  isTextual,
  noSeparator,
  noSuchZone,
  onList,
  onText,
  present,
  unfit,
  wrong,
  compileNumber,
  numberWords,
  type Formatter,
  type Complaint,
  type Formatted,
  type Kind,
  type Step,
  onKind,
} from './formatter-parts.ts';
import { compilePhone, phoneStyles, phoneWords, ascii, titleCase } from './texts.ts';
import { compileDatePattern, dateWords, defaultZone, isoIn, isoWords, isZone } from './time.ts';
import { asText, isScalarValue } from './values.ts';
import type { Both } from '../../../connectors/contract.ts';
import type { SourceType } from '../../domain/lead.ts';

// Removes from a text the characters that a recipient cannot hold: emoji, control characters, or named signs.
// Invariant: letters, accents, digits and words remain; only signs that say nothing about the person can be named.

const joiner = '\\u200d';
const picture = '[\\p{Emoji_Presentation}\\p{Extended_Pictographic}\\p{Regional_Indicator}]';
/** Skin tones, variation selectors, keycaps and the tags of flags belong to the emoji before them. */
const trailing = '[\\p{Emoji_Modifier}\\ufe0e\\ufe0f\\u20e3\\u{e0020}-\\u{e007f}]*';
/** © ® ™ and the like are text; with a selector behind them they are emoji. */
const writing = '[\\u00a9\\u00ae\\u203c\\u2049\\u2100-\\u21ff](?!\\ufe0f)';

/** Classes by name: the characters removed, and their French words. */
const classes: Readonly<Record<string, { readonly signs: string; readonly french: string }>> = {
  emoji: {
    signs: `(?!${writing})${picture}${trailing}(?:${joiner}${picture}${trailing})*|[\\ufe0f\\u20e3]`,
    french: 'émojis',
  },
  // Line breaks and tabs are text. Joiners and marks of right-to-left scripts change how a word looks: they remain.
  control: {
    signs:
      '[\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f\\u00ad\\u200b\\u2060\\ufeff\\ufff9-\\uffff]',
    french: 'caractères de contrôle',
  },
  // The utf8 of older MySQL databases ends at three bytes.
  '4bytes': { signs: '[\\u{10000}-\\u{10ffff}]', french: 'caractères de quatre octets' },
};

const removalNames: readonly string[] = Object.keys(classes);

const nothingToRemove: Both = [
  'remove a besoin de ce qu’il retire : emoji, control, 4bytes, des caractères comme "<>", ou une liste de ceux-ci.',
  'remove needs what is taken out: emoji, control, 4bytes, signs such as "<>", or a list of these.',
];

/** Compiles the names of `remove:`, or says why one cannot be removed. */
function compileRemoval(option: unknown): ((text: string) => string) | Both {
  const named: readonly unknown[] = [option].flat();
  if (named.length === 0) return nothingToRemove;
  const parts: string[] = [];
  for (const name of named) {
    if (typeof name !== 'string' || name === '') return nothingToRemove;
    const known = classes[name];
    if (known === undefined && /[\p{L}\p{M}\p{N}\s]/u.test(name))
      return [
        `remove ne peut pas retirer « ${name} » : lettres, chiffres et espaces portent un sens. Il retire ${removalNames.join(', ')}, ou des caractères comme "<>".`,
        `remove cannot take "${name}" out: letters, digits and blanks say something. It takes ${removalNames.join(', ')}, or signs such as "<>".`,
      ];
    parts.push(
      known?.signs ??
        `[${Array.from(name, (sign) => `\\u{${(sign.codePointAt(0) ?? 0).toString(16)}}`).join('')}]`,
    );
  }
  const signs = new RegExp(`(?:${parts.join('|')})+`, 'gu');
  const plain = named.includes('4bytes');
  return (text) => withoutSigns(plain ? plainLetters(text) : text, signs);
}

/** Styled letters (𝐉𝐞𝐚𝐧) are letters: they are written plainly, not removed from a name. */
const plainLetters = (text: string): string =>
  text.replaceAll(/[\u{1d400}-\u{1d7ff}]/gu, (letter) => letter.normalize('NFKC'));

/** Leaves one of the blanks around a removed sign; none at the end of a line. */
function withoutSigns(text: string, signs: RegExp): string {
  const found = text.replaceAll(signs, gap);
  if (!found.includes(gap)) return text;
  const edge = (sign: string | undefined): boolean => sign === undefined || /[\r\n]/.test(sign);
  return found.replaceAll(gaps, (whole: string, at: number) =>
    edge(found[at - 1]) || edge(found[at + whole.length]) ? '' : (/[^\S\r\n]/.exec(whole)?.[0] ?? ''),
  );
}

/** A noncharacter: no text contains it. */
const gap = '\ufdd0';
const gaps = /[^\S\r\n]?\ufdd0(?:[^\S\r\n]?\ufdd0)*[^\S\r\n]?/g;

function removalWords(option: unknown): string | undefined {
  const named: readonly unknown[] = [option].flat();
  const words = named.map((name) =>
    typeof name === 'string' ? (classes[name]?.french ?? `caractères « ${name} »`) : undefined,
  );
  return words.length === 0 || words.includes(undefined) ? undefined : `sans ${words.join(', ')}`;
}

// Compiles `as:` of a field: its steps become one function from a lead's value to the value written.
// Invariant: the options of a step are checked when compiled; a missing value remains missing through every step.

/** The steps as the file has them: none, one or a list. */
export const stepsOf = (as: unknown): readonly unknown[] => {
  if (Array.isArray(as)) return as as unknown[];
  return as === undefined ? [] : [as];
};

/** A step's name and options; undefined where it is neither a name nor one name with its options. */
export function readStep(written: unknown): Pick<Step, 'name' | 'option'> | undefined {
  if (typeof written === 'string') return { name: written, option: undefined };
  if (!isRecord(written) || Object.keys(written).length !== 1) return undefined;
  const [name = ''] = Object.keys(written);
  return { name, option: written[name] };
}

function compileStep(written: unknown, kind: Kind): Formatted | Complaint {
  const step = readStep(written);
  if (step === undefined)
    return {
      code: 'MAP-202',
      message: [
        'un formateur est un nom, ou un seul nom avec ses options.',
        'a formatter is a name, or one name with its options.',
      ],
    };
  return (
    formatterOf(step.name)?.compile({ ...step, kind }) ??
    wrong(
      [
        `le formateur « ${step.name} » n’existe pas : ${formatterNames.join(', ')}.`,
        `formatter "${step.name}" does not exist: ${formatterNames.join(', ')}.`,
      ],
      suggest(step.name, formatterNames),
    )
  );
}

/** Compiles the whole of `as:`: one formatter or a list of them. */
export function compileFormat(as: unknown, kind: Kind): Formatted | Complaint {
  const steps = Array.isArray(as) ? (as as unknown[]) : [as];
  let current: Formatted | undefined;
  for (const step of steps) {
    const next = compileStep(step, current?.kind ?? kind);
    if ('code' in next) return next;
    const before = current?.apply;
    const after = next.apply;
    current = {
      kind: next.kind,
      apply: (value) => {
        const middle = before === undefined ? value : before(value);
        return middle === undefined ? undefined : after(middle);
      },
    };
  }
  return current ?? { kind, apply: (value) => value };
}

/** True for a phone written with a leading +: E.164, or no formatter. */
export function writesPlus(as: unknown, type: SourceType): boolean {
  if (type !== 'phone') return false;
  const style = stepsOf(as)
    .map((step) => (isRecord(step) ? step['phone'] : undefined))
    .find((item) => item !== undefined);
  return style === undefined || style === 'e164';
}

/** Every formatter by its name, in the order in which an editor names them. */
const formatters: Readonly<Record<string, Formatter>> = {
  phone: {
    compile: (step) => {
      const style = typeof step.option === 'number' ? String(step.option) : step.option;
      if (typeof style !== 'string' || !phoneStyles.includes(style)) {
        return wrong(
          [
            `le style de téléphone ${JSON.stringify(step.option)} n’existe pas : ${phoneStyles.join(', ')}.`,
            `phone style ${JSON.stringify(step.option)} does not exist: ${phoneStyles.join(', ')}.`,
          ],
          typeof style === 'string' ? suggest(style, phoneStyles) : undefined,
        );
      }
      const write = compilePhone(style);
      return onKind(step, 'phone', 'text', (value) => write(asText(value)));
    },
    french: (option) => phoneWords[asText(option)],
  },
  date: {
    compile: (step) => {
      const { option } = step;
      const pattern = isRecord(option) ? option['pattern'] : option;
      const zone = isRecord(option) ? (option['zone'] ?? defaultZone) : defaultZone;
      if (typeof pattern !== 'string')
        return wrong([
          'date a besoin d’un modèle : {date: dd/MM/yyyy HH:mm}.',
          'date needs a pattern: {date: dd/MM/yyyy HH:mm}.',
        ]);
      if (typeof zone !== 'string' || !isZone(zone)) return noSuchZone(zone);
      const write = compileDatePattern(pattern, zone);
      return typeof write === 'function'
        ? onKind(step, 'date', 'text', (value) => write(value as Date))
        : wrong(write);
    },
    french: (option) => {
      if (option === undefined) return undefined;
      return isRecord(option)
        ? dateWords(asText(option['pattern']), asText(option['zone']))
        : dateWords(asText(option), '');
    },
  },
  iso: {
    compile: (step) => {
      const zone = step.option ?? defaultZone;
      if (typeof zone !== 'string' || !isZone(zone)) return noSuchZone(zone);
      return onKind(step, 'date', 'text', (value) => isoIn(value as Date, zone));
    },
    french: (option) => (option === undefined ? isoWords : `date ISO 8601 (${asText(option)})`),
  },
  epoch: {
    compile: (step) => {
      const { option } = step;
      if (option !== 's' && option !== 'ms')
        return wrong([
          'epoch compte des secondes ou des millisecondes : {epoch: s} ou {epoch: ms}.',
          'epoch counts seconds or milliseconds: {epoch: s} or {epoch: ms}.',
        ]);
      const unit = option === 's' ? 1_000 : 1;
      return onKind(step, 'date', 'integer', (value) => Math.floor((value as Date).getTime() / unit));
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
      return onKind(step, 'number', 'text', (value) => write(value as number));
    },
    french: numberWords,
  },
  integer: {
    compile: (step) => onKind(step, 'number', 'integer', (value) => Math.round(value as number)),
    french: 'nombre entier',
    writes: 'number',
  },
  boolean: {
    compile: (step) => {
      const pair = pairOf(step.option);
      const [yes, no] = pair;
      if (!isScalarValue(yes) || !isScalarValue(no) || pair.length !== 2)
        return wrong([
          'boolean a besoin de deux valeurs, pour vrai et pour faux : {boolean: ["OUI", "NON"]}.',
          'boolean needs two values, for true and for false: {boolean: ["OUI", "NON"]}.',
        ]);
      if (String(yes) === String(no))
        return wrong([
          'boolean écrit vrai et faux de la même façon.',
          'boolean writes true and false alike.',
        ]);
      return onKind(step, 'boolean', 'text', (value) => (value === true ? yes : no));
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
  },
  upper: {
    compile: onText((text) => text.toLocaleUpperCase('fr')),
    french: 'en majuscules',
  },
  lower: {
    compile: onText((text) => text.toLocaleLowerCase('fr')),
    french: 'en minuscules',
  },
  title: { compile: onText(titleCase), french: 'initiales en majuscules' },
  ascii: { compile: onText(ascii), french: 'sans accents' },
  trim: {
    compile: onText((text) => text.trim().replaceAll(/\s+/g, ' ')),
    french: 'espaces superflus retirés',
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
  },
  join: {
    compile: (step) => {
      const { option, kind } = step;
      if (typeof option !== 'string') return noSeparator('join', '", "');
      if (kind.type === 'date') return unfit(step, 'noDates');
      return kind.list
        ? { kind: { type: 'text', list: false }, apply: (value) => present(value).map(asText).join(option) }
        : unfit(step, 'list');
    },
    french: (option) => (option === undefined ? undefined : `valeurs séparées par « ${asText(option)} »`),
    endsList: true,
  },
  split: {
    compile: (step) => {
      const { option, kind } = step;
      if (typeof option !== 'string' || option === '') return noSeparator('split', '";"');
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
