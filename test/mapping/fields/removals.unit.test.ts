// Signs a recipient cannot hold are taken out; what the person said stays.
import fc from 'fast-check';
import { compiled, faults, json, lead, noted, problemsOf, webhook } from '../support.ts';

const removed = (option: string, text: string): unknown =>
  json(`- {to: t, from: comment, as: {remove: ${option}}}`, noted(text))['t'];

test.each([
  ['Jean 😀 Dupont', 'Jean Dupont'],
  ['😀Élise', 'Élise'],
  ['Élise 👩‍👩‍👧‍👦👍🏽', 'Élise'],
  ['Zoé❤️, Loïc ☎', 'Zoé, Loïc'],
  ['🇫🇷 France 🏴󠁧󠁢󠁥󠁮󠁧󠁿', 'France'],
  ['1️⃣ choix, 2 enfants', '1 choix, 2 enfants'],
  ['œuvre d’art — 250 000 € · n° 5 #2 *', 'œuvre d’art — 250 000 € · n° 5 #2 *'],
  ['Marque® © 2026 ™ → ici', 'Marque® © 2026 ™ → ici'],
  ['a 🎉\nb', 'a\nb'],
  ['𠮷野 Łukasz Müller Ñandú', '𠮷野 Łukasz Müller Ñandú'],
])('emoji: %j is %j', (text, expected) => {
  expect(removed('emoji', text)).toBe(expected);
});

test('control characters and blanks of no width; line breaks stay', () => {
  expect(removed('control', 'Du\u0007rand\u200b\u00ad \ufeffÉlise\r\nici\tlà\u0085')).toBe(
    'Durand Élise\r\nici\tlà',
  );
  expect(removed('control', 'محمد\u200cرضا')).toBe('محمد\u200cرضا');
});

test('what an old MySQL database cannot hold: styled letters become plain ones', () => {
  expect(removed('4bytes', '𝐉𝐞𝐚𝐧 😀 Dupont 𠮷野')).toBe('Jean Dupont 野');
});

test('signs that are named, and several at once', () => {
  expect(removed('"<>"', 'Mme <b>Durand</b> [x]')).toBe('Mme bDurand/b [x]');
  expect(removed('"^]-\\\\"', 'a^b]c-d\\e')).toBe('abcde');
  expect(removed('[emoji, "<>", control]', '<Élise> 😀\u0000!')).toBe('Élise !');
});

test('nothing left is nothing said: a required field makes the lead invalid', () => {
  const line = '- {to: nom, from: identity.lastName, as: {remove: emoji}';
  const someone = lead({ identity: { lastName: '😀 🎉' } });
  expect(json(`${line}}`, someone)).not.toHaveProperty('nom');
  expect(faults(`${line}, required: true}`, someone)).toEqual([{ field: 'nom', code: 'REQUIRED' }]);
});

test.each([
  ['x', 'letters'],
  ['"12"', 'letters'],
  ['"é<"', 'letters'],
  ['" "', 'letters'],
  ['[]', 'remove needs'],
  ['7', 'remove needs'],
  ['emojis', 'emoji'],
])('remove: %s is refused', (option, words) => {
  const problems = problemsOf(webhook(`- {to: t, from: comment, as: {remove: ${option}}}`)).join();
  expect(problems).toContain('MAP-202');
  expect(problems).toContain(words);
});

test('of a text only, and of each of a list', () => {
  expect(problemsOf(webhook('- {to: t, from: project.budgetMax, as: {remove: emoji}}')).join()).toContain(
    'MAP-203',
  );
  expect(compiled(webhook('- {to: t, from: interactions.content, as: {remove: emoji}}'))).toBeDefined();
});

test('whatever the text, letters and digits stay as they were, in their order', () => {
  const said = (text: string): string =>
    text
      .replaceAll(/[^\p{L}\p{N}\p{M}]/gu, '')
      .replaceAll('\ufe0f', '')
      .replaceAll('\u20e3', '');
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 30 }), (text) => {
      const written = removed('[emoji, "<>"]', text);
      expect(said(typeof written === 'string' ? written : '')).toBe(said(text));
    }),
    { numRuns: 300 },
  );
});
