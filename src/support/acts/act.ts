// An act is declared once: its permission, its input, what it does. Terminal, HTTP interface and console make options, body and form
// of its fields, and do it by `perform`.
// Invariant: nothing is done without the permission, nor with an input that a field refuses.
import { may, type Holder, type Permission } from '../../access/permissions.ts';
import { RelaisError } from '../../errors.ts';
import type { Database, Sql } from '../../store/database.ts';
import type { MayEnd } from '../../publishing/version-effects.ts';
import type { SupportPlace, Scope } from '../place.ts';
import { typedEvidence, typedLength, typedReason } from '../typed-text.ts';
import type { Both } from '../words.ts';
import { lockDeliveries, type Delivery } from '../../store/deliveries/deliveries.ts';
import { lockLeads } from '../../store/leads/leads.ts';

/** The actor: its permissions and client, and its name in the log (`account:7`, `key:3`, `staff:2`). */
export interface By {
  readonly scope: Holder;
  readonly actor: string;
}

/** The least that an act has: the database, and its clock. */
export interface Clocked {
  readonly database: Database;
}

/** One field of an act's input. */
export interface Field<T> {
  /** JSON Schema of what is given. */
  readonly schema: Readonly<Record<string, unknown>> & { readonly type: string };
  readonly isOptional?: true;
  /** Behind its option, and in the description of the HTTP interface. */
  readonly help: string;
  /** Words of the values of an `enum`, by value. */
  readonly choices?: Readonly<Record<string, Both>>;
  /** No text that is typed: its form is the face's own, such as a filter or ticked boxes. */
  readonly isHandedOver?: true;
  /** Its label on a form, and what stands below it. */
  readonly words: Both;
  readonly hint?: Both;
  /**
   * @param where its name at this face: a field, an option
   * @param now what an age is counted back from
   * @throws USAGE-001, USAGE-002
   */
  readonly read: (given: unknown, where: string, now: Date) => T;
}

export type InputOf<Fields extends Readonly<Record<string, Field<unknown>>>> = {
  readonly [Name in keyof Fields]: ReturnType<Fields[Name]['read']>;
};

/** Targets and input of an act. */
export interface Asked {
  /** Numbers or keys of deliveries, tasks. */
  readonly to: readonly string[];
  /** By the names of the act's fields. */
  readonly input: object;
  /** Which run and which try the page showed: where they have changed, nothing is done. */
  readonly seen?: Seen | undefined;
  /** Asks the actor, where waiting deliveries would end. */
  readonly mayEnd?: MayEnd | undefined;
  /** The file that the page showed, where the act is about one: its batch, or the moment it was due. */
  readonly shown?: number | undefined;
}

export interface Doing<Input, Place = SupportPlace> extends Omit<Asked, 'input'> {
  readonly place: Place;
  readonly by: By;
  readonly input: Input;
}

export interface Act<Input extends object, Done, Place = SupportPlace> {
  readonly permission: Permission;
  readonly fields: { readonly [Name in keyof Input]-?: Field<Input[Name]> };
  /** Does it in one transaction, with what `also` adds to it. */
  readonly work: (doing: Doing<Input, Place>, also: With<Done>) => Promise<Done>;
}

/** @throws ACCESS-003, USAGE-001 and USAGE-002 by a field, and what the act refuses */
export async function perform<Input extends object, Done, Place extends Clocked>(
  place: Place,
  { permission, fields, work }: Act<Input, Done, Place>,
  by: By,
  { input, ...asked }: Asked,
  also: With<Done> = alone,
): Promise<Done> {
  if (!may(by.scope, permission))
    throw new RelaisError('ACCESS-003', [
      `Il faut pour cela le droit ${permission}.`,
      `This needs the permission ${permission}.`,
    ]);
  const now = place.database.now();
  const given = input as Readonly<Record<string, unknown>>;
  const read = fieldsOf({ fields }).map(([name, field]) => [name, field.read(given[name], name, now)]);
  return work({ ...asked, place, by, input: Object.fromEntries(read) as Input }, also);
}

