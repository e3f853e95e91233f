// Whether MySQL and Redis can be reached, asked now and then: readiness, and one line in the log when it changes.
// Invariant: a service that hangs counts as away after a second; nobody waits for it, nothing piles up behind it.
import type { Log } from '../../log.ts';

export interface ServiceProbe {
  /** Undefined while all can be reached; otherwise which cannot. Asked again when the last answer is older than a second. */
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
  readonly role: string;
  readonly log: Log;
}): ServiceProbe {
  const awaySince = new Map<string, number>();
  const answerOf = createAsker();
  let lookedAt = Number.NEGATIVE_INFINITY;
  let looking: Promise<void> | undefined;
  const look = async (): Promise<void> => {
    await Promise.all(
      Object.entries(options.services).map(async ([name, ask]) => {
        const isHere = await within(limitMs, answerOf(name, ask));
        if (isHere) noteBack(options, awaySince, name);
        else noteAway(options, awaySince, name);
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
  const timer = setInterval(() => void lookOnce(), everyMs);
  timer.unref();

  return {
    trouble: async () => {
      if (performance.now() - lookedAt > freshMs) await lookOnce();
      return awaySince.size === 0
        ? undefined
        : `${[...awaySince.keys()].sort().join(' and ')} cannot be reached`;
    },
    stop: () => clearInterval(timer),
  };
}

/** One question at a time to each service: while it has no answer, it is the answer that is waited for. */
function createAsker(): (name: string, ask: () => Promise<unknown>) => Promise<boolean> {
  const asked = new Map<string, { readonly at: number; readonly answer: Promise<boolean> }>();
  return (name, ask) => {
    const before = asked.get(name);
    if (before !== undefined && performance.now() - before.at < askAgainMs) return before.answer;
    const answer = ask().then(
      () => true,
      () => false,
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

/** One line in the log when a service goes away, one when it comes back. */
function noteAway({ log, role }: ProbeLog, awaySince: Map<string, number>, name: string): void {
  if (awaySince.has(name)) return;
  awaySince.set(name, performance.now());
  log.error('service.away', { role, code: name });
}

function noteBack({ log, role }: ProbeLog, awaySince: Map<string, number>, name: string): void {
  const since = awaySince.get(name);
  if (since === undefined) return;
  awaySince.delete(name);
  log.warn('service.back', { role, code: name, durationMs: Math.round(performance.now() - since) });
}

async function within(ms: number, answer: Promise<boolean>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((done) => {
    timer = setTimeout(() => done(false), ms);
  });
  const here = await Promise.race([answer, late]);
  clearTimeout(timer);
  return here;
}
