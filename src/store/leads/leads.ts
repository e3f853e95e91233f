// Reads leads for mappings, and takes the lock that consent, erasure and departure share.
// Invariant: a transaction that changes or sends a lead locks its row first.
import { optionalBlocks, type ConsentRecord, type Lead, type OptionalBlock } from '../../domain/lead.ts';
import { columnFacts, type LeadFields, type leadFields } from '../../domain/lead-fields/columns.ts';
import { financialFields } from '../../domain/lead-fields/financial.ts';
import { identityFields } from '../../domain/lead-fields/identity.ts';
import { interactionFields } from '../../domain/lead-fields/interaction.ts';
import { originFields } from '../../domain/lead-fields/origin.ts';
import { projectFields } from '../../domain/lead-fields/project.ts';
import { requestFields } from '../../domain/lead-fields/request.ts';
import { inTime, readConsents } from './consents.ts';
import { inList, type Sql } from '../database.ts';
import { refusedAtAddress } from '../people/same-address.ts';
import { blockReader, interactionColumns, selectionOf, type RowOf } from './lead-columns.ts';
import { packed, unpacker } from '../placeholders.ts';

/** Result of the lock on a lead. */
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
  /** Processing is restricted: only its erasure, withdrawals and corrections leave. */
  readonly restricted?: true;
}

export type LeadRow = RowOf<typeof leadFields> & {
  readonly id: number;
  readonly client_id: string;
  readonly reference: string;
  readonly revision: number;
  readonly consent_revision: number;
  readonly erased_at: Date | null;
  readonly created_at: Date;
  readonly restricted_at: Date | null;
};

type Blocks = ReadonlySet<OptionalBlock>;

const ownColumns = [
  'id',
  'client_id',
  'reference',
  'revision',
  'consent_revision',
  'erased_at',
  'created_at',
  'restricted_at',
] as const;
const ownInstants = ['erased_at', 'created_at', 'restricted_at'];

/** How leads are read with some of their blocks: only the tables of these are joined. */
export interface LeadReading {
  /** The packed columns of `leads l` and its tables. */
  readonly columns: string;
  /** The same as columns of their own. */
  readonly plain: string;
  readonly joins: string;
  readonly unpack: (value: unknown) => LeadRow;
}

const readings = new Map<string, LeadReading>();
/** The same for blocks that were asked for before: each mapping keeps its own. */
const readingsOf = new WeakMap<Blocks, LeadReading>();

export function leadReading(blocks: Blocks): LeadReading {
  const reading = readingsOf.get(blocks) ?? newReading(blocks);
  readingsOf.set(blocks, reading);
  return reading;
}

function newReading(blocks: Blocks): LeadReading {
  const unread = optionalBlocks.filter((block) => !blocks.has(block));
  const known = readings.get(unread.join());
  if (known !== undefined) return known;
  const wanted = columnFacts.filter(({ path }) => !unread.some((block) => path.startsWith(`${block}.`)));
  const { columns, expressions, joins } = selectionOf(wanted.map(({ column }) => column));
  const instants = columns.filter(({ type }) => type === 'date').map(({ column }) => column);
  const reading: LeadReading = {
    columns: packed([...ownColumns.map((name) => `l.${name}`), ...expressions]),
    plain: [
      ...ownColumns.map((name) => `l.${name}`),
      ...columns.map(({ column }, index) => `${expressions[index] ?? ''} AS ${column}`),
    ].join(', '),
    joins,
    unpack: unpacker<LeadRow>(
      [...ownColumns, ...columns.map(({ column }) => column)],
      new Set([...ownInstants, ...instants]),
    ),
  };
  readings.set(unread.join(), reading);
  return reading;
}

const everyBlock: Blocks = new Set(optionalBlocks);

/**
 * Leads by id; those that do not exist are missing from the map.
 * @param blocks the blocks to read, all by default; the others stay empty
 */
export async function readLeads(
  sql: Sql,
  leadIds: readonly number[],
  blocks: Blocks = everyBlock,
): Promise<ReadonlyMap<number, LeadRead>> {
  if (leadIds.length === 0) return new Map();
  const { marks, values } = inList([...new Set(leadIds)]);
  const { columns, joins, unpack } = leadReading(blocks);
  const rows = await sql.all<{ packed: unknown }>(
    `SELECT ${columns} AS packed FROM leads l ${joins} WHERE l.id IN (${marks})`,
    values,
  );
  const consents = await readConsents(sql, leadIds);
  return leadsOf(
    sql,
    rows.map((row) => unpack(row.packed)),
    consents,
    blocks,
  );
}

