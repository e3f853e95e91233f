// Bugs to plant in what is answered over HTTP: rows that were posted, keys that come again, the feed of events.
// Invariant: as in plants.ts: a text that is not found any more is an error.
import type { Plant } from './plants.ts';
import { zeros } from './zeros.ts';

export const plantsOfApi: readonly Plant[] = [
  {
    name: 'answered before it is stored',
    // Now and then what was posted is not there when its answer leaves.
    patches: [
      {
        file: 'src/intake/posted.ts',
        find: 'sound.map(({ values }) => intakeValues(values)),\n    ),\n  );',
        put: 'sound.map(({ values }) => intakeValues(values)),\n    ),\n    { undoIf: ([id]) => Number(id ?? 0) % 5 === 0 },\n  );',
      },
    ],
    red: [zeros.posted],
    undisturbed: true,
  },
  {
    name: 'a key that came before is new',
    // Who sends again because a line was cut does it again, and gets the answer of the second time: the one of the first is written over.
    patches: [
      {
        file: 'src/store/access/idempotency-keys.ts',
        find: "if (!row.request.equals(request)) return { kind: 'other_request' };",
        put: "if (row.request.equals(request)) return { kind: 'new' };",
      },
      {
        file: 'src/store/access/idempotency-keys.ts',
        find: "WHERE holder = ? AND key_digest = ? AND request_digest = ? AND status IS NULL',\n    [status, answer,",
        put: "WHERE holder = ? AND key_digest = ? AND request_digest = ?',\n    [status, answer,",
      },
    ],
    red: [zeros.answers],
    favour: ['replayed_over_http'],
    undisturbed: true,
  },
  {
    name: 'a database in trouble is a fault of ours',
    // Who posts while it is read-only or full is told that the gateway is broken.
    patches: [
      {
        file: 'src/support/place.ts',
        find: 'isStoreTrouble(error);',
        put: 'isStoreTrouble(error) && false;',
      },
    ],
    red: [zeros.answers],
    like: /: 500 /,
    favour: ['mysql_read_only'],
  },
  {
    name: 'a yes in time is judged before its row is held',
    // Said at one moment under the lease that is over and the one that is not, it is two acceptances.
    patches: [
      {
        file: 'src/delivery/outcome/record.ts',
        find: "const given = leasesAre === 'trusted' ? ends : await withRepeatedAcceptances(tx, ends);",
        put: 'const given = ends;',
      },
    ],
    red: [zeros.yes],
    favour: ['fetched_lease_ends', 'trouble'],
    undisturbed: true,
  },
  {
    name: 'the cursor forgets where it was',
    // A page that ends in the middle of a seal begins anew with the seal.
    patches: [
      {
        file: 'src/support/reads/events.ts',
        find: 'at = { seal: sequence, entry: entry.id };',
        put: 'at = { seal: sequence, entry: Math.min(1, entry.id) };',
      },
    ],
    red: [zeros.feed],
  },
];
