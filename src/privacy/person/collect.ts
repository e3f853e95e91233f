// Collects all data of a person at one client, from the leads and refused rows that were confirmed to be theirs (C21).
// Invariant: reads nothing but those leads, those rows and the lists under their own addresses; nothing of another person or client.
import { addressDigests, type Addresses } from '../../domain/opposition.ts';
import type { KeyRing } from '../../domain/key-ring.ts';
import type { Lead } from '../../domain/lead.ts';
import { RelaisError } from '../../errors.ts';
import { unknownClient } from '../../errors/unknown.ts';
import type { Sql, SqlValue } from '../../store/database.ts';
import { findClient } from '../../store/destinations/destinations.ts';
import { isLookUp, type LeadEntry } from '../../store/log/lead-log.ts';
import { createSnapshots } from '../../store/leads/lead-revisions.ts';
import { readLeads, type LeadRead } from '../../store/leads/leads.ts';
import { addressesOf, formerAddresses, oppositionsOf } from '../../store/people/oppositions.ts';
import {
  givenReferences,
  keptRevisions,
  refusedRecords,
  wordingsOf,
  type Wording,
  type RefusedRecord,
} from '../../store/people/person-records.ts';
import type { LeadSecrets } from '../../store/secrets.ts';
import type { PaperContact } from '../papers/paper.ts';
import { allEntriesOfLeads } from '../archive-file.ts';
import {
  personFormat,
  transmissionsOf,
  type ExportKind,
  type HeldLead,
  type HeldTransmission,
  type PersonFile,
} from './person-file.ts';
import { requestsOfPerson } from '../../store/people/requests.ts';
import { leadColumns } from '../../domain/lead-fields/columns.ts';
import { namesIn } from '../../domain/logged-fields.ts';
import type { CompiledMapping } from '../../mapping/contract.ts';
import { sourceLabel } from '../../mapping/spec/french-transport.ts';

// Writes a refused row for its person: the sender's values, and the reasons of the refusal.
// Invariant: every column the sender may fill; of the columns that Relais fills only the reasons.

/** Columns that the sender fills. */
const senderColumns: readonly string[] = [
  'kind',
  'reference',
  'row_reference',
  ...leadColumns,
  'consents',
  'interactions',
  'clear_fields',
];

export function heldRow(row: RefusedRecord): PersonFile['refusedRows'][number] {
  const reasons = JSON.parse(String(row['refusal'] ?? '[]')) as readonly { column?: string; code?: string }[];
  const values = senderColumns.flatMap((column): readonly (readonly [string, string | number])[] => {
    const value: SqlValue | undefined = row[column];
    if (value === null || value === undefined || value === '') return [];
    return [
      [
        column,
        value instanceof Date ? value.toISOString() : typeof value === 'number' ? value : String(value),
      ],
    ];
  });
  return {
    receivedAt: row['received_at'] as Date,
    reasons: reasons.map(({ column = '', code = '' }) => `${column} ${code}`.trim()),
    values: Object.fromEntries(values),
  };
}

// Lists the data of a transmission by the French names of a lead's data; a recipient's field names mean nothing to the person.
// Invariant: each field that carried the person's data is listed, under the recipient's name where no mapping version explains it.

/** A version as this program compiles it; undefined where it cannot. */
export type VersionOf = (id: number) => Promise<Pick<CompiledMapping, 'reads'> | undefined>;

const optIns = 'Vos consentements';
/** Codes and constants of the gateway, not a person's data. */
const isOurs = (source: string): boolean =>
  source.startsWith('(') || /^(client|delivery|calls)\./.test(source);

