// Defines the columns of each exported list: the name for the log, and the heading for people, French first.
// Invariant: ids, codes, times and the centre's references; no data of a person from a lead's tables.
import { addDays, civilDate } from '../../domain/civil-date.ts';
import type { LoggedEntry } from '../../store/log-range.ts';
import type { Request } from '../../store/requests.ts';
import { rowColumns, type DeliveryHead } from '../reads/delivery-row.ts';
import type { Both } from '../words.ts';

export type Cell = string | number | Date | null;

export interface Column<T> {
  /** Stable, whatever the heading becomes: the entry of the log names it. */
  readonly name: string;
  readonly heading: Both;
  readonly cell: (row: T) => Cell;
}

const column = <T>(name: string, heading: Both, cell: (row: T) => Cell): Column<T> => ({
  name,
  heading,
  cell,
});

export const deliveryColumns: readonly Column<DeliveryHead>[] = rowColumns.flatMap(
  ([name, { csv, words, schema }]) => {
    const zone = schema['format'] === 'date-time' ? ' (UTC)' : '';
    if (csv === undefined) return [];
    // The centre's reference of an erased lead is left out.
    const cell = (row: DeliveryHead): Cell =>
      name === 'lead' && row.erased ? '' : (row[name as keyof DeliveryHead] as Cell);
    return [column(csv, [`${words[0]}${zone}`, `${words[1]}${zone}`], cell)];
  },
);

export const requestColumns: readonly Column<Request>[] = [
  column('number', ['Numéro', 'Number'], ({ id }) => id),
  column('client', ['Client', 'Client'], ({ clientId }) => clientId),
  column('kind', ['Droit', 'Right'], ({ kind }) => kind),
  column('state', ['État', 'State'], ({ state }) => state),
  column('outcome', ['Issue', 'Outcome'], ({ outcome }) => outcome),
  column('received', ['Reçue le (UTC)', 'Received (UTC)'], ({ receivedAt }) => receivedAt),
  column('last_day', ['Dernier jour', 'Last day'], ({ dueAt }) => addDays(civilDate(dueAt), -1)),
  column('extended', ['Prolongée le (UTC)', 'Extended (UTC)'], ({ extendedAt }) => extendedAt),
  column('applied', ['Appliquée le (UTC)', 'Applied (UTC)'], ({ appliedAt }) => appliedAt),
  column('informed', ['Personne informée le (UTC)', 'Informed (UTC)'], ({ informedAt }) => informedAt),
  column('closed', ['Close le (UTC)', 'Closed (UTC)'], ({ closedAt }) => closedAt),
];

export const logColumns: readonly Column<LoggedEntry>[] = [
  column('entry_number', ['Entrée n°', 'Entry number'], ({ id }) => id),
  column('at', ['Date (UTC)', 'At (UTC)'], ({ at }) => at),
  column('entry', ['Entrée', 'Entry'], ({ entry }) => entry),
  column('client', ['Client', 'Client'], ({ client }) => client),
  column('destination', ['Destination', 'Destination'], ({ destination }) => destination),
  column('delivery', ['Livraison', 'Delivery'], ({ delivery }) => delivery),
  column('lead_number', ['Lead n°', 'Lead number'], ({ lead }) => lead),
  column('run', ['Vie n° (1 : avant tout rejeu)', 'Run'], ({ run }) => run),
  column('attempt', ['Tentative', 'Attempt'], ({ attempt }) => attempt),
  column('actor', ['Par', 'By'], ({ actor }) => actor),
  column('purpose', ['Motif', 'Purpose'], ({ purpose }) => purpose),
  column('recipient', ['Destinataire', 'Recipient'], ({ recipient }) => recipient),
  column('outcome', ['Issue', 'Outcome'], ({ outcome }) => outcome),
  column('reason', ['Cause', 'Cause'], ({ reason }) => reason),
  column('status', ['Statut', 'Status'], ({ status }) => status),
];
