// Guesses from one example value how a source must be written: a formatter, or a map of codes.
// Invariant: gaps of the example remain gaps; a code that was not given is never invented.
import { findSource } from '../fields/source.ts';
import { compileDatePattern, defaultZone } from '../fields/time.ts';
import type { SampleFormat, SampleValue } from './shape.ts';

/** Keys to add to the field; or the reason why the source does not fit the example. */
export type Writing = Readonly<Record<string, unknown>> | { readonly unfit: string };

export const looksLikeMail = (value: SampleValue): boolean =>
  typeof value === 'string' && /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(value.trim());
export const readsAsPhone = (value: SampleValue): boolean =>
  typeof value === 'string' &&
  /^(\+|00)?[\d\s().-]{9,20}$/.test(value.trim()) &&
  /^(\+|0|33)/.test(value.trim()) &&
  [9, 10, 11, 12, 13].includes(value.replaceAll(/\D/g, '').length) &&
  datePatternOf(value) === undefined;

const phoneStyles: readonly (readonly [RegExp, string | undefined])[] = [
  [/^\+/, undefined],
  [/^0\d{9}$/, 'national'],
  [/^0\d( \d\d){4}$/, 'spaced'],
  [/^0\d(\.\d\d){4}$/, 'dotted'],
  [/^0033/, '0033'],
  [/^33/, '33'],
];

const datePatterns = [
  'dd/MM/yyyy HH:mm:ss',
  'dd/MM/yyyy HH:mm',
  'dd/MM/yyyy',
  'MM/dd/yyyy',
  'dd/MM/yy',
  'yyyy-MM-dd HH:mm:ss',
  'yyyy-MM-dd HH:mm',
  "yyyy-MM-dd'T'HH:mm:ss",
  'yyyy-MM-dd',
  'dd-MM-yyyy',
  'dd.MM.yyyy',
  'yyyy/MM/dd',
  'yyyyMMddHHmmss',
  'yyyyMMdd',
];

/** `iso`, `UTC`, or the pattern an example follows. */
export function datePatternOf(text: string): string | undefined {
  const iso = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)$/.exec(text);
  if (iso !== null) return iso[2] === 'Z' ? 'UTC' : 'iso';
  return datePatterns.find((pattern) => {
    const digits = pattern.replaceAll("'", '').replaceAll(/[yMdHms]/g, '\\d');
    const form = digits.replaceAll('.', '\\.').replaceAll('/', '\\/');
    if (!new RegExp(`^${form}$`).test(text)) return false;
    const part = (token: string): number => {
      const at = pattern.replaceAll("'", '').indexOf(token);
      return at < 0 ? 1 : Number(text.slice(at, at + token.length));
    };
    const day = part('dd');
    const month = part('MM');
    const plausible = day >= 1 && day <= 31 && month >= 1 && month <= 12 && part('HH') < 24;
    return plausible && typeof compileDatePattern(pattern, defaultZone) === 'function';
  });
}

export const dateWriting = (pattern: string): Readonly<Record<string, unknown>> =>
  pattern === 'iso' ? { as: 'iso' } : pattern === 'UTC' ? { as: { iso: 'UTC' } } : { as: { date: pattern } };

/** How `path` must be written to look like the example. */
export function writingOf(path: string, value: SampleValue, format: SampleFormat, list?: string): Writing {
  const source = findSource(path, list);
  if (source === undefined) return { unfit: 'no such source' };
  const text = typeof value === 'string' ? value.trim() : undefined;
  if (typeof value === 'boolean') return { unfit: 'its example is true or false' };
  const blank = value === undefined || value === null || text === '';
  switch (source.type) {
    case 'phone': {
      if (blank) return format === 'json' ? {} : { as: { phone: 'national' } };
      if (text === undefined || !readsAsPhone(text)) return { unfit: 'its example is no phone number' };
      const style = phoneStyles.find(([form]) => form.test(text))?.[1];
      return style === undefined ? {} : { as: { phone: style } };
    }
    case 'email':
      return blank || looksLikeMail(text) ? {} : { unfit: 'its example is no mail address' };
    case 'date': {
      if (blank) return { as: 'iso' };
      const pattern = text === undefined ? undefined : datePatternOf(text);
      return pattern === undefined ? { unfit: 'its example is no date known here' } : dateWriting(pattern);
    }
    case 'integer':
    case 'decimal':
      return numberWriting(value, blank, source.type, format);
    case 'enum':
      return codes(source.path, source.values ?? [], value, blank);
    case 'text':
      return capitals(path, text);
    case 'boolean':
    case 'list':
      return { unfit: 'it takes no single value' };
  }
}

