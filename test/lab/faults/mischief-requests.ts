// Requests of prospects while the storm blows: opened, confirmed, carried out by two officers at once, restrictions lifted again.
// Invariant: a restriction that was put is lifted by whoever put it, however often it must be tried.
import { isRelaisError } from '../../../src/errors.ts';
import { isAnswered, requestKinds, type RequestKind } from '../../../src/domain/requests.ts';
import type { Requests } from '../../../src/privacy/requests/requests.ts';
import type { Gateway } from '../../trip/gateway.ts';
import { correctedEmail, ofPerson } from './leads.ts';
import { clientId } from './mappings.ts';
import { correct, exchange } from './mischief-trade.ts';
import type { Random } from './random.ts';
import { officer } from './requests.ts';
import { expected, pause, perhaps, untilFound, type Mischief, type Scene } from './scene.ts';

/** Patience of an officer beyond the longest outage, ms. */
const patienceMs = 15_000;

const personOf = (scene: Scene, reference: string): number | undefined =>
  scene.handedIn().find((one) => one.reference === reference)?.person;

/** @param by the mail alone, or the phone too */
async function open(
  scene: Scene,
  kind: RequestKind,
  reference: string,
  by: 'mail' | 'both' = 'both',
): Promise<number | undefined> {
  const person = personOf(scene, reference);
  if (person === undefined) return undefined;
  const { email, mobile } = ofPerson(person);
  const order = {
    ...{ clientId, kind, actor: officer, email: String(email) },
    ...(typeof mobile === 'string' && by === 'both' ? { phones: [mobile] } : {}),
    // An objection names nothing: it is one to everything.
    ...(kind === 'withdrawal' ? { optIns: { purposes: ['marketing'], channels: ['email'] } as const } : {}),
  };
  return (await perhaps(() => scene.gateway.app.requests.open(order)))?.id;
}

/** Somebody has done it, or it cannot be done. Of a person of whom more came in meanwhile the list is read again. */
const isOver = (error: unknown): boolean =>
  isRelaisError(error) && error.code.startsWith('REQUEST') && error.code !== 'REQUEST-003';

interface Applying {
  readonly id: number;
  readonly kind: RequestKind;
  readonly forMs: number;
  /** What a rectification writes; another name by default. */
  readonly values?: Readonly<Record<string, string>>;
}

/** Again after an outage, as an officer does it: what was interrupted did nothing. */
async function apply(
  requests: Requests,
  { id, kind, forMs, values }: Applying,
  random: Random,
): Promise<void> {
  const corrected = values ?? { last_name: `Bernard-${random.between(0, 1e6)}` };
  const order = {
    identity: 'seen',
    actor: officer,
    ...(kind === 'rectification' ? { corrections: { values: corrected, clear: [] } } : {}),
  };
  for (const start = performance.now(); performance.now() - start < forMs;)
    try {
      // Each by itself: one whose name was corrected only shares the address.
      const { subjects } = await requests.show(id);
      const leads = subjects.flatMap(({ reference }) => reference ?? []);
      // No rectification corrects a refused row.
      const rows = subjects.flatMap((one) =>
        one.kind === 'row' && kind !== 'rectification' ? one.subjectId : [],
      );
      await requests.apply(id, { ...order, selection: { leads, rows } });
      return;
    } catch (error) {
      if (!expected(error)) throw error;
      if (isOver(error)) return;
      await pause(100);
    }
}

/** Until it restricts nothing any more, whatever became of the answers before. */
export async function liftSurely({ app, owner }: Gateway, id: number): Promise<void> {
  for (;;) {
    const rows = await perhaps(() =>
      owner.all('SELECT 1 FROM requests WHERE id = ? AND applied_at IS NOT NULL AND lifted_at IS NULL', [id]),
    );
    if (rows?.length === 0) return;
    await perhaps(() => app.requests.lift(id, { actor: officer, evidence: 'letter' }));
    await pause(200);
  }
}

/** A lead that is in the tables, one of the last most of the time: of one that still waits to be taken in nobody is found. */
async function takenIn({ gateway }: Scene, random: Random): Promise<string | undefined> {
  const last = random.next() < 0.7 ? 20 : 200;
  const rows = await perhaps(() =>
    gateway.owner.all<{ reference: string }>(
      `SELECT reference FROM leads WHERE erased_at IS NULL AND reference NOT LIKE 'P-%' ORDER BY id DESC LIMIT ${last}`,
    ),
  );
  return rows === undefined || rows.length === 0 ? undefined : random.pick(rows).reference;
}

/** Carrying a request out holds its client alone: more at once only wait for each other until their locks time out, and none is done. */
const mostOfficers = 2;
const officersAtWork = new WeakMap<Scene['gateway'], number>();

