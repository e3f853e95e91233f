// Bugs to plant in what a recipient is told: keys, addressees, corrections, withdrawals, erasures.
// Invariant: as in plants.ts: a text that is not found any more is an error.
import { zeros } from './check.ts';
import type { Plant } from './plants.ts';

export const plantsOfRights: readonly Plant[] = [
  {
    name: 'another key at every attempt',
    // No recipient could tell a repetition from something new.
    patches: [
      {
        file: 'src/delivery/parcel.ts',
        find: 'idempotencyKey: idempotencyKey(key, row.keyRun),',
        put: 'idempotencyKey: idempotencyKey(key, row.attempt),',
      },
    ],
    red: [zeros.otherKey],
  },
  {
    name: 'changes absorbed after departure',
    // As if the create could still carry what came when it had left.
    patches: [
      {
        file: 'src/delivery/follow-up.ts',
        find: "(inFlight || create.maybeReceived || create.state === 'pending')",
        put: "create.state === 'pending'",
      },
    ],
    red: [zeros.corrections],
    favour: ['corrected'],
  },
  {
    name: 'the claim trusts the queue',
    // Whoever writes to Redis decides who gets the lead.
    patches: [
      {
        file: 'src/store/sending.ts',
        find: 'AND d.destination_id = ? FOR UPDATE`',
        put: "AND ? <> '' FOR UPDATE`",
      },
    ],
    red: [zeros.toAnother],
    favour: ['foreign_jobs'],
  },
];
