// Bugs to plant in the way in: what a row may weigh and say, and which clock decides from when a lead is owed.
// Invariant: as in plants.ts: a text that is not found any more is an error.
import { zeros } from './check.ts';
import type { Plant } from './plants.ts';

export const plantsOfIntake: readonly Plant[] = [
  {
    name: 'leads owed by the host clock',
    // Published from a host whose clock is ahead, a destination would take no lead for the first minutes.
    patches: [
      {
        file: 'src/publishing/publish.ts',
        find: 'leadsFrom: request.leadsFrom ?? tx.now(),',
        put: 'leadsFrom: request.leadsFrom ?? new Date(),',
      },
    ],
    red: [zeros.lost],
  },
  {
    name: 'rows of any weight',
    // One row is parsed and judged for seconds, and everybody behind it waits.
    patches: [
      {
        file: 'src/store/intake/intake-take.ts',
        find: 'const length = (column: string): string => `COALESCE(OCTET_LENGTH(${column}), 0)`;',
        put: 'const length = (column: string): string => `0 * OCTET_LENGTH(COALESCE(${column}, 0))`;',
      },
      {
        file: 'src/intake/formats.ts',
        find: "if (Buffer.byteLength(text) > mostColumnBytes[name]) return refused('TOO_LONG');",
        put: '',
      },
      {
        file: 'src/intake/formats.ts',
        find: 'const read = readJson(text, limits);',
        put: 'const read = readJson(text, { ...limits, elements: Number.MAX_SAFE_INTEGER });',
      },
    ],
    red: [zeros.stoodStill],
    favour: ['hostile_rows'],
  },
  {
    name: 'a status nobody knows is passed over',
    // A committed lead goes nowhere, and nobody is told.
    patches: [
      {
        file: 'src/intake/accept.ts',
        find: 'const strays = await refuseStrayRows(tx, text, strayAtOnce);',
        put: 'const strays = new Map<string, number>();',
      },
    ],
    red: [zeros.hostile],
  },
];
