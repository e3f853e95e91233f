// Acts on a destination: suspend, resume, test, request its file now, decide about a withheld file.
// Invariant: within the actor's scope; every change is recorded with actor and reason; a test sends no lead.
import { sendsFiles } from '../../../connectors/index.ts';
import { requestFile } from '../../delivery/files/collect.ts';
import { RelaisError } from '../../errors.ts';
import { unknownDestination } from '../../errors/unknown.ts';
import { findDestination, lockDestination, type Destination } from '../../store/destinations.ts';
import type { Sql } from '../../store/database.ts';
import { countSlotsAfter } from '../../store/file-slots.ts';
import type { HeldFile } from '../../store/full-files.ts';
import { testDestination, type TestedDestination, type TestPlace } from '../destination-test.ts';
import { decideHeldFile } from '../held-files.ts';
import type { SupportPlace } from '../place.ts';
import { existing, type Scope } from '../scope.ts';
import { setDestinationStatus } from '../suspend.ts';
import { typedReason } from '../typed-text.ts';
import { alone, type Acting, type With } from './acting.ts';

const found = async ({ database }: SupportPlace, scope: Scope, id: string): Promise<Destination> =>
  existing(scope, await findDestination(database, id), unknownDestination(id));

interface Why {
  readonly reason: string;
}

/** @throws FIND-001, DEST-001 where it has that status already */
export async function setStatus(
  place: SupportPlace,
  { scope, actor }: Acting,
  id: string,
  asked: Why & { readonly status: 'active' | 'suspended' },
  also: With<void> = alone,
): Promise<void> {
  const reason = typedReason(asked.reason);
  const destination = await found(place, scope, id);
  await setDestinationStatus(place.database, destination.id, asked.status, { actor, reason }, (tx) =>
    also(tx, undefined),
  );
}

/** @throws FIND-001, MAPPING-002, DEST-001 where it is not set up */
export async function tryDestination(place: TestPlace, scope: Scope, id: string): Promise<TestedDestination> {
  return testDestination(place, await found(place, scope, id)).catch(withoutSecrets);
}

/** Names of missing secrets are for the operator; the tester only reads that the destination is not set up. */
function withoutSecrets(error: unknown): never {
  if (error instanceof RelaisError && error.code === 'CONFIG-001')
    throw new RelaisError('DEST-001', [
      'Elle n’est pas prête : un secret que nomme son format n’est pas déposé.',
      'It is not set up: a secret that its mapping names is not provided.',
    ]);
  throw error;
}

/**
 * The file leaves within a second, if a delivery waits for it.
 * @param asked `seenUntil`: the newest file shown; where there is a newer one, none is requested
 * @throws FIND-001, DEST-001 where it sends no files, or its last one is withheld
 */
export async function sendFileNow(
  place: SupportPlace,
  { scope, actor }: Acting,
  id: string,
  asked: Why & { readonly seenUntil?: Date },
  also: With<void> = alone,
): Promise<void> {
  const reason = typedReason(asked.reason);
  const { seenUntil } = asked;
  const destination = await found(place, scope, id);
  if (!sendsFiles(destination.connector))
    throw new RelaisError('DEST-001', [
      `${id} envoie chaque lead par ${destination.connector}, et non en fichiers.`,
      `${id} sends each lead by ${destination.connector}, not in files.`,
    ]);
  await requestFile(place.database, destination, actor, reason, async (tx) => {
    if (seenUntil !== undefined) await refuseSecond(tx, id, seenUntil);
    await also(tx, undefined);
  });
}

/** The second of two simultaneous requests waits here for the first, and finds its file. */
async function refuseSecond(tx: Sql, id: string, seenUntil: Date): Promise<void> {
  await lockDestination(tx, id);
  if ((await countSlotsAfter(tx, id, seenUntil)) > 1)
    throw new RelaisError('DEST-001', [
      `Un fichier de ${id} a été demandé entre-temps, ou son heure est venue.`,
      `A file of ${id} was asked for since, or its hour has come.`,
    ]);
}

/** Releases or gives up a full file withheld for missing leads. @throws FIND-001, DEST-001 where another or none is withheld */
export async function decideFile(
  place: SupportPlace,
  { scope, actor }: Acting,
  id: string,
  asked: Why & { readonly decision: 'release' | 'discard'; readonly seenFile: number },
): Promise<HeldFile> {
  const reason = typedReason(asked.reason);
  const destination = await found(place, scope, id);
  return decideHeldFile(place.database, destination.id, asked.decision, { actor, reason }, asked.seenFile);
}
