// What is masked in a text that is kept or sent: ways to reach a person, and nothing else.
import { impersonalText, namesSomebody } from '../../src/domain/names-in-text.ts';

test('a field of an XML file is no mail address: notes name it', () => {
  for (const field of ['lead.optin@canal', 'lead.optin@canal=email', 'lead@profilage', 'optin@xlink:href'])
    expect(impersonalText(`Champ ajouté : ${field} (version 3)`)).toBe(`Champ ajouté : ${field} (version 3)`);
});

test('a mail address is masked beside such a field, whatever its form, and one of the contract is not', () => {
  const known = new Set(['droits@horizon.example']);
  expect(
    impersonalText(
      'lead.optin@canal pour zoe@courriel.example. ou zoé.martin+x@sous.courriel.example, droits@horizon.example',
      known,
    ),
  ).toBe('lead.optin@canal pour [adresse masquée] ou [adresse masquée], droits@horizon.example');
  for (const address of ['06.zoe@machine', 'zoe+tri@machine', 'zoe@', '@zoe', 'zoe@1.2.3.4', 'a@b=c.example'])
    expect(impersonalText(address)).toBe('[adresse masquée]');
});

test('what a person types may hold no such sign at all: nobody tells a field from an address there', () => {
  expect(namesSomebody('lead.optin@canal')).toBe(true);
});
