// Defines a destination and its governing facts (contract, authorisations, limits), and finds the authorisation that covers a
// delivery. Pure.
// Invariant: deny by default; a destination sends only to targets that the contract and a live authorisation both name (C17-C19).
import type { DataCategory, ConsentChannel, ConsentPurpose, ConsentState } from './lead.ts';
import type { RateLimits } from './rates.ts';
import type { SendingHours } from './sending-hours.ts';
import type { Channel } from './lead-values.ts';

/** Contract facts of a client, from `mappings/<client>/client.yaml`. */
export interface ClientFacts {
  readonly id: string;
  readonly name: string;
  readonly legalEntity: string;
  /** Further companies that a phone consent may name (C16b). */
  readonly legalEntities?: readonly string[];
  /** Hosts, mailboxes or folder keys that leads may go to (C19). */
  readonly hosts: readonly string[];
  readonly mailboxes: readonly string[];
  readonly folders: readonly string[];
  /** Data categories the contract covers (C10: financial must be listed). */
  readonly categories: readonly DataCategory[];
  readonly contacts: {
    /** Designated contact for prospects' rights (C52). */
    readonly rights?: string;
    readonly technical?: string;
    /** Mailbox that gets the signed seal of each day (C46). */
    readonly seals?: string;
  };
  /** Authorisations as the contract lists them (C18); publishing turns them into rows. */
  readonly authorisations?: readonly AuthorisationFact[];
  /** Notices for prospects, version by version (C14). */
  readonly notices?: readonly WordedNotice[];
  /** Go-live evidence (C49-C52). */
  readonly goLive?: Readonly<Record<string, GoLiveEvidence | undefined>>;
  /** Opt-in fields and values as the client gave them (C51). */
  readonly optIn?: readonly AgreedOptIn[];
}

/** One authorisation of client.yaml. Without `targets` it covers every target of its destination. */
export interface AuthorisationFact {
  /** The recipient as in the contract: a company or team, never a prospect. */
  readonly recipient: string;
  readonly destinationId: string;
  /** As `targetKey` writes them. */
  readonly targets?: readonly string[];
  readonly categories: readonly DataCategory[];
  readonly documentRef: string;
  /** ISO 8601 instant (client facts are stored as JSON). */
  readonly validFrom: string;
  /** The first instant it no longer covers. */
  readonly validUntil?: string;
}

export interface Authorisation {
  readonly id: number;
  readonly clientId: string;
  readonly destinationId: string;
  /** The recipient as in the contract: a company or team, never a prospect. */
  readonly recipient: string;
  readonly targets: readonly string[];
  readonly categories: readonly DataCategory[];
  readonly documentRef: string;
  readonly validFrom: Date;
  readonly validUntil?: Date;
  readonly revokedAt?: Date;
}

/** Which authorisation, and from when to when it is valid. */
export type AuthorisationTerm = Pick<Authorisation, 'id' | 'validFrom' | 'validUntil' | 'revokedAt'>;

/** Live authorisations of a destination at an instant. */
export function liveAuthorisations<Term extends AuthorisationTerm>(
  all: readonly Term[],
  now: Date,
): readonly Term[] {
  const live: Term[] = [];
  for (const term of all)
    if (
      term.revokedAt === undefined &&
      term.validFrom <= now &&
      (term.validUntil === undefined || term.validUntil > now)
    )
      live.push(term);
  return live;
}

/** A target as contract and authorisation are compared: in lower case, except the path of a folder of this machine. */
export const targetKey = (target: string): string => (target.startsWith('/') ? target : target.toLowerCase());

/** True if a list, in lower case, has each of these. */
export function namesAll(list: readonly string[], wanted: readonly string[]): boolean {
  for (const name of wanted) if (!list.includes(name.toLowerCase())) return false;
  return true;
}

/**
 * The live authorisation that covers every target; undefined: nothing may leave.
 * One that also covers every category comes first; otherwise the data decides whether its categories suffice.
 */
export function coveringAuthorisation(
  all: readonly Authorisation[],
  targets: readonly string[],
  categories: readonly DataCategory[],
  now: Date,
): Authorisation | undefined {
  let covering: Authorisation | undefined;
  for (const authorisation of liveAuthorisations(all, now)) {
    if (!namesAll(authorisation.targets, targets)) continue;
    if (namesAll(authorisation.categories, categories)) return authorisation;
    covering ??= authorisation;
  }
  return covering;
}

export interface DestinationLimits extends RateLimits {
  /** Deliveries (or files) in flight at once. */
  readonly concurrency: number;
  /** Hours in which leads may leave; undefined: at any time. */
  readonly hours?: SendingHours;
}

export const destinationStatuses = ['active', 'suspended', 'archived'] as const;
export type DestinationStatus = (typeof destinationStatuses)[number];

// Defines the notices that explain to a prospect the use of the data, as the client's contract lists them (C14). Pure.
// Invariant: a version is one wording for ever; a changed wording is another version.

export interface Notice {
  /** The value of `notice` in leads. */
  readonly version: string;
  readonly channel: Channel;
  /** ISO 8601 instant (client facts are stored as JSON); the text was not in use before it. */
  readonly from: string;
}

export interface WordedNotice extends Notice {
  readonly wording: string;
}

/** True when the text was in use on that channel at an instant. */
export const wasInUse = (notice: Notice, channel: Channel, at: Date): boolean =>
  notice.channel === channel && Date.parse(notice.from) <= at.getTime();

// Defines the go-live facts of client.yaml: the evidence of each item, and the agreed opt-in (C49 to C52).
// Invariant: data only.

export interface GoLiveEvidence {
  readonly evidence: string;
  /** yyyy-MM-dd. */
  readonly date: string;
  /** E.164; only for the caller's number. */
  readonly number?: string;
}

/** An opt-in field as the client gave it (C51). */
export interface AgreedOptIn {
  readonly field: string;
  readonly purpose: ConsentPurpose;
  /** Absent: any channel. */
  readonly channel?: ConsentChannel;
  /** Absent: every destination that writes the field. */
  readonly destination?: string;
  /** As in the mapping's truth table. */
  readonly values: Readonly<Partial<Record<ConsentState, string>>>;
}
