// A simulation of one destination: leads come in, the recipient has an outage, a policy decides who leaves when.
// Invariant: the gateway's side is the product's own `decide`, `afterAttempt` and `allowed`; nothing of them is modelled again.
import { afterAttempt, allowed, closedCircuit, type Circuit } from '../../../src/domain/breaker.ts';
import { decide, type RetryPolicy } from '../../../src/domain/verdict.ts';

export interface Destination {
  /** When leads come in, ms, in order. */
  readonly arrivals: readonly number[];
  readonly outage: { readonly from: number; readonly to: number; readonly hangs: boolean } | undefined;
}

export interface Result {
  /** Of leads that came in during the outage: ms from arrival to delivery. */
  readonly waits: number[];
  /** Of the same: ms from the end of the outage to delivery. */
  readonly afterEnd: number[];
  /** Leads given up. */
  lost: number;
  leads: number;
  hit: number;
  wasted: number;
  attempts: number;
  /** Busiest ten seconds after the end of the outage, requests. */
  peak: number;
  /** Most requests open at once. */
  inFlight: number;
}

export const emptyResult = (): Result => ({
  waits: [],
  afterEnd: [],
  lost: 0,
  leads: 0,
  hit: 0,
  wasted: 0,
  attempts: 0,
  peak: 0,
  inFlight: 0,
});

/** An attempt that is answered: 200 ms. One that is refused: 50 ms. One that hangs: the response timeout. */
const times = { answered: 200, refused: 50, hung: 15_000 } as const;
/** One attempt in two hundred fails for no lasting reason. */
const hiccup = 0.005;

interface Try {
  readonly at: number;
  readonly lead: number;
  /** Tries that count so far. */
  readonly spent: number;
}

interface Recipient {
  readonly at: (now: number) => { readonly ok: boolean; readonly takes: number };
}

function recipientOf({ outage }: Destination, random: () => number): Recipient {
  return {
    at: (now) => {
      const down = outage !== undefined && now >= outage.from && now < outage.to;
      if (down) return { ok: false, takes: outage.hangs ? times.hung : times.refused };
      return random() < hiccup ? { ok: false, takes: times.refused } : { ok: true, takes: times.answered };
    },
  };
}

/** A schedule of delays and nothing else: each lead on its own, as many at once as are due. */
export function playFixed(
  destination: Destination,
  delays: readonly number[],
  random: () => number,
  result: Result,
): void {
  const recipient = recipientOf(destination, random);
  const book = bookOf(destination, result);
  destination.arrivals.forEach((arrival, lead) => {
    book.lead(lead);
    let now = arrival;
    for (let tries = 0; ; tries += 1) {
      const answer = recipient.at(now);
      book.attempt(now, now + answer.takes, answer.ok);
      if (answer.ok) return book.delivered(lead, now + answer.takes);
      const delay = delays[tries];
      if (delay === undefined) return book.lost();
      now += answer.takes + delay;
    }
  });
  book.close();
}

/** The product's policy: breaker, probes, ramp, schedule, a limit of deliveries in flight. */
export function playRelais(
  destination: Destination,
  policy: RetryPolicy,
  concurrency: number,
  random: () => number,
  result: Result,
): void {
  const recipient = recipientOf(destination, random);
  const book = bookOf(destination, result);
  const due = createHeap<Try>((one) => one.at);
  const flying = createHeap<Try & { readonly ends: number; readonly ok: boolean }>((one) => one.ends);
  let circuit: Circuit = closedCircuit;
  let next = 0;
  let now = 0;

  const land = (): void => {
    const one = flying.pop();
    if (one === undefined) return;
    now = Math.max(now, one.ends);
    const decision = decide(
      one.ok ? { kind: 'accepted' } : { kind: 'unavailable', reason: 'HTTP_503', maybeReceived: false },
      {
        spent: one.spent + 1,
        circuitClosed: circuit.state === 'closed',
        maybeReceived: false,
        hasLookup: false,
        pendingSinceMs: 0,
      },
      policy,
      random,
    );
    const move = afterAttempt(
      circuit,
      { deliveryId: one.lead, signal: decision.signal, startedAt: one.at },
      now,
    );
    circuit = move.circuit;
    if (move.retryNow.length > 0)
      due.change((waiting) =>
        move.retryNow.includes(waiting.lead) ? { ...waiting, at: Math.min(waiting.at, now) } : waiting,
      );
    const { verdict } = decision;
    if (verdict.next === 'done') book.delivered(one.lead, now);
    else if (verdict.next === 'retry')
      due.push({ at: now + verdict.afterMs, lead: one.lead, spent: one.spent + (verdict.spend ? 1 : 0) });
    else book.lost();
  };

  for (;;) {
    for (
      let at = destination.arrivals[next];
      at !== undefined && at <= now;
      at = destination.arrivals[next]
    ) {
      book.lead(next);
      due.push({ at, lead: next, spent: 0 });
      next += 1;
    }
    const room = Math.min(concurrency, allowed(circuit, now)) - flying.size();
    const first = due.peek();
    if (first !== undefined && first.at <= now && room > 0) {
      due.pop();
      const answer = recipient.at(now);
      book.attempt(now, now + answer.takes, answer.ok);
      flying.push({ ...first, at: now, ends: now + answer.takes, ok: answer.ok });
      continue;
    }
    const arrival = destination.arrivals[next];
    const waiting =
      first === undefined
        ? Number.POSITIVE_INFINITY
        : Math.max(first.at, circuit.state === 'open' ? (circuit.nextProbeAt ?? 0) : 0);
    const soonest = Math.min(
      flying.peek()?.ends ?? Number.POSITIVE_INFINITY,
      arrival ?? Number.POSITIVE_INFINITY,
      room > 0 || flying.size() === 0 ? waiting : Number.POSITIVE_INFINITY,
    );
    if (soonest === Number.POSITIVE_INFINITY) break;
    if (flying.size() > 0 && flying.peek()?.ends === soonest) land();
    else now = Math.max(now + (soonest <= now ? 1 : 0), soonest);
  }
  book.close();
}

