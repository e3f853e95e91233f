// Builds the parcel that a connector sends for a delivery or for a file of deliveries: body, target and the authorised targets.
// Invariant: a target is allowed if both the contract and a live authorisation name it; a mapping file adds none (C18, C19). A file that
// the recipient may have received is sent again byte for byte, or its number is voided: no number gets another content.
import type { Captured, Composed, Parcel, ParcelItem } from '../../../connectors/contract.ts';
import { idempotencyKey } from '../../domain/delivery.ts';
import { namesAll, targetKey } from '../../domain/destination.ts';
import type { KeyRing } from '../../domain/key-ring.ts';
import { fileKeysOf } from '../../domain/key-ring.ts';
import { returnTag } from '../../domain/return-tag.ts';
import { callKey } from '../../mapping/calls/situations.ts';
import type { CompiledMapping } from '../../mapping/contract.ts';
import { giveSequence } from '../../store/files/batches.ts';
import type { Database } from '../../store/database.ts';
import { takeSequence } from '../../store/destinations/destinations.ts';
import { readBytes } from '../../store/files/kept-bytes.ts';
import type { ClaimedDelivery, FileBatch, LongFile, Ready, Stopped } from '../trip/attempt.ts';
import type { SharedContext, Trip, Surroundings } from '../trip/trip.ts';
import { writtenAtOf } from './render.ts';

export function itemOf(
  row: ClaimedDelivery,
  leadReference: string,
  called?: { readonly call: string; readonly captured: Captured },
): ParcelItem {
  const key = called === undefined ? row.key : callKey(row.key, called.call);
  return {
    deliveryId: row.id,
    key,
    run: row.run,
    attempt: row.attempt,
    idempotencyKey: idempotencyKey(key, row.keyRun),
    leadReference,
    ...(called === undefined ? {} : { captured: called.captured }),
    ...(row.knownReference === undefined ? {} : { recipientReference: row.knownReference }),
  };
}

/** The results of earlier attempts of the delivery. */
interface Earlier {
  readonly captured?: Captured | undefined;
  /** Targets that accepted it. */
  readonly reached?: readonly string[];
}

export function parcelOf(
  ready: readonly Ready[],
  mapping: CompiledMapping,
  { captured = {}, reached = [] }: Earlier = {},
): Parcel {
  const [first] = ready as readonly [Ready];
  const { row, record, lead, call } = first;
  return {
    client: mapping.clientId,
    clientName: mapping.clientName,
    destination: mapping.destinationId,
    action: row.action,
    items: [
      {
        ...itemOf(row, lead.reference, call === undefined ? undefined : { call: call.name, captured }),
        ...(reached.length === 0 ? {} : { reached }),
      },
    ],
    body: mapping.write([record], row.action, undefined, call?.name),
    ...(record.sheet === undefined ? {} : { sheet: record.sheet }),
    ...(record.title === undefined ? {} : { title: record.title }),
    writtenAt: writtenAtOf(row),
  };
}

/** True if the authorisation names every target of the parcel. */
export const isCovered = ({ authorisation }: Ready, { targetKeys }: Composed): boolean =>
  namesAll(authorisation.targets, targetKeys);

type Contract = CompiledMapping['client'];

const targetsOf = new WeakMap<Contract, ReadonlySet<string>>();

/** Targets that the contract names. */
function contractTargets(client: Contract): ReadonlySet<string> {
  const known = targetsOf.get(client);
  if (known !== undefined) return known;
  const targets = [...client.hosts, ...client.mailboxes, ...client.folders];
  const named = new Set(targets.map(targetKey));
  targetsOf.set(client, named);
  return named;
}

interface Kept {
  readonly options: Surroundings;
  readonly mapping: CompiledMapping;
  readonly context: SharedContext;
}

const contexts = new WeakMap<readonly string[], Kept>();

/** Deliveries rendered from the same reading of their authorisations share it. */
export function contextFor(
  options: Surroundings,
  mapping: CompiledMapping,
  allowedTargets: readonly string[],
): SharedContext {
  const known = contexts.get(allowedTargets);
  if (known?.options === options && known.mapping === mapping) return known.context;
  const context = newContext(options, mapping, allowedTargets);
  contexts.set(allowedTargets, { options, mapping, context });
  return context;
}

function newContext(
  options: Surroundings,
  mapping: CompiledMapping,
  allowedTargets: readonly string[],
): SharedContext {
  const contract = contractTargets(mapping.client);
  const secrets = options.secretsFor?.(mapping.destinationId) ?? options.secrets;
  return {
    classify: mapping.classifyBeside,
    secret: (name) => secrets(name)[0],
    secrets,
    credentials: options.credentials(mapping.clientId),
    // The targets that the contract names and a live authorisation covers (C18, C19).
    allowedTargets: allowedTargets.filter((target) => contract.has(target)),
    network: options.network,
    timeouts: mapping.timeouts,
    signal: options.signal,
    returnTag: ({ deliveryId, run = 1, attempt = 1, key }) =>
      returnTag(options.masterKeys, { deliveryId, run, attempt }, key),
    fileKeys: fileKeysOf(options.masterKeys),
    now: () => options.database.now().getTime(),
  };
}

