// Acts on a destination: suspend, resume, test, request its file now, decide about a withheld file.
// Invariant: within the actor's scope; every change is recorded with actor and reason; a test sends no lead.
import { sendsFiles } from '../../../connectors/index.ts';
import { requestFile } from '../../delivery/files/collect.ts';
import { RelaisError } from '../../errors.ts';
import { lockDestination, type Destination } from '../../store/destinations/destinations.ts';
import type { Sql } from '../../store/database.ts';
import { countSlotsAfter } from '../../store/files/file-slots.ts';
import type { HeldFile } from '../../store/files/full-files.ts';
import { countOfBackfill } from '../backfill.ts';
import { beginRunIn, type BulkRow } from '../bulk-runs.ts';
import { testDestination, type TestedDestination, type TestPlace } from '../destination-test.ts';
import { decideHeldFileIn, setDestinationStatus } from '../suspend.ts';
import { type Scope, seenDestination } from '../place.ts';
import { readFilter } from '../reads/filter.ts';
import { inOne, reason, textOf, type Act, type Doing, type Field } from './act.ts';

const found = ({ place, by, to: [id = ''] }: Doing<unknown>): Promise<Destination> =>
  seenDestination(place.database, by.scope, id);

interface Why {
  readonly reason: string;
}

const statusAct = (status: 'active' | 'suspended'): Act<Why, void> => ({
  permission: 'destination.suspend',
  fields: { reason },
  work: async (doing, also) => {
    const { place, by, input } = doing;
    const { id } = await found(doing);
    const asked = { actor: by.actor, ...input };
    await setDestinationStatus(place.database, id, status, asked, (tx) => also(tx, undefined));
  },
});
/** @throws FIND-001, DEST-001 where it has that status already */
export const suspendDestination = statusAct('suspended');
export const resumeDestination = statusAct('active');

const since: Field<Date> = {
  schema: { type: 'string' },
  help: 'leads created since: 2026-11-25 or an age such as 30d',
  words: ['Leads créés depuis le', 'Leads created since'],
  read: (given, where, now) => readFilter({ since: textOf(given) || where }, now).since ?? now,
};

/** Plans leads that were there before the destination: a run, leased to the caller. @throws FIND-001 */
export const backfillDestination: Act<Why & { readonly since: Date }, BulkRow> = {
  permission: 'delivery.replay',
  fields: { since, reason },
  work: async (doing, also) => {
    const { id } = await found(doing);
    const { place, by, input } = doing;
    const order = { kind: 'backfill', destinationId: id, since: input.since } as const;
    const counted = await countOfBackfill(place.database, order);
    return inOne(doing, also, (tx) =>
      beginRunIn(tx, {
        order,
        by: { actor: by.actor, reason: input.reason },
        filter: { destination: id, since: input.since },
        deliveries: [],
        counted,
      }),
    );
  },
};

/** @throws FIND-001, MAPPING-002, DEST-001 where it is not set up */
export async function tryDestination(place: TestPlace, scope: Scope, id: string): Promise<TestedDestination> {
  return testDestination(place, await seenDestination(place.database, scope, id)).catch(withoutSecrets);
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
 * The file leaves within a second, if anything waits for it. `shown`: when the newest file that was known of was due; where there is one
 * since, nothing is asked for.
 * @throws FIND-001, DEST-001 where it sends no files, or its last one is held back
 */
export const sendFileNow: Act<Why, void> = {
  permission: 'file.send',
  fields: { reason },
  work: async (doing, also) => {
    const { place, by, input, shown } = doing;
    const destination = await found(doing);
    const { id, connector } = destination;
    if (!sendsFiles(connector))
      throw new RelaisError('DEST-001', [
        `${id} envoie chaque lead par ${connector}, et non en fichiers.`,
        `${id} sends each lead by ${connector}, not in files.`,
      ]);
    await requestFile(place.database, destination, by.actor, input.reason, async (tx) => {
      if (shown !== undefined) await refuseSecond(tx, id, new Date(Math.max(0, shown)));
      await also(tx, undefined);
    });
  },
};

/** The second of two simultaneous requests waits here for the first, and finds its file. */
async function refuseSecond(tx: Sql, id: string, seenUntil: Date): Promise<void> {
  await lockDestination(tx, id);
  if ((await countSlotsAfter(tx, id, seenUntil)) > 1)
    throw new RelaisError('DEST-001', [
      `Un fichier de ${id} a été demandé entre-temps, ou son heure est venue.`,
      `A file of ${id} was asked for since, or its hour has come.`,
    ]);
}

const decidingFile = (decision: 'release' | 'discard'): Act<Why, HeldFile> => ({
  permission: 'file.decide',
  fields: { reason },
  work: async (doing, also) => {
    const { by, input, shown } = doing;
    const { id } = await found(doing);
    return inOne(doing, also, (tx) =>
      decideHeldFileIn(tx, doing.place.published, id, decision, { actor: by.actor, ...input }, shown),
    );
  },
});
/** A full file that lost too much leaves all the same. `shown`: its batch. @throws FIND-001, DEST-001 where another or none is held */
export const releaseFile = decidingFile('release');
/** It is given up. */
export const discardFile = decidingFile('discard');
