// Fills the names of a flow's files: `LEADS_{date:yyyyMMdd}_{seq:6}.csv`. Pure.
// Invariant: the same batch gives the same name at every attempt, and the name is one path segment.
import type { BatchFacts, Both } from '../contract.ts';

export interface NameFacts {
  readonly client: string;
  readonly destination: string;
  readonly batch: Pick<BatchFacts, 'sequence' | 'slot'>;
  readonly timezone: string;
  /** Number of the piece of an acknowledgement. */
  readonly piece?: number;
}

const placeholder = /\{([A-Za-z]+)(?::([^{}]*))?\}/g;
const dateTokens = /yyyy|yy|MM|dd|HH|mm|ss/g;

/** Fills a name or path pattern; unknown placeholders remain (the check refuses them). */
export function fillName(pattern: string, facts: NameFacts): string {
  return pattern.replaceAll(placeholder, (whole, name: string, format: string | undefined) => {
    switch (name) {
      case 'seq':
        return String(facts.batch.sequence).padStart(Number(format ?? 0), '0');
      case 'date':
        return civil(facts.batch.slot, format ?? 'yyyyMMdd', facts.timezone);
      case 'time':
        return civil(facts.batch.slot, format ?? 'HHmmss', facts.timezone);
      case 'piece':
        return facts.piece === undefined ? whole : String(facts.piece).padStart(Number(format ?? 0), '0');
      case 'client':
        return segment(facts.client);
      case 'destination':
        return segment(facts.destination);
      default:
        return whole;
    }
  });
}

/** The pattern with only what the moment decides left open; case does not count, because some servers ignore it. */
export const comparablePattern = (pattern: string, own: Pick<NameFacts, 'client' | 'destination'>): string =>
  pattern
    .replaceAll(placeholder, (whole, name: string) => {
      if (name === 'seq') return '{seq}';
      return name === 'client' || name === 'destination' ? segment(own[name]) : whole;
    })
    .toLowerCase();

export const inPieces = (pattern: string): boolean => /\{piece(:\d+)?\}/.test(pattern);

/** Mistakes in a pattern, as sentences. @param more placeholders permitted in this setting */
export function patternProblems(pattern: string, more: readonly string[] = []): readonly Both[] {
  const problems: Both[] = [];
  for (const [whole, name, format] of pattern.matchAll(placeholder)) {
    if (!['seq', 'date', 'time', 'client', 'destination', ...more].includes(name ?? '')) {
      const known = [
        '{date:yyyyMMdd} {time:HHmmss} {seq} {seq:6} {client} {destination}',
        ...more.map((other) => `{${other}}`),
      ].join(' ');
      problems.push([
        `Variable inconnue ${whole} : seulement ${known}.`,
        `Unknown placeholder ${whole}: only ${known}.`,
      ]);
    } else if (
      (name === 'seq' || name === 'piece') &&
      format !== undefined &&
      !/^([1-9]|1[0-2])$/.test(format)
    ) {
      problems.push([
        `${whole} : la largeur de ${name} est un nombre de 1 à 12.`,
        `${whole}: the width of ${name} is a number from 1 to 12.`,
      ]);
    } else if (
      (name === 'date' || name === 'time') &&
      format !== undefined &&
      !/^[-_.]*((yyyy|yy|MM|dd|HH|mm|ss)[-_.]*)+$/.test(format)
    ) {
      problems.push([
        `${whole} : une date s’écrit avec yyyy yy MM dd HH mm ss et - _ . seulement.`,
        `${whole}: a date is written with yyyy yy MM dd HH mm ss and - _ . only.`,
      ]);
    } else if (name === 'date' && format?.includes('mm') === true && !format.includes('HH')) {
      const instead = whole.replace('mm', 'MM');
      problems.push([
        `${whole} écrit les minutes (mm) à la place du mois : écrivez ${instead}.`,
        `${whole} writes minutes (mm) for the month: write ${instead}.`,
      ]);
    }
  }
  if (/[{}]/.test(pattern.replaceAll(placeholder, '')))
    problems.push([
      'Une accolade n’est pas fermée, ou une variable n’a pas de nom.',
      'A brace is not closed, or a placeholder is empty.',
    ]);
  return problems;
}

function civil(moment: Date, format: string, timeZone: string): string {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(moment);
  const part = (type: Intl.DateTimeFormatPartTypes): string =>
    parts.find((part) => part.type === type)?.value ?? '';
  const values: Readonly<Record<string, string>> = {
    yyyy: part('year').padStart(4, '0'),
    yy: part('year').slice(-2),
    MM: part('month'),
    dd: part('day'),
    HH: part('hour'),
    mm: part('minute'),
    ss: part('second'),
  };
  return format.replaceAll(dateTokens, (token) => values[token] ?? token);
}

const segment = (text: string): string => text.replaceAll(/[^A-Za-z0-9._-]/g, '_');

export const climbs = (path: string): boolean =>
  path.split('/').some((step) => step === '..' || step === '.');
