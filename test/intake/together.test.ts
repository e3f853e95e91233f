// Posts that arrive together share a commit: each is settled whole by it, or goes the long way and harms no other.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Intake } from '../../src/intake/accept.ts';
import { intakeValues } from '../../src/intake/as-row.ts';
import { postRows, postTogether, type Posted, type PostedAnswer } from '../../src/intake/posted.ts';
import { beginRequest } from '../../src/store/access/idempotency-keys.ts';
import { openIntakeHome, type IntakeHome } from './intake-support.ts';
import { keyOf, postedLead, postOf } from './posts.ts';

let home: IntakeHome;
let transactions = 0;
beforeAll(async () => {
  home = await openIntakeHome();
});
beforeEach(async () => {
  await home.empty();
  await home.database.run('DELETE FROM idempotency_keys');
  transactions = 0;
});
afterAll(() => home.close());

const counted = (): IntakeHome['database'] => ({
  ...home.database,
  transaction: (...given) => ((transactions += 1), home.database.transaction(...given)),
});
const proven = (): Intake => home.intake(undefined, { provenAfter: 0, database: counted() });

/** As the HTTP interface does. */
async function post(intake: Intake, items: readonly Posted[]): Promise<readonly PostedAnswer[]> {
  const deps = { database: home.database, intake, answerWithinMs: 120_000 };
  const body = (answers: readonly PostedAnswer[]) => ({ status: 200, body: { answers } });
  const atOnce = await postTogether(deps, items, {}, { key: undefined, answerOf: body });
  if (atOnce === 'under_way') throw new Error('It has no key.');
  return (atOnce?.body as ReturnType<typeof body>['body'] | undefined)?.answers ?? postRows(deps, items);
}
const references = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `T-${index}`);

test('forty-nine posts of one moment share two commits, keys included, and leave no row behind', async () => {
  const intake = proven();
  const answers = await Promise.all(references(49).map((name) => intake.takePost(postOf(name, keyOf(name)))));
  expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(49);
  expect(answers.every((answer) => typeof answer === 'object')).toBe(true);
  expect(transactions).toBeLessThanOrEqual(2);
  expect([await home.count('leads'), await home.count('idempotency_keys')]).toEqual([49, 49]);
  expect([await home.count('lead_intake'), await home.count('takings')]).toEqual([0, 0]);
});

test('posts of a rush gather for their next commit; a few wait for nothing', async () => {
  const [pausing, over] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const gather = (): Promise<void> => (pausing.resolve(), over.promise);
  const intake = home.intake(undefined, { provenAfter: 0, database: counted(), gather });
  await Promise.all(references(8).map((name) => intake.takePost(postOf(name))));
  // The first began alone, the other seven together.
  await intake.takePost(postOf('T-8'));
  expect(transactions).toBe(3);
  await Promise.all(Array.from({ length: 9 }, (_, index) => intake.takePost(postOf(`R-${index}`))));
  await pausing.promise;
  const one = intake.takePost(postOf('R-9'));
  await nextTurn();
  const other = intake.takePost(postOf('R-10'));
  over.resolve();
  expect((await Promise.all([one, other])).map((answer) => typeof answer)).toEqual(['object', 'object']);
  expect(transactions).toBe(6);
});

test('long posts share a commit as far as its text is that of a batch', async () => {
  const intake = proven();
  const interactions = Array.from({ length: 50 }, () => ({
    kind: 'web_form',
    at: '2026-11-24T10:15:00+01:00',
    content: 'x'.repeat(9_000),
  }));
  const begun = intake.takePost(postOf('T-0'));
  const long = ['T-1', 'T-2', 'T-3'].map((name) =>
    intake.takePost(postOf(name, undefined, { interactions })),
  );
  const answers = await Promise.all([begun, ...long]);
  expect(answers.map((answer) => typeof answer)).toEqual(Array(4).fill('object'));
  expect(transactions).toBe(3);
});

test('a row that the database rejects is refused by itself; nineteen posts of the same commit are accepted', async () => {
  await home.database.text(
    "CREATE TRIGGER poison BEFORE INSERT ON leads FOR EACH ROW IF NEW.reference = 'T-7' THEN SIGNAL SQLSTATE '45000'; END IF",
  );
  const intake = proven();
  const answers = await Promise.all(references(20).map((name) => post(intake, [postedLead(name)])));
  await home.database.text('DROP TRIGGER poison');
  expect(answers.flat().map(({ state }) => state)).toEqual(
    references(20).map((name) => (name === 'T-7' ? 'refused' : 'accepted')),
  );
  expect(await home.refusals()).toMatchObject([{ reference: 'T-7', code: 'INTERNAL' }]);
  expect(await home.count('leads')).toBe(19);
});

