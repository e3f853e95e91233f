// Runs an act with its proof: reads the person's tables before and after, in the act's own transaction, and signs the changes.
// Invariant: act and proof commit together; the proof is made from the tables, not from the act's own report.
import { createHash } from 'node:crypto';
import type { KeyRing } from '../../domain/key-ring.ts';
import { addressDigests } from '../../domain/opposition.ts';
import { unknownClient } from '../../errors/unknown.ts';
import type { Sql, SqlValue } from '../../store/database.ts';
import { findClient } from '../../store/destinations/destinations.ts';
import { appendHandovers, type Handover } from '../../store/log/handovers.ts';
import { lockLeads } from '../../store/leads/leads.ts';
import { addressesOf, formerAddresses } from '../../store/people/oppositions.ts';
import { leadHeads } from '../../store/people/person-records.ts';
import { refusedOfLeads } from '../../store/people/refused-of-person.ts';
import {
  readPersonTables,
  type PersonScope,
  type PersonRow,
  type PersonTables,
} from '../../store/people/person-tables.ts';
import {
  entriesSince,
  insertProof,
  insertProofDocument,
  installationId,
  logPosition,
  type LogEntryHead,
} from '../../store/people/proofs.ts';
import { lockClients } from '../../store/client-locks.ts';
import {
  proofKeyOf,
  proofFormat,
  proofText,
  signProof,
  type LogPosition,
  type Proof,
  type ProvedAct,
  type ProvedTable,
  type SignedProof,
  type ProvedColumn,
} from './proof.ts';

/** The centre's contact, as letters and proofs name it. */
type ProofContact = Proof['contact'];

export interface ProofDeps {
  readonly sealKeys: KeyRing;
  readonly oppositionKey: Buffer;
  readonly keysSchema: string;
  readonly contact: ProofContact;
}

interface ActOn {
  readonly act: ProvedAct;
  readonly clientId: string;
  readonly leadIds: readonly number[];
  /** Refused rows that the act names, by their numbers in lead_intake; those that an erasure takes with its leads are measured besides. */
  readonly refusedRows?: readonly string[];
  /** Number of the request; none for an act of its own. */
  readonly request?: string;
  readonly actor: string;
}

/**
 * Runs the work and proves it; call it inside a transaction that has locked nothing but the client, alone.
 * @throws FIND-001 for an unknown client
 */
export async function proved<T>(
  tx: Sql,
  deps: ProofDeps,
  on: ActOn,
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly proof: SignedProof }> {
  const { clientId, leadIds } = on;
  await lockClients(tx, [clientId], 'alone', 'taken');
  await lockLeads(tx, leadIds);
  const scope = await scopeOf(tx, deps, on);
  const [before, tablesBefore] = [await logPosition(tx), await readPersonTables(tx, scope)];
  const result = await work();
  const tables = provedTables(tablesBefore, await readPersonTables(tx, scope));
  const proof = await writeProof(tx, deps, {
    ...on,
    references: scope.references,
    tables,
    before,
    entries: await entriesSince(tx, before.entry, { clientId, leadIds }),
  });
  return { result, proof };
}

async function scopeOf(tx: Sql, deps: ProofDeps, on: ActOn): Promise<PersonScope> {
  const { act, clientId, leadIds, refusedRows = [] } = on;
  const addresses = await addressesOf(tx, leadIds);
  const besides =
    act === 'erasure' ? await refusedOfLeads(tx, { clientId, leadIds, key: deps.oppositionKey }) : [];
  return {
    clientId,
    leadIds,
    refusedRows: [...new Set([...refusedRows, ...besides])],
    references: (await leadHeads(tx, leadIds)).map(({ reference }) => reference),
    digests: [
      ...addresses.flatMap((address) => addressDigests(deps.oppositionKey, clientId, address)),
      ...(await formerAddresses(tx, ...leadIds)),
    ],
    keysSchema: deps.keysSchema,
  };
}

