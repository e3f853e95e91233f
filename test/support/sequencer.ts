// The order in which test files run. Jest goes by size where it has not run before, which leaves the longest, short in lines, for
// the end, one beside the other: they wait for clocks and servers, while nobody uses the processor.
// TEST_ORDER, any word, shuffles the files: none may depend on one that ran before it.
// Invariant: the same files run, whatever the order; each of the long ones begins among others, and none near the end.
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import type * as Jest from '@jest/test-sequencer';
import type { Test } from '@jest/test-result';

// Its types are those of its form for `require`.
const { default: Sequencer } = createRequire(import.meta.filename)(
  '@jest/test-sequencer',
) as typeof Jest.default;

/** Files of twenty seconds and more, the longest first. */
const long = [
  'support-work/bulk-crossed',
  'trip/full-files-modes',
  'trip/long-files',
  'trip/calls',
  'trip/full-files',
  'api/pull',
  'trip/file-crossings',
  'trip/acknowledged-lines',
  'connectors/conformance',
  'cli/keys',
  'console/fuzzed',
  'trip/running',
].map((name) => `/test/${name}.test.ts`);

/** Of all others this part is begun before the last of the long ones. */
const spreadOver = 0.7;

export default class LongAmongOthers extends Sequencer {
  override async sort(tests: Test[]): Promise<Test[]> {
    const order = process.env['TEST_ORDER'];
    if (order !== undefined) {
      const placeOf = ({ path }: Test): string =>
        createHash('sha256').update(`${order} ${path}`).digest('hex');
      return tests.toSorted((one, other) => (placeOf(one) < placeOf(other) ? -1 : 1));
    }
    const rank = ({ path }: Test): number => long.findIndex((name) => path.endsWith(name));
    const ordered = await super.sort(tests);
    const others = ordered.filter((test) => rank(test) < 0);
    const first = ordered.filter((test) => rank(test) >= 0).toSorted((a, b) => rank(a) - rank(b));
    const between = Math.floor((others.length * spreadOver) / Math.max(1, first.length));
    return first
      .flatMap((test, at) => [test, ...others.slice(at * between, (at + 1) * between)])
      .concat(others.slice(first.length * between));
  }
}
