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

/** @param now what an age is counted back from; without it an age is refused. @throws USAGE-001 */
export function readFilter(asked: AskedFilter, now?: Date): DeliveryFilter {
  const given = (Object.keys(filterConditions) as ConditionName[]).flatMap((name) => {
    const text = asked[name];
    if (text === undefined) return [];
    const condition = readCondition(name, text, now);
    if ('refused' in condition) throw new RelaisError('USAGE-001', condition.refused);
    return [[filterConditions[name].of, condition.value] as const];
  });
  return Object.fromEntries(given) as DeliveryFilter;
}
