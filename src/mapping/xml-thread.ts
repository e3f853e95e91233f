// The thread that holds libxml2, asked as a function would be: the question waits for its answer.
// Invariant: nothing starts before the first question; a thread that hangs is ended, and its question ends in an error.
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { RelaisError } from '../errors.ts';

export type XmlQuestion =
  | {
      readonly ask: 'compile';
      readonly key: string;
      readonly main: string;
      readonly files: Readonly<Record<string, string>>;
    }
  | { readonly ask: 'check'; readonly key: string; readonly xml: Uint8Array }
  | { readonly ask: 'read'; readonly xml: string; readonly xpath: string };

export interface XsdFault {
  /** Element names from the outermost one. */
  readonly path: readonly string[];
  readonly attribute?: string;
  /** `PATTERN`, `MISSING`, `UNEXPECTED`, `TYPE` ... */
  readonly rule: string;
}

export type XmlAnswer =
  | { readonly kind: 'compiled' }
  | { readonly kind: 'checked'; readonly faults: readonly XsdFault[] }
  | { readonly kind: 'read'; readonly found: XPathFound }
  | { readonly kind: 'forgotten' }
  | { readonly kind: 'unusable'; readonly message: string };

/** What an expression gives: nodes (the text of the first, none when there is none) or a value of its own. */
export type XPathFound =
  { readonly nodes: true; readonly text?: string } | { readonly value: string | number | boolean };

interface Thread {
  readonly worker: Worker;
  readonly port: MessagePort;
  readonly signal: Int32Array;
}

/** A schema with a pattern that backtracks for ever must not hold the process. */
const patienceMs = 20_000;

let thread: Thread | undefined;

function start(): Thread {
  const { port1, port2 } = new MessageChannel();
  const signal = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(new URL('./xml-worker.ts', import.meta.url), {
    workerData: { port: port2, signal },
    transferList: [port2],
  });
  // It never keeps a process alive.
  worker.unref();
  port1.unref();
  return { worker, port: port1, signal };
}

export function askXml(question: XmlQuestion, patience = patienceMs): XmlAnswer {
  const { worker, port, signal } = (thread ??= start());
  Atomics.store(signal, 0, 0);
  port.postMessage(question);
  Atomics.wait(signal, 0, 0, patience);
  const message = receiveMessageOnPort(port);
  if (message !== undefined) return message.message as XmlAnswer;
  thread = undefined;
  void worker.terminate();
  throw new RelaisError('INTERNAL-001', 'The XML reader did not answer.');
}
