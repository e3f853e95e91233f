// A person looked for by name: apostrophes, hyphens, blanks, accents, ligatures and particles find alike, in leads and in refused rows.
import { findRefused } from '../../src/store/intake/refused-rows.ts';
import { searchLeads } from '../../src/store/leads/support-leads.ts';
import { openStoreHome, type StoreHome } from '../store/home.ts';

let home: StoreHome;
const people: readonly (readonly [string, string, string])[] = [
  ['BRIEN-1', "O'Brien", 'Zoé'],
  ['BRIEN-2', 'O’Brien', 'Anne'],
  ['NOT-1', 'Oubrien', 'Zoé'],
  ['HYPHEN', 'Lefèvre-d’Été', 'Jean-Pierre'],
  ['BLANK', 'Le Goff-Martin', 'Marie Anne'],
  ['NOT-2', 'Legoff', 'Marie'],
  ['LIGATURE', 'Vancœur-Æsop', 'Luc'],
  ['NO-LIGATURE', 'Vancoeur-Aesop', 'Luc'],
  ['PARTICLE', 'D’Ornano', 'Ève'],
  ['PARTICLES', 'de la Tour', 'Ève'],
];
beforeAll(async () => {
  home = await openStoreHome();
  for (const [reference, lastName, firstName] of people) {
    await home.owner.run(
      "INSERT INTO prospects (lead_id, client_id, last_name, first_name) VALUES (?, 'essai', ?, ?)",
      [await home.lead(reference), lastName, firstName],
    );
    await home.owner.run(
      "INSERT INTO lead_intake (client_id, reference, last_name, first_name, status) VALUES ('essai', ?, ?, ?, 'refused')",
      [reference, lastName, firstName],
    );
  }
});
afterAll(() => home.close());

test.each([
  ["O'Brien", ['BRIEN-1', 'BRIEN-2']],
  ['o’brien', ['BRIEN-1', 'BRIEN-2']],
  ['O-BRIEN', ['BRIEN-1', 'BRIEN-2']],
  ['Lefevre-d’Ete', ['HYPHEN']],
  ["LEFÈVRE D'ÉTÉ", ['HYPHEN']],
  ["Lefe\u0300vre\u2011d'E\u0301te\u0301", ['HYPHEN']],
  ['Le Goff-Martin', ['BLANK']],
  ['le goff martin', ['BLANK']],
  ['Le\u00a0Goff', ['BLANK']],
  ['vancoeur-aesop', ['LIGATURE', 'NO-LIGATURE']],
  ['VANCŒUR Æsop', ['LIGATURE', 'NO-LIGATURE']],
  ['ornano', ['PARTICLE']],
  ['la tour', ['PARTICLES']],
  ['Tour', ['PARTICLES']],
  ['Le_Goff', []],
  ['Le%', []],
])('by %s', async (name, expected) => {
  const leads = await searchLeads(home.gateway, ['essai'], { name }, Buffer.alloc(32));
  expect(leads.map(({ reference }) => reference).toSorted()).toEqual(expected);
  const rows = await findRefused(home.gateway, ['essai'], { name });
  expect(rows.map(({ reference }) => reference).toSorted()).toEqual(expected);
});

test.each([
  ['lefevre', 'jean pierre', ['HYPHEN']],
  ['le goff', 'Marie-Anne', ['BLANK']],
  ['le', 'MARIE', ['BLANK', 'NOT-2']],
])('by %s with the first name %s', async (name, firstName, expected) => {
  const query = { name, firstName };
  const leads = await searchLeads(home.gateway, ['essai'], query, Buffer.alloc(32));
  expect(leads.map(({ reference }) => reference).toSorted()).toEqual(expected);
  const rows = await findRefused(home.gateway, ['essai'], query);
  expect(rows.map(({ reference }) => reference).toSorted()).toEqual(expected);
});