test('a post with a refused row goes the long way, and those of the same commit do not', async () => {
  const intake = proven();
  const [first, unknown, last] = [
    postOf('T-1'),
    postOf('T-2', undefined, { client_id: 'nobody' }),
    postOf('T-3'),
  ];
  const begun = intake.takePost(postOf('T-0'));
  const answers = await Promise.all([first, unknown, last].map((one) => intake.takePost(one)));
  await begun;
  expect(answers.map((answer) => answer !== undefined)).toEqual([true, false, true]);
  expect(await home.database.all('SELECT reference FROM leads ORDER BY reference')).toEqual(
    ['T-0', 'T-1', 'T-3'].map((reference) => ({ reference })),
  );
  expect(
    (await post(intake, [postedLead('T-2', { client_id: 'nobody' })])).map(({ state }) => state),
  ).toEqual(['refused']);
});

test('whose key has ended when the answer is due is not refused where the commit under way stores the post', async () => {
  const intake = proven();
  const due = Promise.withResolvers<void>();
  const answered = { key: undefined, answerOf: () => ({ status: 200, body: {} }) };
  const prove = (): Promise<void> => (due.resolve(), Promise.reject(new Error('ended')));
  const posted = (item: Posted): ReturnType<typeof postTogether> =>
    postTogether(
      { database: home.database, intake, answerWithinMs: 1_000 },
      [item],
      {},
      { ...answered, prove },
    );
  let answer: ReturnType<typeof postTogether> | undefined;
  await home.database.transaction(async (tx) => {
    await tx.all('SELECT id FROM clients FOR UPDATE');
    answer = posted(postedLead('T-1'));
    await due.promise;
  });
  expect(await answer).toEqual({ status: 200, body: {} });
  expect(await home.count('leads')).toBe(1);
  // Where nothing is stored, it is refused.
  await expect(posted(postedLead('T-2', { client_id: 'nobody' }))).rejects.toThrow('ended');
});

test('of one key twice in one commit the second is under way; later it has its answer already', async () => {
  const intake = proven();
  const same = postOf('T-1', keyOf('T-1'));
  const [first, second] = await Promise.all([intake.takePost(same), intake.takePost(same)]);
  expect([typeof first, second]).toEqual(['object', 'under_way']);
  expect(await intake.takePost(same)).toBeUndefined();
  expect(await home.database.transaction((tx) => beginRequest(tx, keyOf('T-1')))).toEqual({
    kind: 'answered',
    status: 200,
    answer: JSON.stringify(typeof first === 'object' ? first.body : undefined),
  });
  expect(await home.count('leads')).toBe(1);
});

test('a process that dies between the commit and the answer has kept the answer with the lead', async () => {
  const key = keyOf('K-1');
  const child = spawn(
    process.execPath,
    [join(__dirname, 'dying-post.ts'), home.ownerUrl, key.key.toString('hex')],
    { stdio: 'inherit' },
  );
  expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
  const [lead] = await home.database.all<{ id: number }>("SELECT id FROM leads WHERE reference = 'K-1'");
  expect(await home.database.transaction((tx) => beginRequest(tx, key))).toEqual({
    kind: 'answered',
    status: 200,
    answer: JSON.stringify({ rows: [{ state: 'accepted', leadId: lead?.id }] }),
  });
});

test('the same lead posted again, or inserted by SQL, is a duplicate', async () => {
  const intake = proven();
  const item = postedLead('T-1', {
    budget_max: 310000.5,
    // As a sender's program adds it up; the row has 0.30.
    rent: 0.1 + 0.2,
    rooms: 3,
    talk_started_at: '2026-11-24T10:15:00.125+01:00',
    interactions: [{ kind: 'web_form', at: '2026-11-24T10:15:00+01:00' }],
  });
  const [first] = await post(intake, [item]);
  const [again, twin, other] = await post(intake, [item, item, postedLead('T-2')]);
  expect([again, twin, other?.state]).toEqual([
    { ...first, state: 'duplicate' },
    { ...first, state: 'duplicate' },
    'accepted',
  ]);
  await home.send(intakeValues(item));
  expect(await intake.acceptBatch(10)).toMatchObject({ accepted: 0, refused: 0, duplicates: 1 });
});

test('a post that nobody awaits any more when its commit would begin goes the long way alone, and fails no commit of others', async () => {
  const [begin, begun] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
  const held: IntakeHome['database'] = {
    ...home.database,
    transaction: async (...given) => {
      begun.resolve(undefined);
      await begin.promise;
      return home.database.transaction(...given);
    },
  };
  const intake = home.intake(undefined, { provenAfter: 0, database: held });
  const first = intake.takePost(postOf('T-0'));
  await begun.promise;
  const late = intake.takePost({ ...postOf('T-1', keyOf('T-1')), until: performance.now() });
  const others = ['T-2', 'T-3'].map((name) => intake.takePost(postOf(name, keyOf(name))));
  // As the long way does, once the time of the answer is over.
  await home.database.transaction((tx) => beginRequest(tx, keyOf('T-1')));
  begin.resolve(undefined);
  const answers = await Promise.all([first, late, ...others]);
  expect(answers.map((answer) => typeof answer)).toEqual(['object', 'undefined', 'object', 'object']);
  expect(await home.count('leads')).toBe(3);
});

test('a process that has not proved itself leaves posts to lead_intake, where a row that ends processes is marked', async () => {
  expect(await home.intake().takePost(postOf('T-1'))).toBeUndefined();
  expect(await home.count('leads')).toBe(0);
});
