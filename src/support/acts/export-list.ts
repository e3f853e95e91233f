// Exports a list as CSV, for holders of that permission (C39): deliveries, requests of persons, entries of the log.
// Invariant: in the log, with actor, reason and list, before the first byte; it contains no person's data; no cell is a formula.
import { Readable } from 'node:stream';
import { stringify } from 'csv-stringify';
import { RelaisError } from '../../errors.ts';
import { civilDate, addDays } from '../../domain/civil-date.ts';
import type { DeliveryFilter } from '../../domain/delivery-filter.ts';
import { countDeliveries, eachDelivery } from '../../store/deliveries/delivery-lists.ts';
import { appendHandovers } from '../../store/log/handovers.ts';
import { countEntries, entriesInRange, type LogRange, type LoggedEntry } from '../../store/log/log-range.ts';
import { listRequests, type Request } from '../../store/people/requests.ts';
import { filterInScope } from '../named-text.ts';
import type { SupportPlace } from '../place.ts';
import { headOf, rowColumns, type DeliveryHead } from '../reads/deliveries.ts';
import { inLanguage, type Both, type Language } from '../words.ts';
import { choice, handedOver, reason, type Act, type Doing } from './act.ts';
import { filterField } from './bulk.ts';

const lists = {
  deliveries: ['Livraisons', 'Deliveries'],
  requests: ['Demandes de droits', 'Requests of persons'],
  log: ['Journal', 'Log'],
} as const satisfies Readonly<Record<string, Both>>;
type ExportedList = keyof typeof lists;

/** Rows of one file: as many as a spreadsheet opens, and the database can send meanwhile. */
const mostExported = 100_000;
/** Days of the log in one file. */
const mostDays = 31;
const dayMs = 86_400_000;

/** @throws USAGE-001 where it would be too long, FIND-001 for an unknown name */
async function exported({ place, by, input }: Doing<ExportInput>): Promise<Readable> {
  const { list, reason: purpose, language } = input;
  const filter = await filterInScope(place.reading, by.scope, input.filter);
  const { columns, pages } = await chosen(place, list, filter);
  await place.database.transaction((tx) =>
    appendHandovers(tx, [
      {
        entry: 'exported',
        clientId: filter.client ?? '',
        destinationId: filter.destination,
        actor: by.actor,
        purpose,
        reason: list,
        target: periodText(filter),
        fields: columns.map(({ name }) => name),
      },
    ]),
  );
  return Readable.from(pages).pipe(
    stringify({
      header: true,
      columns: columns.map(({ heading }) => inLanguage(heading, language)),
      bom: true,
      delimiter: ';',
      // A spreadsheet would run such cells.
      escape_formulas: true,
      cast: { date: (at) => at.toISOString() },
    }),
  );
}

interface ExportInput {
  readonly list: ExportedList;
  /** Requests use only its client; the log uses its client and period, which is mandatory. */
  readonly filter: DeliveryFilter;
  readonly reason: string;
  readonly language: Language;
}

export const exportList: Act<ExportInput, Readable> = {
  permission: 'list.export',
  fields: {
    list: choice(lists, 'which list', ['Liste', 'List']),
    filter: filterField,
    reason,
    language: handedOver<Language>({ type: 'string', enum: ['fr', 'en'] }, 'of the headings'),
  },
  work: exported,
};

interface Chosen {
  readonly columns: readonly Pick<Column<never>, 'name' | 'heading'>[];
  readonly pages: AsyncGenerator<readonly Cell[]>;
}

async function chosen(place: SupportPlace, list: ExportedList, filter: DeliveryFilter): Promise<Chosen> {
  const { reading, database } = place;
  switch (list) {
    case 'deliveries':
      refuseLong(await countDeliveries(reading, filter, mostExported + 1));
      return rowsOf(deliveryColumns, mapped(eachDelivery(reading, filter), headOf));
    case 'requests':
      return rowsOf(requestColumns, requestPages(place, filter.client));
    case 'log': {
      const range = rangeOf(filter);
      refuseLong(await countEntries(database, range, mostExported + 1));
      return rowsOf(logColumns, entriesInRange(database, range));
    }
  }
}

const rowsOf = <T>(columns: readonly Column<T>[], pages: AsyncIterable<readonly T[]>): Chosen => ({
  columns,
  pages: (async function* () {
    let left = mostExported;
    for await (const page of pages)
      for (const row of page) {
        if (left === 0) return;
        left -= 1;
        yield columns.map(({ cell }) => cell(row));
      }
  })(),
});

async function* mapped<T, U>(
  pages: AsyncIterable<readonly T[]>,
  map: (row: T) => U,
): AsyncGenerator<readonly U[]> {
  for await (const page of pages) yield page.map(map);
}

async function* requestPages(
  { database }: SupportPlace,
  clientId: string | undefined,
): AsyncGenerator<readonly Request[]> {
  for (let before: number | undefined; ;) {
    const page = await listRequests(database, clientId === undefined ? {} : { clientId }, 1_000, before);
    before = page.at(-1)?.id;
    if (before === undefined) return;
    yield page;
  }
}

function rangeOf({ client, since, until }: DeliveryFilter): LogRange {
  if (
    since === undefined ||
    until === undefined ||
    until.getTime() - since.getTime() > (mostDays + 1) * dayMs
  )
    throw new RelaisError('USAGE-001', [
      `Le journal s’exporte par périodes de ${mostDays} jours au plus : donnez le début et la fin.`,
      `The log is exported by a period of ${mostDays} days at most: from and to.`,
    ]);
  return { from: since, until, client };
}

function refuseLong(count: number): void {
  if (count > mostExported)
    throw new RelaisError('USAGE-001', [
      `Plus de ${mostExported} lignes correspondent : réduisez la période ou restreignez le filtre.`,
      `More than ${mostExported} rows match: narrow the period or the filter.`,
    ]);
}

const periodText = ({ since, until, state, reason, bulkRun }: DeliveryFilter): string =>
  [
    ...(since === undefined ? [] : [`from ${civilDate(since)}`]),
    ...(until === undefined ? [] : [`before ${civilDate(until)}`]),
    ...(state === undefined ? [] : [`state ${state}`]),
    ...(reason === undefined ? [] : [`cause ${reason}`]),
    ...(bulkRun === undefined ? [] : [`bulk run ${bulkRun}`]),
  ]
    .join(', ')
    .slice(0, 200);

// Defines the columns of each exported list: the name for the log, and the heading for people, French first.
// Invariant: ids, codes, times and the centre's references; no data of a person from a lead's tables.

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

const requestColumns: readonly Column<Request>[] = [
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

const logColumns: readonly Column<LoggedEntry>[] = [
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
