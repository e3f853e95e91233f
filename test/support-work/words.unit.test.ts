// Codes of ours are words for whoever reads them, in both languages; the code itself stays, since filters take it.
import { reasonText } from '../../src/domain/delivery.ts';
import { ratePeriods } from '../../src/domain/rates.ts';
import { consentChannels, consentPurposes, dataCategories } from '../../src/domain/lead.ts';
import { consentPairWords, reasonWords } from '../../src/support/words.ts';

test.each([
  [
    'opt_in_missing:marketing.email',
    'opt-in non enregistré (marketing.email) : prospection par e-mail',
    'opt-in not recorded (marketing.email): marketing by e-mail',
  ],
  [
    'category_not_authorised:financial',
    'catégorie de données hors de l’habilitation (financial) : données financières',
    'data category not authorised (financial): finances',
  ],
  [
    'refused:PROGRAMME_CLOSED',
    'refusé par le destinataire (PROGRAMME_CLOSED)',
    'refused by the recipient (PROGRAMME_CLOSED)',
  ],
  ['accepted', 'accepté par le destinataire', 'accepted by the recipient'],
])('%s', (stored, fr, en) => expect(reasonWords(stored)).toEqual([fr, en]));

test('every purpose by every channel has words, and so has every category', () => {
  for (const purpose of consentPurposes)
    for (const channel of consentChannels)
      expect(consentPairWords(purpose, channel)?.every((text) => / (par|by) \S/.test(text))).toBe(true);
  for (const category of dataCategories)
    expect(reasonWords(`category_not_authorised:${category}`)[0]).toMatch(/\) : \S/);
  expect(consentPairWords('marketing', 'fax')).toBeUndefined();
});

test.each([...ratePeriods.map((period) => period.refusal), 'throttled:CONCURRENCY'])(
  '%s is a limit of our own: the recipient asks for nothing',
  (stored) => {
    expect(reasonText(stored, 'fr')).toMatch(/notre limite .*limits\./);
    expect(reasonText(stored, 'en')).toMatch(/our own limit .*limits\./);
  },
);

test('throttled without a code of ours is the recipient’s wish', () =>
  expect([reasonText('throttled'), reasonText('throttled:HTTP_429', 'en')]).toEqual([
    'le destinataire demande de ralentir',
    'the recipient asks to slow down (HTTP_429)',
  ]));
