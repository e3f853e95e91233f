// What the checker knows of the world: what was handed in, what was asked for, what recipients got; never what the product thinks.
// Invariant: requests of one person are those that share the mail or a phone now, one hop; what is erased or gone shares nothing.
import { termOf, type Day, type OperationRule, type Term } from './plain-rules.ts';

export type Channel = 'email' | 'phone';
export const destinations = ['essai-crm', 'essai-old'] as const;
export type DestinationId = (typeof destinations)[number];

export interface Grant {
  readonly channel: Channel;
  readonly givenAt: Date;
  readonly receivedAt: Date;
  readonly ends: Date | undefined;
}

export interface Lead {
  readonly reference: string;
  readonly kind: 'one_off' | 'recurring';
  readonly operation: string | undefined;
  readonly collectedAt: Date;
  email: string | undefined;
  mobile: string | undefined;
  landline: string | undefined;
  sign: Date;
  state: 'handed_in' | 'there' | 'refused' | 'erased' | 'gone';
  takenAt: Date | undefined;
  endedAt: Date | undefined;
  readonly grants: Grant[];
}

/** An opt-out: who was meant, and from when on. */
export interface TakenBack {
  readonly at: Date;
  readonly channel: Channel;
  readonly leads: ReadonlySet<Lead>;
  readonly addresses: ReadonlySet<string>;
}

export interface Demand {
  readonly id: number;
  readonly kind:
    | 'access'
    | 'rectification'
    | 'erasure'
    | 'objection'
    | 'restriction'
    | 'withdrawal'
    | 'portability';
  readonly openedAt: Date;
  readonly leads: readonly Lead[];
  /** What it may speak of, from its coming in: the leads with an address of it, and those that share one with them. */
  readonly listed: ReadonlySet<Lead>;
  readonly channels: readonly Channel[];
  /** Of a rectification: the name that replaces the other. */
  readonly name: string | undefined;
  /** Who had received each lead when it was applied. */
  readonly owed: Map<string, readonly DestinationId[]>;
  appliedAt: Date | undefined;
  liftedAt: Date | undefined;
  informedAt: Date | undefined;
  closedAt: Date | undefined;
  readonly acknowledged: Map<string, Date>;
}

export interface Receipt {
  readonly at: Date;
  readonly destination: DestinationId;
  readonly reference: string;
  readonly action: 'create' | 'update' | 'erase';
  readonly yes: Readonly<Record<Channel, boolean>>;
  readonly name: string;
}

export interface Book {
  readonly leads: Map<string, Lead>;
  /** Handed in, and not seen taken in or refused yet. */
  readonly awaited: Set<Lead>;
  readonly demands: Demand[];
  readonly takenBack: TakenBack[];
  readonly receipts: Receipt[];
  /** Of each lead, in their order. */
  readonly receiptsOf: (reference: string, destination: DestinationId) => readonly Receipt[];
  readonly received: (receipt: Receipt) => void;
  readonly operations: ReadonlyMap<string, OperationRule>;
  readonly record: (code: string, rule: OperationRule) => void;
  readonly handIn: (lead: Lead) => void;
  /** Takes a lead's addresses out of the book: nothing shares them with it any more. */
  readonly end: (lead: Lead, how: 'erased' | 'gone' | 'refused', at: Date) => void;
  readonly siblings: (lead: Lead) => ReadonlySet<Lead>;
  readonly withAddress: (addresses: Iterable<string>) => ReadonlySet<Lead>;
  readonly term: (lead: Lead) => Term;
  /** Leads whose own signs would not keep them past a day: only these can be due on it. */
  readonly mayBeDue: (day: Day) => readonly Lead[];
}

export const addressesOf = ({ email, mobile, landline }: Lead): readonly string[] =>
  [email, mobile, landline].filter((one) => one !== undefined);

