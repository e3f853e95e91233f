// Binds what the steps of an attempt need: the batchers they share, the caches of the process, the step hook.
// Invariant: nothing is decided here. Nothing of a secret can be learnt from the digest of an access: it is keyed with the master key.
import { createHmac } from 'node:crypto';
import type { KeyRing } from '../domain/key-ring.ts';
import { derived } from '../domain/keyed.ts';
import type { CompiledMapping } from '../mapping/contract.ts';
import { createPlaces, type Places } from '../queue/places.ts';
import { groupSize, isStoreTrouble } from '../store/database.ts';
import type {
  Access,
  Claim,
  ClaimLoad,
  Departure,
  DepartureAnswer,
  Recorded,
  TripEnd,
} from './trip/attempt.ts';
import { createBatcher } from './trip/batcher.ts';
import { claimTogether } from './claim/job.ts';
import { createMappingDigests, depart, departWithClaim } from './departure/departure.ts';
import { readAheadTogether } from './departure/write-ahead.ts';
import { createQuietCircuits } from './outcome/circuit.ts';
import { createCurrentMapping } from './trip/mapping-cache.ts';
import { tracing } from './send/trace.ts';
import { waitsForPublication, recordEnds, recordWithoutBroken } from './outcome/record.ts';
import type { DelivererOptions, ReadAhead, TripNeeds, WantedAhead } from './trip/trip.ts';

/** As many as one statement writes: of a group in between, each INSERT would be two or three. */
const together = { max: 200, lanes: 1, groupOf: groupSize };
const recordAgainMs = 250;

/** Deliveries of a destination that are rendered ahead and not yet being claimed, at most: a group and the next one. */
const mostAhead = 256;

export function bindNeeds(options: DelivererOptions): TripNeeds {
  const { database, masterKeys, log } = options;
  const random = options.random ?? Math.random;
  const claims = new Map<string, (load: ClaimLoad) => Promise<Claim>>();
  const claimsOf = (destinationId: string): ((load: ClaimLoad) => Promise<Claim>) =>
    createBatcher<ClaimLoad, Claim>({
      ...together,
      run: (loads) => {
        for (const load of loads) load.begun?.();
        return claimTogether({ ...options, departWithClaim }, destinationId, loads);
      },
    });
  const ahead = new Map<string, Places>();
  const quiet = createQuietCircuits();
  const recordedFor = createRecorders((ends) => recordEnds(database, random, ends, quiet));
  return {
    ...options,
    step: (name, destinationId) => {
      log.debug('delivery.step', { destination: destinationId, code: name });
      return options.step?.(name, destinationId);
    },
    inForce: createCurrentMapping(options),
    accessTo: createAccess(options),
    mappingDigests: createMappingDigests(database),
    readAhead: createBatcher<WantedAhead, ReadAhead | undefined>({
      ...together,
      run: (wanted) => readAheadTogether(options, wanted),
    }),
    placeAhead: async (destinationId) => {
      const places = ahead.get(destinationId) ?? createPlaces(mostAhead);
      ahead.set(destinationId, places);
      await places.enter();
      let isLeft = false;
      // Left once, however often it is called.
      return () => {
        if (!isLeft) places.leave();
        isLeft = true;
      };
    },
    claim: (destinationId, load) => {
      const claim = claims.get(destinationId) ?? claimsOf(destinationId);
      claims.set(destinationId, claim);
      return claim(load);
    },
    depart: createBatcher<Departure, DepartureAnswer>({
      ...together,
      run: (departures) => depart(database, masterKeys, departures),
    }),
    trace: tracing(),
    record: (end) =>
      recordLasting(recordedFor(end), end, options.leaseMs).catch((error: unknown) =>
        recordWithoutBroken(options, random, end, error),
      ),
  };
}

type RecordEnd = (end: TripEnd) => Promise<Recorded>;

/** Ends share transactions; those that may wait for a publication are grouped by destination, so that they wait apart. */
function createRecorders(
  run: (ends: readonly TripEnd[]) => Promise<readonly Recorded[]>,
): (end: TripEnd) => RecordEnd {
  const recorder = (): RecordEnd => createBatcher<TripEnd, Recorded>({ ...together, run });
  const shared = recorder();
  const judged = new Map<string, RecordEnd>();
  return (end) => {
    const destinationId = end.stopped?.[0]?.row.destinationId;
    if (destinationId === undefined || !waitsForPublication(end)) return shared;
    const own = judged.get(destinationId) ?? recorder();
    judged.set(destinationId, own);
    return own;
  };
}

/** An outage of MySQL shorter than a lease loses no answer: it is recorded when the database is back. */
async function recordLasting(
  record: (end: TripEnd) => Promise<Recorded>,
  end: TripEnd,
  leaseMs: number,
): Promise<Recorded> {
  const giveUpAt = performance.now() + leaseMs;
  for (;;) {
    try {
      return await record(end);
    } catch (error) {
      if (!isStoreTrouble(error) || performance.now() > giveUpAt) throw error;
      await new Promise((done) => setTimeout(done, recordAgainMs));
    }
  }
}

/** Secrets are read again once a second at most. */
const freshMs = 1_000;

function createAccess(options: {
  readonly masterKeys: KeyRing;
  readonly secrets: (name: string) => readonly string[];
  readonly secretsFor?: (destinationId: string) => (name: string) => readonly string[];
}): (destinationId: string, mapping: CompiledMapping) => Access {
  const settingsOf = new WeakMap<CompiledMapping, string>();
  const known = new Map<string, { mapping: CompiledMapping; at: number; digest: Buffer }>();

  const digestOf = (destinationId: string, mapping: CompiledMapping): Buffer => {
    const settings =
      settingsOf.get(mapping) ??
      JSON.stringify(
        Object.values(mapping.actions).map((plan) => [
          plan?.settings,
          plan?.calls?.flatMap((call) => [call.settings, call.undo?.settings]),
        ]),
      );
    settingsOf.set(mapping, settings);
    const valuesOf = options.secretsFor?.(destinationId) ?? options.secrets;
    const secrets = mapping.secretNames.map((name) => [name, ...valuesOf(name)]);
    return createHmac('sha256', derived(options.masterKeys.current().bytes, 'access'))
      .update(JSON.stringify([destinationId, settings, secrets]))
      .digest();
  };

  return (destinationId, mapping) => {
    const before = known.get(destinationId);
    const isFresh = before?.mapping === mapping && performance.now() - before.at < freshMs;
    const digest = isFresh ? before.digest : digestOf(destinationId, mapping);
    if (!isFresh) known.set(destinationId, { mapping, at: performance.now(), digest });
    return { digest, isFirst: before === undefined };
  };
}
