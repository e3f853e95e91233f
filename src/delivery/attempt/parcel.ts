// Puts a parcel together and says in which surroundings it may be sent.
// Invariant: allowed targets are what contract and live authorisation both name; a mapping file adds none (C18, C19).
import type { Captured, Composed, Parcel, ParcelItem, SendContext } from '../../../connectors/contract.ts';
import { idempotencyKey } from '../../domain/delivery.ts';
import type { KeyRing } from '../../domain/key-ring.ts';
import { fileKeysOf } from '../../domain/file-keys.ts';
import { returnTag } from '../../domain/return-tag.ts';
import type { CompiledMapping } from '../../mapping/contract.ts';
import { callKey } from '../../mapping/calls/situations.ts';
import type { Sql } from '../../store/database.ts';
import type { ClaimedDelivery } from './claim.ts';
import type { CredentialsOf } from './credentials.ts';
import { writtenAtOf, type Ready } from './render.ts';

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

/** What earlier attempts of the delivery came to. */
export interface Earlier {
  readonly captured?: Captured | undefined;
  /** Targets that have it. */
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

/** Whether the authorisation names every target that the parcel goes to. */
export const isCovered = ({ authorisation }: Ready, { targetKeys }: Composed): boolean =>
  targetKeys.every((key) => authorisation.targets.includes(key.toLowerCase()));

export interface Surroundings {
  readonly database: Pick<Sql, 'now'>;
  readonly masterKeys: KeyRing;
  readonly secrets: (name: string) => readonly string[];
  /** The same of one destination, where its recipient may have changed some; `secrets` when absent. */
  readonly secretsFor?: (destinationId: string) => (name: string) => readonly string[];
  readonly credentials: CredentialsOf;
  readonly network: SendContext['network'];
  readonly signal: AbortSignal;
}

type Contract = CompiledMapping['client'];
const targetsOf = new WeakMap<Contract, ReadonlySet<string>>();

/** Targets that the contract names, lower case. */
function contractTargets(client: Contract): ReadonlySet<string> {
  const known = targetsOf.get(client);
  if (known !== undefined) return known;
  const targets = [...client.hosts, ...client.mailboxes, ...client.folders];
  const named = new Set(targets.map((target) => target.toLowerCase()));
  targetsOf.set(client, named);
  return named;
}

/** Deliveries of one authorisation share it; whose lease it is sent under is added for each. */
export type SharedContext = Omit<SendContext, 'mayLeave'>;

interface Kept {
  readonly options: Surroundings;
  readonly mapping: CompiledMapping;
  readonly context: SharedContext;
}
const contexts = new WeakMap<readonly string[], Kept>();

/** Deliveries that are written by the same reading of their authorisations share it. */
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
    // What the contract names and a live authorisation covers (C18, C19).
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
