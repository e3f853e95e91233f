// Random changes, batches and outcomes of one lead at one destination: what the rules of order must never let happen.
import fc from 'fast-check';
import type { Action } from '../../connectors/contract.ts';
import { planSteps, type ChangeKind, type KnownDelivery } from '../../src/delivery/planning/change-rules.ts';
import { isEnd } from '../../src/domain/delivery.ts';

type Row = { -readonly [K in keyof KnownDelivery]: KnownDelivery[K] } & {
  readonly revision: number;
  content: number;
};
type Answer = 'accepted' | 'refused' | 'unavailable' | 'unknown' | 'pending' | 'exhausted';
type Move =
  | { readonly do: 'change'; readonly kind: Exclude<ChangeKind, 'created' | 'backfill'> }
  | { readonly do: 'plan'; readonly take: number }
  | { readonly do: 'depart' }
  | { readonly do: 'answer'; readonly answer: Answer };

interface World {
  readonly actions: readonly Action[];
  readonly updateOn: readonly ChangeKind[];
  readonly rows: Row[];
  readonly waiting: { readonly revision: number; readonly kind: ChangeKind }[];
  readonly consents: number[];
  revision: number;
  erasedAt?: Date;
  /** Departed before the erasure was written. */
  departedBefore: boolean;
}

const newWorld = (actions: readonly Action[], updateOn: readonly ChangeKind[]): World => ({
  ...{ actions, updateOn, rows: [], consents: [], revision: 1, departedBefore: false },
  waiting: [{ revision: 1, kind: 'created' }],
});

/** As the planner does: a batch is planned against the lead as it is now, each change after the one before. */
function plan(world: World, take: number): void {
  for (const change of world.waiting.splice(0, take)) {
    const steps = planSteps({
      change: { clientId: 'essai', leadId: 9, ...change },
      lead: {
        revision: world.revision,
        ...(world.erasedAt === undefined ? {} : { erasedAt: world.erasedAt }),
      },
      ...{
        due: true,
        destination: 'open',
        accepted: true,
        actions: world.actions,
        updateOn: world.updateOn,
        existing: world.rows,
      },
    });
    for (const step of steps) {
      if (step.do === 'insert')
        world.rows.push({
          ...{ id: world.rows.length + 1, action: step.action, state: step.state, reason: step.reason },
          ...{ departures: 0, attempt: 0, departedAttempt: 0, maybeReceived: false, sentRevision: 0 },
          ...{ revision: change.revision, content: 0 },
        });
      if (step.do === 'cancel')
        for (const row of world.rows)
          if (
            step.ids.includes(row.id) &&
            row.state !== 'sending' &&
            (step.includeDeparted || row.departures === 0)
          )
            Object.assign(row, { state: 'cancelled', reason: step.reason });
      if (step.do === 'reopen')
        for (const row of world.rows) if (step.ids.includes(row.id)) row.state = 'planned';
    }
  }
}

/** As claim and departure do: the oldest open row, nothing for an erased lead, old content where it may be held already. */
function depart(world: World): void {
  if (world.rows.some((row) => row.state === 'sending')) return;
  const row = world.rows.find((one) => !isEnd(one.state));
  if (row === undefined || row.state === 'withheld') return;
  const held = world.rows.some((one) => one.action === 'create' && one.maybeReceived);
  if (world.erasedAt !== undefined && row.action !== 'erase')
    Object.assign(row, { state: 'cancelled', reason: 'erased' });
  else if (row.action !== 'create' && !held) Object.assign(row, { state: 'cancelled', reason: 'not_needed' });
  else {
    const sent = row.maybeReceived && row.sentRevision > 0 ? row.sentRevision : world.revision;
    Object.assign(row, { state: 'sending', attempt: row.attempt + 1, departedAttempt: row.attempt + 1 });
    Object.assign(row, { departures: row.departures + 1, sentRevision: sent });
  }
}

function answer(world: World, what: Answer): void {
  const row = world.rows.find((one) => one.state === 'sending');
  if (row === undefined) return;
  if (what !== 'refused' && what !== 'unavailable') {
    row.maybeReceived = true;
    row.content = row.sentRevision;
  }
  const after = {
    accepted: ['delivered', 'accepted'],
    refused: ['failed', 'refused'],
    unavailable: ['waiting', 'retry'],
    unknown: ['waiting', 'retry:TIMEOUT'],
    pending: ['pending', 'recipient_decides'],
    exhausted: ['failed', 'exhausted:TIMEOUT'],
  } as const;
  [row.state, row.reason] = after[what];
}

