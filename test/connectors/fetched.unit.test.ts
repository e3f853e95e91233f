// The promises of the conformance suite that fit a connector whose recipient comes for its leads: there is no wire, and nobody is dialled.
import { connectors } from '../../connectors/index.ts';
import { contextOf, parcelOf } from './rigs.ts';

const rigs: Readonly<
  Record<string, { readonly settings: Record<string, unknown>; readonly target: string }>
> = {
  pull: { settings: { fetchedBy: 'CRM.horizon.example', leaseMinutes: 5 }, target: 'crm.horizon.example' },
};

test('every connector that is fetched is held to them', () => {
  const fetched = Object.values(connectors).filter((connector) => connector.fetched !== undefined);
  expect(fetched.map(({ type }) => type).toSorted()).toEqual(Object.keys(rigs).toSorted());
});

describe.each(Object.entries(rigs))('%s', (type, { settings, target }) => {
  const connector = connectors[type] as NonNullable<(typeof connectors)[string]>;
  const context = contextOf({ secrets: {}, target });

  test('accepts its own settings and names their secrets and targets', () => {
    expect(connector.check(settings)).toEqual([]);
    expect(connector.targets(settings)).toEqual([target]);
    expect(connector.secretNames(settings)).toEqual([]);
    expect(connector.fetched?.leaseMs(settings)).toBe(300_000);
    expect(connector.fetched?.leaseMs({ fetchedBy: target })).toBe(900_000);
    expect(connector.check({ fetchedBy: 'https://crm.horizon.example/' })).toMatchObject([
      { path: '/fetchedBy' },
    ]);
  });

  test('keeps the codes of its list and no other; without a list the code that was given', () => {
    const reasons = { CLOSED: 'PROGRAMME_CLOSED', else: 'OTHER' };
    const kept = (given: string) => connector.fetched?.reasonOf({ ...settings, reasons }, given);
    expect(['CLOSED', 'MADAME_MARTIN', 'else', 'constructor'].map(kept)).toEqual([
      ...['PROGRAMME_CLOSED', 'OTHER', 'OTHER', 'OTHER'],
    ]);
    expect(connector.fetched?.reasonOf(settings, 'CLOSED')).toBe('CLOSED');
  });

  test('composes the same bytes each time, other bytes for another content, and names the target that is authorised', () => {
    const first = connector.compose(parcelOf(), settings);
    expect(connector.compose(parcelOf(), settings)).toEqual(first);
    expect(Buffer.from(first.content)).toEqual(Buffer.from(parcelOf().body.bytes));
    const other = parcelOf({ body: { ...parcelOf().body, bytes: Buffer.from('{}') } });
    expect(connector.compose(other, settings).content).not.toEqual(first.content);
    expect(first.targetKeys).toEqual([target]);
    expect(first.head.join()).toContain('dlv_7f3a');
    expect(first.head.join()).not.toMatch(/martin|zo[eé]/i);
  });

  test('hands nothing over by itself, and says so: certainly not received, whatever the action', async () => {
    for (const action of ['create', 'update', 'erase'] as const)
      expect(await connector.send(parcelOf({ action }), settings, context)).toEqual({
        kind: 'unavailable',
        reason: 'FETCHED_ONLY',
        maybeReceived: false,
      });
  });

  test('a target that is not allowed is refused, by a test too; a test under an authorisation looks at nothing else', async () => {
    const strange = { ...context, allowedTargets: ['elsewhere.example'] };
    const refused = { kind: 'unauthorized', reason: 'TARGET_NOT_ALLOWED' };
    expect(await connector.send(parcelOf(), settings, strange)).toEqual(refused);
    expect(await connector.test(settings, strange)).toMatchObject(refused);
    expect(await connector.test(settings, context)).toMatchObject({ kind: 'accepted', tried: 'address' });
  });
});
