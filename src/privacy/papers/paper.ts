// Lays out the centre's papers in French, for screen and print: letterhead, tables of facts, foot with the data protection officer.
// Invariant: the page loads nothing and runs nothing.
import { html, written, styleSheet, type Html, type Piece } from './html.ts';

// The style sheet of the centre's papers, for screen and A4.

const style = `
@page { size: A4; margin: 18mm 17mm; }
* { box-sizing: border-box; }
html { background: #eef1f4; }
body { font: 10.5pt/1.5 "Source Serif 4", "Liberation Serif", "DejaVu Serif", Georgia, serif; color: #1d2530;
  background: #fff; max-width: 200mm; margin: 8mm auto; padding: 14mm 16mm; }
header, h1, h2, h3, table, footer { font-family: "Liberation Sans", "DejaVu Sans", Arial, sans-serif; }
header { display: flex; justify-content: space-between; gap: 10mm; border-bottom: .5mm solid #1f3a5f;
  padding-bottom: 4mm; margin-bottom: 8mm; font-size: 8.8pt; line-height: 1.45; color: #4a5666; }
header .from { font-size: 11pt; font-weight: 600; color: #1f3a5f; }
header small { display: block; font-size: 8.8pt; font-weight: 400; color: #4a5666; margin-top: 1mm; }
header .mark { text-align: right; }
address { font-style: normal; margin: 0 0 8mm 58%; line-height: 1.45; }
.signed { margin: 8mm 0 0 58%; }
h1 { font-size: 17pt; line-height: 1.25; font-weight: 600; color: #1f3a5f; margin: 0 0 5mm; }
h2 { font-size: 12pt; line-height: 1.3; font-weight: 600; color: #1f3a5f; margin: 8mm 0 2.5mm; padding-bottom: 1mm;
  border-bottom: .2mm solid #b9c4d1; break-after: avoid; }
h3 { font-size: 10.5pt; line-height: 1.35; font-weight: 600; margin: 5mm 0 1.5mm; break-after: avoid; }
p { margin: 0 0 2.5mm; orphans: 3; widows: 3; }
ul { margin: 0 0 2.5mm; padding-left: 5mm; }
li { margin-bottom: 1mm; }
table { width: 100%; border-collapse: collapse; margin: 1mm 0 4mm; font-size: 9pt; line-height: 1.4; }
th, td { text-align: left; vertical-align: top; padding: 1.3mm 2mm; border-bottom: .2mm solid #d4dbe3; overflow-wrap: anywhere; }
thead th { border-bottom: .4mm solid #1f3a5f; color: #1f3a5f; font-weight: 600; overflow-wrap: normal; }
td:first-child { min-width: 26mm; }
table.facts th { width: 58mm; font-weight: 400; color: #4a5666; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
thead { display: table-header-group; }
tr { break-inside: avoid; }
code { font: 8.6pt/1.4 "Liberation Mono", "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
.said { white-space: pre-wrap; }
.seen { border-left: .8mm solid #1f3a5f; background: #f4f7fa; padding: 3mm 4mm; margin: 0 0 5mm; break-inside: avoid; }
.seen p:last-child, .seen table { margin-bottom: 0; }
.seen tr:last-child > * { border-bottom: 0; }
.none { color: #4a5666; font-style: italic; }
footer { border-top: .2mm solid #b9c4d1; margin-top: 10mm; padding-top: 3mm; font-size: 8.6pt; line-height: 1.5;
  color: #4a5666; break-inside: avoid; }
@media print { html { background: none; } body { margin: 0; padding: 0; max-width: none; } }
`;

/** The centre's contact details, as configured; null where not configured. */
export interface PaperContact {
  readonly centre: string | null;
  readonly dpo: string | null;
  readonly mailbox: string | null;
}

interface Sheet {
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
      ${to.length > 0 && html`<address>${lines(to)}</address>`}
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

interface Column {
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
