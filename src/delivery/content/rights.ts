// Lets a right of the prospect reach a recipient whose authorisation has ended (GDPR article 19), or while the lead is restricted (article
// 18): an erasure, a withdrawal or a correction leaves all the same.
// Invariant: it is sent the way the lead was sent and contains nothing new about the person; one that cannot be sent is a task at once.
import { answerToTell } from '../../domain/consent.ts';
import type { Authorisation } from '../../domain/destination.ts';
import type { ConsentRecord, Identity, Lead } from '../../domain/lead.ts';
import { namesIn } from '../../domain/logged-fields.ts';
import type { ConsentSent } from '../../mapping/contract.ts';
import type { Sql } from '../../store/database.ts';
import {
  allHandedOver,
  lastHandedOver,
  revisionHeld,
  type HandedOver,
} from '../../store/deliveries/known-to-recipient.ts';
import type { ClaimedDelivery } from '../trip/attempt.ts';
import type { Published } from '../trip/mapping-cache.ts';

/** The authorisation and values with which a lead was handed over before. */
export interface Former {
  readonly authorisation: Authorisation;
  /** Values of the person that the recipient holds; none if the person was corrected after that. */
  readonly known: ReadonlySet<KnownName>;
  /** Opt-ins that it received, by `purpose.channel`. */
  readonly optIns: ReadonlySet<string>;
}

const nameable = ['lastName', 'firstName', 'email', 'mobile', 'landline'] as const;

/** `phone`: the mobile if given, else the landline. */
type KnownName = (typeof nameable)[number] | 'phone';

export async function readFormers(
  { database, published }: { readonly database: Sql; readonly published: Published },
  rows: readonly ClaimedDelivery[],
  authorisations: ReadonlyMap<string, readonly Authorisation[]>,
): Promise<ReadonlyMap<number, Former>> {
  const found = new Map<number, Former>();
  for (const row of rows) {
    const all = authorisations.get(row.destinationId) ?? [];
    const last = await lastHandedOver(database, row.leadId, row.destinationId);
    // Entries of long ago may have left for the archive: then the authorisation that ended last.
    const authorisation = all.find((candidate) => candidate.id === last?.authorisationId) ?? all.at(-1);
    if (authorisation === undefined) continue;
    const handedOver = await allHandedOver(database, row.leadId, row.destinationId);
    found.set(row.id, {
      authorisation,
      known: last?.correctedSince === false ? await knownOf(handedOver, published) : new Set(),
      optIns: new Set(handedOver.flatMap((entry) => entry.optIns)),
    });
  }
  return found;
}

/** The values of the person in these contents, by the versions that rendered them: today's version may read more. */
async function knownOf(
  handedOver: readonly HandedOver[],
  published: Published,
): Promise<ReadonlySet<KnownName>> {
  const known = new Set<KnownName>();
  for (const { action, call, mappingVersionId, fields, isOlder } of handedOver) {
    const version = isOlder ? undefined : await published.version(mappingVersionId);
    const reads = version?.reads(action, call === '' ? undefined : call) ?? new Map<string, never>();
    for (const name of namesIn(fields, [...reads.keys()])) {
      const sources = reads.get(name) ?? [];
      // If several lines write a target, the log does not say which of them did.
      if (sources.length === 1) for (const value of personIn(sources[0] ?? '')) known.add(value);
    }
  }
  return known;
}

const personIn = (source: string): readonly KnownName[] =>
  source
    .split(', ')
    .flatMap((path) =>
      path === 'identity.phones'
        ? (['mobile', 'landline'] as const)
        : ([...nameable, 'phone'] as const).filter((name) => path === `identity.${name}`),
    );

/** True if a delivery carries a right of the prospect to a recipient that may hold the lead: an erasure, or something taken back. */
export function carriesRight(
  row: Pick<ClaimedDelivery, 'action'>,
  lead: Pick<Lead, 'consents'>,
  now: Date,
): boolean {
  if (row.action !== 'update') return row.action === 'erase';
  return lead.consents.some(({ purpose, channel }) => {
    const state = answerToTell(lead.consents, purpose, channel, now)?.state;
    return state === 'withdrawn' || (state === 'refused' && wasGranted(lead.consents, purpose, channel));
  });
}

/** A refusal takes something back only where something had been granted. */
const wasGranted = (consents: Lead['consents'], purpose: string, channel: string): boolean =>
  consents.some(
    (consent) => consent.purpose === purpose && consent.channel === channel && consent.state === 'granted',
  );

/** Reduces the lead to the values that the recipient needs to find the person, and holds already. */
export function neededOnly(lead: Lead, { known }: Former): Lead {
  const phone = lead.identity.mobile === undefined ? 'landline' : 'mobile';
  const held = nameable.filter(
    (name) =>
      lead.identity[name] !== undefined && (known.has(name) || (name === phone && known.has('phone'))),
  );
  return {
    ...lead,
    identity: Object.fromEntries(held.map((name) => [name, lead.identity[name]])) as Identity,
    project: {},
    origin: {},
    financial: {},
    interactions: [],
  };
}

/** True if each opt-in is one that the recipient has received before, or is taken back. */
export const addsNothingNew = (consents: readonly ConsentSent[], { optIns }: Former): boolean =>
  consents.every(
    ({ purpose, channel, state }) =>
      state === 'withdrawn' || state === 'refused' || optIns.has(`${purpose}.${channel}`),
  );

/** The values that a recipient holds of a lead under a restriction. */
export interface HeldContent {
  /** Latest revision it may hold. */
  readonly revision: number;
  /** The lead was corrected after that left. */
  readonly isCorrected: boolean;
}

export async function readHeldContent(
  sql: Sql,
  rows: readonly Pick<ClaimedDelivery, 'id' | 'leadId' | 'destinationId'>[],
): Promise<ReadonlyMap<number, HeldContent>> {
  const held = new Map<number, HeldContent>();
  for (const { id, leadId, destinationId } of rows) {
    const last = await lastHandedOver(sql, leadId, destinationId);
    held.set(id, {
      revision: await revisionHeld(sql, leadId, destinationId),
      isCorrected: last?.correctedSince !== false,
    });
  }
  return held;
}

/** The lead as an update may send it; undefined: the update takes nothing back and corrects nothing, and waits. */
export function leadUnderRestriction(
  row: Pick<ClaimedDelivery, 'action'>,
  lead: Lead,
  held: HeldContent | undefined,
  now: Date,
): Lead | undefined {
  if (row.action !== 'update' || held === undefined) return undefined;
  const isNew = ({ state, leadRevision = 0 }: ConsentRecord): boolean =>
    state === 'granted' && leadRevision > held.revision;
  const left = lead.consents.filter(isNew).map(({ leadRevision = 0 }) => leadRevision);
  const said: Lead = {
    ...lead,
    // The recipient is not taken to have received what is left out.
    revision: Math.min(lead.revision, ...left.map((revision) => revision - 1)),
    interactions: [],
    consents: lead.consents.filter((consent) => !isNew(consent)),
  };
  return held.isCorrected || carriesRight(row, said, now) ? said : undefined;
}
