// A number that a centre writes where it has none is shared by thousands of leads: a withdrawal under it holds nobody up.
import { openIntakeHome, type IntakeHome } from './intake-support.ts';
import { about, grant } from './rows.ts';

/** More than a statement has places for. */
const leads = 33_000;
let home: IntakeHome;
beforeAll(async () => {
  home = await openIntakeHome();
  const digit = (name: string): string =>
    `(${Array.from({ length: 10 }, (_, at) => `SELECT ${at} AS n`).join(' UNION ALL ')}) ${name}`;
  const numbers = `(SELECT a.n + 10 * b.n + 100 * c.n + 1000 * d.n + 10000 * e.n AS n
    FROM ${['a', 'b', 'c', 'd', 'e'].map(digit).join(' CROSS JOIN ')}) numbers WHERE n < ${leads}`;
  await home.database.run(
    `INSERT INTO leads (client_id, reference, channel, collected_at, operation_kind)
     SELECT 'acme', CONCAT('S-', n), 'web_form', '2026-11-24 09:15:00', 'recurring' FROM ${numbers}`,
  );
  await home.database.run(
    "INSERT INTO prospects (lead_id, client_id, mobile) SELECT id, client_id, '+33639980000' FROM leads",
  );
  await home.database.run(
    `INSERT INTO consents (client_id, lead_id, purpose, channel, state, recorded_at)
     SELECT client_id, id, 'marketing', 'email', 'granted', '2026-11-24 09:15:00' FROM leads`,
  );
});
afterAll(() => home.close());

test('a withdrawal, and many after it, reach all leads that share a number, however many they are', async () => {
  const takenBack = (reference: string): ReturnType<typeof about> =>
    about(reference, `w-${reference}`, {
      kind: 'consent',
      consents: JSON.stringify([grant({ state: 'withdrawn', recordedAt: '2026-11-24T11:00:00Z' })]),
    });
  await home.send(takenBack('S-0'));
  expect(await home.intake().acceptBatch(10)).toMatchObject({ accepted: 1, refused: 0 });
  const withdrawn = await home.database.all(
    "SELECT DISTINCT lead_id FROM consents WHERE state = 'withdrawn' AND channel = 'email'",
  );
  expect(withdrawn).toHaveLength(leads);
  await home.send(...Array.from({ length: 10 }, (_, at) => takenBack(`S-${at + 1}`)));
  expect(await home.intake().acceptBatch(10)).toMatchObject({ accepted: 10, refused: 0 });
});
