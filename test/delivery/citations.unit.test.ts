// The digests of mapping versions that departures cite: read once by a process.
import { createMappingDigests } from '../../src/delivery/departure/departure.ts';
import type { Sql } from '../../src/store/database.ts';

const row = {
  ...{ id: 7, client_id: 'essai', destination_id: 'essai-crm', version: 1, sources: '{}', fingerprint: '' },
  ...{ author: 'tester', note: '', published_at: new Date(0) },
};

test('deliveries that depart at the same time read their mapping version once', async () => {
  const all = jest.fn(() => Promise.resolve([row]));
  const digests = createMappingDigests({ all } as unknown as Sql);
  const [first, second] = await Promise.all([digests(7), digests(7)]);
  expect(first).toMatch(/^[\w-]{20,}$/);
  expect(second).toBe(first);
  expect(all).toHaveBeenCalledTimes(1);
});

test('a mapping version that could not be read is read again', async () => {
  const all = jest.fn(() => Promise.resolve([row]));
  all.mockRejectedValueOnce(new Error('MySQL is away'));
  const digests = createMappingDigests({ all } as unknown as Sql);
  await expect(digests(7)).rejects.toThrow('MySQL is away');
  expect(await digests(7)).toBeDefined();
});
