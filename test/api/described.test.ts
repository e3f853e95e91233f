// Every operation, driven with requests made from the description: what it describes is answered as it says, what it does not is
// refused as a problem, and nothing is a fault of ours.
import { assert, asyncProperty, integer } from 'fast-check';
import { keyScopes } from '../../src/access/permissions.ts';
import type { Address } from '../../src/api/docs/document.ts';
import { addressesIn, requestOf, unlike, type Known } from './from-description.ts';
import { openRig, type Rig } from './rig.ts';

let rig: Rig;
let document: Readonly<Record<string, unknown>>;
let addresses: readonly Address[];
let key: string;
let pulling: string;
let known: Known;

beforeAll(async () => {
  rig = await openRig();
  document = (await rig.ask(undefined, 'GET', '/v1/openapi.json')).body;
  addresses = addressesIn(document);
  key = await rig.keyWith({ scopes: keyScopes.filter((scope) => scope !== 'lead.pull') });
  pulling = await rig.keyWith({ scopes: ['lead.pull'], clientId: 'essai' });
  known = {
    client: ['essai', 'autre', 'nobody'],
    destination: ['essai-crm', 'autre-crm', 'nowhere'],
    reference: ['E-10', 'A-20', 'E-99'],
    delivery: [String(await rig.idOf('E-11')), String(await rig.idOf('A-21'))],
    task: [String(await rig.idOf('E-12')), 'A1'],
    version: ['1', '9'],
    run: ['1', '2'],
  };
});
afterAll(() => rig.close());

const runs = 8;

test('whatever the description makes is answered as it says, and what it forbids is refused', async () => {
  expect(addresses.length).toBeGreaterThan(40);
  for (const address of addresses) {
    const mayFetch = address.tags?.includes('pull') === true;
    let refused = 0;
    let turn = 0;
    await assert(
      asyncProperty(
        integer({ min: 1, max: 2 ** 30 }),
        integer({ min: 0, max: 1_000 }),
        async (seed, faulty) => {
          // Every other request has a fault: no address is left without one by chance.
          turn += 1;
          const made = requestOf(address, known, seed, turn % 2 === 0 ? faulty : undefined);
          const answer = await rig.ask(mayFetch ? pulling : key, address.method, made.path, {
            headers: made.headers,
            ...(made.body === undefined || address.method === 'GET' ? {} : { body: made.body }),
          });
          const at = `${address.method} ${made.path} ${made.fault ?? 'as described'} ${JSON.stringify(made.body)}`;
          expect([at, answer.status < 500 ? '' : answer.text, unlike(address, answer)]).toEqual([
            at,
            '',
            undefined,
          ]);
          if (made.fault === undefined) return;
          refused += 1;
          expect([at, answer.status >= 400]).toEqual([at, true]);
        },
      ),
      { numRuns: runs, endOnFailure: true },
    );
    expect([address.path, refused > 0]).toEqual([address.path, true]);
  }
});

test('clients can be made of it: each operation and each object has its name, and says what it is', () => {
  const text = JSON.stringify(document);
  const ids = addresses.map(({ operationId }) => operationId);
  expect([new Set(ids).size, ids.includes(undefined)]).toEqual([addresses.length, false]);
  for (const address of addresses) {
    expect([address.path, address.description ?? '']).toEqual([address.path, expect.stringMatching(/.{20}/)]);
    for (const parameter of address.parameters ?? [])
      expect([
        address.path,
        parameter.name,
        parameter.description ?? parameter.schema?.description ?? '',
      ]).toEqual([address.path, parameter.name, expect.stringMatching(/.{5}/)]);
  }
  const { tags, components } = document as {
    tags: readonly { name: string; description: string }[];
    components: { schemas: Readonly<Record<string, unknown>> };
  };
  expect(new Set(tags.map(({ name }) => name))).toEqual(new Set(addresses.flatMap((one) => one.tags ?? [])));
  expect(text).not.toMatch(/"(anyOf|oneOf)"/);
  // Also what is checked one by one, as the route works on it.
  expect(components.schemas['AnswerPulledLeadsRequestItem']).toMatchObject({
    required: ['key', 'lease', 'outcome'],
  });
  expect(components.schemas['PostLeadsRequestItem']).toMatchObject({ type: 'object' });
  // An object of known names stands in components alone.
  for (const place of [JSON.stringify(document['paths']), ...Object.values(components.schemas).map(inner)])
    expect(place).not.toMatch(/"properties":/);
});

const inner = (schema: unknown): string => JSON.stringify(schema).replace('"properties":', '');
