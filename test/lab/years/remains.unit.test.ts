// What refused rows keep of somebody who is gone is found in every spelling; what is somebody else's, or asked about, is let off.
import { checkRefusedRows, checkTurnedAway, remainsIn } from './check-remains.ts';
import { createFindings, zeros } from './figures.ts';
import { forge, noon } from './forged.ts';
import type { Gateway } from '../../trip/gateway.ts';

const over = { email: 'personne-7@courriel.example', mobile: '+33639980007' };
const serving = (...rows: readonly object[]): Pick<Gateway, 'owner'> =>
  ({ owner: { all: async () => rows } }) as unknown as Pick<Gateway, 'owner'>;

async function remains(row: object): Promise<readonly string[]> {
  const { find, all } = createFindings();
  await checkRefusedRows(serving(row), find, [forge().lead('P1', '2027-02-01', over)]);
  return all()[zeros.remains] ?? [];
}

test.each([
  ['the mail', { email: 'personne-7@courriel.example' }],
  ['in capitals', { email: 'PERSONNE-7@COURRIEL.EXAMPLE' }],
  ['in a sentence', { comment: Buffer.from('écrire à personne-7@courriel.example.') }],
  ['the phone', { mobile: '+33639980007' }],
  ['as it is dialled', { mobile: '06 39 98 00 07' }],
])('C30: a refused row of who went, with %s', async (_how, row) => {
  expect(await remains(row)).toEqual(['lead_intake: of P1']);
});

test('C30: somebody else in a refused row', async () => {
  expect(await remains({ email: 'personne-77@courriel.example', mobile: '06 39 98 00 08' })).toEqual([]);
});

test('C30: a row that was turned away since its time was over, and the person in it', async () => {
  const { find, all } = createFindings();
  const lead = forge().handedIn('P1', '2027-02-01', over);
  await checkTurnedAway(serving({ reference: 'P1', email: null }), find, [lead]);
  expect(all()[zeros.remains]).toEqual([]);
  await checkTurnedAway(serving({ reference: 'P1', email: over.email }), find, [lead]);
  expect(all()[zeros.remains]).toEqual(['lead_intake: of P1, turned away']);
});

test('C25: at the end a refused row that a request speaks of stays until the request is closed', () => {
  const rows = [{ email: over.email }];
  const judged = (closed: boolean): readonly string[] => {
    const forged = forge();
    const { find, all } = createFindings();
    const lead = forged.lead('P1', '2027-02-01', over);
    forged.demand('access', '2027-03-01', {
      ...{ leads: [lead], appliedAt: noon('2027-03-02'), informedAt: noon('2027-03-02') },
      closedAt: closed ? noon('2027-03-03') : undefined,
    });
    forged.goes(lead, '2030-02-01', 'anonymised');
    remainsIn(forged.book, find)('lead_intake', rows);
    return all()[zeros.remains] ?? [];
  };
  expect(judged(true)).toEqual(['lead_intake: of P1']);
  expect(judged(false)).toEqual([]);
});
