// The filter of deliveries: its conditions, what each may hold, their words, and how each is read from text.
// Invariant: one declaration, of which terminal, HTTP interface and console make their options, schema and form.
import type { Both } from '../../connectors/contract.ts';
import { addDays, isCivilDate, startOfDay, momentIn } from './civil-date.ts';
import { deliveryStates, type DeliveryState } from './delivery.ts';

/** Conditions of a list of deliveries; without any, every delivery matches. */
export interface DeliveryFilter {
  readonly client?: string;
  readonly destination?: string;
  readonly state?: DeliveryState;
  /** The reason's base (`refused`) or whole (`refused:programme_closed`). */
  readonly reason?: string;
  readonly since?: Date;
  readonly until?: Date;
  /** The centre's reference of the lead. */
  readonly lead?: string;
  /** Only what this bulk run has done, as long as its list is kept. */
  readonly bulkRun?: number;
  /** Only what needs a person: failed and not closed, or waiting for support's decision. */
  readonly open?: boolean;
}

interface Condition {
  /** The field of the filter that it fills. */
  readonly of: keyof DeliveryFilter;
  /** Its label. */
  readonly words: Both;
  /** Behind an option, and in the description of the HTTP interface. */
  readonly help: string;
  /** JSON Schema of its text. */
  readonly schema: { readonly enum?: readonly string[]; readonly pattern?: string; readonly format?: string };
  /** Reads a text that fits the schema; undefined where it cannot be read. */
  readonly read?: (text: string, now?: Date) => Date | number | undefined;
  /** Behind a text that is refused. */
  readonly not: Both;
}

/** The names of clients, destinations and leads, and the codes of causes, as they are made here. */
export const namePatterns = {
  client: '^[a-z0-9][a-z0-9-]{0,62}$',
  reference: '^[A-Za-z0-9._-]{1,64}$',
  cause: '^[a-z_]{1,40}(:[A-Za-z0-9_.-]{1,64})?$',
} as const;

const condition = (
  of: keyof DeliveryFilter,
  words: Both,
  help: string,
  schema: Condition['schema'],
  not: Both,
): Condition => ({ of, words, help, schema, not });

const from: Both = ['Du', 'From'];
const to: Both = ['Au', 'To'];
const noDay: Both = ['n’est pas une date telle que 2026-11-28', 'is no date such as 2026-11-28'];
const noMoment: Both = [
  'n’est pas une date (2026-11-25, 2026-11-25T14:00, ou un âge tel que 2h)',
  'is not a date (2026-11-25, 2026-11-25T14:00, or an age such as 2h)',
];
/** The beginning of a day, or of the day so many days later. */
const dayIn =
  (later: number) =>
  (text: string): Date | undefined =>
    isCivilDate(text) ? startOfDay(addDays(text, later)) : undefined;

const name = { pattern: namePatterns.client };
const dateTime = { format: 'date-time' };
const day = { format: 'date' };

export const filterConditions = {
  client: condition('client', ['Client', 'Client'], 'of one client', name, [
    'n’est pas un nom de client',
    'is no name of a client',
  ]),
  destination: condition('destination', ['Destination', 'Destination'], 'owed to one destination', name, [
    'n’est pas un nom de destination',
    'is no name of a destination',
  ]),
  state: condition('state', ['État', 'State'], 'in one state', { enum: deliveryStates }, [
    'n’est pas un état de livraison',
    'is no state of a delivery',
  ]),
  cause: condition(
    'reason',
    ['Cause', 'Cause'],
    'reason code: refused, invalid, opt_in_missing, refused:programme_closed ...',
    { pattern: namePatterns.cause },
    ['n’est pas un code de cause', 'is no code of a cause'],
  ),
  since: { ...condition('since', from, 'planned since', dateTime, noMoment), read: momentIn },
  until: { ...condition('until', to, 'planned before', dateTime, noMoment), read: momentIn },
  lead: condition(
    'lead',
    ['Référence', 'Reference'],
    "the centre's reference of the lead",
    { pattern: namePatterns.reference },
    ['n’est pas une référence de lead', 'is no reference of a lead'],
  ),
  run: {
    ...condition(
      'bulkRun',
      ['Traitement groupé', 'Bulk run'],
      'done by one bulk run',
      { pattern: String.raw`^[1-9]\d{0,14}$` },
      ['n’est pas le numéro d’un traitement groupé', 'is no number of a bulk run'],
    ),
    read: Number,
  },
  from: { ...condition('since', from, 'planned on this day or later', day, noDay), read: dayIn(0) },
  to: { ...condition('until', to, 'planned on this day or earlier', day, noDay), read: dayIn(1) },
} satisfies Readonly<Record<string, Condition>>;

export type ConditionName = keyof typeof filterConditions;
export type AskedFilter<Name extends ConditionName = ConditionName> = Readonly<Partial<Record<Name, string>>>;

/**
 * One condition from its text.
 * @param now what an age is counted back from
 * @returns the value, or in both languages why there is none
 */
export function readCondition(
  named: ConditionName,
  text: string,
  now?: Date,
): { readonly value: string | Date | number } | { readonly refused: Both } {
  const { schema, read, not }: Condition = filterConditions[named];
  const fits =
    schema.enum?.includes(text) !== false &&
    (schema.pattern === undefined || new RegExp(schema.pattern).test(text));
  const value = fits ? (read === undefined ? text : read(text, now)) : undefined;
  return value === undefined ? { refused: [`« ${text} » ${not[0]}.`, `${text} ${not[1]}.`] } : { value };
}
