// Ledgers forged for the checker: one true story, and what it takes to change it.
// Invariant: what a forged ledger turned red is remembered, so that a figure nobody has seen red is found.
import { check } from './check.ts';
import type { DeliveryLine, Entry, HandedIn, LeadLine, Ledgers, Receipt } from './ledgers.ts';

export const crm = 'essai-crm';
let nextId = 0;
export const entry = (over: Partial<Entry>): Entry => ({
  id: (nextId += 1),
  entry: 'departed',
  action: 'create',
  deliveryId: 1,
  leadId: 1,
  destination: crm,
  run: 1,
  attempt: 1,
  outcome: '',
  reason: '',
  consents: '[{"state":"granted"}]',
  authorisationId: 1,
  batchId: 0,
  fileName: '',
  purpose: '',
  at: 0,
  ...over,
});
export const delivery = (over: Partial<DeliveryLine>): DeliveryLine => ({
  id: 1,
  leadId: 1,
  destination: crm,
  action: 'create',
  state: 'delivered',
  reason: 'accepted',
  key: 'k1',
  ...over,
});
export const receipt = (over: Partial<Receipt>): Receipt => ({
  destination: crm,
  at: 1_000,
  key: 'k1',
  sentKey: 'k1',
  action: 'create',
  optIn: 'OUI',
  content: 'a',
  did: 'taken',
  ...over,
});
export const outcome = (over: Partial<Entry> = {}): Entry =>
  entry({ entry: 'outcome', outcome: 'accepted', ...over });

export const handed = (over: Partial<HandedIn>): HandedIn => ({
  reference: 'F-1',
  owed: [crm],
  poison: false,
  person: 1,
  ...over,
});
export const lead = (over: Partial<LeadLine>): LeadLine => ({
  id: 1,
  reference: 'F-1',
  erased: false,
  gone: false,
  name: '',
  withdrawn: false,
  takenBack: 0,
  ...over,
});

/** One lead, created, withdrawn, told of it, erased at last. */
export function story(): Ledgers {
  nextId = 0;
  return {
    handedIn: [handed({})],
    leads: [lead({})],
    deliveries: [delivery({}), delivery({ id: 2, action: 'update', key: 'k2' })],
    entries: [
      entry({}),
      outcome(),
      entry({ entry: 'withdrawn', deliveryId: 0, destination: '' }),
      entry({ deliveryId: 2, action: 'update', consents: '[{"state":"withdrawn"}]' }),
      outcome({ deliveryId: 2, action: 'update' }),
    ],
    receipts: [
      receipt({}),
      receipt({ at: 2_000, key: 'k2', sentKey: 'k2', action: 'update', optIn: 'RETRAIT' }),
    ],
    limits: { [crm]: { concurrency: 2, perMinute: 2 } },
    heldMs: 5_000,
    brokenLog: [],
    changes: [],
    hostile: [],
    rows: [],
    taken: new Set(),
    alerted: new Set(),
    unauthorised: new Set(),
    asked: [],
    stoodStill: [],
    spoiltFiles: [],
    exposed: [],
    addresses: [],
    posted: [],
    wrongAnswers: [],
    acknowledged: [],
    unknown: [],
    events: [],
    eventsOwed: [],
    shutOut: [],
    references: [],
    goneRows: [],
    requests: [],
    requestsTried: 0,
    former: [],
    refusals: [],
    restored: { addresses: [], references: [], standing: [], wrong: [], backups: 1, erasedAgain: 1 },
    isFull: false,
  };
}
export const seenRed = new Set<string>();
export const red = (ledgers: Ledgers): readonly string[] =>
  Object.entries(check(ledgers).faults).flatMap(([name, found]) => {
    if (found.length > 0) seenRed.add(name);
    return found.length > 0 ? [name] : [];
  });
export const forged = (over: Partial<Ledgers>): readonly string[] => red({ ...story(), ...over });

/** The story without its withdrawal: a create, and nothing after it. */
export const plain = (over: Partial<Ledgers> = {}): Ledgers => ({
  ...story(),
  leads: [lead({})],
  deliveries: [delivery({})],
  entries: [entry({}), outcome()],
  receipts: [receipt({})],
  ...over,
});