async function dataSent(
  {
    fields,
    action,
    callName,
    mappingVersionId,
  }: Pick<LeadEntry, 'fields' | 'action' | 'callName' | 'mappingVersionId'>,
  versionOf: VersionOf,
): Promise<readonly string[]> {
  if (fields === '') return [];
  const version = await versionOf(mappingVersionId);
  if (version === undefined || action === '') return fields.split(' ');
  const reads = version.reads(action, callName === '' ? undefined : callName);
  const words = namesIn(fields, [...reads.keys()]).flatMap((name) => {
    const sources = reads.get(name) ?? [];
    // A line without a source of its own carries an opt-in.
    if (sources.length === 0) return [optIns];
    return sources
      .flatMap((source) => source.split(', '))
      .filter((source) => !isOurs(source))
      .map((source) => sourceLabel(source));
  });
  return [...new Set(words)];
}

export interface CollectDeps {
  readonly secrets: LeadSecrets;
  readonly sealKeys: KeyRing;
  readonly oppositionKey: Buffer;
  readonly contact: PaperContact;
  readonly versionOf: VersionOf;
}

export interface Collecting {
  readonly kind: ExportKind;
  readonly clientId: string;
  readonly leadIds: readonly number[];
  readonly refusedRows: readonly string[];
  /** Given by the person: the opposition list may have them without a lead, or since a lead was erased. */
  readonly given?: readonly Addresses[];
  readonly request?: string;
  /** Folder of the log's archives; needed where entries of these leads were taken out of MySQL. */
  readonly archives?: string;
}

/** @throws FIND-001 for an unknown client or lead, LOG-003 where the log of these leads is in archives that were not given */
export async function collectPerson(tx: Sql, deps: CollectDeps, asked: Collecting): Promise<PersonFile> {
  const { kind, clientId, leadIds } = asked;
  const client = await findClient(tx, clientId);
  if (client === undefined) throw unknownClient(clientId);
  const read = await readLeads(tx, leadIds);
  const ofOthers = leadIds.filter((id) => read.get(id)?.lead.clientId !== clientId);
  if (ofOthers.length > 0)
    throw new RelaisError('FIND-001', [
      `Le client ${clientId} n’a pas de contact ${ofOthers.join(', ')}.`,
      `Client ${clientId} has no lead ${ofOthers.join(', ')}.`,
    ]);
  const referenceOf = (id: number): string => read.get(id)?.lead.reference ?? '';
  const place = { sealKeys: deps.sealKeys, folder: asked.archives };
  const entries = await allEntriesOfLeads(tx, place, leadIds);
  return {
    format: personFormat,
    kind,
    request: asked.request ?? null,
    madeAt: tx.now(),
    client: { id: clientId, name: client.name, legalEntity: client.legalEntity },
    contact: deps.contact,
    leads: await heldLeads(tx, deps, [...read.values()], await wordingsOf(tx, clientId)),
    ...(await fromTheLog(entries, referenceOf, deps.versionOf)),
    references: (await givenReferences(tx, leadIds)).map(({ leadId, destinationId, reference }) => ({
      lead: referenceOf(leadId),
      destination: destinationId,
      reference,
    })),
    refusedRows: (await refusedRecords(tx, clientId, asked.refusedRows)).map(heldRow),
    oppositions: await oppositionsOfPerson(tx, deps, asked),
    requests: await requestsIn(tx, asked),
  };
}

const requestsIn = async (
  tx: Sql,
  { clientId, leadIds, refusedRows: rows }: Collecting,
): Promise<PersonFile['requests']> =>
  (await requestsOfPerson(tx, clientId, { leadIds, rows })).map(({ id, kind, receivedAt, state }) => ({
    number: String(id),
    kind,
    openedAt: receivedAt,
    state,
  }));

type FromLog = Pick<PersonFile, 'transmissions' | 'consultations' | 'rights'>;

const right: ReadonlySet<string> = new Set([
  'withdrawn',
  'consent_ended',
  'opposition_kept',
  'erased',
  'corrected',
]);

