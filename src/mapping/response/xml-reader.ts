// Reads recipients' XML answers in a thread, one after the other, each with a time limit.
// Invariant: the event loop never waits; an answer that exceeds its limit ends the thread, and the next gets a new one.
import { Worker } from 'node:worker_threads';
import type { Numbered, XmlAnswer, XmlQuestion, XPathFound } from '../formats/xml-thread.ts';

/** Time for one answer; an answer within the limits needs milliseconds. */
const readMs = 1_000;
/** Time including the answers queued before it; beyond it an answer counts as unreadable. */
const waitMs = 10_000;
/** A new thread has to load its library first, on a machine that may be busy. */
const startMs = 20_000;

interface Reader {
  readonly worker: Worker;
  /** The next message of the thread; undefined when it ended or timed out. */
  readonly next: (ms: number) => Promise<XmlAnswer | undefined>;
}

let reader: Promise<Reader | undefined> | undefined;
let turn: Promise<unknown> = Promise.resolve();

/** The result of each expression, in order; a word when the answer cannot be read in time. */
export function readBeside(
  xml: string,
  xpaths: readonly string[],
): Promise<readonly (XPathFound | undefined)[] | 'unreadable' | 'too slow'> {
  const asked = performance.now();
  const mine = turn.then(() =>
    performance.now() - asked > waitMs ? ('too slow' as const) : readNow({ ask: 'read', xml, xpaths }),
  );
  turn = mine.catch(() => undefined);
  return mine;
}

async function readNow(
  question: XmlQuestion,
): Promise<readonly (XPathFound | undefined)[] | 'unreadable' | 'too slow'> {
  const at = await (reader ??= start());
  if (at === undefined) {
    reader = undefined;
    return 'too slow';
  }
  const answer = at.next(readMs);
  at.worker.postMessage({ number: 0, content: question } satisfies Numbered<XmlQuestion>);
  const got = await answer;
  if (got === undefined) {
    reader = undefined;
    await at.worker.terminate();
    return 'too slow';
  }
  return got.kind === 'read' ? got.found : 'unreadable';
}

async function start(): Promise<Reader | undefined> {
  const worker = new Worker(new URL('../formats/xml-worker.ts', import.meta.url));
  const next = (ms: number): Promise<XmlAnswer | undefined> =>
    new Promise((resolve) => {
      const end = (answer?: XmlAnswer): void => {
        clearTimeout(timer);
        worker.removeListener('message', onMessage).removeListener('exit', onExit);
        // An idle thread never keeps a process alive.
        worker.unref();
        resolve(answer);
      };
      const onMessage = ({ content }: Numbered<XmlAnswer>): void => end(content);
      const onExit = (): void => end();
      const timer = setTimeout(end, ms);
      worker.ref();
      worker.on('message', onMessage).on('exit', onExit);
    });
  // An error also ends its question, which `next` reports.
  worker.on('error', () => undefined);
  const ready = await next(startMs);
  if (ready !== undefined) return { worker, next };
  await worker.terminate();
  return undefined;
}
