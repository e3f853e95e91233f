// The names of all metrics, by the rule of `promtool check metrics` that was broken: what is no counter does not end in _total.
import { createMeters } from '../../src/monitoring/meters.ts';

test('counters alone end in _total', async () => {
  const { registry } = createMeters({ destinations: 10 });
  const types = [...(await registry.metrics()).matchAll(/^# TYPE (\S+) (\S+)$/gm)];
  expect(types.length).toBeGreaterThan(20);
  for (const [, name = '', type = ''] of types)
    expect([name, name.endsWith('_total')]).toEqual([name, type === 'counter']);
});
