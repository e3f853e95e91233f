// Probes periodically that MySQL and Redis answer and accept writes, for readiness; logs one line when that changes.
// Invariant: a service that hangs counts as away after a second; no request waits for it or piles up behind it.
import type { Log } from '../../log.ts';
import { startLoop, usualIdleMs } from './poll-loop.ts';

export interface ServiceProbe {
  /**
   * Undefined while all services accept writes; otherwise the one that cannot be reached, or accepts none. Probed again when the last
   * answer is older than a second.
   */
  readonly trouble: () => Promise<string | undefined>;
  readonly stop: () => void;
}

const everyMs = 2_000;
const limitMs = 1_000;
const freshMs = 1_000;
/** A question that got no answer is put again after this, ms; until then it is the answer. */
const askAgainMs = 15_000;

export function createServiceProbe(options: {
  readonly services: Readonly<Record<string, () => Promise<unknown>>>;
  /** The word of a service that answers and takes nothing, out of its error; undefined: it cannot be reached. */
  readonly refusalIn: (error: unknown) => string | undefined;
  readonly role: string;
  readonly log: Log;
}): ServiceProbe {
  const away = new Map<string, Away>();
  const answerOf = createAsker(options.refusalIn);
  let lookedAt = Number.NEGATIVE_INFINITY;
  let looking: Promise<void> | undefined;
  const look = async (): Promise<void> => {
    await Promise.all(
      Object.entries(options.services).map(async ([name, ask]) => {
        const answer = await within(limitMs, answerOf(name, ask));
        if (answer === here) noteBack(options, away, name);
        else noteAway(options, away, name, answer);
      }),
    );
    lookedAt = performance.now();
  };
  const lookOnce = (): Promise<void> => {
    looking ??= look().finally(() => {
      looking = undefined;
    });
    return looking;
  };
  const work = (): Promise<boolean> => lookOnce().then(() => false);
  const pauses = { restMs: everyMs, idleMs: everyMs, tickMs: usualIdleMs };
  const loop = startLoop({ name: 'services', ...pauses, work, log: options.log });

  return {
    trouble: async () => {
      if (performance.now() - lookedAt > freshMs) await lookOnce();
      return away.size === 0 ? undefined : textOf(away);
    },
    stop: () => void loop.stop(),
  };
}

/** The result of a probe: `''` for no answer; otherwise the code of the refusal, or that all is well. */
type Answer = string;
const here: Answer = 'here';
const silent: Answer = '';

interface Away {
  readonly since: number;
  readonly answer: Answer;
}

function textOf(away: ReadonlyMap<string, Away>): string {
  const names = [...away].toSorted(([a], [b]) => a.localeCompare(b));
  const gone = names.filter(([, { answer }]) => answer === silent).map(([name]) => name);
  return [
    ...(gone.length === 0 ? [] : [`${gone.join(' and ')} cannot be reached`]),
    ...names.flatMap(([name, { answer }]) =>
      answer === silent ? [] : [`${name} answers and takes nothing (${answer})`],
    ),
  ].join(', ');
}

/** One question at a time to each service: while it has no answer, it is the answer that is waited for. */
function createAsker(
  refusalIn: (error: unknown) => string | undefined,
): (name: string, ask: () => Promise<unknown>) => Promise<Answer> {
  const asked = new Map<string, { readonly at: number; readonly answer: Promise<Answer> }>();
  return (name, ask) => {
    const before = asked.get(name);
    if (before !== undefined && performance.now() - before.at < askAgainMs) return before.answer;
    const answer = ask().then(
      () => here,
      (error: unknown) => refusalIn(error) ?? silent,
    );
    const question = { at: performance.now(), answer };
    asked.set(name, question);
    void answer.then(() => asked.get(name) === question && asked.delete(name));
    return answer;
  };
}

interface ProbeLog {
  readonly log: Log;
  readonly role: string;
}

/** Writes one line to the log when a service fails or its reason changes, and one when it returns. */
function noteAway({ log, role }: ProbeLog, away: Map<string, Away>, name: string, answer: Answer): void {
  const before = away.get(name);
  if (before?.answer === answer) return;
  away.set(name, { since: before?.since ?? performance.now(), answer });
  log.error('service.away', { role, code: name, ...(answer === silent ? {} : { reason: answer }) });
}

function noteBack({ log, role }: ProbeLog, away: Map<string, Away>, name: string): void {
  const before = away.get(name);
  if (before === undefined) return;
  away.delete(name);
  log.warn('service.back', { role, code: name, durationMs: Math.round(performance.now() - before.since) });
}

async function within(ms: number, answer: Promise<Answer>): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Answer>((done) => {
    timer = setTimeout(() => done(silent), ms);
  });
  const came = await Promise.race([answer, late]);
  clearTimeout(timer);
  return came;
}
