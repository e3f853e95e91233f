// Bugs to plant in requests of prospects: restrictions, who is told, what an erasure leaves.
// Invariant: as in plants.ts: a text that is not found any more is an error.
import type { Plant } from './plants.ts';
import { zeros } from './zeros.ts';

export const plantsOfRequests: readonly Plant[] = [
  {
    name: 'a restriction is not read',
    // What the person asked to be left alone goes on leaving.
    patches: [
      {
        file: 'src/delivery/content/render.ts',
        find: 'const isRestricted = read.restricted === true && present.erasedAt',
        put: 'const isRestricted = row.id < 0 && present.erasedAt',
      },
    ],
    red: [zeros.restricted],
    favour: ['restricted'],
    undisturbed: true,
  },
  {
    name: 'who received is forgotten',
    // The request is carried out here, and whoever has the lead never hears of it in writing. What is delivered says twice that it
    // arrived: in its state, and as what may have been received.
    patches: [
      {
        file: 'src/store/people/request-recipients.ts',
        find: "AND (? OR state IN ('delivered', 'pending', 'sending') OR maybe_received = 1)",
        put: "AND (? AND FALSE OR state IN ('pending', 'sending'))",
      },
    ],
    red: [zeros.untold],
    favour: ['request', 'restricted'],
    undisturbed: true,
  },
  {
    name: 'an erasure leaves the person',
    // The lead says that it was erased, and name, mail and phone stand beside it.
    patches: [
      {
        file: 'src/store/leads/rights.ts',
        find: "...contentTables.filter((table) => table !== 'leads'),",
        put: "...contentTables.filter((table) => table !== 'leads' && table !== 'prospects'),",
      },
    ],
    red: [zeros.remains],
  },
];