const named = new Set(['identity.lastName', 'identity.firstName', 'identity.address.city']);

function capitals(path: string, text: string | undefined): Writing {
  if (text === undefined || text.length < 3 || !named.has(path)) return {};
  return text === text.toLocaleUpperCase('fr') && /\p{L}{3}/u.test(text) ? { as: 'upper' } : {};
}

function numberWriting(
  value: SampleValue,
  blank: boolean,
  type: 'integer' | 'decimal',
  format: SampleFormat,
): Writing {
  if (blank) return {};
  if (typeof value === 'number')
    return type === 'decimal' && Number.isInteger(value) ? { as: 'integer' } : {};
  const text = String(value)
    .trim()
    .replaceAll(/[\u00a0\u202f]/g, ' ');
  const match = /^(\d{1,3}(?:([ .,])\d{3})*|\d+)(?:([.,])(\d+))?$/.exec(text);
  if (match === null) return { unfit: 'its example is no number' };
  const [, , group, decimal, decimals] = match;
  if (group === undefined && decimal === undefined && format !== 'json')
    return type === 'decimal' ? { as: 'integer' } : {};
  if (group === undefined && decimal === undefined)
    return type === 'decimal' ? { as: ['integer', 'text'] } : { as: 'text' };
  return {
    as: {
      number: {
        decimal: decimal ?? (group === ',' ? '.' : ','),
        ...(group === undefined ? {} : { group }),
        decimals: decimals?.length ?? 0,
      },
    },
  };
}

/** Codes clients use for our closed lists. Only the one in the example is written. */
const spellings: Readonly<Record<string, RegExp>> = {
  apartment: /^(appartement|appart|appt|apt|app|flat|apartment|t)$/i,
  house: /^(maison|mai|villa|house|m)$/i,
  land: /^(terrain|ter|land)$/i,
  parking: /^(parking|stationnement|box|garage)$/i,
  commercial: /^(local|local commercial|commerce|bureau|commercial)$/i,
  main_residence: /^(rp|residence[ _]principale|résidence principale|principale|habiter|main_residence)$/i,
  second_home: /^(rs|residence[ _]secondaire|résidence secondaire|secondaire|second_home)$/i,
  rental_investment: /^(inv|investissement|investissement locatif|investir|locatif|rental_investment)$/i,
  web_form: /^(web|formulaire|internet|site|form|formulaire web|web_form)$/i,
  inbound_call: /^(appel|appel entrant|telephone|téléphone|call|phone|tel|inbound_call)$/i,
  callback: /^(rappel|demande de rappel|callback|web call ?back)$/i,
  failed_callback: /^(echec|échec|failed|rappel échoué|failed_callback)$/i,
  mobile: /^(mobile|mob|portable|gsm|cell)$/i,
  landline: /^(fixe|fix|landline|home|domicile)$/i,
};

const civilities: readonly (readonly string[])[] = [
  'M/MME M/Mme M./Mme Mr/Mme MR/MME Monsieur/Madame MONSIEUR/MADAME monsieur/madame m/mme Mr/Mrs H/F 1/2',
].flatMap((line) => line.split(' ').map((pair) => pair.split('/')));

function codes(path: string, values: readonly string[], value: SampleValue, blank: boolean): Writing {
  const text = String(value ?? '').trim();
  if (!blank && values.includes(text)) return {};
  if (path === 'identity.civility' || path === 'civility') {
    const pair = civilities.find(([, ms]) => ms === text) ?? civilities.find(([mr]) => mr === text);
    if (pair === undefined) return { unfit: 'its codes are not shown' };
    const [mr, ms] = typeof value === 'number' ? pair.map(Number) : pair;
    return { map: { mr, ms, else: 'omit' } };
  }
  const own = blank ? undefined : values.find((candidate) => spellings[candidate]?.test(text) === true);
  return own === undefined
    ? { unfit: `its codes are not shown; it looks like ${path}: ${values.join(', ')}` }
    : { map: { [own]: value, else: 'omit' } };
}
