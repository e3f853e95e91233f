// Appends entries to the hand-over log (C09); there is no update and no delete here, nor a right to either.
// Invariant: an entry has ids, codes and names of fields; never a prospect's data.
import type { Action, OutcomeKind } from '../../../connectors/contract.ts';
import { typedPart } from '../../domain/names-in-text.ts';
import { RelaisError } from '../../errors.ts';
import { lockClients } from '../client-locks.ts';
import { insertGroups, rowMarks, type Sql, type SqlValue } from '../database.ts';
import { awaitSeal, type Waiting } from './handovers-unsealed.ts';
import { refuseAddresses, refuseNames } from '../people/persons-names.ts';
import type { AttemptDelivery } from '../deliveries/deliveries.ts';

/** The columns that every entry about a delivery fills: ids, numbers and the action; no personal data. */
export const entryNames = (row: AttemptDelivery) => ({
  clientId: row.clientId,
  destinationId: row.destinationId,
  deliveryId: row.id,
  leadId: row.leadId,
  batchId: row.batchId,
  run: row.run,
  attempt: row.attempt,
  action: row.action,
});

/** An entry about a delivery. */
export const entryAbout = (
  row: AttemptDelivery,
  entry: HandoverEntry,
  actor: string,
  more: Partial<Handover> = {},
): Handover => ({ entry, ...entryNames(row), actor, ...more });

/** Entries that a delivery's story describes in words of their own: `support/entry-words.ts`. */
export type ToldEntry =
  | 'departed'
  | 'outcome'
  | 'target_outcome'
  | 'bounced'
  | 'outcome_unknown'
  | 'late'
  | 'lookup'
  | 'read_back'
  | 'withheld'
  | 'reopened'
  | 'invalid'
  | 'cancelled'
  | 'expired'
  | 'replayed'
  | 'batch_voided'
  | 'closed'
  | 'resolved';

/** Entries described by their name and reason alone. */
type PlainEntry =
  | 'circuit_opened'
  | 'circuit_closed'
  | 'suspended'
  | 'resumed'
  | 'authorised'
  | 'revoked'
  | 'published'
  | 'rolled_back'
  | 'corrected'
  | 'consent_recorded'
  | 'interaction_recorded'
  | 'withdrawn'
  | 'consent_ended'
  | 'opposition_kept'
  | 'opposition_ended'
  | 'erased'
  | 'request'
  | 'restricted'
  | 'unrestricted'
  | 'looked_up'
  | 'revealed'
  | 'backfilled'
  | 'file_requested'
  | 'file_gathered'
  | 'file_held'
  | 'file_released'
  | 'file_discarded'
  | 'file_departed'
  | 'file_outcome'
  | 'key_changed'
  | 'mailed'
  | 'note_written'
  | 'instruction_recorded'
  | 'operation_recorded'
  | 'purged'
  | 'anonymised'
  | 'proofs_handed_over'
  | 'retention_run'
  | 'client_closed'
  | 'client_returned'
  | 'client_deleted'
  | 'client_moving'
  | 'client_moved'
  | 'client_moved_in'
  | 'database_reader'
  | 'person_exported'
  | 'proof_made'
  | 'signed_in'
  | 'sign_in_refused'
  | 'signed_out'
  | 'account_changed'
  | 'api_key_changed'
  | 'exported'
  | 'test_lead'
  | 'test_outcome'
  | 'secret_rotated'
  | 'backup_tested'
  | 'restored'
  | 'restore_opened'
  | 'statistics_issued'
  | 'statistics_removed';

export type HandoverEntry = ToldEntry | PlainEntry;

export interface Handover {
  readonly entry: HandoverEntry;
  readonly clientId: string;
  readonly destinationId?: string;
  readonly deliveryId?: number;
  readonly leadId?: number;
  readonly batchId?: number;
  readonly run?: number;
  readonly attempt?: number;
  readonly action?: Action;
  /** Name of the call, for a delivery that needs several. */
  readonly call?: string;
  readonly actor?: string;
  readonly purpose?: string;
  readonly connector?: string;
  readonly recipient?: string;
  readonly target?: string;
  readonly authorisationId?: number;
  readonly mappingVersionId?: number;
  readonly leadRevision?: number;
  /** Target field names, in order. */
  readonly fields?: readonly string[];
  readonly consents?: readonly Readonly<
    Record<'field' | 'value' | 'purpose' | 'channel' | 'state', string>
  >[];
  readonly digest?: Buffer;
  readonly bytes?: number;
  readonly fileName?: string;
  readonly outcome?: OutcomeKind | '';
  readonly reason?: string;
  readonly status?: number;
  readonly answerBytes?: number;
  readonly durationMs?: number;
  readonly nextStep?: string;
  /** Digests of the records it cites, at that time (`domain/keyed.ts`). */
  readonly cited?: string;
}

