// What the story of a delivery says of an opt-in, of who acted and of what was typed: words, not codes.
import { actorWords, typedWords } from '../../src/support/words.ts';
import { storyEvents, sentConsentWords } from '../../src/support/entry-words.ts';
import type { StoryEntry } from '../../src/store/deliveries/delivery-lists.ts';

const sent = { field: 'OPTIN', value: 'OUI', purpose: 'marketing', channel: 'email', state: 'granted' };

test('an opt-in is told by the client’s field and value, and by what they mean', () => {
  expect(sentConsentWords(sent)).toEqual([
    'opt-in : OPTIN = OUI (prospection par e-mail : accordé)',
    'opt-in: OPTIN = OUI (marketing by e-mail: granted)',
  ]);
  expect(sentConsentWords({ ...sent, value: 'unchanged', state: 'refused' })[0]).not.toMatch(/refused|email/);
});

test('what this release has no words for stands as the log holds it', () =>
  expect(sentConsentWords({ ...sent, channel: 'fax' })[0]).toBe(
    'opt-in : OPTIN = OUI (marketing, fax : granted)',
  ));

test('the gateway and the centre are named as such, a person as they are called', () => {
  expect(actorWords('planner')).toEqual(['la passerelle', 'the gateway']);
  expect(actorWords('centre')).toEqual(['le centre', 'the centre']);
  expect(actorWords('account:12')).toEqual(['account:12', 'account:12']);
});

test('of what was typed for the log, our own words in it are French in French', () => {
  expect(typedWords('ticket 4; evidence: courriel du 12')).toEqual([
    'ticket 4 ; preuve : courriel du 12',
    'ticket 4; evidence: courriel du 12',
  ]);
  expect(typedWords('request 12')[0]).toBe('demande de droits 12');
  expect(typedWords('request of the client')[0]).toBe('request of the client');
});

test('a line of the story names a code in words, and who acted by itself', () => {
  const base = { run: 1, attempt: 1, callName: '', purpose: '', outcome: '', reason: '', nextStep: '' };
  const lines = storyEvents([
    { ...base, entry: 'outcome', outcome: 'unavailable', reason: 'DNS', nextStep: 'retry' },
    { ...base, entry: 'cancelled', actor: 'planner', reason: 'superseded' },
    { ...base, entry: 'closed', actor: 'account:3', purpose: 'réglé; evidence: appel du 3' },
  ] as unknown as readonly StoryEntry[]).map(({ words }) => words[0]);
  expect(lines).toEqual([
    'Réponse : indisponible : son nom n’existe pas dans le DNS (DNS) → nouvel essai',
    'Annulée par la passerelle : remplacée par une version plus récente',
    'Classée par account:3 : réglé ; preuve : appel du 3',
  ]);
});
