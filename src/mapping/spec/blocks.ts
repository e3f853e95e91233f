// Writes the specification, a list of blocks, as Markdown or as a page for printing.
// Invariant: every text is escaped for its form; the page loads nothing from anywhere.

/** A block of the file, as data. */
export type Raw = Readonly<Record<string, unknown>>;

export type Block =
  | { readonly kind: 'heading'; readonly level: 1 | 2 | 3; readonly text: string }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'list'; readonly items: readonly string[] }
  | {
      readonly kind: 'table';
      readonly head: readonly string[];
      readonly rows: readonly (readonly string[])[];
      readonly exact: readonly number[];
    }
  | { readonly kind: 'code'; readonly text: string }
  | { readonly kind: 'signatures'; readonly parties: readonly string[] };

export const heading = (level: 1 | 2 | 3, text: string): Block => ({ kind: 'heading', level, text });
/** @param exact columns whose cells are names or values, shown as they are written */
export const tableOf = (
  head: readonly string[],
  rows: readonly (readonly string[])[],
  exact: readonly number[] = [],
): Block => ({ kind: 'table', head, rows, exact });
export const paragraph = (content: string): Block => ({ kind: 'text', text: content });

const signatureLines = ['Nom et fonction', 'Date', 'Signature, précédée de « lu et approuvé »'];

/** Escapes the characters that Markdown interprets, a table's bars and line ends included. */
const plain = (content: string): string =>
  content.replaceAll(/[\\`*_[\]<>|#~]/g, '\\$&').replaceAll(/\s*\n\s*/g, ' ');

/** Writes a code span with a fence longer than any inside it. */
function span(content: string): string {
  if (content === '') return '';
  const flat = content.replaceAll(/\s*\n\s*/g, ' ').replaceAll('|', '\\|');
  const fence = '`'.repeat(Math.max(0, ...[...flat.matchAll(/`+/g)].map(([run]) => run.length)) + 1);
  return /^`|`$|^ .* $/.test(flat) ? `${fence} ${flat} ${fence}` : `${fence}${flat}${fence}`;
}

export function toMarkdown(blocks: readonly Block[]): string {
  return `${blocks.map(markdownOf).join('\n\n')}\n`;
}

function markdownOf(block: Block): string {
  switch (block.kind) {
    case 'heading':
      return `${'#'.repeat(block.level)} ${plain(block.text)}`;
    case 'text':
      return plain(block.text);
    case 'list':
      return block.items.map((item) => `- ${plain(item)}`).join('\n');
    case 'table': {
      const cell = (content: string, column: number): string =>
        block.exact.includes(column) ? span(content) : plain(content);
      const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
      return [
        row(block.head.map(plain)),
        row(block.head.map(() => '---')),
        ...block.rows.map((cells) => row(cells.map(cell))),
      ].join('\n');
    }
    case 'code': {
      const fence = '`'.repeat(
        Math.max(2, ...[...block.text.matchAll(/`+/g)].map(([run]) => run.length)) + 1,
      );
      return `${fence}\n${block.text}\n${fence}`;
    }
    case 'signatures':
      return block.parties
        .map(
          (party) =>
            `**${plain(party)}**\n\n${signatureLines.map((line) => `${line} : ____________________`).join('\n\n')}`,
        )
        .join('\n\n');
  }
}

export const escapeHtml = (content: string): string =>
  content
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');

const style = `
@page { size: A4; margin: 18mm 16mm; }
* { box-sizing: border-box; }
body { font: 10.5pt/1.45 "Liberation Sans", "DejaVu Sans", Arial, sans-serif; color: #1c2733; max-width: 190mm; margin: 12mm auto; padding: 0 6mm; }
h1 { font-size: 20pt; line-height: 1.2; margin: 0 0 6mm; color: #12344d; }
h2 { font-size: 13pt; margin: 9mm 0 3mm; padding-bottom: 1mm; border-bottom: .6mm solid #12344d; color: #12344d; break-after: avoid; }
h3 { font-size: 11pt; margin: 5mm 0 2mm; break-after: avoid; }
p, li { margin: 0 0 2mm; }
table { width: 100%; border-collapse: collapse; margin: 0 0 4mm; font-size: 9.5pt; }
th, td { text-align: left; vertical-align: top; padding: 1.2mm 2mm; border: .2mm solid #c3ced8; overflow-wrap: break-word; }
td:last-child { overflow-wrap: anywhere; }
td code { overflow-wrap: anywhere; }
td:first-child code { overflow-wrap: break-word; }
th { background: #eaf0f5; }
td:first-child { max-width: 62mm; }
thead { display: table-header-group; }
tr { break-inside: avoid; }
code, pre { font-family: "Liberation Mono", "DejaVu Sans Mono", monospace; font-size: 8.8pt; }
code { white-space: pre-wrap; }
pre { background: #f5f7f9; border: .2mm solid #c3ced8; padding: 3mm; white-space: pre-wrap; overflow-wrap: anywhere; }
.signatures { display: grid; grid-template-columns: 1fr 1fr; gap: 6mm; break-inside: avoid; margin-top: 5mm; }
.signatures section { border: .3mm solid #12344d; padding: 4mm; }
.signatures h3 { margin-top: 0; }
.signatures p { margin-bottom: 9mm; }
.signatures p:last-child { margin-bottom: 22mm; }
@media print { body { margin: 0; padding: 0; max-width: none; } h2 { margin-top: 7mm; } }
`;

export function toHtml(title: string, blocks: readonly Block[]): string {
  return `<!doctype html>
<html lang="fr">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
${blocks.map(htmlOf).join('\n')}
</body>
</html>
`;
}

function htmlOf(block: Block): string {
  switch (block.kind) {
    case 'heading':
      return `<h${block.level}>${escapeHtml(block.text)}</h${block.level}>`;
    case 'text':
      return `<p>${escapeHtml(block.text)}</p>`;
    case 'list':
      return `<ul>\n${block.items.map((item) => `<li>${escapeHtml(item)}</li>`).join('\n')}\n</ul>`;
    case 'table': {
      const cell = (content: string, column: number): string =>
        block.exact.includes(column) && content !== ''
          ? `<td><code>${escapeHtml(content)}</code></td>`
          : `<td>${escapeHtml(content)}</td>`;
      const head = block.head.map((title) => `<th scope="col">${escapeHtml(title)}</th>`).join('');
      const rows = block.rows.map((cells) => `<tr>${cells.map(cell).join('')}</tr>`);
      return `<table>\n<thead><tr>${head}</tr></thead>\n<tbody>\n${rows.join('\n')}\n</tbody>\n</table>`;
    }
    case 'code':
      return `<pre>${escapeHtml(block.text)}</pre>`;
    case 'signatures': {
      const boxes = block.parties.map(
        (party) =>
          `<section><h3>${escapeHtml(party)}</h3>${signatureLines.map((line) => `<p>${escapeHtml(line)} :</p>`).join('')}</section>`,
      );
      return `<div class="signatures">${boxes.join('')}</div>`;
    }
  }
}
