// Acts on a mapping: publish it, roll back to an earlier version.
// Invariant: the version that comes into force is the shown one: where anything has changed since, nothing is done.
import { RelaisError } from '../../errors.ts';
import type { PublishRequest, PublishResult } from '../../publishing/publish.ts';
import { fingerprintOf, type MappingVersion } from '../../store/destinations/mapping-versions.ts';
import { sourcesToPublish, versionInForce, type MappingPlace } from '../mappings/files.ts';
import type { Trials } from '../mappings/trial-thread.ts';
import { seenDestination } from '../place.ts';
import { impersonal } from '../typed-text.ts';
import { handedOver, reason, textOf, type Act, type Doing, type Field, type InputOf } from './act.ts';

interface VersionPlace extends MappingPlace {
  readonly trials?: Trials;
}

/** The plan that a page showed; absent: the files on disk, and `mayEnd` asks the actor. */
interface ShownPlan {
  /** Text of the mapping's file; undefined: the file on disk. */
  readonly text: string | undefined;
  /** SHA-256 of the shown files. */
  readonly fingerprint: string;
  /** The version that was in force; undefined: none. */
  readonly before: number | undefined;
  /** The confirmed number of waiting deliveries that would end. */
  readonly ending: number;
}

/** For the log and the client's note (C48). */
const note: Field<string> = {
  ...reason,
  help: 'what changed and who asked (C48)',
  words: ['Note', 'Note'],
  hint: [
    'Ce qui change et qui l’a demandé ; ni adresse e-mail ni téléphone. Dans le journal et dans la note au client.',
    'The change and the person who asked; no mail address, no phone. In the log and in the client’s note.',
  ],
};

/** Without one: the centre by itself. */
export const askedBy: Field<string | undefined> = {
  schema: reason.schema,
  isOptional: true,
  help: "who asked for it, for the client's note (C48): a function or a company; default: the centre itself",
  words: ['Demandé par (fonction ou société)', 'Asked by (function or company)'],
  read: (given, where) => (textOf(given).trim() === '' ? undefined : impersonal(textOf(given).trim(), where)),
};

/** Numbers of cited instructions in the client's register (C53). */
export const instructions = handedOver<readonly number[]>(
  { type: 'array', items: { type: 'integer' } },
  "numbers of cited instructions in the client's register",
  (given = []) => given as readonly number[],
);

const fields = {
  note,
  askedBy,
  instructions,
  shown: handedOver<ShownPlan | undefined>({ type: 'object' }, 'the plan that was confirmed'),
};
type Input = InputOf<typeof fields>;
type Order = Omit<PublishRequest, 'author' | 'sources'>;

const changed = (): RelaisError =>
  new RelaisError('MAPPING-004', [
    'Les fichiers ou la version en vigueur ont changé entre-temps.',
    'Files or version in force have changed meanwhile.',
  ]);

/** An act on the destination that is named first. */
const versionAct = <Done>(
  work: (doing: Doing<Input, VersionPlace>, order: Order) => Promise<Done>,
): Act<Input, Done, VersionPlace> => ({
  permission: 'mapping.publish',
  fields,
  work: async (doing) => {
    const {
      place,
      to: [destinationId = ''],
      input,
      mayEnd,
    } = doing;
    const { shown } = input;
    if (shown === undefined) return work(doing, { ...input, destinationId, mayEnd });
    if ((await versionInForce(place, destinationId))?.version !== shown.before) throw changed();
    const isConfirmed = (_: string, count: number): Promise<boolean> =>
      Promise.resolve(count === shown.ending);
    return work(doing, { ...input, destinationId, mayEnd: isConfirmed });
  },
});

/** @throws FIND-001, MAPPING-001, MAPPING-003, MAPPING-004 also where another number of deliveries would end, INSTRUCTION-001 */
export const publishMapping = versionAct(
  async ({ place, by, input: { shown } }, order): Promise<PublishResult> => {
    const { publishing, trials, database } = place;
    if (shown === undefined && by.scope.clientId === undefined)
      return publishing.publish({ ...order, author: by.actor });
    const sources = await sourcesToPublish(place, by.scope, order.destinationId, shown?.text);
    if (fingerprintOf(JSON.stringify(sources)) !== shown?.fingerprint) throw changed();
    // An endless check must not block this process: where its own thread found no end, it is not begun here.
    if ((await trials?.ask({ sources, now: database.now() }))?.kind !== 'tried') throw changed();
    return publishing.publish({ ...order, sources, author: by.actor });
  },
);

/** To the version that is named second. @throws FIND-001, MAPPING-001, MAPPING-003, MAPPING-004 as above */
export const rollbackMapping = versionAct(
  async ({ place, by, to: [, version] }, order): Promise<MappingVersion> => {
    const { destinationId, note: why } = order;
    await seenDestination(place.database, by.scope, destinationId);
    return place.publishing.rollback({ ...order, version: Number(version), actor: by.actor, reason: why });
  },
);