interface Proving extends Omit<ActOn, 'refusedRows'> {
  readonly references: readonly string[];
  readonly tables: readonly ProvedTable[];
  readonly before: LogPosition;
  readonly entries: readonly LogEntryHead[];
}

/** Signs and keeps a proof of the caller's counts, in the caller's transaction. */
export async function writeProof(tx: Sql, deps: ProofDeps, proving: Proving): Promise<SignedProof> {
  const { act, clientId, leadIds, references, tables, before, entries, request } = proving;
  const client = await findClient(tx, clientId);
  if (client === undefined) throw unknownClient(clientId);
  const madeAt = tx.now();
  const number = await insertProof(tx, { clientId, act, request: request ?? '', madeAt });
  const key = proofKeyOf(deps.sealKeys.current());
  const after = await logPosition(tx);
  const proof = signProof(
    {
      format: proofFormat,
      number,
      act,
      request: request ?? null,
      madeAt: madeAt.toISOString(),
      installation: (await installationId(tx)) ?? 'none',
      client: { id: clientId, name: client.name, legalEntity: client.legalEntity },
      contact: deps.contact,
      leads: [...references],
      tables,
      log: {
        before,
        after,
        entries: [...Map.groupBy(entries, ({ entry }) => entry)].map(([entry, found]) => ({
          entry,
          ids: found.map(({ id }) => id),
        })),
      },
      key: key.id,
    },
    key.privateKey,
  );
  const document = proofText(proof);
  await insertProofDocument(tx, number, document, leadIds);
  await appendHandovers(tx, entriesOf(proving, number, document));
  return proof;
}

/** One for each lead, with the digest of the document; without leads one of the client. */
function entriesOf(
  { clientId, leadIds, actor, request }: Proving,
  number: number,
  document: string,
): Handover[] {
  const entry: Handover = {
    entry: 'proof_made',
    clientId,
    actor,
    reason: `proof:${number}`,
    digest: createHash('sha256').update(document).digest(),
    bytes: Buffer.byteLength(document),
    ...(request === undefined ? {} : { purpose: `request ${request}` }),
  };
  return leadIds.length === 0 ? [entry] : leadIds.map((leadId) => ({ ...entry, leadId }));
}

// Compares two readings of a person's tables and counts the changed rows by column. Pure.
// Invariant: counts only; a table that was and is empty is left out.

function provedTables(before: PersonTables, after: PersonTables): readonly ProvedTable[] {
  const tables = new Set([...before.keys(), ...after.keys()]);
  return [...tables].flatMap((table) => {
    const [had, has] = [before.get(table) ?? [], after.get(table) ?? []];
    if (had.length + has.length === 0) return [];
    return [{ table, rowsBefore: had.length, rowsAfter: has.length, columns: provedColumns(had, has) }];
  });
}

/** Columns that had or have a value, in the order of the table. */
function provedColumns(had: readonly PersonRow[], has: readonly PersonRow[]): readonly ProvedColumn[] {
  const columns = [...new Set([...had, ...has].flatMap(({ cells }) => Object.keys(cells)))];
  const then = new Map(had.map(({ name, cells }) => [name, cells]));
  const now = new Map(has.map(({ name, cells }) => [name, cells]));
  const rows = [...new Set([...then.keys(), ...now.keys()])];
  return columns
    .map((column) => ({
      column,
      before: had.filter(({ cells }) => isFilled(cells[column])).length,
      after: has.filter(({ cells }) => isFilled(cells[column])).length,
      changed: rows.filter((row) => !isSame(then.get(row)?.[column], now.get(row)?.[column])).length,
    }))
    .filter(({ before, after }) => before + after > 0);
}

const isFilled = (value: SqlValue | undefined): boolean => value !== null && value !== undefined;

function isSame(one: SqlValue | undefined, other: SqlValue | undefined): boolean {
  if (!isFilled(one) || !isFilled(other)) return isFilled(one) === isFilled(other);
  return written(one) === written(other);
}

function written(value: SqlValue | undefined): string {
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  return String(value);
}
