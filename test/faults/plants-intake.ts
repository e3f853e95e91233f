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
];