/** Not persons: their acts follow from the rows, wherever those are. Their texts are ours; a callback's mark may look like a phone number. */
const ownActors: ReadonlySet<string> = new Set(['worker', 'planner', 'intake', 'relais', 'recipient']);

/** Entries about what left before a move, about reading, access and the end of a client here; the claim refuses new departures. */
const ofThisPlace: ReadonlySet<HandoverEntry> = new Set<HandoverEntry>([
  'departed',
  'outcome',
  'target_outcome',
  'outcome_unknown',
  'late',
  'looked_up',
  'revealed',
  'exported',
  'proof_made',
  'signed_in',
  'sign_in_refused',
  'signed_out',
  'account_changed',
  'api_key_changed',
  'database_reader',
  'statistics_removed',
  'client_moving',
  'client_moved',
  'client_moved_in',
  'client_returned',
  'client_deleted',
  'batch_voided',
  'purged',
  'anonymised',
  'proofs_handed_over',
  'retention_run',
]);

/** Entries whose recipient a person has just typed; others repeat what is kept already. */
const namesRecipient = new Set<HandoverEntry>(['authorised', 'person_exported', 'database_reader']);

/** True for an entry of an act for a client: the act is lost where the client is in another installation (C36). */
const isAct = ({ entry, clientId, actor, deliveryId = 0 }: Handover): boolean =>
  clientId !== '' &&
  actor !== undefined &&
  !ownActors.has(actor) &&
  !ofThisPlace.has(entry) &&
  // The task of a delivery moves with it; any other is this installation's.
  (entry !== 'closed' || deliveryId > 0);

/**
 * Appends entries in order, in the caller's transaction; signs each with its id, and queues it for sealing.
 * @param moved `taken`: the act ends the client here
 * @param queue queues the entries of one statement
 * @throws INSTANCE-001 for an act on a client that has moved to another installation, USAGE-001 for a typed text with an address, a phone
 * number or the person's name, at whichever door
 */
export async function appendHandovers(
  tx: Sql,
  entries: readonly Handover[],
  {
    at = tx.now(),
    moved = 'refused',
    queue = awaitSeal,
  }: { readonly at?: Date; readonly moved?: 'refused' | 'taken'; readonly queue?: typeof awaitSeal } = {},
): Promise<void> {
  const { sign } = tx;
  if (sign === undefined)
    throw new RelaisError('INTERNAL-001', 'A connection that cannot sign was to write an entry of the log.');
  const acts: string[] = [];
  if (moved !== 'taken') for (const entry of entries) if (isAct(entry)) acts.push(entry.clientId);
  if (acts.length > 0) await lockClients(tx, acts, 'shared');
  // Texts that a person typed, with their leads.
  const typed = new Map<string, number[]>();
  for (const { entry, actor = '', purpose = '', recipient = '', leadId = 0 } of entries) {
    if (actor === '' || ownActors.has(actor)) continue;
    refuseAddresses(typedPart(purpose));
    if (namesRecipient.has(entry)) refuseAddresses(recipient);
    if (purpose !== '' && leadId > 0) typed.set(purpose, [...(typed.get(purpose) ?? []), leadId]);
  }
  for (const [purpose, about] of typed) await refuseNames(tx, about, purpose);
  const text = `${at.toISOString().slice(0, 23)}000`;
  for (const part of insertGroups(entries)) {
    const rows = part.map((entry) => valuesOf(entry, text));
    const filled = filledColumns(rows);
    const values: SqlValue[] = [];
    for (const row of rows) for (const index of filled) values.push(row[index] ?? null);
    const { insertId, idStep } = await tx.run(insertStatement(filled, part.length), values);
    // The ids of one multi-row INSERT are consecutive, also in MySQL's interleaved mode: it is a "simple insert" with a known
    // number of rows.
    const signed: Waiting[] = [];
    for (const row of rows) {
      const id = insertId + signed.length * idStep;
      signed.push({ id, ...sign(entryTextOf(id, row)) });
    }
    await queue(tx, signed);
  }
}

/** The same for one. */
export const appendHandover = (
  tx: Sql,
  entry: Handover,
  options?: Parameters<typeof appendHandovers>[2],
): Promise<void> => appendHandovers(tx, [entry], options);

/** The first columns have no default: time, kind and client. An entry of the whole gateway has the client ''. */
const withoutDefault = 3;

/** Every other column has one of these as its default. */
const defaults: ReadonlySet<SqlValue | undefined> = new Set(['', 0, null]);

