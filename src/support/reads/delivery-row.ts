// A delivery in a list: its columns with type and words. Table, JSON, CSV and the schema of the HTTP interface are made of them.
// Invariant: ids, codes and times; nothing that the lead's tables hold of a person.
import { deliveryStates } from '../../domain/delivery.ts';
import type { ListedDelivery } from '../../store/delivery-lists.ts';
import type { Both } from '../words.ts';

interface RowColumn {
  /** JSON Schema of its value. */
  readonly schema: Readonly<Record<string, unknown>> & { readonly type: string | readonly string[] };
  readonly help?: string;
  /** Its heading. */
  readonly words: Both;
  /** The name of its column in a CSV file, which the log keeps; without one it is in none. */
  readonly csv?: string;
  readonly of: (row: ListedDelivery) => string | number | boolean | Date | null;
}

const column = <T extends ReturnType<RowColumn['of']>>(
  schema: RowColumn['schema'],
  words: Both,
  of: (row: ListedDelivery) => T,
  more: Pick<RowColumn, 'csv' | 'help'> = {},
) => ({ schema, words, of, ...more });

const text = { type: 'string' };
const whole = { type: 'integer' };
const moment = { type: 'string', format: 'date-time' };
const states = { type: 'string', enum: deliveryStates };
const actions = { type: 'string', enum: ['create', 'update', 'erase'] };

export const deliveryColumns = {
  id: column(whole, ['Numéro', 'Number'], (row) => row.id, { csv: 'number' }),
  key: column(text, ['Clé', 'Key'], (row) => row.key, { csv: 'key', help: '`webhook-id` of what was sent' }),
  client: column(text, ['Client', 'Client'], (row) => row.clientId, { csv: 'client' }),
  destination: column(text, ['Destination', 'Destination'], (row) => row.destinationId, {
    csv: 'destination',
  }),
  lead: column(text, ['Lead', 'Lead'], (row) => row.leadReference, {
    csv: 'lead',
    help: "the centre's reference of the lead",
  }),
  erased: column({ type: 'boolean' }, ['Effacée', 'Erased'], (row) => row.leadErased, {
    help: 'the person has been erased',
  }),
  revision: column(whole, ['Révision', 'Revision'], (row) => row.revision, {
    help: 'of the lead, when it was planned',
  }),
  action: column(actions, ['Action', 'Action'], (row) => row.action, { csv: 'action' }),
  state: column(states, ['État', 'State'], (row) => row.state, { csv: 'state' }),
  reason: column(text, ['Cause', 'Cause'], (row) => row.reason, {
    csv: 'reason',
    help: '`base` or `base:CODE`',
  }),
  run: column(whole, ['Vie n° (1 : avant tout rejeu)', 'Run'], (row) => row.run, {
    csv: 'run',
    help: '1, and one more for each replay',
  }),
  attempt: column(whole, ['Tentative', 'Attempt'], (row) => row.attempt, { csv: 'attempt' }),
  departures: column(whole, ['Essais', 'Tries'], (row) => row.departures),
  createdAt: column(moment, ['Planifiée le', 'Planned'], (row) => row.createdAt, { csv: 'planned' }),
  dueAt: column(moment, ['À envoyer le', 'Due'], (row) => row.dueAt, { csv: 'due' }),
  expiresAt: column(moment, ['Échéance', 'Expires'], (row) => row.expiresAt),
  settledAt: column(
    { ...moment, type: ['string', 'null'] },
    ['Terminée le', 'Settled'],
    (row) => row.settledAt ?? null,
    { csv: 'settled' },
  ),
};

type Columns = typeof deliveryColumns;

/** A delivery in a list, under names that stay. */
export type DeliveryHead = { readonly [Name in keyof Columns]: ReturnType<Columns[Name]['of']> };

export const rowColumns = Object.entries<RowColumn>(deliveryColumns);

export const headOf = (row: ListedDelivery): DeliveryHead =>
  Object.fromEntries(rowColumns.map(([name, { of }]) => [name, of(row)])) as DeliveryHead;