export function createBook(): Book {
  const leads = new Map<string, Lead>();
  const byAddress = new Map<string, Set<Lead>>();
  const receipts: Receipt[] = [];
  const byLead = new Map<string, Receipt[]>();
  const operations = new Map<string, OperationRule>();
  const withAddress = (addresses: Iterable<string>): ReadonlySet<Lead> =>
    new Set([...addresses].flatMap((address) => [...(byAddress.get(address) ?? [])]));
  const siblings = (lead: Lead): ReadonlySet<Lead> =>
    new Set([
      lead,
      ...[...withAddress(addressesOf(lead))].filter(
        ({ state }) => state === 'there' || state === 'handed_in',
      ),
    ]);
  const awaited = new Set<Lead>();
  // By its own signs, which another of the person's can only put off: found again where an operation or an end changes it.
  const soonest = new Map<Lead, Day>();
  const soonestOf = (lead: Lead): Day => {
    const known = soonest.get(lead);
    if (known !== undefined) return known;
    const day = alone(operations, lead).goesOn;
    soonest.set(lead, day);
    return day;
  };
  return {
    leads,
    awaited,
    demands: [],
    takenBack: [],
    receipts,
    receiptsOf: (reference, destination) => byLead.get(`${destination} ${reference}`) ?? [],
    received: (receipt) => {
      receipts.push(receipt);
      const key = `${receipt.destination} ${receipt.reference}`;
      byLead.set(key, [...(byLead.get(key) ?? []), receipt]);
    },
    operations,
    record: (code, rule) => {
      operations.set(code, rule);
      soonest.clear();
    },
    handIn: (lead) => {
      leads.set(lead.reference, lead);
      awaited.add(lead);
      for (const address of addressesOf(lead))
        byAddress.set(address, new Set([...(byAddress.get(address) ?? []), lead]));
    },
    end: (lead, how, at) => {
      for (const address of addressesOf(lead)) byAddress.get(address)?.delete(lead);
      lead.state = how;
      lead.endedAt ??= at;
      // What was said in it went with the person.
      lead.sign = lead.collectedAt;
      soonest.delete(lead);
    },
    siblings,
    withAddress,
    term: (lead) => {
      if (lead.state === 'erased') return alone(operations, lead);
      const signs = [...siblings(lead)].map(({ sign }) => sign.getTime());
      return alone(operations, lead, new Date(Math.max(...signs)));
    },
    mayBeDue: (day) =>
      [...leads.values()].filter(
        (lead) => (lead.state === 'there' || lead.state === 'erased') && soonestOf(lead) <= day,
      ),
  };
}

const alone = (operations: Book['operations'], lead: Lead, lastSign = lead.sign): Term =>
  termOf({
    kind: lead.kind,
    operation: operationOf(operations, lead),
    collectedAt: lead.collectedAt,
    lastSign,
  });

/** What is recorded of its operation; what is said of the client as a whole is said of its recurring requests. */
const operationOf = (operations: Book['operations'], { operation, kind }: Lead): OperationRule | undefined =>
  operations.get(operation ?? '') ?? (kind === 'recurring' ? operations.get('') : undefined);

/** Whether a demand that restricts a lead stood at a moment. */
export const isRestricted = (
  { demands }: Pick<Book, 'demands'>,
  lead: Lead,
  at: Date,
  graceMs = 0,
): boolean =>
  demands.some(
    ({ kind, leads, appliedAt, liftedAt }) =>
      kind === 'restriction' &&
      leads.includes(lead) &&
      appliedAt !== undefined &&
      appliedAt <= at &&
      (liftedAt === undefined || liftedAt.getTime() + graceMs > at.getTime()),
  );

/** Collected before its person was erased: the officer decides about such a row. */
export const isErasedSince = ({ demands }: Pick<Book, 'demands'>, lead: Lead, at: Date): boolean =>
  demands.some(
    ({ kind, leads, appliedAt }) =>
      kind === 'erasure' &&
      appliedAt !== undefined &&
      appliedAt <= at &&
      lead.collectedAt < appliedAt &&
      leads.flatMap(addressesOf).some((address) => addressesOf(lead).includes(address)),
  );
