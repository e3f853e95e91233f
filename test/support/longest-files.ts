// Jest's reporter for `npm test`: keeps which test files took longest, for bin/test.mjs to print when all is over.
import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { AggregatedResult } from '@jest/test-result';

const most = 10;

export default class LongestFiles {
  onRunComplete(_contexts: unknown, { testResults }: Pick<AggregatedResult, 'testResults'>): void {
    const place = process.env['RELAIS_TEST_LONGEST'];
    if (place === undefined || testResults.length <= most) return;
    const lines = testResults
      .toSorted((one, other) => other.perfStats.runtime - one.perfStats.runtime)
      .slice(0, most)
      .map(({ perfStats, testFilePath }) => {
        const seconds = (perfStats.runtime / 1000).toFixed(1);
        return `${seconds.padStart(7)} s  ${relative(process.cwd(), testFilePath)}`;
      });
    writeFileSync(place, lines.map((line) => `${line}\n`).join(''));
  }
}