/** A departure fills two thirds of the columns, an outcome others: a column with its default in every row is not sent. */
function filledColumns(rows: readonly (readonly SqlValue[])[]): readonly number[] {
  const filled: number[] = [];
  for (let index = 0; index < handoverColumns.length; index += 1) {
    let isFilled = index < withoutDefault;
    for (const row of rows) isFilled ||= !defaults.has(row[index]);
    if (isFilled) filled.push(index);
  }
  return filled;
}

const statements = new Map<string, string>();
const maxStatements = 500;

/** Cached: the text for a hundred rows is ten thousand characters, and the driver finds a prepared statement by it. */
function insertStatement(columns: readonly number[], rows: number): string {
  const key = `${rows}:${columns.join()}`;
  const known = statements.get(key);
  if (known !== undefined) return known;
  const names = columns.map((index) => handoverColumns[index]).join(', ');
  const made = `INSERT INTO handovers (${names}) VALUES ${rowMarks(rows, columns.length)}`;
  if (statements.size >= maxStatements) statements.clear();
  statements.set(key, made);
  return made;
}

/** The log keeps a text whole or not at all: a cut text would lose its end, and with it a ticket number. @throws USAGE-001 */
function fitting(name: string, text: string | undefined, most: number): string {
  if (text === undefined || text.length <= most) return text ?? '';
  throw new RelaisError('USAGE-001', [
    `Trop long pour le journal (${name}) : ${text.length} caractères, ${most} au plus.`,
    `Too long for the log (${name}): ${text.length} characters, ${most} at most.`,
  ]);
}

/** @param at as `entryTextOf` writes an instant: the text that is signed is the text that is stored */
function valuesOf(entry: Handover, at: string): readonly SqlValue[] {
  const values: SqlValue[] = [
    at,
    entry.entry,
    entry.clientId,
    entry.destinationId ?? '',
    entry.deliveryId ?? 0,
    entry.leadId ?? 0,
    entry.batchId ?? 0,
    entry.run ?? 0,
    entry.attempt ?? 0,
    entry.action ?? '',
    fitting('actor', entry.actor, 120),
    fitting('purpose', entry.purpose, 200),
    entry.connector ?? '',
    fitting('recipient', entry.recipient, 160),
    fitting('target', entry.target, 2_000),
    entry.authorisationId ?? 0,
    entry.mappingVersionId ?? 0,
    entry.leadRevision ?? 0,
    // Never '': the statement would omit it and store NULL, which is not what was signed.
    entry.fields?.join(' ') || null,
    entry.consents === undefined ? null : JSON.stringify(entry.consents),
    entry.digest ?? null,
    entry.bytes ?? 0,
    fitting('fileName', entry.fileName, 200),
    entry.outcome ?? '',
    fitting('reason', entry.reason, 80),
    entry.status ?? 0,
    entry.answerBytes ?? 0,
    Math.min(Math.round(entry.durationMs ?? 0), 4_294_967_295),
    entry.nextStep ?? '',
    entry.call ?? '',
    entry.cited ?? '',
  ];
  // By index: an iterator over the pairs made thirty arrays for each entry.
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index];
    if (typeof value === 'string' && !value.isWellFormed()) values[index] = value.toWellFormed();
  }
  return values;
}

// Builds the text of a log entry, which its signature, its seal and its archive use.
// Invariant: an entry gives the same text when it is written and when it is read.

/** Sealed columns, in the order in which they are sealed. */
export const handoverColumns = [
  'at',
  'entry',
  'client_id',
  'destination_id',
  'delivery_id',
  'lead_id',
  'batch_id',
  'run',
  'attempt',
  'action',
  'actor',
  'purpose',
  'connector',
  'recipient',
  'target',
  'authorisation_id',
  'mapping_version_id',
  'lead_revision',
  'fields',
  'consents',
  'digest',
  'bytes',
  'file_name',
  'outcome',
  'reason',
  'status',
  'answer_bytes',
  'duration_ms',
  'next_step',
  // Last, and sealed only when not empty: entries sealed before they existed stay as they were.
  'call_name',
  'cited',
] as const;

/** Number of columns the log had when the first entry was sealed. */
const firstColumns = 29;

/** The id and the columns in their order, as JSON. A column added later is included only when it is not empty. */
export function entryTextOf(id: number, values: readonly (SqlValue | undefined)[]): string {
  const texts: (number | string | null)[] = [id];
  for (const value of values) texts.push(textOf(value));
  while (texts.length > 1 + firstColumns && texts.at(-1) === '') texts.pop();
  return JSON.stringify(texts);
}

/** Bytes in hexadecimal, numbers in decimal, instants as DATETIME(6) in ISO 8601 without a zone. */
function textOf(value: SqlValue | undefined): string | null {
  if (value === null || value === undefined) return null;
  if (value instanceof Date) return `${value.toISOString().slice(0, 23)}000`;
  if (typeof value === 'object') return Buffer.from(value).toString('hex');
  return String(value);
}
