// A client's XSD, asked as a function would be: the validator lives in a thread, the question waits for its answer.
// Invariant: nothing starts before the first XSD; a validator that hangs ends in an error here, never in a lead let through.
import { createHash } from 'node:crypto';
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { RelaisError } from '../errors.ts';

export type XsdQuestion =
  | {
      readonly ask: 'compile';
      readonly key: string;
      readonly main: string;
      readonly files: Readonly<Record<string, string>>;
    }
  | { readonly ask: 'check'; readonly key: string; readonly xml: Uint8Array };

export interface XsdFault {
  /** Element names from the outermost one. */
  readonly path: readonly string[];
  readonly attribute?: string;
  /** `PATTERN`, `MISSING`, `UNEXPECTED`, `TYPE` ... */
  readonly rule: string;
}

export type XsdAnswer =
  | { readonly kind: 'compiled' }
  | { readonly kind: 'checked'; readonly faults: readonly XsdFault[] }
  | { readonly kind: 'forgotten' }
  | { readonly kind: 'unusable'; readonly message: string };

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
  const worker = new Worker(new URL('./xsd-worker.ts', import.meta.url), {
    workerData: { port: port2, signal },
    transferList: [port2],
  });
  // It never keeps a process alive.
  worker.unref();
  port1.unref();
  return { worker, port: port1, signal };
}

function ask(question: XsdQuestion): XsdAnswer {
  const { worker, port, signal } = (thread ??= start());
  Atomics.store(signal, 0, 0);
  port.postMessage(question);
  Atomics.wait(signal, 0, 0, patienceMs);
  const message = receiveMessageOnPort(port);
  if (message !== undefined) return message.message as XsdAnswer;
  thread = undefined;
  void worker.terminate();
  throw new RelaisError('INTERNAL-001', 'The XSD validator did not answer.');
}

export interface Xsd {
  readonly check: (xml: Uint8Array) => readonly XsdFault[];
}

/** Compiles an XSD among the files it may include; a text says why it cannot be used. */
export function compileXsd(main: string, files: Readonly<Record<string, string>>): Xsd | string {
  const key = createHash('sha256')
    .update(JSON.stringify([main, files]))
    .digest('hex')
    .slice(0, 32);
  const compile = (): XsdAnswer => ask({ ask: 'compile', key, main, files });
  const compiled = compile();
  if (compiled.kind === 'unusable') return compiled.message;
  return {
    check: (xml) => {
      let answer = ask({ ask: 'check', key, xml });
      // Another thread, or too many schemas since: taught again.
      if (answer.kind === 'forgotten' && compile().kind === 'compiled')
        answer = ask({ ask: 'check', key, xml });
      if (answer.kind === 'checked') return answer.faults;
      throw new RelaisError('INTERNAL-001', 'The XSD validator cannot read what was written.');
    },
  };
}
