// Selects the deliveries of a command: by ids or keys, or by the filters that lists and bulk work share.
// Invariant: a list and a bulk run with the same filter cover the same deliveries.
import { Option, type Command } from 'commander';
import { filterConditions } from '../domain/delivery-filter.ts';
import { RelaisError } from '../errors.ts';
import { filterNames, readFilter, type FilterAsked } from '../support/reads/filter.ts';

export type FilterOptions = FilterAsked;

/** Names of option values that differ from the condition's own name. */
const placeholders: Readonly<Partial<Record<string, string>>> = {
  cause: 'code',
  since: 'date',
  until: 'date',
  lead: 'reference',
};

/** The filters of a list and of a replay are the same, so that the list shows the deliveries that the replay covers. */
export function withFilters(command: Command): Command {
  for (const name of filterNames) {
    const { schema, help } = filterConditions[name];
    const forms = name === 'since' ? ': 2026-11-25, 2026-11-25T14:00, or an age: 2h, 7d' : '';
    const option = new Option(`--${name} <${placeholders[name] ?? name}>`, `${help}${forms}`);
    command.addOption(schema.enum === undefined ? option : option.choices(schema.enum));
  }
  return command;
}

export const isFiltered = (options: FilterOptions): boolean =>
  Object.keys(readFilter(options, new Date(0))).length > 0;

/** @throws USAGE-001 unless ids or filters are given, and not both */
export function refuseBoth(names: readonly string[], options: FilterOptions, verb: string): void {
  const filtered = isFiltered(options);
  if (names.length > 0 && filtered) throw new RelaisError('USAGE-001', 'Give ids or filters, not both.');
  if (names.length === 0 && !filtered)
    throw new RelaisError(
      'USAGE-001',
      `Say what to ${verb}: ids, or filters such as --destination and --state.`,
    );
}
