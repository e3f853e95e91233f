// Counts the monthly statistics (C26 to C28, C34): three tables of at most two dimensions, without totals. Pure.
// Invariant: a published cell counts eleven persons of three clients or more, none of them with over 85 % of it, rounded to 5; the
// cells that are left out of a table are, taken together, such a cell too, so that no subtraction reveals a smaller one.
import { channels, housingTypes } from './lead-values.ts';

export const cellRule = { persons: 11, clients: 3, largestShare: 0.85, roundedTo: 5 } as const;

/** The tables; `category` and `class` of each are its two dimensions. `simultaneous` has one. */
export const reports = ['channel_media', 'product_departement', 'simultaneous'] as const;
export type Report = (typeof reports)[number];

/** Families of media: the closed list that the centre's codes of `origin_type` are mapped to, with those codes. */
const codesOf = {
  portal: ['portal', 'portals', 'portail', 'portail_immobilier'],
  search: ['search', 'sea', 'seo', 'google_ads', 'adwords', 'moteur'],
  social: ['social', 'social_ads', 'facebook', 'instagram', 'linkedin', 'tiktok', 'reseaux_sociaux'],
  display: ['display', 'banner', 'banniere', 'retargeting', 'affiliation'],
  website: ['website', 'site', 'web', 'landing', 'landing_page'],
  mailing: ['mailing', 'email', 'emailing', 'newsletter', 'sms'],
  press: ['press', 'presse', 'magazine', 'print'],
  broadcast: ['radio', 'tv', 'television', 'cinema', 'podcast'],
  outdoor: ['outdoor', 'affichage', 'panneau', 'billboard', 'bulle_de_vente', 'signage'],
  event: ['event', 'salon', 'fair', 'portes_ouvertes'],
  referral: ['referral', 'parrainage', 'bouche_a_oreille', 'prescripteur', 'partner', 'partenaire'],
  other: [],
  unknown: [],
} as const satisfies Readonly<Record<string, readonly string[]>>;
export type MediaFamily = keyof typeof codesOf;
export const mediaFamilies = Object.keys(codesOf) as readonly MediaFamily[];

const familyOfCode: ReadonlyMap<string, MediaFamily> = new Map(
  mediaFamilies.flatMap((family) => codesOf[family].map((code): [string, MediaFamily] => [code, family])),
);

/** In any spelling, with accents or without. A code outside the list is `other`: the code itself is never published. */
export function familyOf(originType: string | null): MediaFamily {
  if (originType === null) return 'unknown';
  const code = originType
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '_')
    .replaceAll(/^_|_$/g, '');
  return familyOfCode.get(code) ?? (code === '' ? 'unknown' : 'other');
}

/** A request of the month, as the count needs it. */
export interface CountedRequest {
  readonly clientId: string;
  /** Clients of one legal entity count as one. */
  readonly entity: string;
  readonly channel: string;
  readonly originType: string | null;
  readonly departement: string | null;
  readonly housingType: string | null;
  readonly rooms: number | null;
  /** Euros. */
  readonly budget: number | null;
  /** Marks of the person's addresses, under a key of this run alone; equal addresses have the same mark. */
  readonly addresses: readonly string[];
}

export interface Cell {
  readonly report: Report;
  /** Channel, product (`apartment-3 200-250`), or `1` to `5` requests. */
  readonly category: string;
  /** Family of the media, département; '' in `simultaneous`. */
  readonly class: string;
}

export interface PublishedCell extends Cell {
  /** Rounded. */
  readonly persons: number;
  /** Clients that were counted in it: never published. */
  readonly clients: readonly string[];
}

const mostRooms = 5;
const bandEuros = 50_000;
const mostEuros = 1_000_000;
export const mostRequests = 5;
const missing = 'unknown';

/** `apartment-3 200-250`: five rooms and more are one, thousands of euros, a million and more is one. */
export function productOf({
  housingType,
  rooms,
  budget,
}: Pick<CountedRequest, 'housingType' | 'rooms' | 'budget'>): string {
  const kind = housingTypes.find((one) => one === housingType) ?? missing;
  return `${kind}${rooms === null ? '' : `-${Math.min(rooms, mostRooms)}`} ${budget === null ? missing : bandOf(budget)}`;
}

function bandOf(euros: number): string {
  if (euros >= mostEuros) return `${mostEuros / 1_000}+`;
  const from = Math.floor(euros / bandEuros) * (bandEuros / 1_000);
  return `${from}-${from + bandEuros / 1_000}`;
}