/** The leads of these rows, with what their other blocks need besides. */
export async function leadsOf(
  sql: Sql,
  rows: readonly LeadRow[],
  consents: ReadonlyMap<number, readonly ConsentRecord[]>,
  blocks: Blocks,
): Promise<Map<number, LeadRead>> {
  const leadIds = new Set<number>();
  for (const { id } of rows) leadIds.add(id);
  const interactions = blocks.has('interactions') ? await readInteractions(sql, [...leadIds]) : [];
  const refused = blocks.has('refusedAtAddress') ? await refusedAtAddress(sql, [...leadIds]) : undefined;
  const interactionsOf = inTime(interactions, (row) => row.happened_at);
  return new Map(
    rows.map((row) => [
      row.id,
      {
        lead: {
          ...leadOf(row, blocks),
          consents: consents.get(row.id) ?? [],
          interactions: (interactionsOf.get(row.id) ?? []).map(interactionOf),
          ...refusalsOf(refused?.get(row.id)),
        },
        consentRevision: row.consent_revision,
        createdAt: row.created_at,
        ...(row.restricted_at === null ? {} : { restricted: true as const }),
      },
    ]),
  );
}

async function readInteractions(sql: Sql, leadIds: readonly number[]): Promise<readonly InteractionRow[]> {
  if (leadIds.length === 0) return [];
  const { marks, values } = inList(leadIds);
  return sql.all<InteractionRow>(
    `SELECT id, lead_id, ${interactionColumns.map(([, column]) => column).join(', ')}
       FROM interactions WHERE lead_id IN (${marks})`,
    values,
  );
}

const refusalsOf = (refusedAtAddress: Lead['refusedAtAddress']): Pick<Lead, 'refusedAtAddress'> =>
  refusedAtAddress === undefined ? {} : { refusedAtAddress };

/** A new lead as its intake row gave it, before it is read back. */
export const leadOfFields = (
  { clientId, reference }: { readonly clientId: string; readonly reference: string },
  fields: LeadFields,
  consents: Lead['consents'],
): Lead => ({
  ...leadOf(
    {
      ...(fields as RowOf<typeof leadFields>),
      id: 0,
      client_id: clientId,
      reference,
      revision: 1,
      consent_revision: 1,
      erased_at: null,
      restricted_at: null,
      created_at: fields.collected_at instanceof Date ? fields.collected_at : new Date(0),
    },
    everyBlock,
  ),
  consents,
  interactions: [],
});

/**
 * Locks leads for the rest of the transaction, in id order. Consent events, corrections, erasure and departure all take this lock.
 */
export const lockLeads = (tx: Sql, leadIds: readonly number[]): Promise<ReadonlyMap<number, LeadLock>> =>
  locked(tx, leadIds, 'FOR UPDATE');

/** The same without waiting: leads that another transaction has locked are left out. */
export const lockFreeLeads = (tx: Sql, leadIds: readonly number[]): Promise<ReadonlyMap<number, LeadLock>> =>
  locked(tx, leadIds, 'FOR UPDATE SKIP LOCKED');

async function locked(
  tx: Sql,
  leadIds: readonly number[],
  lock: string,
): Promise<ReadonlyMap<number, LeadLock>> {
  if (leadIds.length === 0) return new Map();
  const { marks, values } = inList([...new Set(leadIds)].sort((a, b) => a - b));
  const rows = await tx.all<{
    id: number;
    revision: number;
    consent_revision: number;
    erased_at: Date | null;
  }>(
    `SELECT id, revision, consent_revision, erased_at FROM leads FORCE INDEX (PRIMARY) WHERE id IN (${marks}) ORDER BY id ${lock}`,
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

type InteractionRow = RowOf<typeof interactionFields> & {
  readonly id: number;
  readonly lead_id: number;
  readonly happened_at: Date;
};

const interactionOf = blockReader(interactionFields);
const requestOf = blockReader(requestFields);
const identityOf = blockReader(identityFields);
const projectOf = blockReader(projectFields);
const originOf = blockReader(originFields);
const financialOf = blockReader(financialFields);

function leadOf(row: LeadRow, blocks: Blocks): Omit<Lead, 'consents' | 'interactions'> {
  return {
    id: row.id,
    clientId: row.client_id,
    reference: row.reference,
    revision: row.revision,
    ...requestOf(row),
    ...(row.erased_at === null ? {} : { erasedAt: row.erased_at }),
    identity: identityOf(row),
    project: blocks.has('project') ? projectOf(row) : {},
    origin: blocks.has('origin') ? originOf(row) : {},
    financial: blocks.has('financial') ? financialOf(row) : {},
  };
}
