// Runs the threads of libxml2: one answers checks and writes synchronously, the other reads recipients' answers without
// blocking the event loop.
// Invariant: no thread starts before the first question; a thread that takes too long is terminated with its work.
import { MessageChannel, receiveMessageOnPort, Worker, type MessagePort } from 'node:worker_threads';
import { RelaisError } from '../../errors.ts';

export type XmlQuestion =
  | {
      readonly ask: 'compile';
      readonly key: string;
      readonly main: string;
      readonly files: Readonly<Record<string, string>>;
    }
  | { readonly ask: 'check'; readonly key: string; readonly xml: Uint8Array }
  | { readonly ask: 'read'; readonly xml: string; readonly xpaths: readonly string[] };

export interface XsdFault {
  /** Element names from the outermost one. */
  readonly path: readonly string[];
  readonly attribute?: string;
  /** `PATTERN`, `MISSING`, `UNEXPECTED`, `TYPE` ... */
  readonly rule: string;
}

/** A record that could not be checked in time does not fit. */
export const tooSlow: XsdFault = { path: [], rule: 'TOO_SLOW' };

export type XmlAnswer =
  | { readonly kind: 'compiled' }
  | { readonly kind: 'checked'; readonly faults: readonly XsdFault[] }
  | { readonly kind: 'ready' }
  | { readonly kind: 'read'; readonly found: readonly (XPathFound | undefined)[] }
  | { readonly kind: 'forgotten' }
  | { readonly kind: 'unusable'; readonly message: string };

/** The result of an expression: nodes (the text of the first, none when there is none) or a plain value. */
export type XPathFound =
  | { readonly nodes: true; readonly text?: string }
  | { readonly value: string | number | boolean };

interface Thread {
  readonly worker: Worker;
  readonly port: MessagePort;
  /** Incremented with every answer, so that a waiting reader misses none and takes no earlier one for its own. */
  readonly signal: Int32Array;
}

/** A message on the port, in both directions. */
export interface Numbered<T> {
  readonly number: number;
  readonly content: T;
}

/** A schema whose pattern backtracks without end must not block the process. */
const patienceMs = 20_000;

function start(): Thread {
  const { port1, port2 } = new MessageChannel();
  const signal = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(new URL('./xml-worker.ts', import.meta.url), {
    workerData: { port: port2, signal },
    transferList: [port2],
  });
  // The thread never keeps a process alive.
  worker.unref();
  port1.unref();
  return { worker, port: port1, signal };
}

let asked = 0;
let thread: Thread | undefined;

/** True when a question need not wait for a thread to start. */
export const xmlThreadRuns = (): boolean => thread !== undefined;

export function askXml(question: XmlQuestion, patience = patienceMs): XmlAnswer {
  const asking = (thread ??= start());
  const answer = askOver(asking, { number: (asked += 1), content: question }, patience);
  if (answer !== undefined) return answer;
  thread = undefined;
  void asking.worker.terminate();
  throw new RelaisError('INTERNAL-001', 'The XML reader did not answer.');
}

/** Waits for the answer of this number; undefined when it does not come in time. */
export function askOver(
  { port, signal }: Pick<Thread, 'port' | 'signal'>,
  question: Numbered<XmlQuestion>,
  patience: number,
): XmlAnswer | undefined {
  port.postMessage(question);
  const until = performance.now() + patience;
  for (;;) {
    // Read before looking for the answer: an answer that arrives in between changes the value, and the wait ends at once.
    const seen = Atomics.load(signal, 0);
    const got = receiveMessageOnPort(port)?.message as Numbered<XmlAnswer> | undefined;
    if (got?.number === question.number) return got.content;
    const left = until - performance.now();
    if (left <= 0) return undefined;
    if (got === undefined) Atomics.wait(signal, 0, seen, left);
  }
}
