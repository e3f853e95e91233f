// What support does to a destination: suspend, resume, test, ask for its file now.
// Invariant: within the scope of who acts; every change is recorded with who and why; a test sends no lead.
import { sendsFiles } from '../../../connectors/index.ts';
import { requestFile } from '../../delivery/files/collect.ts';
import { RelaisError } from '../../errors.ts';
import { findDestination, type Destination } from '../../store/destinations.ts';
import { testDestination, type TestedDestination, type TestPlace } from '../destination-test.ts';
import type { SupportPlace } from '../place.ts';
import { existing, type Scope } from '../scope.ts';
import { setDestinationStatus } from '../suspend.ts';
import { typedReason } from '../typed-text.ts';
import { alone, type Acting, type With } from './acting.ts';

const found = async ({ database }: SupportPlace, scope: Scope, id: string): Promise<Destination> =>
  existing(scope, await findDestination(database, id), `No destination is called ${id}.`);

interface Why {
  readonly reason: string;
}

/** @throws FIND-001, DEST-001 where it is so already */
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

/** @throws FIND-001, MAPPING-002, CONFIG-001 */
export async function tryDestination(place: TestPlace, scope: Scope, id: string): Promise<TestedDestination> {
  return testDestination(place, await found(place, scope, id));
}

/** The file leaves within a second, if anything waits for it. @throws FIND-001, DEST-001 where it sends no files */
export async function sendFileNow(
  place: SupportPlace,
  { scope, actor }: Acting,
  id: string,
  asked: Why,
  also: With<void> = alone,
): Promise<void> {
  const reason = typedReason(asked.reason);
  const destination = await found(place, scope, id);
  if (!sendsFiles(destination.connector))
    throw new RelaisError('DEST-001', `${id} sends each lead by ${destination.connector}, not in files.`);
  await requestFile(place.database, destination, actor, reason, (tx) => also(tx, undefined));
}
