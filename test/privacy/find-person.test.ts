// The leads of a person at one client: by mail and phones, one hop, refused rows included.
import { addressDigests } from '../../src/domain/opposition.ts';
import { findPerson, type FoundPerson, type PersonAsked } from '../../src/privacy/person/find.ts';
import { keepFormerAddresses } from '../../src/store/people/oppositions.ts';
import { openStoreHome, type StoreHome } from '../store/home.ts';

let home: StoreHome;
beforeAll(async () => {
  home = await openStoreHome();
  await home.owner.run(
    "INSERT INTO clients (id, name, legal_entity, facts) VALUES ('autre', 'Autre', 'AUTRE SAS', '{}')",
  );
});
afterAll(() => home.close());
beforeEach(async () => {
  for (const table of ['lead_intake', 'prospects', 'leads']) await home.owner.run(`DELETE FROM ${table}`);
});

interface Person {
  readonly email?: string;
  readonly mobile?: string;
  readonly landline?: string;
}

async function lead(
  reference: string,
  { email, mobile, landline }: Person,
  client = 'essai',
): Promise<number> {
  const id = await home.lead(reference);
  await home.owner.run('UPDATE leads SET client_id = ? WHERE id = ?', [client, id]);
  await home.owner.run(
    'INSERT INTO prospects (lead_id, client_id, email, mobile, landline) VALUES (?, ?, ?, ?, ?)',
    [id, client, email ?? null, mobile ?? null, landline ?? null],
  );
  return id;
}
const refused = (reference: string, person: Person & { readonly comment?: string }): Promise<unknown> =>
  home.owner.run(
    `INSERT INTO lead_intake (client_id, reference, email, mobile, comment, status) VALUES ('essai', ?, ?, ?, ?, 'refused')`,
    [reference, person.email ?? null, person.mobile ?? null, person.comment ?? null],
  );
const key = Buffer.alloc(32, 7);
const find = (asked: Omit<PersonAsked, 'clientId'>): Promise<FoundPerson> =>
  findPerson(home.gateway, key, { clientId: 'essai', ...asked });
const names = ({ leads }: FoundPerson): readonly string[] =>
  leads.map(({ reference, found }) => `${reference} ${found}`);

const [zoe, mobile, landline] = ['zoe@courriel.example', '+33639980111', '+33199001122'];

test('C21: leads are found by an address, and by an address those have; one hop and no further', async () => {
  await lead('F-1', { email: 'Zoe@Courriel.example', mobile });
  await lead('F-2', { email: 'autre@courriel.example', landline: mobile });
  await lead('F-3', { email: 'autre@courriel.example', landline });
  await lead('F-4', { email: 'personne@courriel.example' });
  expect(names(await find({ email: zoe }))).toEqual(['F-1 asked', 'F-2 shared']);
  expect(names(await find({ email: zoe, phones: [landline] }))).toEqual([
    'F-1 asked',
    'F-2 shared',
    'F-3 asked',
  ]);
  expect(names(await find({ references: ['F-4'] }))).toEqual(['F-4 asked']);
});

test('C21: of one client only', async () => {
  await lead('C-1', { email: zoe, mobile });
  await lead('C-2', { email: zoe, mobile }, 'autre');
  expect(names(await find({ email: zoe, phones: [mobile] }))).toEqual(['C-1 asked']);
});

test('C21: refused rows that name an address are found however they are spelt, and nobody else’s', async () => {
  await lead('R-0', { email: zoe, mobile });
  await refused('R-1', { email: ' ZOE@courriel.example ' });
  await refused('R-2', { mobile: '06 39 98 01 11' });
  await refused('R-3', { comment: 'rappeler sur zoe@courriel.example.' });
  await refused('R-4', { email: 'chloe-zoe@courriel.example' });
  await refused('R-5', { mobile: '+33639980112' });
  const found = await find({ email: zoe });
  expect(found.refused.map(({ reference }) => reference).sort()).toEqual(['R-1', 'R-2', 'R-3']);
  const byPhone = await find({ phones: [landline] });
  expect([byPhone.leads, byPhone.refused]).toEqual([[], []]);
});

test('a client or a reference that nobody knows is said', async () => {
  await expect(findPerson(home.gateway, key, { clientId: 'nul', email: zoe })).rejects.toMatchObject({
    code: 'FIND-001',
  });
  await expect(find({ references: ['X-9'] })).rejects.toThrow('X-9');
});

test('C21: a person is found by an address that their lead had before a correction, and the leads that share it', async () => {
  const was = 'former@courriel.example';
  const corrected = await lead('FORMER-1', { email: 'today@courriel.example' });
  await lead('FORMER-2', { email: 'today@courriel.example' });
  await keepFormerAddresses(
    home.owner,
    addressDigests(key, 'essai', { email: was }).map((digest) => ({
      ...{ leadId: corrected, clientId: 'essai', digest },
    })),
  );
  expect(names(await find({ email: was.toUpperCase() }))).toEqual(['FORMER-1 asked', 'FORMER-2 shared']);
  await lead('FORMER-3', { email: was });
  expect(names(await find({ references: ['FORMER-3'] }))).toEqual(['FORMER-1 shared', 'FORMER-3 asked']);
  // Where the lead is named and not the address: who has it now, and refused rows that name it.
  await refused('FORMER-R', { comment: `rappeler sur ${was}` });
  await refused('FORMER-O', { email: 'other@courriel.example' });
  const found = await find({ references: ['FORMER-1'] });
  expect(names(found)).toEqual(['FORMER-1 asked', 'FORMER-2 shared', 'FORMER-3 shared']);
  expect(found.refused.map(({ reference }) => reference)).toEqual(['FORMER-R']);
  expect(Object.keys(found.refused[0] ?? {}).toSorted()).toEqual([
    ...['found', 'kind', 'receivedAt', 'reference', 'row'],
  ]);
});

test('C21: of people who share an address, only who bears the name that was given is taken for the person', async () => {
  const email = 'family@courriel.example';
  const name = async (reference: string, lastName: string, firstName: string): Promise<void> => {
    const id = await lead(reference, { email });
    await home.owner.run('UPDATE prospects SET last_name = ?, first_name = ? WHERE lead_id = ?', [
      ...[lastName, firstName],
      id,
    ]);
  };
  await name('FAM-1', 'Lefèvre', 'Zoé');
  await name('FAM-2', 'LEFEVRE', 'zoe');
  await name('FAM-3', 'Lefèvre', 'Paul');
  await name('FAM-4', 'Durand', 'Anne');
  const asked = { lastName: 'Lefevre', firstName: 'Zoé' };
  expect(names(await find({ email, name: asked }))).toEqual([
    ...['FAM-1 asked', 'FAM-2 asked'],
    ...['FAM-3 shared', 'FAM-4 shared'],
  ]);
  // Nobody said who: nobody is taken for the person, but for a lead that is named.
  expect(names(await find({ email, references: ['FAM-3'] }))).toEqual([
    ...['FAM-1 shared', 'FAM-2 shared'],
    ...['FAM-3 asked', 'FAM-4 shared'],
  ]);
});
