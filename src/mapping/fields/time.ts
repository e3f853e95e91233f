// Reads and writes dates, time zones and durations as people and CRMs write them.
// Invariant: a pattern is checked whole when compiled; writing depends on the instant and the zone only, never on the host.
import type { Both } from '../../../connectors/contract.ts';
import { offsetAt } from '../../domain/civil-date.ts';

export const defaultZone = 'Europe/Paris';

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `30s`, `5m`, `24h`, `10d` in milliseconds; undefined when badly written. */
export function parseDuration(value: unknown): number | undefined {
  const match = typeof value === 'string' ? /^(\d{1,6})(ms|s|m|h|d)$/.exec(value) : null;
  return match === null ? undefined : Number(match[1]) * (units[match[2] ?? ''] ?? 0);
}

const zones = new Map<string, boolean>();

export function isZone(zone: string): boolean {
  const known = zones.get(zone);
  if (known !== undefined) return known;
  let found = false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    found = /^[A-Za-z]/.test(zone);
  } catch {
    // Not a zone.
  }
  if (zones.size < 1_000) zones.set(zone, found);
  return found;
}

type Civil = ReturnType<typeof civil>;

function civil(date: Date, zone: string) {
  const ms = date.getTime();
  // Shifted so that its UTC fields read as the zone's clock.
  const local = new Date(ms + offsetAt(ms, zone)).toISOString();
  return {
    yyyy: local.slice(0, -20),
    MM: local.slice(-19, -17),
    dd: local.slice(-16, -14),
    HH: local.slice(-13, -11),
    mm: local.slice(-10, -8),
    ss: local.slice(-7, -5),
  };
}

/** ISO 8601 with the zone's offset: `2026-11-24T10:15:00+01:00`; `Z` for UTC. */
export function isoIn(date: Date, zone: string): string {
  const { yyyy, MM, dd, HH, mm, ss } = civil(date, zone);
  const local = `${yyyy}-${MM}-${dd}T${HH}:${mm}:${ss}`;
  if (zone === 'UTC') return `${local}Z`;
  const minutes = Math.round(offsetAt(date.getTime(), zone) / 60_000);
  const size = Math.abs(minutes);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${local}${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

const tokens = ['yyyy', 'yy', 'MM', 'dd', 'HH', 'mm', 'ss'] as const;

/** A writer for `dd/MM/yyyy HH:mm`, or the message about a mistake; letters that are no token must be between apostrophes. */
export function compileDatePattern(pattern: string, zone: string): ((date: Date) => string) | Both {
  if (pattern === '') return ['le modèle de date est vide.', 'the date pattern is empty.'];
  const bare = pattern.replaceAll(/'[^']*'/g, ' ');
  if (/mm/.test(bare) && !/HH|h/.test(bare) && /dd|yy/.test(bare))
    return [
      `« ${pattern} » écrit les minutes (mm) à la place du mois : écrivez ${pattern.replace('mm', 'MM')}.`,
      `"${pattern}" writes minutes (mm) for the month: write ${pattern.replace('mm', 'MM')}.`,
    ];
  const instead = pattern.replace(/(HH[^M]*)MM/, '$1mm');
  if (/HH\P{L}*MM/u.test(bare))
    return [
      `« ${pattern} » écrit le mois (MM) à la place des minutes : écrivez ${instead}.`,
      `"${pattern}" writes the month (MM) for the minutes: write ${instead}.`,
    ];
  const parts: ((at: Civil) => string)[] = [];
  let rest = pattern;
  while (rest !== '') {
    const quoted = /^'([^']*)'/.exec(rest);
    const token = tokens.find((candidate) => rest.startsWith(candidate));
    if (quoted !== null) {
      const literal = quoted[1] === '' ? "'" : (quoted[1] ?? '');
      parts.push(() => literal);
      rest = rest.slice(quoted[0].length);
    } else if (token !== undefined) {
      parts.push(token === 'yy' ? (at) => at.yyyy.slice(2) : (at) => at[token]);
      rest = rest.slice(token.length);
    } else {
      const character = rest[0] ?? '';
      if (/\p{L}/u.test(character))
        return [
          `« ${character} » du modèle de date « ${pattern} » n’existe pas : employez yyyy yy MM dd HH mm ss, et un 'texte' entre apostrophes.`,
          `"${character}" in the date pattern "${pattern}" is unknown: use yyyy yy MM dd HH mm ss, and 'text' between apostrophes.`,
        ];
      parts.push(() => character);
      rest = rest.slice(1);
    }
  }
  return (date) => {
    const at = civil(date, zone);
    let text = '';
    for (const part of parts) text += part(at);
    return text;
  };
}

export const isoWords = 'date ISO 8601, heure de Paris (2026-11-20T10:15:00+01:00)';

/** A pattern as French readers know it: JJ/MM/AAAA. */
export function dateWords(pattern: string, zone: string): string {
  const known = pattern
    .replaceAll('yyyy', 'AAAA')
    .replaceAll('yy', 'AA')
    .replaceAll('dd', 'JJ')
    .replaceAll("'", '');
  return `date ${known}${zone === '' ? '' : ` (${zone})`}`;
}

/** Midnight in Paris of a civil day, plus days. */
export function parseDay(text: string, plusDays = 0): Date | undefined {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (match === null) return undefined;
  const utc = new Date(`${text}T00:00:00Z`);
  if (Number.isNaN(utc.getTime()) || utc.toISOString().slice(0, 10) !== text) return undefined;
  utc.setUTCDate(utc.getUTCDate() + plusDays);
  // The zone's offset at that moment; midnight never falls into a change of hour in Paris.
  const offset = Date.parse(`${isoIn(utc, defaultZone).slice(0, 19)}Z`) - utc.getTime();
  return new Date(utc.getTime() - offset);
}
