// Acts on a mapping: publish it, roll back to an earlier version.
// Invariant: the version that comes into force is the shown one: where anything has changed since, nothing is done.
import { unknownDestination } from '../../errors/unknown.ts';
import { fingerprintOf } from '../../store/mapping-versions.ts';
import type { PublishResult } from '../../publishing/publish.ts';
import type { MappingVersion } from '../../store/mapping-versions.ts';
import { sourcesToPublish, versionInForce } from '../mappings/files.ts';
import type { MappingPlace } from '../mappings/place.ts';
import type { Trials } from '../mappings/trial-thread.ts';
import { existing } from '../scope.ts';
import { findDestination } from '../../store/destinations.ts';
import { impersonal, typedReason } from '../typed-text.ts';
import type { Acting } from './acting.ts';

interface Asked {
  readonly destination: string;
  /** Description of the change (C48): for the log and the client's note. */
  readonly note: string;
  /** Empty: the centre by itself. */
  readonly askedBy: string;
  /** Numbers of cited instructions in the client's register (C53). */
  readonly instructions: readonly number[];
  /** The version that was in force when the plan was shown; undefined: none. */
  readonly before: number | undefined;
  /** The confirmed number of waiting deliveries that would end. */
  readonly ending: number;
}

export interface PublishAsked extends Asked {
  /** Text of the mapping's file; undefined: the file on disk. */
  readonly text: string | undefined;
  /** SHA-256 of the shown files. */
  readonly fingerprint: string;
}

/** Result when the confirmed plan is outdated; nothing was done. */
export const changedMeanwhile: unique symbol = Symbol('changed meanwhile');

const typedBy = ({ note, askedBy, instructions, ending }: Asked) => ({
  note: typedReason(note, 'note'),
  askedBy: askedBy.trim() === '' ? undefined : impersonal(askedBy.trim(), 'asked by'),
  instructions,
  mayEnd: (_destination: string, count: number): Promise<boolean> => Promise.resolve(count === ending),
});

/** @throws FIND-001, MAPPING-001, MAPPING-003, MAPPING-004 where another number of deliveries would end, INSTRUCTION-001 */
export async function publishMapping(
  place: MappingPlace,
  trials: Trials,
  { scope, actor }: Acting,
  asked: PublishAsked,
): Promise<PublishResult | typeof changedMeanwhile> {
  const typed = typedBy(asked);
  const { destination, text, fingerprint, before } = asked;
  const sources = await sourcesToPublish(place, scope, destination, text);
  const isAsSeen =
    fingerprintOf(JSON.stringify(sources)) === fingerprint &&
    (await versionInForce(place, destination))?.version === before;
  if (!isAsSeen) return changedMeanwhile;
  // An endless check must not block this process: where its own thread found no end, it is not begun here.
  const tried = await trials.ask({ sources, now: place.database.now() });
  if (tried.kind !== 'tried') return changedMeanwhile;
  return place.publishing.publish({ destinationId: destination, sources, author: actor, ...typed });
}

/** @throws FIND-001, MAPPING-001, MAPPING-003, MAPPING-004 where another number of deliveries would end */
export async function rollbackMapping(
  place: MappingPlace,
  { scope, actor }: Acting,
  asked: Asked & { readonly version: number },
): Promise<MappingVersion | typeof changedMeanwhile> {
  const { note: reason, ...typed } = typedBy(asked);
  const { destination, version, before } = asked;
  existing(scope, await findDestination(place.database, destination), unknownDestination(destination));
  if ((await versionInForce(place, destination))?.version !== before) return changedMeanwhile;
  return place.publishing.rollback({ destinationId: destination, version, actor, reason, ...typed });
}
