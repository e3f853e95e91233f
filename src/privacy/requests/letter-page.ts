// Renders the letter to a recipient for an officer to send without our mail: on the centre's paper, or as plain text. In French. Pure.
// Invariant: it has the mail's text, word for word, and names the officer and the mailbox for rights as the mail does (C59).
import { html, type Html, type Piece } from '../papers/html.ts';
import { day, paper, signed, type PaperContact } from '../papers/paper.ts';
import type { Letter } from './letters.ts';

export interface Writer {
  readonly requestId: number;
  readonly contact: PaperContact;
  readonly at: Date;
}

export interface WrittenLetter extends Letter {
  /** To copy into a mail, or into whatever way was agreed. */
  readonly text: string;
  /** HTML that prints on A4. */
  readonly page: string;
}

export const writtenLetter = (letter: Letter, by: Writer): WrittenLetter => ({
  ...letter,
  text: textOf(letter, by),
  page: pageOf(letter, by),
});

function textOf({ subject, paragraphs }: Letter, { contact: { centre, dpo, mailbox } }: Writer): string {
  const writer = [
    'Cordialement,',
    ...(centre === null ? [] : [centre]),
    ...(dpo === null ? [] : [dpo]),
    'Délégation à la protection des données',
    ...(mailbox === null ? [] : [mailbox]),
  ];
  return [`Objet : ${subject}`, 'Bonjour,', ...paragraphs, writer.join('\n')].join('\n\n');
}

function pageOf({ subject, paragraphs }: Letter, { requestId, contact, at }: Writer): string {
  // The first paragraph names the addressee.
  const [attention = '', ...rest] = paragraphs;
  return paper({
    title: subject,
    contact,
    mark: [`Demande n° ${requestId}`, day(at)],
    questionsOn: 'cette demande',
    body: [
      paragraph(attention),
      html`<p>Madame, Monsieur,</p>`,
      rest.map(paragraph),
      html`<p>Nous vous prions d’agréer, Madame, Monsieur, l’expression de nos salutations distinguées.</p>`,
      signed(contact),
    ],
  });
}

const bullet = '  - ';

/** A line of words, and under it the list that it announces. */
function paragraph(text: string): Piece {
  const lines = text.split('\n');
  const said = lines.filter((line) => !line.startsWith(bullet));
  const listed = lines.filter((line) => line.startsWith(bullet));
  return [html`<p>${said.join(' ')}</p>`, listed.length === 0 ? undefined : listOf(listed)];
}

const listOf = (lines: readonly string[]): Html =>
  html`<ul>
    ${lines.map((line) => html`<li>${line.slice(bullet.length)}</li>`)}
  </ul>`;
