// Writes the letter to a recipient or a client about a request, in French. Pure.
// Invariant: a mail names leads by the centre's reference and the day of hand-over, and no person; only the letter that an
// officer prints contains a corrected value, because a recipient cannot correct without it.
import type { RequestKind } from '../../domain/requests.ts';
import { civilDate, frenchDate, type CivilDate } from '../../domain/civil-date.ts';
import { html, type Html, type Piece } from '../papers/html.ts';
import { day, paper, signed, type PaperContact } from '../papers/paper.ts';

interface LetterLead {
  /** The centre's reference, which the recipient was given with the lead. */
  readonly reference: string;
  readonly handedOverAt: Date | null;
}

export interface RecipientLetter {
  readonly requestId: number;
  readonly clientName: string;
  /** As the contract names it. */
  readonly recipient: string;
  readonly action: 'update' | 'erase' | 'restrict';
  readonly kind: RequestKind;
  readonly leads: readonly LetterLead[];
  readonly lastDay: CivilDate;
  readonly today: CivilDate;
  /** Changes: labels of fields, or opt-ins, with the new value where the letter may contain it. */
  readonly changes: readonly { readonly what: string; readonly value?: string }[];
}

const asks: Readonly<Record<RecipientLetter['action'], { readonly subject: string; readonly what: string }>> =
  {
    erase: {
      subject: 'effacement à effectuer chez vous',
      what: 'd’effacer de vos messageries, fichiers et outils, copies et sauvegardes accessibles comprises, toutes les données de cette personne reçues de nous sous les références ci-dessous',
    },
    update: {
      subject: 'modification à effectuer chez vous',
      what: 'd’effectuer dans vos outils et fichiers les modifications ci-dessous, pour les contacts concernés',
    },
    restrict: {
      subject: 'traitement à limiter chez vous',
      what: 'de conserver sans plus les utiliser les données reçues de nous sous les références ci-dessous, jusqu’à nouvel avis de notre part',
    },
  };

/** Article 19 covers the notice of a rectification, an erasure or a restriction, and no other. */
const article: Readonly<Record<RequestKind, string>> = {
  access: 'article 15 du RGPD',
  rectification: 'articles 16 et 19 du RGPD',
  erasure: 'articles 17 et 19 du RGPD',
  restriction: 'articles 18 et 19 du RGPD',
  portability: 'article 20 du RGPD',
  objection: 'article 21 du RGPD',
  withdrawal: 'article 7, paragraphe 3, du RGPD',
};

export type Letter = ReturnType<typeof recipientLetter>;

/** The same text is for mail and paper; the caller gives or leaves out the values of `changes`. */
export function recipientLetter(letter: RecipientLetter) {
  const { requestId, clientName, recipient, action, kind, leads, changes, lastDay, today } = letter;
  const term = lastDay < today ? 'sans délai' : `au plus tard le ${frenchDate(lastDay)}`;
  const hasValues = changes.some(({ value }) => value !== undefined);
  const changed = changes.map(({ what, value }) => `  - ${what}${value === undefined ? '' : ` : ${value}`}`);
  return {
    subject: `Demande n° ${requestId} d’un prospect : ${asks[action].subject}`,
    paragraphs: [
      `À l’attention de : ${recipient === '' ? clientName : recipient}`,
      `Une personne dont les coordonnées vous ont été transmises pour le compte de notre client ${clientName} a exercé ses droits (demande n° ${requestId}, ${article[kind]}). Nous vous demandons ${asks[action].what}.`,
      leadLines(leads),
      ...(action === 'update' && changed.length > 0 ? [['Ce qui change :', ...changed].join('\n')] : []),
      ...(action === 'update' && changed.length > 0 && !hasValues
        ? [
            'Notre délégation à la protection des données vous remet les valeurs à jour dès que vous les lui demandez.',
          ]
        : []),
      `Merci de nous confirmer par retour, ${term} et en citant le n° ${requestId}, que cela est fait, et à quelle date. Si vous ne détenez plus rien, dites-le-nous également.`,
    ],
  };
}

/** The list of leads of a letter or mail. */
export const leadLines = (leads: readonly LetterLead[]): string =>
  ['Contacts concernés :', ...leads.map(leadLine)].join('\n');

const leadLine = ({ reference, handedOverAt }: LetterLead): string =>
  `  - référence ${reference}${handedOverAt === null ? '' : `, transmission du ${frenchDate(civilDate(handedOverAt))}`}`;

// Renders the letter to a recipient for an officer to send without our mail: on the centre's paper, or as plain text. In French. Pure.
// Invariant: it has the mail's text, word for word, and names the officer and the mailbox for rights as the mail does (C59).

interface Writer {
  readonly requestId: number;
  readonly contact: PaperContact;
  readonly at: Date;
}

export type WrittenLetter = ReturnType<typeof writtenLetter>;

export const writtenLetter = (letter: Letter, by: Writer) => ({
  ...letter,
  /** To copy into a mail, or into whatever way was agreed. */
  text: textOf(letter, by),
  /** HTML that prints on A4. */
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
