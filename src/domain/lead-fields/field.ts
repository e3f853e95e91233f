// Defines how a field of a lead is declared, and the kinds of fields.
// Invariant: columns, contract, types, sources, samples and pages are derived from the definition; none of them lists fields itself.
import type { DataCategory } from '../lead-values.ts';
import { rules, type Rule } from './rules.ts';

export type SourceType =
  | 'text'
  | 'integer'
  | 'decimal'
  | 'date'
  | 'boolean'
  | 'enum'
  | 'phone'
  | 'email'
  | 'list';

export type FieldValue = string | number | boolean | Date;

/** `mandatory`: the sender gives it; `defaulted`: Relais fills it when the sender does not. Both are always present. */
export type Presence = 'optional' | 'mandatory' | 'defaulted';

interface Facts<C extends string, V extends FieldValue, P extends Presence> {
  /** The sender's column in lead_intake; for consents and interactions the column of their own table. */
  readonly column: C;
  /** Name in the lead's table, when it differs. */
  readonly stored?: string;
  readonly presence?: P;
  /** Value when the sender leaves it out: never for a person's field (C13). */
  readonly byDefault?: V;
  /** False: the value is nobody's. A person's has no default, no constant and no invention (C13). */
  readonly person?: boolean;
  /** When it differs from its group's. */
  readonly category?: DataCategory | 'technical';
  /** French, for the document a client signs. */
  readonly label: string;
  /** English, for authors of mappings and senders of leads. */
  readonly description: string;
  /** Further advice for a sender. */
  readonly note?: string;
  /** Name in mappings when it differs from the path in the lead; null: mappings do not read it. */
  readonly source?: string | null;
  /** Sample of an invented person. */
  readonly sample?: V;
  /** Names that clients use, in small letters without blanks or accents; null: a draft never guesses it. */
  readonly guess?: RegExp | null;
}

export interface Field<
  C extends string = string,
  V extends FieldValue = FieldValue,
  P extends Presence = Presence,
> extends Facts<C, V, P> {
  readonly presence: P;
  readonly person: boolean;
  readonly type: SourceType;
  readonly rule: Rule;
  readonly values?: readonly string[];
  /** Words for people for each of the values. */
  readonly words?: Readonly<Record<string, string>>;
}

/** Fields by their names in the lead; a group inside a group is a block of its own: `address`. */
export interface Fields {
  readonly [name: string]: Field | Fields;
}

export const isField = (entry: Field | Fields): entry is Field => typeof entry['column'] === 'string';

/** The type of a field's value, or of a block of fields. */
export type ValueOf<F> = F extends Field<string, infer V> ? V : ValuesOf<F>;

type AlwaysThere = Field<string, FieldValue, 'mandatory' | 'defaulted'>;

/** Absent stays absent (C13): only fields that are always present are required properties. */
export type ValuesOf<F> = {
  readonly [K in keyof F as F[K] extends AlwaysThere ? K : never]: ValueOf<F[K]>;
} & {
  readonly [K in keyof F as F[K] extends AlwaysThere ? never : K]?: ValueOf<F[K]>;
};

/** The columns of the fields, those of inner blocks included. */
export type ColumnsOf<F> = {
  [K in keyof F]: F[K] extends Field<infer C> ? C : ColumnsOf<F[K]>;
}[keyof F];

function fieldOf<C extends string, V extends FieldValue, P extends Presence>(
  type: SourceType,
  rule: Rule,
  facts: Facts<C, V, P>,
): Field<C, V, P> {
  const { presence = 'optional' as P, person = true } = facts;
  return { ...facts, presence, person, type, rule };
}

const kind =
  <V extends FieldValue>(type: SourceType, rule: Rule) =>
  <C extends string, P extends Presence = 'optional'>(facts: Facts<C, V, P>): Field<C, V, P> =>
    fieldOf(type, rule, facts);

/** A kind whose rule has limits. */
const limited =
  <V extends FieldValue, L>(type: SourceType, ruleFor: (limits: L) => Rule) =>
  <C extends string, P extends Presence = 'optional'>(limits: L, facts: Facts<C, V, P>): Field<C, V, P> =>
    fieldOf(type, ruleFor(limits), facts);

/** Text on one line. */
export const text = limited<string, number>('text', rules.line);
/** Text that may contain line ends. */
export const longText = limited<string, number>('text', rules.longText);
export const code = limited<string, number>('text', rules.code);
/** Text with a rule of its own. */
export const textLike = limited<string, Rule>('text', (rule) => rule);
export const phone = kind<string>('phone', rules.phone);
export const email = kind<string>('email', rules.email);
export const whole = limited<number, Parameters<typeof rules.whole>[0]>('integer', rules.whole);
export const amount = limited<number, Parameters<typeof rules.amount>[0]>('decimal', rules.amount);
export const instant = kind<Date>('date', rules.instant);
export const yesNo = kind<boolean>('boolean', rules.yesNo);

/** One of a closed list, with words for people for each of its values. */
export const choice = <V extends string, C extends string, P extends Presence = 'optional'>(
  values: readonly V[],
  facts: Facts<C, V, P> & { readonly words?: Readonly<Record<V, string>> },
): Field<C, V, P> => ({ ...fieldOf('enum', rules.choice(values), facts), values });
