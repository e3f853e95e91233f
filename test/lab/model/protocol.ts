// The protocol of one lead at one recipient as a state machine: claim, look-up, departure, first byte, arrival, outcome, recovery,
// between the acts of a person, of support and of a Redis that forgets. What the product decides in pure functions is decided by them.
// Invariant: a worker may stop between any two steps for as long as it likes; its lease runs out there, and everything else continues.
import type { Action, Outcome } from '../../../connectors/contract.ts';
import { isBlocked } from '../../../src/delivery/claim/claim.ts';
import { planSteps, type ChangeKind } from '../../../src/delivery/planning/change-rules.ts';
import { isEnd } from '../../../src/domain/delivery.ts';
import { afterLate, mayHaveCome, decide, type Decision } from '../../../src/domain/verdict.ts';
import type { LockedDelivery } from '../../../src/store/departure-locks.ts';
import {
  after,
  planned,
  type Draft,
  type Next,
  type Row,
  type Rules,
  type State,
  type Worker,
} from './state.ts';

/** Every state that one step leads to. */
export function* nextStates(state: State, rules: Rules): Generator<Next> {
  yield* ofPeople(state);
  yield* ofPlanner(state, rules);
  for (const [index, worker] of state.workers.entries())
    if (worker === undefined) yield* ofFreeWorker(state, index);
    else yield* ofWorker(state, index, worker, rules);
}

/** A person takes back, support replays, Redis forgets. */
function* ofPeople(state: State): Generator<Next> {
  const { left, rows, erased } = state;
  const change = (next: Draft, kind: ChangeKind): void => {
    next.revision += 1;
    next.changes = [...next.changes, { kind, revision: next.revision }];
  };
  if (left.withdraw > 0 && !erased)
    yield [
      'the person withdraws',
      after(state, (next) => {
        next.left.withdraw -= 1;
        next.consent = 'no';
        change(next, 'consent');
      }),
    ];
  if (left.erase > 0)
    yield [
      'the person is erased',
      after(state, (next) => {
        next.left.erase -= 1;
        next.erased = true;
        change(next, 'erased');
      }),
    ];
  if (left.flush > 0 && rows.some(({ job }) => job))
    yield [
      'Redis forgets',
      after(state, (next) => {
        next.left.flush -= 1;
        for (const row of next.rows) row.job = false;
      }),
    ];
  if (left.replay > 0 && !erased)
    for (const [index, { state: now, action }] of rows.entries())
      if (now === 'delivered')
        yield [
          `support replays the ${action}`,
          after(state, (next) => {
            next.left.replay -= 1;
            startOver(next, index);
          }),
        ];
}

const startOver = (next: Draft, index: number): void =>
  void Object.assign(next.rows[index] as Row, {
    state: 'planned',
    attempts: 0,
    departed: false,
    askFirst: false,
  });

function* ofPlanner(state: State, { onUnknown }: Rules): Generator<Next> {
  const [change, ...later] = state.changes;
  if (change !== undefined)
    yield [
      `the planner plans: ${change.kind}`,
      after(state, (next) => {
        next.changes = later;
        plan(next, change);
      }),
    ];
  for (const [index, { action, state: now, job, lapsed }] of state.rows.entries()) {
    if ((now === 'planned' || now === 'waiting' || now === 'queued') && !job)
      yield [
        `the planner queues the ${action}`,
        after(state, (next) => void Object.assign(next.rows[index] as Row, { state: 'queued', job: true })),
      ];
    if (now === 'sending' && !lapsed && state.left.lapse > 0)
      yield [
        `the lease of the ${action} runs out`,
        after(state, (next) => {
          next.left.lapse -= 1;
          (next.rows[index] as Row).lapsed = true;
          for (const worker of next.workers) if (worker?.row === index && worker.token) worker.lease = false;
        }),
      ];
    if (now === 'sending' && lapsed)
      yield [`the planner takes the ${action} back`, after(state, (next) => recover(next, index, onUnknown))];
  }
}

function plan(next: Draft, change: State['changes'][number]): void {
  const existing = next.rows.map((row, id) => ({
    ...row,
    id,
    reason: '',
    attempt: row.attempts,
    departedAttempt: row.departed ? row.attempts : -1,
  }));
  const steps = planSteps({
    change: { clientId: 'a', leadId: 1, ...change },
    lead: { revision: next.revision, ...(next.erased ? { erasedAt: new Date(0) } : {}) },
    due: true,
    destination: 'open',
    actions: ['create', 'update', 'erase'],
    updateOn: ['consent'],
    accepted: true,
    existing,
  });
  for (const step of steps) {
    if (step.do === 'insert') next.rows.push({ ...planned(step.action), state: step.state });
    if (step.do !== 'cancel') continue;
    for (const id of step.ids) {
      const row = next.rows[id] as Row;
      if (step.includeDeparted || row.departures === 0) row.state = 'cancelled';
    }
  }
}

/** What departed has an unknown outcome, the rest is due again. */
function recover(next: Draft, index: number, onUnknown: Rules['onUnknown']): void {
  const row = next.rows[index] as Row;
  loseToken(next, index);
  if (row.departed) settle(next, row, decided(row, { kind: 'unknown', reason: 'LEASE_LAPSED' }, onUnknown));
  else row.state = next.erased && row.action !== 'erase' ? 'cancelled' : 'waiting';
}

function loseToken(next: Draft, index: number): void {
  for (const worker of next.workers) if (worker?.row === index) worker.token = false;
}

const decided = (row: Row, outcome: Outcome, onUnknown: Rules['onUnknown']): Decision =>
  decide(
    outcome,
    {
      spent: 1,
      circuitClosed: true,
      maybeReceived: row.maybeReceived,
      hasLookup: onUnknown === 'lookup',
      pendingSinceMs: 0,
    },
    { delays: [1, 1, 1], onUnknown, maxRetryAfterMs: 1, pendingForMs: 1, pendingEveryMs: 1 },
    () => 0.5,
  );

