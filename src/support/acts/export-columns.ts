// Defines the columns of each exported list: the name for the log, and the heading for people, French first.
// Invariant: ids, codes, times and the centre's references; no data of a person from a lead's tables.
import { addDays, civilDate } from '../../domain/civil-date.ts';
import type { LoggedEntry } from '../../store/log-range.ts';
import type { Request } from '../../store/requests.ts';
import type { DeliveryHead } from '../reads/deliveries.ts';
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

export const deliveryColumns: readonly Column<DeliveryHead>[] = [
  column('number', ['Numéro', 'Number'], ({ id }) => id),
  column('key', ['Clé', 'Key'], ({ key }) => key),
  column('client', ['Client', 'Client'], ({ client }) => client),
  column('destination', ['Destination', 'Destination'], ({ destination }) => destination),
  column('lead', ['Lead', 'Lead'], ({ erased, lead }) => (erased ? '' : lead)),
  column('action', ['Action', 'Action'], ({ action }) => action),
  column('state', ['État', 'State'], ({ state }) => state),
  column('reason', ['Cause', 'Cause'], ({ reason }) => reason),
  column('run', ['Vie n° (1 : avant tout rejeu)', 'Run'], ({ run }) => run),
  column('attempt', ['Tentative', 'Attempt'], ({ attempt }) => attempt),
  column('planned', ['Planifiée le (UTC)', 'Planned (UTC)'], ({ createdAt }) => createdAt),
  column('due', ['À envoyer le (UTC)', 'Due (UTC)'], ({ dueAt }) => dueAt),
  column('settled', ['Terminée le (UTC)', 'Settled (UTC)'], ({ settledAt }) => settledAt),
];

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
