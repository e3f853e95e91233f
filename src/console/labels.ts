// Renders deliveries, leads and destinations as every page names them: links, states with their words, reasons.
import { mayFor, type Holder } from '../access/permissions.ts';
import { html, type Html, type Piece } from '../privacy/papers/html.ts';
import {
  actionWords,
  actorOrNumber,
  categoryWords,
  consentPairWords,
  reasonWords,
  stateWords,
  type Both,
  type Language,
  inLanguage,
} from '../support/words.ts';
import type { Say } from './gate.ts';
import { state, type Tone } from './parts.ts';
import { columnFacts } from '../domain/lead-fields/columns.ts';
import { labelOf, tableWords } from '../privacy/proofs/proof-page.ts';
import { changedTables, changes, otherColumns } from './words/privacy.ts';
import { counted as bothCounted, type OneAndSeveral } from '../domain/counted.ts';

type State = keyof typeof stateWords;

const tones: Readonly<Record<State, Tone>> = {
  planned: 'calm',
  queued: 'calm',
  sending: 'calm',
  waiting: 'warn',
  withheld: 'warn',
  pending: 'warn',
  delivered: 'good',
  failed: 'bad',
  cancelled: 'calm',
};

export const stateTag = (name: State, say: Say): Html => state(say(stateWords[name]), tones[name]);

export const reasonText = (reason: string, say: Say): string =>
  reason === '' ? '' : say(reasonWords(reason));

export const actionText = (action: keyof typeof actionWords, say: Say): string => say(actionWords[action]);

/** `prospection par e-mail`, of `marketing.email`. */
export function optInText(pair: string, say: Say): string {
  const [purpose = '', channel = ''] = pair.split('.');
  return say(consentPairWords(purpose, channel) ?? [pair, pair]);
}

/** A category of data that an authorisation names. */
export const categoryText = (name: string, say: Say): string =>
  say((categoryWords as Readonly<Partial<Record<string, Both>>>)[name] ?? [name, name]);

/** Actor in words: a person by the name of the account, a system by that of its key, otherwise the gateway. */
export function actorText(actor: string, names: ReadonlyMap<string, string>, say: Say): string {
  return names.get(actor) ?? say(actorOrNumber(actor));
}

export const deliveryLink = (id: number): Html => html`<a href="/deliveries/${id}">${id}</a>`;

export const leadPath = (clientId: string, reference: string): string =>
  `/leads/${encodeURIComponent(clientId)}/${encodeURIComponent(reference)}`;

/** A link where the reader may see the page, else the reference alone. */
export const leadLink = (
  holder: Holder,
  { clientId, reference }: { readonly clientId: string; readonly reference: string },
): Piece =>
  mayFor(holder, 'lead.read', clientId)
    ? html`<a href="${leadPath(clientId, reference)}">${reference}</a>`
    : reference;

export const destinationPath = (id: string): string => `/destinations/${encodeURIComponent(id)}`;

export const destinationLink = (id: string): Html => html`<a href="${destinationPath(id)}">${id}</a>`;

/** Anchor of a client's go-live list on the page of a destination's versions. */
export const goLiveMark = 'go-live';
export const goLivePath = (destination: string): string =>
  `/mappings/${encodeURIComponent(destination)}#${goLiveMark}`;

// Renders the tables and columns changed by an act on a person's data, in words, for a proof and the page of a request.
// Invariant: a name without words of its own is shown as it is; nothing is left out.

/** The name in words, with the table's own name for readers of the database. */
export const changedTable = (table: string, language: Language): Html =>
  html`${language === 'fr' ? tableWords(table) : (changedTables[table] ?? table)}
    <code class="quiet">${table}</code>`;

/** `all`, `state`, `restricted_at`, or of a correction `last_name=replaced` for each field. */
export const changedColumns = (table: string, columns: string, language: Language): Piece =>
  columns
    .split(/[ ,]+/)
    .filter((part) => part !== '')
    .map((part) => {
      const [column = '', change] = part.split('=');
      const how = change === undefined ? undefined : changes[change];
      const name = changedColumn(table, column, language);
      return how === undefined ? name : `${name} (${inLanguage(how, language)})`;
    })
    .join(', ');

/** Label of a field of the lead, in any table. */
export function changedColumn(table: string, column: string, language: Language): string {
  const own = otherColumns[`${table}.${column}`] ?? otherColumns[column];
  if (own !== undefined) return inLanguage(own, language);
  if (language === 'fr') return labelOf(table, column) || labelOf('lead_intake', column) || column;
  const facts = columnFacts.find(
    (fact) => fact.column === column || (fact.table === table && fact.stored === column),
  );
  return facts?.description ?? column.replaceAll('_', ' ');
}

// Formats times for pages: in Paris, in the language of the page, exact to the second in `datetime`.

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
