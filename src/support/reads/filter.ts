// The filter of deliveries as a face was given it, text by text.
// Invariant: a text that cannot be read is refused with the same code at every face; none is left out.
import {
  filterConditions,
  readCondition,
  type AskedFilter,
  type ConditionName,
  type DeliveryFilter,
} from '../../domain/delivery-filter.ts';
import { RelaisError } from '../../errors.ts';
import { unknownDestination } from '../../errors/unknown.ts';
import type { Sql } from '../../store/database.ts';
import {
  allDestinations,
  clientIds,
  findDestination,
  type Destination,
} from '../../store/destinations/destinations.ts';
import { isWithin, type SupportPlace, type Scope } from '../place.ts';

const schemaOf = (name: ConditionName): Readonly<Record<string, unknown>> => {
  const { schema, help } = filterConditions[name];
  return { type: 'string', ...schema, description: help };
};

/** JSON Schemas of the conditions that systems and the terminal use; pages have whole days in place of moments. */
export const filterSchemas = {
  client: schemaOf('client'),
  destination: schemaOf('destination'),
  state: schemaOf('state'),
  cause: schemaOf('cause'),
  since: schemaOf('since'),
  until: schemaOf('until'),
  lead: schemaOf('lead'),
};
export const filterNames = Object.keys(filterSchemas) as (keyof typeof filterSchemas)[];
export type FilterAsked = AskedFilter<keyof typeof filterSchemas>;

/** @param now what an age is counted back from; without it an age is refused. @throws USAGE-001, also for a period that ends before it begins */
export function readFilter(asked: AskedFilter, now?: Date): DeliveryFilter {
  const given = (Object.keys(filterConditions) as ConditionName[]).flatMap((name) => {
    const text = asked[name];
    if (text === undefined) return [];
    const condition = readCondition(name, text, now);
    if ('refused' in condition) throw new RelaisError('USAGE-001', condition.refused);
    return [[filterConditions[name].of, condition.value] as const];
  });
  const filter = Object.fromEntries(given) as DeliveryFilter;
  refuseEmptyPeriod(filter, asked);
  return filter;
}

/** Its list would be empty, as if there were nothing. */
function refuseEmptyPeriod({ since, until }: DeliveryFilter, asked: AskedFilter): void {
  if (since === undefined || until === undefined || since < until) return;
  const [from, to] = [asked.from ?? asked.since ?? '', asked.to ?? asked.until ?? ''];
  throw new RelaisError('USAGE-001', [
    `La période est vide : sa fin (« Au » : ${to}) vient avant son début (« Du » : ${from}).`,
    `The period is empty: its end (${to}) does not come after its beginning (${from}).`,
  ]);
}

// Lists the names that a person may choose from: clients and destinations.
// Invariant: another client's are not among them.

export type KnownNames = Awaited<ReturnType<typeof namesInScope>>;

/** @throws FIND-001 */
export async function existingDestination(sql: Sql, id: string): Promise<Destination> {
  const found = await findDestination(sql, id);
  if (found === undefined) throw unknownDestination(id);
  return found;
}

/** A destination of a client with a version in force, or any of its destinations; undefined where it has none. */
export async function someDestinationOf(
  { reading }: Pick<SupportPlace, 'reading'>,
  scope: Scope,
  client: string,
): Promise<string | undefined> {
  const own = (await allDestinations(reading)).filter(
    ({ clientId }) => clientId === client && isWithin(scope, clientId),
  );
  const isInForce = ({ mappingVersionId, status }: (typeof own)[number]): boolean =>
    mappingVersionId !== 0 && status !== 'archived';
  return (own.find(isInForce) ?? own[0])?.id;
}

export async function namesInScope({ reading }: Pick<SupportPlace, 'reading'>, scope: Scope) {
  const clients = await clientIds(reading);
  const destinations = await allDestinations(reading);
  return {
    clients: clients.filter((id) => isWithin(scope, id)),
    destinations: destinations.filter(({ clientId }) => isWithin(scope, clientId)).map(({ id }) => id),
  };
}
