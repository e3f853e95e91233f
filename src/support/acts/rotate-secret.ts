// Rotates the secret that signs a client's deliveries: the new one is shown once, both sign until a date, the old one ends by itself.
// Invariant: one rotation at a time, over all processes; in the log and a note to the client in its own transaction (C48); the value
// is sealed in MySQL and in one answer, nowhere else. Until the date it can be taken back.
import { randomBytes } from 'node:crypto';
import { writeNote } from '../../client-mails/notes.ts';
import type { RotatedSecrets } from '../../delivery/content/rotated-secrets.ts';
import { RelaisError } from '../../errors.ts';
import type { CompiledMapping } from '../../mapping/contract.ts';
import { lockDestination, type Destination } from '../../store/destinations/destinations.ts';
import type { Sql } from '../../store/database.ts';
import { appendHandovers } from '../../store/log/handovers.ts';
import {
  deleteRotated,
  insertRotated,
  rotatedOf,
  type RotatedRow,
} from '../../store/destinations/rotated-secrets.ts';
import { lockClients } from '../../store/client-locks.ts';
import type { TestPlace } from '../destination-test.ts';
import { type Scope, seenDestination } from '../place.ts';
import { numberedActor, type Both } from '../words.ts';
import { inOne, type Act, type By } from './act.ts';

export interface RotatePlace extends TestPlace {
  readonly rotated: RotatedSecrets;
}

/** Days for which both sign: a week for the client to install it. */
export const overlapDays = 7;

/** Reason why no secret can be rotated here. */
export type NotRotatable =
  /** Nothing is signed by Standard Webhooks. */
  | 'not_signed'
  /** Signed with a private key (v1a): the verifier has only the public half. */
  | 'private_key'
  /** Several secrets sign, or it also authenticates us: the operator changes it. */
  | 'shared'
  /** The operator has not provided it. */
  | 'missing';

const notRotatable: Readonly<Record<NotRotatable, string>> = {
  not_signed: 'la destination ne signe pas selon Standard Webhooks',
  private_key: 'elle signe avec une clé privée, que le centre change avec le client',
  shared: 'ce secret sert aussi à autre chose, ou plusieurs signent',
  missing: 'aucun secret n’est en place',
};

export interface SecretStanding {
  readonly problem: NotRotatable | undefined;
  /** Date of the newest rotation in force. */
  readonly renewedAt: Date | undefined;
  /** While both sign; undefined: only one does. */
  readonly overlapEndsAt: Date | undefined;
}

interface Found {
  readonly destination: Destination;
  readonly name: string;
  readonly problem: NotRotatable | undefined;
}

async function found(place: RotatePlace, scope: Scope, id: string): Promise<Found> {
  const destination = await seenDestination(place.database, scope, id);
  const mapping = await place.published.version(destination.mappingVersionId);
  const name = mapping === undefined ? undefined : signingSecret(mapping);
  if (mapping === undefined || name === undefined || name === 'several')
    return { destination, name: '', problem: name === 'several' ? 'shared' : 'not_signed' };
  const [value] = place.config.secrets(name);
  const problem =
    value === undefined
      ? 'missing'
      : value.startsWith('whsk_')
        ? 'private_key'
        : usesOf(mapping, name) > 0
          ? 'shared'
          : undefined;
  return { destination, name, problem };
}

const settingsOf = ({ actions }: CompiledMapping): readonly unknown[] =>
  Object.values(actions).flatMap((plan) => [
    plan?.settings,
    ...(plan?.calls?.flatMap((call) => [call.settings, call.undo?.settings]) ?? []),
  ]);

/** The one secret that signs everything; undefined where none does, or `several`. */
function signingSecret(mapping: CompiledMapping): string | undefined {
  const { signingSecret: nameIn } = mapping.connectorFacts;
  const names = new Set(
    settingsOf(mapping).flatMap((settings) => (settings === undefined ? [] : (nameIn?.(settings) ?? []))),
  );
  return names.size > 1 ? 'several' : [...names][0];
}

/** Uses of the secret in the mapping besides its signature. */
const usesOf = (mapping: CompiledMapping, name: string): number =>
  settingsOf(mapping)
    .filter((settings) => typeof settings === 'object' && settings !== null)
    .map((settings) => JSON.stringify({ ...settings, signature: undefined }))
    .filter((text) => new RegExp(`secret:${name}(?![A-Z0-9_])`).test(text)).length;

/** @throws FIND-001 */
export async function secretStanding(place: RotatePlace, scope: Scope, id: string): Promise<SecretStanding> {
  const { destination, name, problem } = await found(place, scope, id);
  const rows = problem === undefined ? await rotatedOf(place.database, destination.id, name) : [];
  const newest = place.rotated.inForce(rows, name);
  const overlaps = newest !== undefined && newest.overlapEndsAt > place.database.now();
  return { problem, renewedAt: newest?.madeAt, overlapEndsAt: overlaps ? newest.overlapEndsAt : undefined };
}

export interface RotatedSecret {
  /** `whsec_...`: shown once. */
  readonly secret: string;
  readonly overlapEndsAt: Date;
  readonly note: number;
}

