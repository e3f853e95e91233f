// Lays out the centre's papers in French, for screen and print: letterhead, tables of facts, foot with the data protection officer.
// Invariant: the page loads nothing and runs nothing.
import { html, written, styleSheet, type Html, type Piece } from './html.ts';
import { style } from './style.ts';

/** The centre's contact details, as configured; null where not configured. */
export interface PaperContact {
  readonly centre: string | null;
  readonly dpo: string | null;
  readonly mailbox: string | null;
}

export interface Sheet {
  readonly title: string;
  readonly contact: PaperContact;
  /** Right side of the letterhead: number, date. */
  readonly mark: readonly string[];
  /** The addressee, line by line. */
  readonly to?: readonly string[];
  readonly body: Piece;
  /** Subject of the questions that the foot invites; by default the reader's own data. */
  readonly questionsOn?: string;
}

export function paper({ title, contact, mark, to = [], body, questionsOn }: Sheet): string {
  const page = html`<html lang="fr">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'" />
      <meta name="robots" content="noindex" />
      <title>${title}</title>
      ${styleSheet(style)}
    </head>
    <body>
      <header>
        <div class="from">
          ${contact.centre ?? 'Centre de relation prospects'}<small>${lines(contactLines(contact))}</small>
        </div>
        <div class="mark">${lines(mark)}</div>
      </header>
      ${to.length === 0 ? undefined : html`<address>${lines(to)}</address>`}
      <main>
        <h1>${title}</h1>
        ${body}
      </main>
      <footer>${footLine(contact, questionsOn)}</footer>
    </body>
  </html>`;
  return `<!doctype html>\n${written(page)}\n`;
}

/** The signature of a letter of the centre. */
export const signed = ({ dpo }: PaperContact): Html =>
  html`<p class="signed">
    ${dpo ?? ''}${dpo === null ? '' : html`<br />`}Délégation à la protection des données
  </p>`;

const lines = (texts: readonly string[]): Piece => texts.map((text) => html`${text}<br />`);

const contactLines = ({ dpo, mailbox }: PaperContact): readonly string[] => [
  ...(dpo === null ? [] : [`Délégation à la protection des données : ${dpo}`]),
  ...(mailbox === null ? [] : [mailbox]),
];

function footLine({ dpo, mailbox }: PaperContact, questionsOn = 'vos données ou sur ce document'): Piece {
  const officer = `notre délégation à la protection des données${dpo === null ? '' : ` (${dpo})`}`;
  const where = mailbox === null ? '' : `, à l’adresse ${mailbox}`;
  return `Pour toute question sur ${questionsOn} : ${officer}${where}.`;
}

/** Two columns: label and value. Rows without a value are left out; without any row, `none` is shown. */
export function facts(
  rows: readonly (readonly [string, Piece])[],
  none = 'Aucune information enregistrée.',
): Html {
  const known = rows.filter(([, value]) => value !== undefined && value !== '');
  if (known.length === 0) return html`<p class="none">${none}</p>`;
  return html`<table class="facts">
    <tbody>
      ${known.map(
        ([label, value]) =>
          html`<tr>
            <th scope="row">${label}</th>
            <td>${value}</td>
          </tr> `,
      )}
    </tbody>
  </table>`;
}

export interface Column {
  readonly title: string;
  readonly number?: true;
}

export function list(columns: readonly Column[], rows: readonly (readonly Piece[])[], none: string): Html {
  if (rows.length === 0) return html`<p class="none">${none}</p>`;
  const kind = (column: Column | undefined): Piece =>
    column?.number === true ? html` class="number"` : undefined;
  return html`<table>
    <thead>
      <tr>
        ${columns.map((column) => html`<th scope="col" ${kind(column)}>${column.title}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${rows.map(
        (cells) =>
          html`<tr>
            ${cells.map((cell, index) => html`<td${kind(columns[index])}>${cell}</td>`)}
          </tr> `,
      )}
    </tbody>
  </table>`;
}

const long = new Intl.DateTimeFormat('fr-FR', { dateStyle: 'long', timeZone: 'Europe/Paris' });
const exact = new Intl.DateTimeFormat('fr-FR', {
  dateStyle: 'long',
  timeStyle: 'short',
  timeZone: 'Europe/Paris',
});

const brief = new Intl.DateTimeFormat('fr-FR', {
  dateStyle: 'short',
  timeStyle: 'short',
  timeZone: 'Europe/Paris',
});

/** The first of a month is « 1er ». */
const first = (text: string): string => text.replace(/^1 /, '1er ');

/** `28 novembre 2026` */
export const day = (at: Date): string => first(long.format(at));
/** `28 novembre 2026 à 11:07`, Paris. */
export const moment = (at: Date): string => first(exact.format(at));
/** `28/11/2026 11:07`, Paris: for the columns of a table. */
export const short = (at: Date): string => brief.format(at).replace(',', '');