/** Persons of a cell, and of each legal entity in it. */
interface Tally {
  readonly persons: Set<string>;
  readonly ofEntity: Map<string, Set<string>>;
  readonly clients: Set<string>;
}

const emptyTally = (): Tally => ({ persons: new Set(), ofEntity: new Map(), clients: new Set() });

function addTo(tally: Tally, person: string, { entity, clientId }: CountedRequest): void {
  tally.persons.add(person);
  tally.clients.add(clientId);
  const own = tally.ofEntity.get(entity) ?? new Set();
  tally.ofEntity.set(entity, own.add(person));
}

function addAll(into: Tally, from: Tally): void {
  for (const person of from.persons) into.persons.add(person);
  for (const [entity, persons] of from.ofEntity) {
    const own = into.ofEntity.get(entity) ?? new Set();
    for (const person of persons) own.add(person);
    into.ofEntity.set(entity, own);
  }
}

const mayBePublished = ({ persons, ofEntity }: Tally): boolean =>
  persons.size >= cellRule.persons &&
  ofEntity.size >= cellRule.clients &&
  [...ofEntity.values()].every((own) => own.size <= cellRule.largestShare * persons.size);

/** The edition of one month: every cell that may be published. */
export function editionOf(requests: readonly CountedRequest[]): readonly PublishedCell[] {
  const tallies = talliesOf(requests);
  return reports.flatMap((report) => publishedOf(report, tallies[report]));
}

type Tallies = Map<string, Tally>;

function talliesOf(requests: readonly CountedRequest[]): Readonly<Record<Report, Tallies>> {
  const tallies: Record<Report, Tallies> = {
    channel_media: new Map(),
    product_departement: new Map(),
    simultaneous: new Map(),
  };
  const count = (report: Report, key: string, person: string, of: readonly CountedRequest[]): void => {
    const tally = tallies[report].get(key) ?? emptyTally();
    tallies[report].set(key, tally);
    for (const request of of) addTo(tally, person, request);
  };
  const persons = personsBehind(requests.map(({ addresses }) => addresses));
  const ofPerson = new Map<string, CountedRequest[]>();
  for (const [index, request] of requests.entries()) {
    const person = persons[index];
    if (person === undefined) continue;
    const channel = channels.find((one) => one === request.channel) ?? missing;
    count('channel_media', `${channel}\n${familyOf(request.originType)}`, person, [request]);
    count('product_departement', `${productOf(request)}\n${request.departement ?? missing}`, person, [
      request,
    ]);
    const own = ofPerson.get(person) ?? [];
    own.push(request);
    ofPerson.set(person, own);
  }
  for (const [person, own] of ofPerson)
    count('simultaneous', `${Math.min(own.length, mostRequests)}\n`, person, own);
  return tallies;
}

/** Leaves out the cells below the rule, then the smallest others until the cells left out are, together, above it. */
function publishedOf(report: Report, tallies: Tallies): readonly PublishedCell[] {
  const shown: (readonly [key: string, tally: Tally])[] = [];
  const leftOut = emptyTally();
  let isAnyLeftOut = false;
  const leaveOut = (tally: Tally): void => {
    addAll(leftOut, tally);
    isAnyLeftOut = true;
  };
  for (const [key, tally] of tallies)
    if (mayBePublished(tally)) shown.push([key, tally]);
    else leaveOut(tally);
  shown.sort(([a, one], [b, other]) => other.persons.size - one.persons.size || (a < b ? -1 : 1));
  while (isAnyLeftOut && !mayBePublished(leftOut)) {
    const smallest = shown.pop();
    if (smallest === undefined) break;
    leaveOut(smallest[1]);
  }
  return shown.map(([key, { persons, clients }]) => {
    const [category = '', of = ''] = key.split('\n');
    return { report, category, class: of, persons: rounded(persons.size), clients: [...clients].sort() };
  });
}

const rounded = (persons: number): number => Math.round(persons / cellRule.roundedTo) * cellRule.roundedTo;

/**
 * The person behind each request: requests that share an address, directly or through others, are one person's, so that there are
 * never fewer persons than counted. undefined: it has no address, and counts as no person.
 */
export function personsBehind(addresses: readonly (readonly string[])[]): readonly (string | undefined)[] {
  const parents = new Map<string, string>();
  const root = (address: string): string => {
    let at = address;
    for (let up = parents.get(at); up !== undefined && up !== at; up = parents.get(at)) at = up;
    parents.set(address, at);
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
  return addresses.map(([first]) => (first === undefined ? undefined : root(first)));
}