interface Held extends Pick<Found, 'destination' | 'name'> {
  readonly rotated: RotatedSecrets;
  readonly by: By;
  readonly rows: readonly RotatedRow[];
  readonly newest: RotatedRow | undefined;
}

/** @throws FIND-001, DEST-001 where none can be rotated */
const onSecret = <Done>(
  [french, english]: Both,
  change: (tx: Sql, held: Held) => Promise<Done>,
): Act<Readonly<Record<never, never>>, Done, RotatePlace> => ({
  permission: 'secret.rotate',
  fields: {},
  work: async (doing, also) => {
    const { by, to, place } = doing;
    const { rotated } = place;
    const { destination, name, problem } = await found(place, by.scope, to[0] ?? '');
    if (problem !== undefined)
      throw new RelaisError('DEST-001', [
        `Rien ne peut être ${french} : ${notRotatable[problem]}.`,
        `Nothing can be ${english}: ${problem}.`,
      ]);
    return inOne(doing, also, async (tx) => {
      const rows = await heldRows(tx, destination, name);
      const newest = rotated.inForce(rows, name);
      return change(tx, { rotated, destination, name, by, rows, newest });
    });
  },
});

/** @throws DEST-001 where one is being rotated */
export const rotateSecret = onSecret(['renouvelé', 'renewed'], async (tx, held): Promise<RotatedSecret> => {
  const { rotated, destination, name, by, rows, newest } = held;
  if (newest !== undefined && newest.overlapEndsAt > tx.now())
    throw new RelaisError('DEST-001', [
      `Un renouvellement est en cours jusqu’au ${moment(newest.overlapEndsAt)} (heure de Paris).`,
      `One is being renewed until ${newest.overlapEndsAt.toISOString()}.`,
    ]);
  // Deletes earlier rotations: behind the present one they sign nothing, and one that the operator has replaced never will.
  await deleteRotated(
    tx,
    rows.filter((row) => row !== newest).map((row) => row.id),
  );
  const secret = `whsec_${randomBytes(32).toString('base64')}`;
  await insertRotated(tx, {
    clientId: destination.clientId,
    destinationId: destination.id,
    name,
    overlapDays,
    sealed: rotated.seal(secret, { destinationId: destination.id, name }),
    overValue: rotated.digestOf(name),
    madeBy: by.actor,
  });
  const [made] = await rotatedOf(tx, destination.id, name);
  const overlapEndsAt = made?.overlapEndsAt ?? tx.now();
  const note = await noted(tx, held, 'renewed', [
    'Un nouveau secret de signature signe dès maintenant',
    `L’ancien signe aussi jusqu’au ${moment(overlapEndsAt)} (heure de Paris), puis s’arrête automatiquement`,
  ]);
  return { secret, overlapEndsAt, note };
});

/** Returns to the previous secret while it still signs, after a loss of the new one. @throws DEST-001 without a rotation */
export const takeBackSecret = onSecret(['repris', 'taken back'], async (tx, held) => {
  const { newest } = held;
  if (newest === undefined || newest.overlapEndsAt <= tx.now())
    throw new RelaisError('DEST-001', [
      'Rien n’est en cours de renouvellement.',
      'Nothing is being renewed.',
    ]);
  await deleteRotated(tx, [newest.id]);
  return noted(tx, held, 'taken_back', [
    'Le nouveau secret de signature est retiré : il ne signe plus',
    'L’ancien continue de signer seul',
  ]);
});

/** The destination is locked until the transaction ends: the second of two simultaneous rotations waits and finds the first. */
async function heldRows(
  tx: Sql,
  { id, clientId }: Destination,
  name: string,
): Promise<readonly RotatedRow[]> {
  if ((await lockClients(tx, [clientId], 'shared')).get(clientId)?.closed !== false)
    throw new RelaisError('DEST-001', [
      `Le contrat de ${clientId} a pris fin.`,
      `The contract of ${clientId} has ended.`,
    ]);
  await lockDestination(tx, id);
  return rotatedOf(tx, id, name);
}

/** Writes the entry of the log and the client's numbered note. */
async function noted(
  tx: Sql,
  { destination: { id, clientId }, by: { scope, actor } }: Held,
  what: 'renewed' | 'taken_back',
  changes: readonly string[],
): Promise<number> {
  await appendHandovers(tx, [{ entry: 'secret_rotated', clientId, destinationId: id, actor, reason: what }]);
  const isClients = scope.clientId !== undefined;
  return writeNote(tx, {
    clientId,
    destinationId: id,
    changes,
    kind: 'secret_rotated',
    title: `secret de signature de « ${id} » ${what === 'renewed' ? 'renouvelé' : 'rétabli'}`,
    ...(isClients ? { askedBy: `le client lui-même, sur la console (${numberedActor(actor)[0]})` } : {}),
    doneBy: isClients ? 'console' : actor,
  });
}

const moment = (at: Date): string =>
  at.toLocaleString('fr-FR', { timeZone: 'Europe/Paris', dateStyle: 'long', timeStyle: 'short' });
