// C27: what a reader of the statistics tries, to learn about a person or a client: below the rule, by difference, by subtotal.
import fc from 'fast-check';
import {
  cellRule,
  editionOf,
  familyOf,
  personsBehind,
  productOf,
  reports,
  type CountedRequest,
  type Report,
} from '../../src/domain/statistics.ts';

let number = 0;

const request = (over: Partial<CountedRequest> = {}): CountedRequest => {
  number += 1;
  return {
    clientId: 'a',
    entity: over.clientId ?? 'a',
    channel: 'web_form',
    originType: 'portal',
    departement: '69',
    housingType: 'apartment',
    rooms: 3,
    budget: 240_000,
    addresses: [`mark-${number}`],
    ...over,
  };
};

/** So many persons of each client, one request each. */
const persons = (
  counts: Readonly<Record<string, number>>,
  over: Partial<CountedRequest> = {},
): readonly CountedRequest[] =>
  Object.entries(counts).flatMap(([clientId, count]) =>
    Array.from({ length: count }, () => request({ clientId, ...over })),
  );

const counts = (requests: readonly CountedRequest[], report: Report): Readonly<Record<string, number>> =>
  Object.fromEntries(
    editionOf(requests)
      .filter((cell) => cell.report === report)
      .map((cell) => [`${cell.category}/${cell.class}`, cell.persons]),
  );
const media = (requests: readonly CountedRequest[]) => counts(requests, 'channel_media');

const enough = { a: 4, b: 4, c: 3 };

describe('C27: a cell is published', () => {
  test('from eleven persons of three clients on, in each of the three tables, rounded to 5', () => {
    const requests = persons(enough);
    expect(media(requests)).toEqual({ 'web_form/portal': 10 });
    expect(counts(requests, 'product_departement')).toEqual({ 'apartment-3 200-250/69': 10 });
    expect(counts(requests, 'simultaneous')).toEqual({ '1/': 10 });
    expect(media(persons({ a: 5, b: 4, c: 4 }))).toEqual({ 'web_form/portal': 15 });
  });

  test('with its clients, which only the gateway learns', () => {
    expect(editionOf(persons(enough))[0]?.clients).toEqual(['a', 'b', 'c']);
  });
});

describe('C27: nothing is learned', () => {
  test('of ten persons', () => {
    expect(editionOf(persons({ a: 4, b: 3, c: 3 }))).toEqual([]);
  });

  test('of ten persons who asked eleven times', () => {
    const twice = request({ clientId: 'c', addresses: ['same'] });
    expect(
      media([...persons({ a: 4, b: 3, c: 2 }), twice, { ...twice, clientId: 'a', entity: 'a' }]),
    ).toEqual({});
  });

  test('of one person under many addresses that hang together', () => {
    const chain = Array.from({ length: 30 }, (_, index) =>
      request({ clientId: 'abc'[index % 3] ?? 'a', addresses: [`link-${index}`, `link-${index + 1}`] }),
    );
    expect(editionOf(chain)).toEqual([]);
  });

  test('of requests without an address, invented to fill a cell', () => {
    expect(editionOf([...persons({ a: 3, b: 3, c: 3 }), ...persons(enough, { addresses: [] })])).toEqual([]);
  });

  test('of two clients, however many their persons', () => {
    expect(editionOf(persons({ a: 500, b: 500 }))).toEqual([]);
  });

  test('of one client under several ids: a legal entity counts once', () => {
    expect(editionOf(persons({ a: 400, b: 400, c: 400, d: 400 }, { entity: 'ESSAI SAS' }))).toEqual([]);
    expect(editionOf([...persons({ a: 40, b: 40 }, { entity: 'ESSAI SAS' }), ...persons({ c: 40 })])).toEqual(
      [],
    );
  });

  test('of a client that has more than 85 % of a cell; with exactly 85 % it is published', () => {
    expect(media(persons({ a: 86, b: 7, c: 7 }))).toEqual({});
    expect(media(persons({ a: 85, b: 8, c: 7 }))).toEqual({ 'web_form/portal': 100 });
  });

  test('of a rare wish: its product, département or medium is nowhere, not even as a code', () => {
    const rare = request({
      departement: '48',
      housingType: 'land',
      budget: 3_000_000,
      originType: 'salon-de-mme-durand',
    });
    const text = JSON.stringify(editionOf([...persons({ a: 40, b: 40, c: 40 }), rare]));
    for (const word of ['48', 'land', '1000+', 'durand', 'other']) expect(text).not.toContain(word);
  });

  test('by subtotal: a small cell takes the smallest neighbour with it, so that the difference is of both', () => {
    const small = persons({ a: 1, b: 1, c: 1 }, { originType: 'press' });
    const requests = [
      ...persons({ a: 10, b: 10, c: 10 }),
      ...persons({ a: 5, b: 5, c: 5 }, { originType: 'radio' }),
      ...small,
    ];
    expect(media(requests)).toEqual({ 'web_form/portal': 30 });
    // The number of all persons is known from the other table: 50, so about 18 are missing, not 3.
    expect(counts(requests, 'simultaneous')).toEqual({ '1/': 50 });
  });

  test('by difference between tables: with one small cell and one other, neither is published', () => {
    const requests = [...persons({ a: 5, b: 5, c: 5 }), ...persons({ a: 1 }, { originType: 'press' })];
    expect(media(requests)).toEqual({});
  });

  test('of who asked most: persons with five requests and more are one class, and it keeps to the rule', () => {
    const eager = Array.from({ length: 9 }, () => request({ clientId: 'a', addresses: ['eager'] }));
    expect(counts([...persons({ a: 10, b: 10, c: 10 }), ...eager], 'simultaneous')).toEqual({});
    const many = Array.from({ length: 12 }, (_, person) =>
      Array.from({ length: 5 + person }, () =>
        request({ clientId: 'abc'[person % 3] ?? 'a', addresses: [`p-${person}`] }),
      ),
    ).flat();
    expect(counts(many, 'simultaneous')).toEqual({ '5/': 10 });
  });

  test('by one person more: counts move in steps of 5', () => {
    expect(media(persons({ a: 8, b: 7, c: 8 }))).toEqual(media(persons({ a: 8, b: 8, c: 8 })));
  });
});

