// Rows that are posted are answered in time, also where taking them in takes long: a sender that gave up would send them again.
import { postRows, type Posted } from '../../src/intake/posted.ts';
import { leadRow } from '../trip/gateway.ts';
import { openIntakeHome, type IntakeHome } from './intake-support.ts';

let home: IntakeHome;
beforeAll(async () => {
  home = await openIntakeHome();
});
beforeEach(() => home.empty());
afterAll(() => home.close());

function posted(reference: string): Posted {
  const { consents, ...columns } = leadRow(reference, { client_id: 'acme' });
  const filled = Object.entries(columns).filter(([, value]) => value !== null && value !== undefined);
  const collectedAt = new Date(Date.now() - 60_000).toISOString();
  return {
    ...Object.fromEntries(filled),
    collected_at: collectedAt,
    consents: JSON.parse(String(consents)) as unknown,
  };
}

test('what is stored and not taken in by then is answered as received, and is taken in', async () => {
  const stuck = { acceptRows: () => new Promise<never>(() => undefined) };
  const { database } = home;
  const answers = await postRows({ database, intake: stuck, answerWithinMs: 100 }, [posted('P-1')]);
  expect(answers).toEqual([{ state: 'received' }]);
  expect(await home.count('lead_intake')).toBe(1);
  expect((await home.intake().acceptBatch(10)).accepted).toBe(1);
});

test('what is taken in by then is answered so', async () => {
  const { database } = home;
  const answers = await postRows({ database, intake: home.intake() }, [posted('P-2')]);
  expect(answers).toEqual([{ state: 'accepted', leadId: expect.any(Number) as number }]);
});

test('who waits for accepted rows hears of posted ones, once for each batch that accepted some', async () => {
  const { database } = home;
  const intake = home.intake();
  const heard = jest.fn();
  intake.onAccepted(heard);
  await postRows({ database, intake }, [posted('P-3'), posted('P-4')]);
  expect(heard).toHaveBeenCalledTimes(1);
  await postRows({ database, intake }, [posted('P-3')]);
  await intake.acceptBatch(10);
  expect(heard).toHaveBeenCalledTimes(1);
});
