// An act is declared once: its permission, its input, what it does. Terminal, HTTP interface and console make options, body and form
// of its fields, and do it by `perform`.
// Invariant: nothing is done without the permission, nor with an input that a field refuses.
import { may, type Holder, type Permission } from '../../access/permissions.ts';
import { RelaisError } from '../../errors.ts';
import type { Sql } from '../../store/database.ts';
import type { SupportPlace } from '../place.ts';
import { typedEvidence, typedLength, typedReason } from '../typed-text.ts';
import type { Both } from '../words.ts';
import { alone, type With } from './acting.ts';
import type { Seen } from './as-seen.ts';

/** The actor: its permissions and client, and its name in the log (`account:7`, `key:3`, `staff:2`). */
export interface By {
  readonly scope: Holder;
  readonly actor: string;
}

/** One field of an act's input. */
export interface Field<T> {
  /** JSON Schema of what is given. */
  readonly schema: Readonly<Record<string, unknown>> & { readonly type: string };
  readonly isOptional?: true;
  /** Behind its option, and in the description of the HTTP interface. */
  readonly help: string;
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

/** Targets and input of an act. */
export interface Asked {
  /** Numbers or keys of deliveries, tasks. */
  readonly to: readonly string[];
  /** By the names of the act's fields. */
  readonly input: object;
  /** Which run and which try the page showed: where they have changed, nothing is done. */
  readonly seen?: Seen | undefined;
  /** The file that the page showed, where the act is about one: its batch, or the moment it was due. */
  readonly shown?: number | undefined;
}

export interface Doing<Input> extends Omit<Asked, 'input'> {
  readonly place: SupportPlace;
  readonly by: By;
  readonly input: Input;
}

export interface Act<Input extends object, Done> {
  readonly permission: Permission;
  readonly fields: { readonly [Name in keyof Input]-?: Field<Input[Name]> };
  /** Does it in one transaction, with what `also` adds to it. */
  readonly work: (doing: Doing<Input>, also: With<Done>) => Promise<Done>;
}

/** @throws ACCESS-003, USAGE-001 and USAGE-002 by a field, and what the act refuses */
export async function perform<Input extends object, Done>(
  place: SupportPlace,
  { permission, fields, work }: Act<Input, Done>,
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

/** Each field of an act with its name. */
export const fieldsOf = <Input extends object>({
  fields,
}: Pick<Act<Input, never>, 'fields'>): readonly (readonly [name: string, field: Field<unknown>])[] =>
  Object.entries<Field<unknown>>(fields);

const typed = {
  type: 'string',
  minLength: typedLength.least,
  maxLength: typedLength.most,
} as const;
const textOf = (given: unknown): string => (typeof given === 'string' ? given : '');

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
  help: 'what it rests on: a mail, a ticket; written in the hand-over log, so it names no person',
  words: ['Preuve', 'Evidence'],
  hint: ['Ce qui l’atteste : un e-mail, un ticket.', 'What it rests on: a mail, a ticket.'],
  read: (given, where) => typedEvidence(textOf(given), where),
} satisfies Field<string>;

export const flag = (help: string, words: Both): Field<boolean> => ({
  schema: { type: 'boolean' },
  isOptional: true,
  help,
  words,
  read: (given) => given === true,
});

/** The transaction of an act, and what is added to it. */
export const inOne = <Done>(
  { place }: Pick<Doing<unknown>, 'place'>,
  also: With<Done>,
  work: (tx: Sql) => Promise<Done>,
): Promise<Done> =>
  place.database.transaction(async (tx) => {
    const done = await work(tx);
    await also(tx, done);
    return done;
  });