async function carryOut(
  scene: Scene,
  { id, kind, values }: Omit<Applying, 'forMs'>,
  random: Random,
): Promise<void> {
  const { gateway, slow } = scene;
  const { requests } = gateway.app;
  // Now and then over the slow line: a hundred statements and more are a transaction of seconds then.
  const theirs = random.next() < 0.3 ? slow.app.requests : requests;
  if (theirs !== requests) slow.line.delay(random.between(0, 4));
  // Two officers at once, now and then: one does it, the other reads who did.
  const both = random.next() < 0.3 ? [theirs, requests] : [theirs];
  const forMs = scene.outageMs + patienceMs;
  await Promise.all(
    both.map((one) => apply(one, { id, kind, forMs, ...(values === undefined ? {} : { values }) }, random)),
  );
}

/** Returns what was asked of whom; undefined where no lead is there. */
async function atDesk(
  scene: Scene,
  random: Random,
  kind: RequestKind,
): Promise<{ readonly id: number; readonly reference: string } | undefined> {
  const reference = await takenIn(scene, random);
  const id = reference === undefined ? undefined : await open(scene, kind, reference);
  if (id === undefined || reference === undefined) return undefined;
  await pause(random.between(0, 800));
  if (kind !== 'access' && kind !== 'portability') await carryOut(scene, { id, kind }, random);
  else {
    const order = { actor: officer, evidence: 'letter', identity: 'seen' };
    await perhaps(() => scene.gateway.app.requests.answered(id, order));
  }
  return { id, reference };
}

/** An officer more at work, where there is one; undefined: none is free. */
async function byAnOfficer<T>(
  { gateway }: Scene,
  work: () => Promise<T>,
  most = mostOfficers,
): Promise<T | undefined> {
  const atWork = (): number => officersAtWork.get(gateway) ?? 0;
  if (atWork() >= most) return undefined;
  officersAtWork.set(gateway, atWork() + 1);
  return work().finally(() => officersAtWork.set(gateway, atWork() - 1));
}

/** @param forMs how long the first restriction waits until it withholds a delivery: in a storm for all that was handed in before, ms */
async function ask(scene: Scene, random: Random, kind: RequestKind, forMs = 300_000): Promise<void> {
  const { gateway } = scene;
  // Restrictions are asked most often; one officer is left for the other kinds.
  const most = kind === 'restriction' ? 1 : mostOfficers;
  const done = await byAnOfficer(scene, () => atDesk(scene, random, kind), most);
  if (kind !== 'restriction' || done === undefined) return;
  // A correction leaves all the same (article 19); an exchange by itself waits, and a storm is to see one that did.
  const change = random.next() < 0.5 && heldOne.has(gateway) ? correct : exchange;
  await perhaps(() => change(scene, random, done.reference));
  await pause(random.between(200, scene.stopMs));
  if (change === exchange && (await untilHeld(scene, done.reference, forMs))) heldOne.add(gateway);
  await liftSurely(gateway, done.id);
}

/** Storms in which a restriction withheld a delivery. */
const heldOne = new WeakSet<Scene['gateway']>();

/**
 * Until a delivery of the lead is withheld by its restriction, or so long: the first one of a storm waits for everything before it. Rows of
 * a change wait behind those before them.
 */
const untilHeld = ({ gateway, outageMs }: Scene, reference: string, forMs: number): Promise<boolean> =>
  untilFound(
    gateway,
    `SELECT 1 FROM deliveries d JOIN leads l ON l.id = d.lead_id
      WHERE l.reference = ? AND d.state = 'withheld' AND d.reason = 'restricted' LIMIT 1`,
    { values: [reference], forMs: heldOne.has(gateway) ? outageMs + patienceMs : forMs },
  );

/** The mail of a person is corrected, and the next request names the mail they had before, and nothing else. */
async function byFormerAddress(scene: Scene, random: Random): Promise<void> {
  const reference = await takenIn(scene, random);
  const person = reference === undefined ? undefined : personOf(scene, reference);
  if (reference === undefined || person === undefined) return;
  const first = await open(scene, 'rectification', reference);
  if (first === undefined) return;
  const values = { email: correctedEmail(person) };
  await carryOut(scene, { id: first, kind: 'rectification', values }, random);
  if (!(await isCorrected(scene, reference, values.email))) return;
  await pause(random.between(0, 800));
  const kind = random.pick(['objection', 'withdrawal', 'erasure'] as const);
  const id = await open(scene, kind, reference, 'mail');
  // Its answer was lost, or the lead went meanwhile.
  if (id === undefined || !(await isCorrected(scene, reference, values.email))) return;
  scene.former.push({ request: id, reference });
  await carryOut(scene, { id, kind }, random);
}