interface Book {
  readonly lead: (lead: number) => void;
  readonly attempt: (from: number, to: number, ok: boolean) => void;
  readonly delivered: (lead: number, at: number) => void;
  readonly lost: () => void;
  readonly close: () => void;
}

function bookOf({ arrivals, outage }: Destination, result: Result): Book {
  const after: number[] = [];
  const open: { readonly at: number; readonly step: 1 | -1 }[] = [];
  const wasHit = (lead: number): boolean => {
    const at = arrivals[lead] ?? 0;
    return outage !== undefined && at >= outage.from && at < outage.to;
  };
  return {
    lead: (lead) => {
      result.leads += 1;
      if (wasHit(lead)) result.hit += 1;
    },
    attempt: (from, to, ok) => {
      result.attempts += 1;
      if (!ok) result.wasted += 1;
      open.push({ at: from, step: 1 }, { at: to, step: -1 });
      if (outage !== undefined && from >= outage.to && from < outage.to + 3_600_000) after.push(from);
    },
    delivered: (lead, at) => {
      if (!wasHit(lead) || outage === undefined) return;
      result.waits.push(at - (arrivals[lead] ?? 0));
      result.afterEnd.push(Math.max(0, at - outage.to));
    },
    lost: () => {
      result.lost += 1;
    },
    close: () => {
      after.sort((a, b) => a - b);
      let start = 0;
      after.forEach((at, end) => {
        while (at - (after[start] ?? at) > 10_000) start += 1;
        result.peak = Math.max(result.peak, end - start + 1);
      });
      open.sort((a, b) => a.at - b.at || a.step - b.step);
      let now = 0;
      for (const { step } of open) {
        now += step;
        result.inFlight = Math.max(result.inFlight, now);
      }
    },
  };
}

interface Heap<T> {
  readonly size: () => number;
  readonly peek: () => T | undefined;
  readonly push: (item: T) => void;
  readonly pop: () => T | undefined;
  readonly change: (to: (item: T) => T) => void;
}

/** The smallest first. */
function createHeap<T>(key: (item: T) => number): Heap<T> {
  const items: T[] = [];
  const keyAt = (at: number): number => key(items[at] as T);
  const push = (item: T): void => {
    let at = items.push(item) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (keyAt(above) <= key(item)) break;
      items[at] = items[above] as T;
      at = above;
    }
    items[at] = item;
  };
  return {
    size: () => items.length,
    peek: () => items[0],
    push,
    change: (to) => items.splice(0).map(to).forEach(push),
    pop: () => {
      const top = items[0];
      const last = items.pop();
      if (last === undefined || items.length === 0) return top;
      let at = 0;
      for (let child = 1; child < items.length; child = 2 * at + 1) {
        if (child + 1 < items.length && keyAt(child + 1) < keyAt(child)) child += 1;
        if (keyAt(child) >= key(last)) break;
        items[at] = items[child] as T;
        at = child;
      }
      items[at] = last;
      return top;
    },
  };
}
