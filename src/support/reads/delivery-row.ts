// A delivery in a list: its columns with type and words. Table, JSON, CSV and the schema of the HTTP interface are made of them.
// Invariant: ids, codes and times; nothing that the lead's tables hold of a person.
import { deliveryStates } from '../../domain/delivery.ts';
import type { ListedDelivery } from '../../store/delivery-lists.ts';
import type { Both } from '../words.ts';
import * as s from './columns.ts';

interface RowColumn {
  readonly schema: s.Schema;
  /** Its heading. */
  readonly words: Both;
  /** The name of its column in a CSV file, which the log keeps; without one it is in none. */
  readonly csv?: string;
  readonly of: (row: ListedDelivery) => unknown;
}

const column = <T>(schema: s.Schema, words: Both, of: (row: ListedDelivery) => T, csv?: string) => ({
  schema,
  words,
  of,
  ...(csv === undefined ? {} : { csv }),
});

export const deliveryColumns = {
  id: column(s.whole(), ['Numéro', 'Number'], (row) => row.id, 'number'),
  key: column(s.text('`webhook-id` of what was sent'), ['Clé', 'Key'], (row) => row.key, 'key'),
  client: column(s.text(), ['Client', 'Client'], (row) => row.clientId, 'client'),
  destination: column(s.text(), ['Destination', 'Destination'], (row) => row.destinationId, 'destination'),
  lead: column(
    s.text("the centre's reference of the lead"),
    ['Lead', 'Lead'],
    (row) => row.leadReference,
    'lead',
  ),
  erased: column(s.flag('the person has been erased'), ['Effacée', 'Erased'], (row) => row.leadErased),
  revision: column(
    s.whole('of the lead, when it was planned'),
    ['Révision', 'Revision'],
    (row) => row.revision,
  ),
  action: column(s.oneOf(['create', 'update', 'erase']), ['Action', 'Action'], (row) => row.action, 'action'),
  state: column(s.oneOf(deliveryStates), ['État', 'State'], (row) => row.state, 'state'),
  reason: column(s.text('`base` or `base:CODE`'), ['Cause', 'Cause'], (row) => row.reason, 'reason'),
  run: column(
    s.whole('1, and one more for each replay'),
    ['Vie n° (1 : avant tout rejeu)', 'Run'],
    (row) => row.run,
    'run',
  ),
  attempt: column(s.whole(), ['Tentative', 'Attempt'], (row) => row.attempt, 'attempt'),
  departures: column(s.whole(), ['Essais', 'Tries'], (row) => row.departures),
  createdAt: column(s.moment(), ['Planifiée le', 'Planned'], (row) => row.createdAt, 'planned'),
  dueAt: column(s.moment(), ['À envoyer le', 'Due'], (row) => row.dueAt, 'due'),
  expiresAt: column(s.moment(), ['Échéance', 'Expires'], (row) => row.expiresAt),
  settledAt: column(
    s.orNull(s.moment()),
    ['Terminée le', 'Settled'],
    (row) => row.settledAt ?? null,
    'settled',
  ),
};

/** A delivery in a list, under names that stay. */
export type DeliveryHead = s.RecordOf<typeof deliveryColumns>;
export const headOf = (row: ListedDelivery): DeliveryHead => s.recordOf(deliveryColumns, row);

export const rowColumns = Object.entries<RowColumn>(deliveryColumns);
