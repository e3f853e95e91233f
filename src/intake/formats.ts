// Formats and keywords that the lead contract adds to JSON Schema, the ajv instance with them, and the reading of a JSON column.
// Invariant: ajv is never verbose, so its errors carry no data. A text that could fill or stall the process is refused before it is parsed,
// and so is a name that occurs twice; half a character is never repaired.
import { Ajv } from 'ajv';
import { fullFormats } from 'ajv-formats/dist/formats.js';
import { jsonFaults, readJson, type JsonLimits } from '../domain/json-text.ts';
import { mostColumnBytes } from '../domain/lead-values.ts';
import { isPhone } from '../mapping/fields/texts.ts';
import { refusal, shownName, type ColumnRefusal } from './refusals.ts';

/** `2026-11-24T10:15:00+01:00` or `...Z`, seconds and up to nine decimals optional, kept to the millisecond; a day that exists, from 2000 on. */
export function parseInstant(value: string): Date | undefined {
  const match =
    /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})(?::(\d{2})(?:\.\d{1,9})?)?(Z|[+-](?:0\d|1[0-4]):[0-5]\d)$/.exec(
      value,
    );
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map((digits) => Number(digits ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (year < 2000 || month < 1 || month > 12 || hour > 23 || minute > 59 || second > 59) return undefined;
  if (day < 1 || day > new Date(Date.UTC(year, month, 0)).getUTCDate()) return undefined;
  const date = new Date(value);
  return date.getTime() < endOfColumns ? date : undefined;
}

/** A DATETIME has no year 10000, in which the last evening of 9999 in the west is. */
const endOfColumns = Date.UTC(10_000, 0, 1);

/** A French phone number in disguise, with or without separators: a reference must not be one. */
export function looksLikePhone(value: string): boolean {
  return /^(0[1-9]\d{8}|(00)?33[1-9]\d{8})$/.test(value.replace(/[._-]/g, ''));
}

/** ISO 3166-1 alpha-2, as assigned. */
const countries = new Set(
  (
    'AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ ' +
    'DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT ' +
    'JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ ' +
    'NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ ' +
    'TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW'
  ).split(' '),
);

const email = fullFormats.email as RegExp;
// Tab and line ends are allowed in long texts; every other control character, and every noncharacter of Unicode, comes from a
// broken export. XML can carry neither.
const control = /[[\p{Cc}\p{Noncharacter_Code_Point}]--[\t\r\n]]/v;
const lineEnd = /[\t\r\n\u2028\u2029]/;

export function createAjv(): Ajv {
  const ajv = new Ajv({ allErrors: true, strict: true, verbose: false });
  ajv.addFormat('instant', (value: string) => parseInstant(value) !== undefined);
  ajv.addFormat('e164', isPhone);
  ajv.addFormat('email', (value: string) => email.test(value));
  ajv.addFormat('country', (value: string) => countries.has(value));
  const ofText = (keyword: string, ask: (value: string) => boolean): void => {
    ajv.addKeyword({
      keyword,
      type: 'string',
      schemaType: 'boolean',
      errors: false,
      validate: (_: boolean, value: string) => ask(value),
    });
  };
  ofText('trimmed', (value) => value === value.trim());
  ofText('singleLine', (value) => !lineEnd.test(value) && !control.test(value));
  ofText('printable', (value) => !control.test(value));
  ofText('impersonal', (value) => !looksLikePhone(value));
  ajv.addKeyword({
    keyword: 'cents',
    type: 'number' as const,
    schemaType: 'boolean' as const,
    errors: false as const,
    validate: (_: boolean, value: number) => Math.abs(value * 100 - Math.round(value * 100)) < 1e-4,
  });
  return ajv;
}

export const mostJsonElements = 100;
/** `[{"state":"granted"}]` has two levels; a little more is left for the contract to refuse field by field. */
const limits: JsonLimits = { depth: 8, names: 64, elements: mostJsonElements };

/** An escape of one half of a character, alone or in a pair. */
const halfCharacter = /\\u[dD][89a-fA-F]/;

type Column = keyof typeof mostColumnBytes;
type Read = { readonly value: unknown } | { readonly refusals: readonly ColumnRefusal[] };

/** @param given text, or the array of a file's line */
export function readJsonColumn(name: Column, given: unknown): Read {
  const says = `JSON array of 1 to ${mostJsonElements} elements, ${mostColumnBytes[name] / 1_024} KiB at most`;
  const refused = (code: 'TOO_LONG' | 'BAD_JSON', detail = says): Read => ({
    refusals: [refusal(name, code, detail)],
  });
  const text = typeof given === 'string' ? given : textOf(given);
  if (text === undefined) return refused('BAD_JSON', jsonFaults.too_deep);
  if (Buffer.byteLength(text) > mostColumnBytes[name]) return refused('TOO_LONG');
  const read = readJson(text, limits);
  if ('value' in read) {
    // Half a character comes as such, or by an escape.
    const mayBreak = !text.isWellFormed() || halfCharacter.test(text);
    const broken = mayBreak ? brokenIn(read.value, name) : [];
    return broken.length > 0 ? { refusals: broken } : read;
  }
  if (read.fault === 'too_wide') return refused('TOO_LONG');
  return refused('BAD_JSON', read.fault === 'not_json' ? says : jsonFaults[read.fault]);
}

function textOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    // Deeper than the stack.
    return undefined;
  }
}

/** Paths of texts with half a character: `\ud800` of JSON, which a database would store as something else. */
function brokenIn(value: unknown, path: string): readonly ColumnRefusal[] {
  if (typeof value === 'string') return value.isWellFormed() ? [] : [refusal(path, 'BROKEN_TEXT')];
  if (Array.isArray(value)) return value.flatMap((item, index) => brokenIn(item, `${path}[${index}]`));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => brokenIn(item, `${path}.${shownName(key)}`));
}
