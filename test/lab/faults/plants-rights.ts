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
        file: 'src/delivery/content/parcel.ts',
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
        file: 'src/delivery/planning/change-rules.ts',
        find: "isInFlight || create.maybeReceived || create.state === 'pending';",
        put: "create.state === 'pending';",
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
        file: 'src/store/departure-locks.ts',
        find: 'AND d.destination_id = ? FOR UPDATE)`',
        put: "AND ? <> '' FOR UPDATE)`",
      },
    ],
    red: [zeros.toAnother],
    favour: ['foreign_jobs'],
  },
  {
    name: 'a withdrawal stays with its lead',
    // The person took it back, and their other lead says yes again where the opt-out belongs to the address.
    patches: [
      {
        file: 'src/store/people/same-person.ts',
        find: 'if (directions.length === 0) return [];',
        put: 'if (directions.length >= 0) return [];',
      },
    ],
    red: [zeros.takenBack],
    favour: ['one_person'],
  },
  {
    name: 'stamps decide over withdrawals',
    // A grant stamped minutes ahead beats the withdrawal that came after it.
    patches: [
      {
        file: 'src/domain/consent.ts',
        find: 'event.receipt === undefined || grant.receipt === undefined || event.receipt <= grant.receipt',
        put: 'event.receipt !== grant.receipt || event.receipt === grant.receipt',
      },
    ],
    red: [zeros.notTold],
    like: /^G-/,
    favour: ['withdrawn_against_odds'],
  },
  {
    name: 'a part that was taken is forgotten',
    // Of several calls the first arrived with the opt-in: who refused the rest holds it all the same.
    patches: [
      {
        file: 'src/delivery/planning/change-rules.ts',
        find: "return mayBeHeld(create) ? 'may_be_held' : 'failed';",
        put: "return create.state === 'delivered' ? 'may_be_held' : 'failed';",
      },
    ],
    red: [zeros.notTold],
    like: /essai-calls/,
    favour: ['withdrawn_against_odds'],
  },
  {
    name: 'rights end with the authorisation',
    // Whoever is authorised no more keeps what it was given.
    patches: [
      {
        file: 'src/delivery/content/rights.ts',
        find: "if (row.action !== 'update') return row.action === 'erase';",
        put: "if (row.action !== 'create') return false;",
      },
    ],
    red: [zeros.notFollowed],
    like: /essai-gone/,
  },
  {
    name: 'not found is believed at once',
    // Behind a locked table the lead is about to appear, and is made a second time.
    patches: [
      {
        file: 'src/domain/verdict.ts',
        find: 'forMs !== undefined && forMs >= settlingMs;',
        put: '(forMs ?? settlingMs) >= 0;',
      },
    ],
    red: [zeros.madeTwice],
    favour: ['trouble'],
  },
];
