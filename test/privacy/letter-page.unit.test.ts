// The letter to a recipient on paper and as text: what the mail says, and who writes (C24, C59).
import { refusalWords } from '../../src/privacy/person/letter-words.ts';
import { writtenLetter, recipientLetter, type RecipientLetter } from '../../src/privacy/requests/letters.ts';

const asked: RecipientLetter = {
  requestId: 17,
  clientName: 'Horizon Bâtisseurs',
  recipient: 'Agence <Sud>',
  action: 'erase',
  kind: 'erasure',
  leads: [
    { reference: 'HZ-1', handedOverAt: new Date('2026-10-01T08:00:00Z') },
    { reference: 'HZ-2', handedOverAt: null },
  ],
  lastDay: '2026-12-31',
  today: '2026-11-30',
  changes: [],
};
const contact = { centre: 'Centre Exemple', dpo: 'Claude Exemple', mailbox: 'droits@centre.example' };
const by = { requestId: 17, contact, at: new Date('2026-11-30T23:30:00Z') };
/** As it is read: tags away, blanks joined. */
const read = (html: string): string =>
  html
    .replaceAll(/<style>.*?<\/style>|<[^>]+>/gs, ' ')
    .replaceAll(/\s+/g, ' ')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>');

test('C59: paper and text name the officer and the mailbox for rights; without them the office stands alone', () => {
  const { text, page } = writtenLetter(recipientLetter(asked), by);
  for (const said of [text, read(page)])
    for (const part of ['Centre Exemple', 'Claude Exemple', 'droits@centre.example'])
      expect(said).toContain(part);
  const nobody = { centre: null, dpo: null, mailbox: null };
  const bare = writtenLetter(recipientLetter(asked), { ...by, contact: nobody });
  expect(bare.text).toMatch(/\n\nCordialement,\nDélégation à la protection des données$/);
  expect(bare.page).not.toContain('null');
});

test('C24: the paper says word for word what the mail says, to whom before the greeting, and the day in Paris', () => {
  const letter = recipientLetter(asked);
  const page = read(writtenLetter(letter, by).page);
  for (const paragraph of letter.paragraphs)
    for (const line of paragraph.split('\n')) expect(page).toContain(line.replace(/^ {2}- /, ''));
  expect(page).toContain('1er décembre 2026');
  expect(page.indexOf('Agence <Sud>')).toBeLessThan(page.indexOf('Madame, Monsieur,'));
});

test('the letter cites the article of the right that was exercised, and no other', () => {
  const cited = (kind: RecipientLetter['kind'], action: RecipientLetter['action']): readonly string[] =>
    recipientLetter({ ...asked, kind, action })
      .paragraphs.join(' ')
      .match(/\b\d+(?= |,)(?=[^()]*du RGPD\))/g) ?? [];
  expect([
    cited('erasure', 'erase'),
    cited('rectification', 'update'),
    cited('restriction', 'restrict'),
    cited('objection', 'update'),
    cited('withdrawal', 'update'),
  ]).toEqual([
    ['17', '17', '19'],
    ['17', '16', '19'],
    ['17', '18', '19'],
    ['17', '21'],
    ['17', '7', '3'],
  ]);
});

test('a list is a list, and nothing of a name becomes a tag', () => {
  const { page } = writtenLetter(recipientLetter(asked), by);
  expect(page.match(/<li>référence HZ-\d/g)).toHaveLength(2);
  expect(page).not.toContain('<Sud>');
});

test('C24: a letter asks for an answer by the last day of the term, and without delay once that is past', () => {
  const asking = (today: string): string => recipientLetter({ ...asked, today }).paragraphs.at(-1) ?? '';
  expect(asking('2026-12-31')).toContain(
    'confirmer par retour, au plus tard le 31/12/2026 et en citant le n° 17',
  );
  expect(asking('2027-01-01')).toContain('confirmer par retour, sans délai et en citant le n° 17');
  expect(asking('2027-01-01')).not.toContain('31/12/2026');
});

test.each([
  ['consents[0].state NOT_ALLOWED_VALUE', 'Consentements n° 1, réponse : valeur non prévue'],
  ['interactions[11].at BAD_FORMAT', 'Échanges n° 12, date et heure de l’échange : mal écrit'],
  ['consents[2] REQUIRED', 'Consentements n° 3 : manquant'],
  ['consents[0].(unnamed) UNKNOWN_FIELD', 'Consentements n° 1, (unnamed) : inconnu'],
  ['email BAD_FORMAT', 'Adresse e-mail : mal écrit'],
  ['foreign[0].x UNKNOWN_FIELD', 'foreign[0].x : inconnu'],
])('a refusal of a part of a row is French down to the part: %s', (reason, words) => {
  expect(refusalWords(reason)).toBe(words);
});