export const fieldsOf = <Input extends object>({
  fields,
}: Pick<Act<Input, never>, 'fields'>): readonly (readonly [name: string, field: Field<unknown>])[] =>
  Object.entries<Field<unknown>>(fields);

export const typedFields = (act: Parameters<typeof fieldsOf>[0]): ReturnType<typeof fieldsOf> =>
  fieldsOf(act).filter(([, { isHandedOver }]) => isHandedOver !== true);

const typed = { type: 'string', minLength: typedLength.least, maxLength: typedLength.most } as const;
export const textOf = (given: unknown): string => (typeof given === 'string' ? given : '');

export const reason = {
  schema: typed,
  help: 'why: a ticket number; written in the hand-over log, so it names no person',
  words: ['Motif', 'Reason'],
  hint: [
    'Numéro de ticket et raison ; ni nom de personne, ni adresse e-mail, ni téléphone. Inscrit au journal.',
    'Ticket number and reason; no mail address, no phone. Written in the log.',
  ],
  read: (given, where) => typedReason(textOf(given), where),
} satisfies Field<string>;

export const evidence = {
  schema: typed,
  help: 'the evidence: a mail, a ticket; written in the hand-over log, so it names no person',
  words: ['Preuve', 'Evidence'],
  hint: ['Ce qui l’atteste : un e-mail, un ticket.', 'The evidence: a mail, a ticket.'],
  read: (given, where) => typedEvidence(textOf(given), where),
} satisfies Field<string>;

export const flag = (help: string, words: Both): Field<boolean> => ({
  schema: { type: 'boolean' },
  isOptional: true,
  help,
  words,
  read: (given) => given === true,
});

export const handedOver = <T>(
  schema: Field<T>['schema'],
  help: string,
  read: Field<T>['read'] = (given) => given as T,
): Field<T> => ({ schema, help, read, words: ['', ''], isHandedOver: true });

/** One of several values; the first where none is given. */
export const choice = <T extends string>(
  choices: Readonly<Record<T, Both>>,
  help: string,
  words: Both,
): Field<T> => {
  const values = Object.keys(choices) as T[];
  return {
    schema: { type: 'string', enum: values },
    isOptional: true,
    help: `${help}: ${values.join(', ')}; default: ${values[0] ?? ''}`,
    words,
    choices,
    read: (given = values[0], where) => {
      const found = values.find((one) => one === given);
      if (found === undefined)
        throw new RelaisError('USAGE-001', [
          `Ce choix n’existe pas : ${values.join(', ')}.`,
          `${where} is one of: ${values.join(', ')}.`,
        ]);
      return found;
    },
  };
};

/** The transaction of an act, and what is added to it. */
export const inOne = <Done>(
  { place }: Pick<Doing<unknown, Clocked>, 'place'>,
  also: With<Done>,
  work: (tx: Sql) => Promise<Done>,
): Promise<Done> =>
  place.database.transaction(async (tx) => {
    const done = await work(tx);
    await also(tx, done);
    return done;
  });

// Types of an act of support: the actor with its scope, and further work in the same transaction.

export interface Acting {
  readonly scope: Scope;
  /** Its name in the log: `account:7`, `key:3`. */
  readonly actor: string;
}

/** Runs in the transaction of the act, with its result: both commit, or neither. */
export type With<T> = (tx: Sql, done: T) => Promise<void>;

export const alone = (): Promise<void> => Promise.resolve();

// Locks a delivery and checks that it is as a page showed it: a second press or an old page then does nothing.
// Invariant: compared under the locks of the act's own transaction.

/** Run and attempt that the page showed. */
export type Seen = Pick<Delivery, 'run' | 'attempt'>;

/** Leads before deliveries, the order of all locks. @throws `moved` */
export async function lockAsSeen(
  tx: Sql,
  { id, leadId }: Pick<Delivery, 'id' | 'leadId'>,
  isAsSeen: (now: Delivery) => boolean,
  moved: RelaisError,
): Promise<void> {
  await lockLeads(tx, [leadId]);
  const [now] = await lockDeliveries(tx, [id]);
  if (now === undefined || !isAsSeen(now)) throw moved;
}