/**
 * The targets that a departed parcel may reach: those of its context, which may have been read a moment earlier, and those of the
 * authorisation that was in force under the lock of its departure.
 */
export function departedTargets(
  { context, mapping }: Pick<Trip, 'context' | 'mapping'>,
  ready: readonly Ready[],
): readonly string[] {
  const contract = contractTargets(mapping.client);
  let allowed = context.allowedTargets;
  for (const authorisation of new Set(ready.map((prepared) => prepared.authorisation)))
    for (const target of authorisation.targets) {
      const name = targetKey(target);
      if (contract.has(name) && !allowed.includes(name)) allowed = [...allowed, name];
    }
  return allowed;
}

interface FileParcel {
  readonly parcel: Parcel;
  /** The bytes are new and must be kept at departure. */
  readonly keep: boolean;
}

export async function fileParcel(
  batch: FileBatch,
  ready: readonly Ready[],
  stopped: readonly Stopped[],
  trip: { readonly content: CompiledMapping },
  store: { readonly database: Database; readonly masterKeys: KeyRing },
): Promise<FileParcel | 'voided' | undefined> {
  const [first] = ready;
  const numbered = batch.whole ?? batch;
  // The version in force writes no parts any more: its rows leave in other files.
  if (batch.whole !== undefined && trip.content.writePart === undefined) return 'voided';
  if (batch.state === 'written' && (batch.whole === undefined || batch.whole.firstSentAt !== undefined)) {
    const kept = await readBytes(store.database, store.masterKeys, batch.id);
    if (kept === undefined || first === undefined || stopped.length > 0) return 'voided';
    const again = assembled(
      batch,
      numbered.sequence ?? 0,
      ready,
      trip.content,
      batch.writtenAt ?? batch.slotAt,
    );
    // A right exercised since (consent taken back, erasure) makes other bytes: this sequence may not leave again.
    if (!Buffer.from(again.body.bytes).equals(kept)) return 'voided';
    const facts = { ...(again.batch as NonNullable<Parcel['batch']>), fileName: batch.fileName };
    return { parcel: { ...again, body: { ...again.body, bytes: kept }, batch: facts }, keep: false };
  }
  if (first === undefined) return undefined;
  const sequence = numbered.sequence ?? (await reserve(store.database, numbered));
  // A later round, after a change, keeps the number.
  numbered.sequence = sequence;
  return { parcel: assembled(batch, sequence, ready, trip.content, store.database.now()), keep: true };
}

/** A number of its own transaction: a file that fails to be written afterwards leaves a gap the log explains. */
export async function reserve(
  database: Database,
  batch: Pick<LongFile, 'id' | 'destinationId'>,
): Promise<number> {
  return database.transaction(async (tx) => {
    const sequence = await takeSequence(tx, batch.destinationId);
    await giveSequence(tx, batch.id, sequence);
    return sequence;
  });
}

function assembled(
  batch: FileBatch,
  sequence: number,
  ready: readonly Ready[],
  mapping: CompiledMapping,
  writtenAt: Date,
): Parcel {
  const [first] = ready as readonly [Ready];
  const facts = { sequence, slot: batch.slotAt, rows: ready.length };
  return {
    client: mapping.clientId,
    clientName: mapping.clientName,
    destination: mapping.destinationId,
    action: first.row.action,
    items: ready.map((prepared) => itemOf(prepared.row, prepared.lead.reference)),
    body: bodyOf(batch, ready, mapping, facts),
    batch: facts,
    writtenAt,
  };
}

/** The bytes of a file, or those of a part without its frame. */
function bodyOf(
  batch: FileBatch,
  ready: readonly Ready[],
  mapping: CompiledMapping,
  facts: NonNullable<Parcel['batch']>,
): Parcel['body'] {
  const [first] = ready as readonly [Ready];
  const { action } = first.row;
  const records = ready.map((prepared) => prepared.record);
  const { frame, writePart } = mapping;
  if (batch.whole === undefined || frame === undefined || writePart === undefined)
    return mapping.write(records, action, facts);
  const { mediaType, extension } = frame(action, facts);
  return { bytes: writePart(records, action, facts), mediaType, extension };
}

/** Bytes of a file at most: they are in memory several times over while it is rendered, encrypted and sent. */
const maxFileBytes = 8_000_000;

/** Rows of a new file that stay below the limit, by their average size; a file that may have left is never cut. */
export function rowsThatFit(
  { keep, parcel }: { readonly keep: boolean; readonly parcel: Pick<Parcel, 'body'> },
  rows: number,
): number {
  const size = parcel.body.bytes.length;
  return !keep || size <= maxFileBytes ? rows : Math.max(1, Math.floor((rows * maxFileBytes) / size / 1.1));
}
