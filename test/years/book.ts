// What the checker knows of the world: what was handed in, what was asked for, what recipients got; never what the product thinks.
// Invariant: requests of one person are those that share the mail or a phone now, one hop; what is erased or gone shares nothing.
import { dayOf, termOf, type OperationRule, type Term } from './plain-rules.ts';

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
    'access' | 'rectification' | 'erasure' | 'objection' | 'restriction' | 'withdrawal' | 'portability';
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
  readonly demands: Demand[];
  readonly takenBack: TakenBack[];
  readonly receipts: Receipt[];
  /** Of each lead, in their order. */
  readonly receiptsOf: (reference: string, destination: DestinationId) => readonly Receipt[];
  readonly received: (receipt: Receipt) => void;
  readonly operations: Map<string, OperationRule>;
  readonly handIn: (lead: Lead) => void;
  /** Takes a lead's addresses out of the book: nothing shares them with it any more. */
  readonly end: (lead: Lead, how: 'erased' | 'gone' | 'refused', at: Date) => void;
  readonly siblings: (lead: Lead) => ReadonlySet<Lead>;
  readonly withAddress: (addresses: Iterable<string>) => ReadonlySet<Lead>;
  readonly term: (lead: Lead) => Term;
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
  return {
    leads,
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
    handIn: (lead) => {
      leads.set(lead.reference, lead);
      for (const address of addressesOf(lead))
        byAddress.set(address, new Set([...(byAddress.get(address) ?? []), lead]));
    },
    end: (lead, how, at) => {
      for (const address of addressesOf(lead)) byAddress.get(address)?.delete(lead);
      lead.state = how;
      lead.endedAt ??= at;
      // What was said in it went with the person.
      lead.sign = lead.collectedAt;
    },
    siblings,
    withAddress,
    term: (lead) => {
      const { kind, collectedAt } = lead;
      const signs = lead.state === 'erased' ? [lead.sign] : [...siblings(lead)].map(({ sign }) => sign);
      return termOf({
        kind,
        operation: operationOf(operations, lead),
        collectedAt,
        lastSign: new Date(Math.max(...signs.map((sign) => sign.getTime()))),
      });
    },
  };
}

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

export const dayAt = dayOf;