const anyRequest = fc.record({
  clientId: fc.constantFrom('a', 'b', 'c', 'd'),
  channel: fc.constantFrom('web_form', 'inbound_call'),
  originType: fc.oneof(
    { weight: 30, arbitrary: fc.constantFrom('portal', 'radio', null) },
    { weight: 1, arbitrary: fc.constant('press') },
  ),
  departement: fc.oneof(
    { weight: 30, arbitrary: fc.constant('69') },
    { weight: 1, arbitrary: fc.constant('01') },
  ),
  // Mostly a person of its own; sometimes one that came before, or two that become one.
  addresses: fc.oneof(
    { weight: 9, arbitrary: fc.integer({ min: 0, max: 5_000 }).map((mark) => [String(mark)]) },
    {
      weight: 1,
      arbitrary: fc.array(fc.integer({ min: 0, max: 50 }).map(String), { minLength: 1, maxLength: 2 }),
    },
  ),
});

/** Persons and clients of the cells of a table, counted here by other means. */
function membersOf(requests: readonly CountedRequest[], report: Report) {
  const people = personsBehind(requests.map(({ addresses }) => addresses));
  const members = requests.map((one, index) => ({ one, person: people[index] ?? '' }));
  const times = Map.groupBy(members, ({ person }) => person);
  return members.map(({ one, person }) => ({
    person,
    entity: one.entity,
    cell: {
      channel_media: `${one.channel}/${familyOf(one.originType)}`,
      product_departement: `${productOf(one)}/${one.departement}`,
      simultaneous: `${Math.min(5, times.get(person)?.length ?? 0)}/`,
    }[report],
  }));
}

function keepsTheRule(members: ReturnType<typeof membersOf>): boolean {
  const people = new Set(members.map(({ person }) => person));
  const entities = [...Map.groupBy(members, ({ entity }) => entity).values()].map(
    (own) => new Set(own.map(({ person }) => person)).size,
  );
  return (
    people.size >= cellRule.persons &&
    entities.length >= cellRule.clients &&
    Math.max(...entities) <= cellRule.largestShare * people.size
  );
}

test('C27: whatever was asked for, a published cell keeps the rule, and so does all that a table leaves out', () => {
  let withBoth = 0;
  fc.assert(
    fc.property(fc.array(anyRequest, { minLength: 40, maxLength: 250, size: 'max' }), (asked) => {
      const requests = asked.map((over) => request(over));
      const edition = editionOf(requests);
      for (const report of reports) {
        const shown = new Set(
          edition.filter((cell) => cell.report === report).map((cell) => `${cell.category}/${cell.class}`),
        );
        const members = membersOf(requests, report);
        for (const cell of shown) expect(keepsTheRule(members.filter((one) => one.cell === cell))).toBe(true);
        const leftOut = members.filter(({ cell }) => !shown.has(cell));
        if (shown.size === 0 || leftOut.length === 0) continue;
        withBoth += 1;
        expect(keepsTheRule(leftOut)).toBe(true);
      }
    }),
    { numRuns: 100 },
  );
  // The tables were not all empty, nor all whole.
  expect(withBoth).toBeGreaterThan(20);
});

test('C27: a code of the origin is one of the families, in any spelling; an unknown one is other', () => {
  expect(
    ['Réseaux sociaux', ' TÉLÉVISION', 'Bannière', 'portail  immobilier', 'bouche-à-oreille', '-'].map(
      familyOf,
    ),
  ).toEqual(['social', 'broadcast', 'display', 'portal', 'referral', 'unknown']);
  expect(['portal', 'Google Ads', 'RADIO', 'xyz', '', null].map(familyOf)).toEqual([
    'portal',
    'search',
    'broadcast',
    'other',
    'unknown',
    'unknown',
  ]);
});

test('C27: a product is a kind of home with a band of its budget', () => {
  const of = (over: Partial<CountedRequest>) => productOf(request(over));
  expect(of({ rooms: 9, budget: 1_500_000 })).toBe('apartment-5 1000+');
  expect(of({ housingType: 'castle of Mrs X', rooms: null, budget: null })).toBe('unknown unknown');
  expect(of({ housingType: 'house', rooms: 4, budget: 250_000 })).toBe('house-4 250-300');
});
