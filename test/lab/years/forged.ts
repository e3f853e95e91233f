// Books forged for the checks of ten years: lives of invented persons told step by step, and what turns red of them.
// Invariant: told with the checks that judge as things happen; what a forged life turned red is remembered, so that a figure nobody
// has seen red is found.
import { checkBook } from './account.ts';
import { createBook, type Book, type Demand, type Grant, type Lead, type Receipt } from './book.ts';
import { remainsIn } from './check-remains.ts';
import { checkNight, checkRelayed, dueTonight, goes } from './check-retention.ts';
import { checkStanding, type Standing } from './check-standing.ts';
import { checkTakenIn } from './check-taken.ts';
import { createFindings, zeros, type Zero } from './figures.ts';
import { daysAfter, phoneYesEnds, type Day } from './plain-rules.ts';

export const noon = (day: Day): Date => new Date(`${day}T11:00:00Z`);
/** In the night of a day, when retention runs. */
export const night = (day: Day): Date => new Date(`${daysAfter(day, -1)}T23:15:00Z`);

export const minutes = (at: Date, count: number): Date => new Date(at.getTime() + count * 60_000);

export const seenRed = new Set<string>();

const clean: Standing = { shells: 0, log: { ok: true }, alerts: [] };

export interface Forged {
  readonly book: Book;
  /** Handed in, without a word of what became of it. */
  readonly handedIn: (reference: string, day: Day, over?: Partial<Lead>) => Lead;
  /** Handed in and seen to be there the same day. */
  readonly lead: (reference: string, day: Day, over?: Partial<Lead>) => Lead;
  /** What has come to be there by a day; what was handed in and is not among it was refused. */
  readonly look: (day: Day, ...references: readonly string[]) => void;
  readonly granted: (lead: Lead, day: Day, over?: Partial<Grant>) => void;
  readonly received: (lead: Lead, at: Date, over?: Partial<Receipt>) => void;
  /** A create at both recipients. */
  readonly relayed: (lead: Lead, day: Day, over?: Partial<Receipt>) => void;
  readonly demand: (kind: Demand['kind'], day: Day, over?: Partial<Demand>) => Demand;
  /** A night after which these are still there. */
  readonly night: (day: Day, ...left: readonly Lead[]) => void;
  readonly goes: (lead: Lead, day: Day, entry: 'purged' | 'anonymised') => void;
  /** The figures that are red when all is over. */
  readonly red: (
    end: Day,
    over?: {
      readonly standing?: Partial<Standing>;
      readonly rows?: readonly object[];
      readonly alerts?: readonly string[];
      readonly runs?: readonly Day[];
    },
  ) => readonly Zero[];
}

export function forge(): Forged {
  const { find, all } = createFindings();
  const book = createBook();
  const handedIn: Forged['handedIn'] = (reference, day, over = {}) => {
    const lead: Lead = {
      ...{ reference, kind: 'recurring', operation: undefined, state: 'handed_in', grants: [] },
      ...{ email: `${reference}@courriel.example`, mobile: undefined, landline: undefined },
      ...{ collectedAt: noon(day), sign: noon(day), takenAt: undefined, endedAt: undefined },
      ...over,
    };
    book.handIn(lead);
    return lead;
  };
  const look: Forged['look'] = (day, ...references) =>
    void checkTakenIn(book, find, { references, at: noon(day) });
  const received: Forged['received'] = (lead, at, over = {}) => {
    const receipt: Receipt = {
      ...{ at, reference: lead.reference, destination: 'essai-crm', action: 'create', name: 'Personne' },
      ...{ yes: { email: false, phone: false } },
      ...over,
    };
    checkRelayed(book, find, receipt);
    book.received(receipt);
  };
  return {
    book,
    handedIn,
    look,
    received,
    lead: (reference, day, over) => {
      const lead = handedIn(reference, day, over);
      look(day, reference);
      return lead;
    },
    granted: (lead, day, over = {}) => {
      const ends = over.channel === 'email' ? undefined : phoneYesEnds(noon(day), undefined);
      lead.grants.push({ channel: 'phone', givenAt: noon(day), receivedAt: noon(day), ends, ...over });
    },
    relayed: (lead, day, over) => {
      for (const destination of ['essai-crm', 'essai-old'] as const)
        received(lead, noon(day), { ...over, destination });
    },
    demand: (kind, day, over = {}) => demandOf(book, kind, { day, over }),
    night: (day, ...left) => {
      const due = dueTonight(book, night(day));
      checkNight(find, due, { left: new Set(left.map(({ reference }) => reference)), at: night(day) });
    },
    goes: (lead, day, entry) => goes(book, find, lead, { entry, at: night(day) }),
    red: (end, { standing = {}, rows = [], alerts = [], runs = [] } = {}) => {
      checkBook(book, find, { alerts: new Set(alerts), runs: runs.map(night), end: noon(end) });
      checkStanding(find, { ...clean, ...standing });
      remainsIn(book, find)('some_table', rows);
      const found = Object.entries(zeros).flatMap(([zero, words]) =>
        (all()[words] ?? []).length > 0 ? [zero as Zero] : [],
      );
      for (const zero of found) seenRed.add(zero);
      return found;
    },
  };
}

function demandOf(
  book: Book,
  kind: Demand['kind'],
  { day, over }: { readonly day: Day; readonly over: Partial<Demand> },
): Demand {
  const leads = over.leads ?? [];
  const demand: Demand = {
    ...{
      id: book.demands.length + 1,
      kind,
      openedAt: noon(day),
      leads,
      listed: new Set(leads),
      channels: [],
    },
    ...{ name: undefined, owed: new Map(), acknowledged: new Map() },
    ...{ appliedAt: undefined, liftedAt: undefined, informedAt: undefined, closedAt: undefined },
    ...over,
  };
  book.demands.push(demand);
  return demand;
}

/** One request, relayed to both, and three years without a sign. */
export function life(): Forged & { readonly it: Lead } {
  const forged = forge();
  const it = forged.lead('P1', '2027-02-01');
  forged.relayed(it, '2027-02-01');
  return { ...forged, it };
}
