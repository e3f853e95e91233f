// Leads as mappings read them, and the lock that consent, erasure and departure share.
// Invariant: every read names its client; whoever changes or sends a lead holds its row.
import type { ConsentRecord, Interaction, Lead } from '../domain/lead.ts';
import { inTime, present, readConsents } from './consents.ts';
import { inList, type Sql } from './database.ts';

/** What the lock on a lead tells. */
export interface LeadLock {
  readonly id: number;
  readonly revision: number;
  readonly consentRevision: number;
  readonly erased: boolean;
}

export interface LeadRead {
  readonly lead: Lead;
  readonly consentRevision: number;
  readonly createdAt: Date;
}

type Row = Record<string, never> & {
  id: number;
  client_id: string;
  reference: string;
  revision: number;
  consent_revision: number;
  channel: Lead['channel'];
  collected_at: Date;
  operation: string | null;
  operation_kind: Lead['operationKind'];
  notice: string | null;
  erased_at: Date | null;
  created_at: Date;
};

/** Full leads by id. Leads that do not exist are missing from the map. */
export async function readLeads(
  sql: Sql,
  leadIds: readonly number[],
): Promise<ReadonlyMap<number, LeadRead>> {
  if (leadIds.length === 0) return new Map();
  const { marks, values } = inList([...new Set(leadIds)]);
  const [rows, consents, interactions] = [
    await sql.all<Row>(
      `SELECT l.id, l.client_id, l.reference, l.revision, l.consent_revision, l.channel, l.collected_at, l.operation,
              l.operation_kind, l.notice, l.erased_at, l.created_at,
              p.civility, p.last_name, p.first_name, p.email, p.mobile, p.landline, p.address_line1, p.address_line2,
              p.postcode, p.city, p.country,
              j.programme, j.housing_type, j.rooms, j.surface_min, j.surface_max, j.housing_use, j.budget_min, j.budget_max,
              j.location, j.comment,
              o.origin_type, o.media, o.support, o.recording, o.commune, o.commune_name, o.departement, o.talk_started_at,
              o.talk_duration,
              f.contribution, f.resale, f.reference_tax_income, f.rent, f.tax_bracket
         FROM leads l
         LEFT JOIN prospects p ON p.lead_id = l.id
         LEFT JOIN lead_projects j ON j.lead_id = l.id
         LEFT JOIN lead_origins o ON o.lead_id = l.id
         LEFT JOIN lead_finances f ON f.lead_id = l.id
        WHERE l.id IN (${marks})`,
      values,
    ),
    await readConsents(sql, leadIds),
    await sql.all<InteractionRow>(
      `SELECT id, lead_id, kind, happened_at, duration, voluntary, content
         FROM interactions WHERE lead_id IN (${marks})`,
      values,
    ),
  ];
  const interactionsOf = inTime(interactions, (row) => row.happened_at);
  return new Map(
    rows.map((row) => [
      row.id,
      {
        lead: leadOf(row, consents.get(row.id) ?? [], (interactionsOf.get(row.id) ?? []).map(interactionOf)),
        consentRevision: row.consent_revision,
        createdAt: row.created_at,
      },
    ]),
  );
}

/** Locks leads for the rest of the transaction, in id order. Consent events, corrections, erasure and departure all come through here. */
export async function lockLeads(tx: Sql, leadIds: readonly number[]): Promise<ReadonlyMap<number, LeadLock>> {
  if (leadIds.length === 0) return new Map();
  const { marks, values } = inList([...new Set(leadIds)].sort((a, b) => a - b));
  const rows = await tx.all<{
    id: number;
    revision: number;
    consent_revision: number;
    erased_at: Date | null;
  }>(
    `SELECT id, revision, consent_revision, erased_at FROM leads FORCE INDEX (PRIMARY) WHERE id IN (${marks}) ORDER BY id FOR UPDATE`,
    values,
  );
  return new Map(
    rows.map((row) => [
      row.id,
      {
        id: row.id,
        revision: row.revision,
        consentRevision: row.consent_revision,
        erased: row.erased_at !== null,
      },
    ]),
  );
}

type InteractionRow = {
  id: number;
  lead_id: number;
  kind: Interaction['kind'];
  happened_at: Date;
  duration: number | null;
  voluntary: number;
  content: string | null;
};

const interactionOf = (row: InteractionRow): Interaction => ({
  kind: row.kind,
  at: row.happened_at,
  voluntary: row.voluntary === 1,
  ...present({ duration: row.duration, content: row.content }),
});

function leadOf(row: Row, consents: readonly ConsentRecord[], interactions: readonly Interaction[]): Lead {
  const address = present({
    line1: row['address_line1'],
    line2: row['address_line2'],
    postcode: row['postcode'],
    city: row['city'],
    country: row['country'],
  });
  return {
    id: row.id,
    clientId: row.client_id,
    reference: row.reference,
    revision: row.revision,
    channel: row.channel,
    collectedAt: row.collected_at,
    operationKind: row.operation_kind,
    ...present({ operation: row.operation, notice: row.notice, erasedAt: row.erased_at }),
    identity: {
      ...present({
        civility: row['civility'],
        lastName: row['last_name'],
        firstName: row['first_name'],
        email: row['email'],
        mobile: row['mobile'],
        landline: row['landline'],
      }),
      ...(Object.keys(address).length === 0 ? {} : { address }),
    },
    project: present({
      programme: row['programme'],
      housingType: row['housing_type'],
      rooms: row['rooms'],
      surfaceMin: row['surface_min'],
      surfaceMax: row['surface_max'],
      use: row['housing_use'],
      budgetMin: row['budget_min'],
      budgetMax: row['budget_max'],
      location: row['location'],
      comment: row['comment'],
    }),
    origin: present({
      type: row['origin_type'],
      media: row['media'],
      support: row['support'],
      recording: row['recording'],
      commune: row['commune'],
      communeName: row['commune_name'],
      departement: row['departement'],
      talkStartedAt: row['talk_started_at'],
      talkDuration: row['talk_duration'],
    }),
    financial: present({
      contribution: row['contribution'],
      resale: row['resale'],
      referenceTaxIncome: row['reference_tax_income'],
      rent: row['rent'],
      taxBracket: row['tax_bracket'],
    }),
    consents,
    interactions,
  };
}
