// Computes the statistics that are kept of a lead (C34): a month, a département, and bands. Pure.
// Invariant: nothing finer than a band, no time, no commune, no person's text; a cell is kept only when enough persons share it.
import { civilDate, monthOf } from './civil-date.ts';

/** The charter's smallest cell. */
export const cellPersons = 11;

export interface FactSource {
  readonly collectedAt: Date;
  readonly departement: string | null;
  readonly originType: string | null;
  readonly housingType: string | null;
  readonly rooms: number | null;
  readonly budget: number | null;
}

/** '' for a missing value. */
export interface FactCell {
  /** `2026-11`. */
  readonly month: string;
  readonly departement: string;
  /** Family of the media: `portal`, `press`. */
  readonly media: string;
  /** `apartment-3`, `house`; five rooms and more are one. */
  readonly typology: string;
  /** `200-250`, thousands of euros; a million and more is one. */
  readonly budget: string;
}

const mostRooms = 5;
const bandEuros = 50_000;
const mostEuros = 1_000_000;

export function cellOf(source: FactSource): FactCell {
  const { collectedAt, departement, originType, housingType, rooms, budget } = source;
  const size = rooms === null ? '' : `-${Math.min(rooms, mostRooms)}`;
  return {
    month: monthOf(civilDate(collectedAt)),
    departement: departement ?? '',
    media: originType ?? '',
    typology: housingType === null ? '' : `${housingType}${size}`,
    budget: budget === null ? '' : bandOf(budget),
  };
}

function bandOf(euros: number): string {
  if (euros >= mostEuros) return `${mostEuros / 1_000}+`;
  const from = Math.floor(euros / bandEuros) * (bandEuros / 1_000);
  return `${from}-${from + bandEuros / 1_000}`;
}

export const cellKey = ({ month, departement, media, typology, budget }: FactCell): string =>
  [month, departement, media, typology, budget].join('\n');

/**
 * The least number of persons behind these requests: requests that share an address, directly or through others, count as one
 * person's. One without any address counts as none.
 * @param addresses of each request, normalised so that equal ones are the same text
 */
export function personsAmong(addresses: readonly (readonly string[])[]): number {
  const parents = new Map<string, string>();
  const root = (address: string): string => {
    let at = address;
    for (let up = parents.get(at); up !== undefined && up !== at; up = parents.get(at)) at = up;
    return at;
  };
  for (const [first, ...others] of addresses) {
    if (first === undefined) continue;
    if (!parents.has(first)) parents.set(first, first);
    for (const other of others) {
      if (!parents.has(other)) parents.set(other, other);
      parents.set(root(other), root(first));
    }
  }
  return [...parents.keys()].filter((address) => root(address) === address).length;
}
