// Keeps the text of every statement that the driver is asked to prepare or to send, in this process. Loaded into each process of the
// integration tests, and those that they start, by NODE_OPTIONS. Plain JavaScript: a process may begin on Node 20.
// Invariant: what the driver does is not changed; each text is written once for each process, with the values it came with first.
import { channel } from 'node:diagnostics_channel';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = process.env['RELAIS_TEST_STATEMENTS'];

/** Values choose the plan, and contents of files are long. */
const short = (value) =>
  typeof value === 'string'
    ? value.slice(0, 2_000)
    : value instanceof Uint8Array
      ? value.subarray(0, 64)
      : value;

/** The file behind the door to the database: those of tests have statements of their own, which are not the product's. */
function isOfTest() {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 60;
  const { stack = '' } = new Error('where');
  Error.stackTraceLimit = limit;
  const caller = stack.split('\n').find((line) => ours.test(line) && !door.test(line));
  return caller !== undefined && caller.includes('/test/');
}
const ours = /\/(?:src|test)\/(?!statements\/keep)/;
const door = /\/src\/store\/(?:database|connections)\.ts|\/node_modules\//;

/** A text that was so often a test's is not looked at again: tests wait by asking the same thing, and a stack is dear. */
const mostLooks = 20;

/** @param {'prepared' | 'sent'} how */
const keep = (how) => {
  const looks = new Map();
  return ({ query, values }) => {
    const looked = looks.get(query) ?? 0;
    if (typeof query !== 'string' || looked === mostLooks) return;
    const isTests = isOfTest();
    looks.set(query, isTests ? looked + 1 : mostLooks);
    if (isTests) return;
    const line = { how, text: query, values: Array.isArray(values) ? values.map(short) : [] };
    try {
      appendFileSync(join(folder, `${process.pid}.jsonl`), `${JSON.stringify(line)}\n`);
    } catch {
      // A process that outlives its run has no folder any more.
    }
  };
};

if (folder !== undefined) {
  channel('tracing:mysql2:execute:start').subscribe(keep('prepared'));
  channel('tracing:mysql2:query:start').subscribe(keep('sent'));
}
