// Formats times for pages: in Paris, in the language of the page, exact to the second in `datetime`.
import { counted as bothCounted, type OneAndSeveral } from '../domain/counted.ts';
import { inLanguage, type Language } from '../support/words.ts';
import { html, type Html } from '../privacy/papers/html.ts';

const locales = { fr: 'fr-FR', en: 'en-GB' } as const;
const timeZone = 'Europe/Paris';

const formats = new Map<string, Intl.DateTimeFormat>();
function format(language: Language, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${language}${JSON.stringify(options)}`;
  const known = formats.get(key) ?? new Intl.DateTimeFormat(locales[language], { ...options, timeZone });
  formats.set(key, known);
  return known;
}

const timeText = (at: Date, language: Language): string =>
  format(language, { dateStyle: 'short', timeStyle: 'medium' }).format(at);

export const timeOf = (at: Date | null | undefined, language: Language): Html | undefined =>
  at === null || at === undefined
    ? undefined
    : html`<time datetime="${at.toISOString()}">${timeText(at, language)}</time>`;

/** A text that is a moment as our tables write it, in Paris time; any other unchanged. */
export const momentText = (text: string, language: Language): string =>
  /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(text) ? timeText(new Date(text), language) : text;

/** `mars 2027`, of `2027-03`. */
export const monthText = (month: string, language: Language): string =>
  format(language, { month: 'long', year: 'numeric' }).format(new Date(`${month}-15T12:00:00Z`));

/** `heure de Paris, UTC+1`: the time zone of a page. */
export function zoneText(at: Date, language: Language): string {
  const name = format('fr', { timeZoneName: 'shortOffset' })
    .formatToParts(at)
    .find(({ type }) => type === 'timeZoneName')?.value;
  return `${language === 'fr' ? 'heure de Paris' : 'Paris time'}, ${name ?? timeZone}`;
}

/** A duration in one unit, for lists of waiting things. */
export function secondsText(seconds: number, language: Language): string {
  const [count, unit] =
    seconds < 120
      ? ([Math.round(seconds * 10) / 10, 'second'] as const)
      : seconds < 7_200
        ? ([Math.floor(seconds / 60), 'minute'] as const)
        : seconds < 172_800
          ? ([Math.floor(seconds / 3_600), 'hour'] as const)
          : ([Math.floor(seconds / 86_400), 'day'] as const);
  return new Intl.NumberFormat(locales[language], { style: 'unit', unit, unitDisplay: 'short' }).format(
    count,
  );
}

export { countText } from '../domain/counted.ts';

/** `1 livraison`, `1 200 livraisons`, in the language of the page. */
export const counted = (count: number, words: OneAndSeveral, language: Language): string =>
  inLanguage(bothCounted(count, words), language);

/** `28/11 14:00`. */
export const hourText = (at: Date, language: Language): string =>
  format(language, { day: '2-digit', month: '2-digit', hour: '2-digit', minute: '2-digit' }).format(at);

/** `28/11`. */
export const dayText = (at: Date, language: Language): string =>
  format(language, { day: '2-digit', month: '2-digit' }).format(at);

/** `14:00`, under a column. */
export const clockText = (at: Date, language: Language): string =>
  format(language, { hour: '2-digit', minute: '2-digit' }).format(at);