async function fromTheLog(
  entries: readonly LeadEntry[],
  referenceOf: (id: number) => string,
  versionOf: VersionOf,
): Promise<FromLog> {
  const transmissions: HeldTransmission[] = [];
  for (const sent of transmissionsOf(entries))
    transmissions.push({
      lead: referenceOf(sent.leadId),
      departedAt: sent.departedAt,
      action: sent.action,
      recipient: sent.recipient,
      destination: sent.destinationId,
      by: sent.connector,
      fields: sent.fields,
      data: await dataSent({ ...sent, fields: sent.fields.join(' ') }, versionOf),
      optIn: sent.optIn,
      reception: sent.reception,
      answeredAt: sent.answeredAt,
    });
  return {
    transmissions,
    consultations: entries.filter(isLookUp).map(({ leadId, at, entry, purpose }) => ({
      lead: referenceOf(leadId),
      at,
      what: entry,
      why: purpose,
    })),
    rights: entries
      .filter(({ entry, deliveryId }) => deliveryId === 0 && right.has(entry))
      .map(({ leadId, at, entry, reason, fields }) => ({
        lead: referenceOf(leadId),
        at,
        what: entry,
        detail: reason === '' ? fields : reason,
      })),
  };
}

async function heldLeads(
  tx: Sql,
  { secrets }: CollectDeps,
  read: readonly LeadRead[],
  wordings: readonly Wording[],
): Promise<readonly HeldLead[]> {
  const kept = await keptRevisions(
    tx,
    read.map(({ lead }) => lead.id),
  );
  const earlier = await createSnapshots(secrets).read(tx, kept);
  return read
    .toSorted((a, b) => a.lead.id - b.lead.id)
    .map(({ lead, createdAt }) => ({
      ...contentOf(lead),
      reference: lead.reference,
      channel: lead.channel,
      collectedAt: lead.collectedAt,
      receivedAt: createdAt,
      ...(lead.erasedAt === undefined ? {} : { erasedAt: lead.erasedAt }),
      ...(lead.operation === undefined ? {} : { operation: lead.operation }),
      operationKind: lead.operationKind,
      ...(lead.notice === undefined ? {} : { notice: worded(lead.notice, lead.channel, wordings) }),
      interactions: lead.interactions,
      consents: lead.consents.map(({ receipt: _receipt, leadRevision: _revision, ...consent }) => ({
        ...consent,
        ...wordingOf(consent.wordingVersion, lead.channel, wordings),
      })),
      earlier: kept
        .filter(({ leadId }) => leadId === lead.id)
        .flatMap(({ leadId, revision }) => earlier.get(`${leadId}:${revision}`) ?? [])
        .map(contentOf),
    }));
}

const contentOf = ({
  revision,
  identity,
  project,
  origin,
  financial,
}: Lead): HeldLead['earlier'][number] => ({ revision, identity, project, origin, financial });

/** The wording of a version; where one version covers several channels, the wordings of the lead's own channels. */
function wordingOf(
  version: string | undefined,
  channel: string,
  wordings: readonly Wording[],
): { readonly wording?: string } {
  const found = wordings.filter((one) => one.version === version);
  const own = found.find((one) => one.channel === channel) ?? found[0];
  return own === undefined ? {} : { wording: own.wording };
}

const worded = (version: string, channel: string, wordings: readonly Wording[]) => ({
  version,
  ...wordingOf(version, channel, wordings),
});

async function oppositionsOfPerson(
  tx: Sql,
  { oppositionKey }: CollectDeps,
  { clientId, leadIds, given = [] }: Collecting,
): Promise<PersonFile['oppositions']> {
  const addresses = [...given, ...(await addressesOf(tx, leadIds))];
  const digests = [
    ...addresses.flatMap((address) => addressDigests(oppositionKey, clientId, address)),
    ...(await formerAddresses(tx, ...leadIds)),
  ];
  const found = Map.groupBy(
    await oppositionsOf(tx, clientId, digests),
    ({ purpose, channel }) => `${purpose}.${channel}`,
  );
  return [...found].map(([optIn, rows]) => ({
    optIn,
    since: new Date(Math.max(...rows.map(({ recordedAt }) => recordedAt.getTime()))),
  }));
}
