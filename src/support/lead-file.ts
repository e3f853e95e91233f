// Reads one lead for support: the person, consents in force, interactions, deliveries, and the open ones with their reasons.
// Invariant: an entry of the hand-over log with actor and reason comes first (C58); the person is masked unless revealed (C39).
import { entitiesOf, isNamedEntity, currentConsent } from '../domain/consent.ts';
import { findClient } from '../store/destinations/destinations.ts';
import {
  consentChannels,
  consentPurposes,
  type ConsentChannel,
  type ConsentPurpose,
  type ConsentState,
  type Lead,
} from '../domain/lead.ts';
import { accountNames } from '../store/access/accounts.ts';
import type { Database } from '../store/database.ts';
import { deliveriesOfLeads, type Delivery } from '../store/deliveries/deliveries.ts';
import { readLeads } from '../store/leads/leads.ts';
import { proofsOfLead, type ProofHead } from '../store/people/proofs.ts';
import { findRefused } from '../store/intake/refused-rows.ts';
import {
  exercisedRights,
  leadsNamed,
  routingRefusals,
  type ExercisedRight,
  type FoundLead,
} from '../store/leads/support-leads.ts';
import { noteLookUp, type LookUp } from './find-person.ts';
import { personFacts, refusedFacts, type PersonFact, type RefusedFacts } from './masking.ts';

export interface ConsentInForce {
  readonly purpose: ConsentPurpose;
  readonly channel: ConsentChannel;
  readonly state: ConsentState;
  /** Granted once, and expired or unproved now. */
  readonly lapsed: boolean;
  /** The company it names, where that is neither the client nor a recipient of its leads: it counts as a refusal (C16b). */
  readonly otherEntity?: string;
  readonly recordedAt: Date;
  readonly until: Date | undefined;
}

/** Collector of the lead, and whether it was bought (C54). */
export type Provenance = Pick<
  Lead['origin'],
  'collectedBy' | 'acquisition' | 'seller' | 'buyer' | 'consentProof' | 'proofReference'
>;

export interface LeadFile {
  readonly clientId: string;
  readonly reference: string;
  readonly revision: number;
  readonly channel: Lead['channel'];
  readonly collectedAt: Date;
  readonly erasedAt: Date | undefined;
  readonly interactions: Lead['interactions'];
  /** Version of the notice heard or shown (C14). */
  readonly notice: string | undefined;
  readonly provenance: Provenance;
  readonly person: readonly PersonFact[];
  readonly consents: readonly ConsentInForce[];
  readonly deliveries: readonly Delivery[];
  readonly notRouted: Awaited<ReturnType<typeof routingRefusals>>;
  readonly rights: readonly ShownRight[];
  /** Proofs that name the lead, oldest first. */
  readonly proofs: readonly ProofHead[];
}

export interface ShownRight extends ExercisedRight {
  /** Name of an account, while one is kept. */
  readonly name?: string;
}

type ShownLead =
  | { readonly found: 'lead'; readonly file: LeadFile }
  /** Only rows that intake refused have the reference. */
  | { readonly found: 'refused'; readonly rows: readonly RefusedFacts[] }
  | { readonly found: 'nothing' };

export async function showLead(
  database: Database,
  { clientId, reference }: { readonly clientId: string; readonly reference: string },
  look: LookUp,
): Promise<ShownLead> {
  const leads = await leadsNamed(database, [clientId], reference);
  const refused = leads.length > 0 ? [] : await findRefused(database, [clientId], { reference });
  if (leads.length + refused.length === 0) return { found: 'nothing' };
  // Masked too: the reader of a person is in the log before anything is shown (C58).
  await noteLookUp(
    database,
    look.reveal ? 'revealed' : 'looked_up',
    { leads: leads.slice(0, 1), persons: refused, clientId },
    look,
  );
  const [head] = leads;
  if (head === undefined)
    return { found: 'refused', rows: refused.map((row) => refusedFacts(row, look.reveal)) };
  const file = await readFile(database, head, look.reveal);
  return file === undefined ? { found: 'nothing' } : { found: 'lead', file };
}

async function readFile(database: Database, head: FoundLead, reveal: boolean): Promise<LeadFile | undefined> {
  const lead = (await readLeads(database, [head.id])).get(head.id)?.lead;
  if (lead === undefined) return undefined;
  const { clientId, reference, revision, channel, collectedAt, erasedAt, interactions, notice } = lead;
  return {
    clientId,
    reference,
    revision,
    channel,
    collectedAt,
    erasedAt,
    interactions,
    notice,
    provenance: provenanceOf(lead.origin, reveal),
    person: personFacts(lead, reveal),
    consents: consentsOf(lead, entitiesOf(await findClient(database, clientId), undefined), database.now()),
    deliveries: await deliveriesOfLeads(database, [head.id]),
    notRouted: await routingRefusals(database, clientId, head.id),
    rights: await namedRights(database, head.id),
    proofs: await proofsOfLead(database, head.id),
  };
}

async function namedRights(database: Database, leadId: number): Promise<readonly ShownRight[]> {
  const rights = await exercisedRights(database, leadId);
  const names = await accountNames(
    database,
    rights.map(({ actor }) => actor),
  );
  return rights.map((right) => {
    const name = names.get(right.actor);
    return name === undefined ? right : { ...right, name };
  });
}

/** The reference of a proof may lead to the person: masked like the person. */
function provenanceOf(origin: Lead['origin'], reveal: boolean): Provenance {
  const { collectedBy, acquisition, seller, buyer, consentProof, proofReference } = origin;
  return {
    ...(collectedBy === undefined ? {} : { collectedBy }),
    ...(acquisition === undefined ? {} : { acquisition }),
    ...(seller === undefined ? {} : { seller }),
    ...(buyer === undefined ? {} : { buyer }),
    ...(consentProof === undefined ? {} : { consentProof }),
    ...(proofReference === undefined ? {} : { proofReference: reveal ? proofReference : '***' }),
  };
}

function consentsOf(lead: Lead, entities: ReadonlySet<string>, now: Date): readonly ConsentInForce[] {
  return consentPurposes.flatMap((purpose) =>
    consentChannels.flatMap((channel): readonly ConsentInForce[] => {
      const consent = currentConsent(lead.consents, purpose, channel, now);
      if (consent === undefined) return [];
      const { state, lapsed, until, record } = consent;
      const isForeign =
        channel === 'phone' && state === 'granted' && !isNamedEntity(record.legalEntity, entities);
      return [
        {
          purpose,
          channel,
          state,
          lapsed,
          until,
          recordedAt: record.recordedAt,
          ...(isForeign ? { otherEntity: record.legalEntity ?? '' } : {}),
        },
      ];
    }),
  );
}
