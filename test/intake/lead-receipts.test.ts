// The receipt of a lead is in the lead; a lead that was taken in before has it in `intake_receipts`, where it counts as well.
import { blankLead } from '../../src/store/leads/rights.ts';
import { openIntakeHome, type IntakeHome } from './intake-support.ts';
import { lead } from './rows.ts';

let home: IntakeHome;
beforeAll(async () => {
  home = await openIntakeHome();
  await home.send(lead('R-1'));
  await home.intake().acceptBatch(10);
});
afterAll(() => home.close());

const again = async (): Promise<readonly number[]> => {
  await home.send(lead('R-1'), lead('R-1', { last_name: 'Durand-Test' }));
  const { accepted, duplicates, refused } = await home.intake().acceptBatch(10);
  return [accepted, duplicates, refused];
};

test('a new lead has the digest and the time of its row, and no line besides', async () => {
  expect(await home.count('intake_receipts')).toBe(0);
  expect(await again()).toEqual([0, 1, 1]);
});

test('a lead whose receipt is in intake_receipts is known by it', async () => {
  await home.database.run(
    `INSERT INTO intake_receipts (client_id, kind, row_reference, lead_id, digest, received_at)
     SELECT client_id, 'lead', reference, id, row_digest, received_at FROM leads`,
  );
  await home.database.run('UPDATE leads SET row_digest = NULL, received_at = NULL');
  expect(await again()).toEqual([0, 1, 1]);
});

test('C22: an erasure leaves noise where the digest of the person was, and the same row stays refused', async () => {
  const row = lead('R-2');
  await home.send(row);
  await home.intake().acceptBatch(10);
  const digestOf = async (): Promise<readonly { id: number; digest: string }[]> =>
    home.database.all("SELECT id, HEX(row_digest) AS digest FROM leads WHERE reference = 'R-2'");
  const [before] = await digestOf();
  await home.database.transaction((tx) => blankLead(tx, before?.id ?? 0, 'acme', 'R-2', 2));
  const [after] = await digestOf();
  expect(after?.digest).toMatch(/^[0-9A-F]{64}$/);
  expect(after?.digest).not.toBe(before?.digest);
  await home.send(row);
  expect(await home.intake().acceptBatch(10)).toMatchObject({ accepted: 0, duplicates: 0, refused: 1 });
});