function play(world: World, moves: readonly Move[], look: () => void): void {
  for (const move of moves) {
    if (move.do === 'plan') plan(world, move.take);
    else if (move.do === 'depart') depart(world);
    else if (move.do === 'answer') answer(world, move.answer);
    else if (world.erasedAt === undefined) {
      world.revision += 1;
      world.waiting.push({ revision: world.revision, kind: move.kind });
      if (move.kind === 'consent' || move.kind === 'consent_ended') world.consents.push(world.revision);
      if (move.kind === 'erased') {
        world.erasedAt = new Date(0);
        world.departedBefore = world.rows.some((row) => row.departures > 0);
      }
    }
    look();
  }
}

/** Everything is planned and every recipient answers well. */
function calmDown(world: World, look: () => void): void {
  const calm: readonly Move[] = [
    { do: 'plan', take: 1_000 },
    { do: 'answer', answer: 'accepted' },
    { do: 'depart' },
  ];
  for (let round = 0; round < 2 * world.rows.length + 40; round += 1) play(world, calm, look);
}

const worlds = fc
  .record({
    update: fc.boolean(),
    erase: fc.boolean(),
    on: fc.subarray(['corrected', 'interaction'] as ChangeKind[]),
  })
  .map(({ update, erase, on }) => ({
    actions: ['create', ...(update ? ['update'] : []), ...(erase ? ['erase'] : [])] as Action[],
    updateOn: on,
  }));
const kinds = fc.constantFrom(
  'corrected',
  'consent',
  'interaction',
  'erased',
  'consent',
  'consent_ended',
  'corrected' as const,
);
const answers = fc.constantFrom(
  'accepted',
  'refused',
  'unavailable',
  'unknown',
  'pending',
  'exhausted' as const,
);
const moves: fc.Arbitrary<Move[]> = fc.array(
  fc.oneof(
    { arbitrary: kinds.map((kind): Move => ({ do: 'change', kind })), weight: 3 },
    { arbitrary: fc.integer({ min: 1, max: 3 }).map((take): Move => ({ do: 'plan', take })), weight: 3 },
    { arbitrary: fc.constant<Move>({ do: 'depart' }), weight: 3 },
    { arbitrary: answers.map((one): Move => ({ do: 'answer', answer: one })), weight: 3 },
  ),
  { maxLength: 40 },
);
const always = (rule: (world: World, moves: readonly Move[]) => void): void => {
  fc.assert(
    fc.property(worlds, moves, ({ actions, updateOn }, list) => rule(newWorld(actions, updateOn), list)),
    { numRuns: 1_000 },
  );
};

test('two creates are never open at once', () => {
  always((world, list) => {
    const look = (): void => {
      expect(
        world.rows.filter((row) => row.action === 'create' && !isEnd(row.state)).length,
      ).toBeLessThanOrEqual(1);
    };
    play(world, list, look);
    calmDown(world, look);
  });
});

test('a recipient that may hold the lead never gets a second create', () => {
  always((world, list) => {
    play(world, list, () => {
      const creates = world.rows.filter((row) => row.action === 'create');
      expect(creates.slice(0, -1).filter((row) => row.maybeReceived)).toEqual([]);
    });
  });
});

test('one revision makes one delivery of each action at most (guarantee 1: the unique key never swallows one)', () => {
  always((world, list) => {
    play(world, list, () => undefined);
    calmDown(world, () => undefined);
    const keys = world.rows.map((row) => `${row.revision} ${row.action}`);
    expect(keys).toEqual([...new Set(keys)]);
  });
});

test('C20: every consent change after a departure reaches the recipient, is refused by it, or stands as a written task', () => {
  always((world, list) => {
    play(world, list, () => undefined);
    calmDown(world, () => undefined);
    const last = world.consents.at(-1);
    const holds = world.rows.filter((row) => row.maybeReceived);
    if (last === undefined || holds.length === 0 || world.erasedAt !== undefined) return;
    const told = holds.some((row) => row.content >= last);
    const written = world.rows.some(
      (row) =>
        row.action === 'update' &&
        row.revision >= last &&
        ['manual_update_required', 'refused', 'create_unsettled'].includes(row.reason),
    );
    expect({ told, written, rows: world.rows }).toMatchObject(told ? { told: true } : { written: true });
  });
});

test('C24: an erasure after a departure always produces an erase or a written task, and leaves nothing else open', () => {
  always((world, list) => {
    play(world, list, () => undefined);
    calmDown(world, () => undefined);
    if (world.erasedAt === undefined) return;
    const erases = world.rows.filter((row) => row.action === 'erase');
    if (world.departedBefore) expect(erases.map((row) => isEnd(row.state))).toEqual([true]);
    expect(world.rows.filter((row) => !isEnd(row.state))).toEqual([]);
  });
});

test('C22: nothing but an erase departs once the erasure is written', () => {
  always((world, list) => {
    let before: number | undefined;
    play(world, list, () => {
      const gone = world.rows.reduce((sum, row) => sum + (row.action === 'erase' ? 0 : row.departures), 0);
      if (world.erasedAt !== undefined) expect(gone).toBe((before ??= gone));
    });
  });
});