function settle(next: Draft, row: Row, { verdict, maybeReceived }: Decision): void {
  row.maybeReceived = maybeReceived;
  row.askFirst = verdict.next === 'retry' && verdict.lookup;
  row.state = verdict.next === 'done' ? 'delivered' : verdict.next === 'fail' ? 'failed' : 'waiting';
  if (next.erased && row.action !== 'erase' && !isEnd(row.state)) row.state = 'cancelled';
}

function* ofFreeWorker(state: State, index: number): Generator<Next> {
  const locked = state.rows.map((row, id) => ({ ...row, id, reason: '' }) as unknown as LockedDelivery);
  for (const [id, row] of state.rows.entries()) {
    if (!row.job) continue;
    const [mine] = locked.slice(id, id + 1) as [LockedDelivery];
    if (row.state !== 'queued')
      yield ['a job of a row that is not due is dropped', after(state, (next) => dropJob(next, id))];
    else if (
      !isBlocked(
        mine,
        locked.filter((other) => other !== mine),
        new Set(),
      )
    )
      yield [
        `a worker claims the ${row.action}`,
        after(state, (next) => {
          dropJob(next, id);
          loseToken(next, id);
          Object.assign(next.rows[id] as Row, {
            state: 'sending',
            lapsed: false,
            attempts: 1,
            departed: false,
          });
          next.workers[index] = { row: id, step: 'claimed', lease: true, token: true };
        }),
      ];
  }
}

const dropJob = (next: Draft, id: number): void => void ((next.rows[id] as Row).job = false);

function* ofWorker(state: State, index: number, worker: Worker, rules: Rules): Generator<Next> {
  const row = state.rows[worker.row] as Row;
  const isHeld = worker.token && row.state === 'sending' && !row.lapsed;
  const step = (does: string, change: (next: Draft, mine: Row) => Worker | undefined): Next => [
    `its worker ${does} the ${row.action}`,
    after(state, (next) => void (next.workers[index] = change(next, next.rows[worker.row] as Row))),
  ];
  const sends = (outcome?: Outcome): Worker => ({
    ...worker,
    step: outcome === undefined ? 'sent' : 'ended',
    ...(outcome && { outcome }),
  });
  switch (worker.step) {
    case 'claimed':
      if (!isHeld) yield step('gives up', () => undefined);
      else if (row.askFirst) yield step('asks about', () => ({ ...worker, step: 'asked' }));
      else yield step('lets depart', (next, mine) => depart(next, mine, worker));
      return;
    case 'asked':
      // The answer was read before; by now the lease may be lost.
      if (!isHeld) yield step('gives up', () => undefined);
      else if (row.action === 'create' && state.kept !== undefined)
        yield step('finds', (_next, mine) => void (mine.state = 'delivered'));
      else yield step('lets depart', (next, mine) => depart(next, mine, worker));
      return;
    case 'departed':
      if (!worker.lease)
        yield step('does not send', () =>
          sends({ kind: 'unavailable', reason: 'LEASE_LOST', maybeReceived: false }),
        );
      else if (rules.compares === 'before a wait')
        yield step('compares the lease of', () => ({ ...worker, step: 'waits' }));
      else
        yield step('compares the lease and writes the first byte of', (next) => write(next, worker, sends()));
      return;
    case 'waits':
      yield step('writes the first byte of', (next) => write(next, worker, sends()));
      return;
    case 'sent':
      yield step('has an answer for', (next) => {
        arrive(next, row, worker);
        return sends({ kind: 'accepted' });
      });
      if (state.left.silence > 0)
        yield step('has no answer for', (next) => {
          next.left.silence -= 1;
          arrive(next, row, worker);
          return sends({ kind: 'unknown', reason: 'RESPONSE_TIMEOUT' });
        });
      return;
    case 'ended':
      yield step('records the outcome of', (next, mine) => {
        const { outcome = { kind: 'accepted' } } = worker;
        if (isHeld) settle(next, mine, decided(mine, outcome, rules.onUnknown));
        else if (rules.tellsAgain && mayHaveCome(outcome)) arrivedLate(next, worker.row);
        return undefined;
      });
  }
}

function depart(next: Draft, mine: Row, worker: Worker): Worker | undefined {
  if (next.erased && mine.action !== 'erase') {
    mine.state = 'cancelled';
    return undefined;
  }
  Object.assign(mine, { departed: true, departures: 1, sentRevision: next.revision });
  return { ...worker, step: 'departed', content: mine.action === 'erase' ? 'erase' : next.consent };
}

function write(next: Draft, { content }: Worker, sent: Worker): Worker {
  const isConfirmed = (action: Action): boolean =>
    next.rows.some((row) => row.action === action && row.state === 'delivered');
  next.leftAfter ||=
    (content !== 'erase' && isConfirmed('erase')) ||
    (content === 'yes' && next.consent === 'no' && isConfirmed('update'));
  return sent;
}

/** The recipient takes it: an update of what it does not know makes nothing. */
function arrive(next: Draft, { action }: Row, { content = 'erase' }: Worker): void {
  if (content === 'erase') next.kept = undefined;
  else if (action === 'create' || next.kept !== undefined) next.kept = content;
}

function arrivedLate(next: Draft, index: number): void {
  const pair = next.rows.map((row, id) => ({ ...row, id }));
  const late = pair[index] as (typeof pair)[number];
  const what = afterLate(late, pair, next.erased);
  if (what.next !== 'nothing') next.alerted = true;
  if (what.next === 'tell_again') startOver(next, what.id);
}