const isCorrected = async ({ gateway }: Scene, reference: string, email: string): Promise<boolean> => {
  const rows = await perhaps(() =>
    gateway.owner.all(
      'SELECT 1 FROM leads l JOIN prospects p ON p.lead_id = l.id WHERE l.reference = ? AND p.email = ?',
      [reference, email],
    ),
  );
  return rows?.length === 1;
};

/** A request that reached a lead: of one whose person was erased meanwhile there is nobody left. */
const reachedOne = `EXISTS (SELECT 1 FROM request_subjects s
   WHERE s.request_id = requests.id AND s.kind = 'lead' AND s.applied_at IS NOT NULL)`;

/** Kinds of which none has reached a lead yet; all of them once there is none: a storm is to see each. */
async function kindsToAsk(scene: Scene): Promise<readonly RequestKind[]> {
  const left = await kindsLeft(scene);
  return left.length > 0 ? left : requestKinds;
}

async function kindsLeft({ gateway }: Scene): Promise<readonly RequestKind[]> {
  const done = await perhaps(() =>
    gateway.owner.all<{ kind: string }>(
      `SELECT DISTINCT kind FROM requests WHERE applied_at IS NOT NULL AND ${reachedOne}`,
    ),
  );
  return requestKinds.filter((kind) => !isAnswered(kind) && !done?.some((one) => one.kind === kind));
}

/** A request by a former address was carried out: it takes two requests of one person, and an outage may end either. */
const formerIsDone = async ({ gateway, former }: Scene): Promise<boolean> => {
  const ids = [0, ...former.map(({ request }) => request)].join(', ');
  const done = await perhaps(() =>
    gateway.owner.all(
      `SELECT 1 FROM requests WHERE id IN (${ids}) AND applied_at IS NOT NULL AND ${reachedOne} LIMIT 1`,
    ),
  );
  return done !== undefined && done.length > 0;
};

export const requests: Readonly<Record<string, Mischief>> = {
  request: {
    weight: 12,
    run: async (scene, random) => {
      if (random.next() < 0.4 && !(await formerIsDone(scene)))
        await byAnOfficer(scene, () => byFormerAddress(scene, random));
      else await ask(scene, random, random.pick(await kindsToAsk(scene)));
    },
  },
  former_address: {
    weight: 4,
    run: async (scene, random) => {
      await byAnOfficer(scene, () => byFormerAddress(scene, random));
    },
  },
  restricted: { weight: 6, run: (scene, random) => ask(scene, random, 'restriction') },
};

/** Asks in the calm what the storm let nobody carry out, so that a full storm proves each: few leads cannot be reached, hence thrice. */
export async function lastRequests(scene: Scene, random: Random): Promise<void> {
  for (let times = 0; times < 3; times += 1) {
    for (const kind of await kindsLeft(scene)) await ask(scene, random, kind);
    if (!heldOne.has(scene.gateway)) await ask(scene, random, 'restriction', 30_000);
    if (!(await formerIsDone(scene))) await byFormerAddress(scene, random);
  }
}

/**
 * What the officer does when the storm is over: lifts what still restricts, refuses what was never carried out, notes the answers of
 * recipients that were told or asked, and closes.
 */
export async function settleRequests(gateway: Gateway): Promise<void> {
  const { app, owner } = gateway;
  const rows = await owner.all<{ id: number; state: string; kind: string; isLifted: number }>(
    "SELECT id, state, kind, lifted_at IS NOT NULL AS isLifted FROM requests WHERE state <> 'closed' ORDER BY id",
  );
  for (const { id, state, kind, isLifted } of rows) {
    if (kind === 'restriction' && isLifted === 0) await liftSurely(gateway, id);
    const by = { actor: officer, evidence: 'mail' };
    if (state === 'open') {
      await perhaps(() => app.requests.declareInformed(id, by));
      await perhaps(() =>
        app.requests.close(id, { outcome: 'refused', reason: 'withdrawn', actor: officer }),
      );
      continue;
    }
    const open = await owner.all<{ id: string; state: string }>(
      'SELECT DISTINCT destination_id AS id, state FROM request_recipients WHERE request_id = ?',
      [id],
    );
    if (open.some((one) => one.state === 'owed')) continue;
    for (const one of open.filter(({ state: at }) => at === 'written' || at === 'told'))
      await perhaps(() => app.requests.acknowledge(id, { ...by, destinationId: one.id, isExplained: false }));
    await perhaps(() => app.requests.declareInformed(id, by));
    await perhaps(() => app.requests.close(id, { outcome: 'done', reason: '', actor: officer }));
  }
}
