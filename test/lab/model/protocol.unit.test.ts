// The model in small: each lease may run out once, nothing is replayed and Redis keeps what it has. All of it is `npm run lab -- model`.
import { explore } from './explore.ts';

const small = { onUnknown: 'lookup', atMost: { lapse: 1, replay: 0, flush: 0 } } as const;

test('a lease that is compared before a wait lets a lead leave after its erasure', () => {
  const { broken } = explore({ ...small, compares: 'before a wait', tellsAgain: true });
  expect(broken?.at(-1)).toBe('its worker writes the first byte of the create');
});

test('a create that arrives behind its erasure and is left alone is kept', () => {
  const { broken } = explore({ ...small, compares: 'with the first byte', tellsAgain: false });
  expect(broken).toContain('its worker has an answer for the erase');
});

test('compared with the first byte, and late arrivals followed by their erasure or update, nothing is broken', () => {
  const { broken, states } = explore({ ...small, compares: 'with the first byte', tellsAgain: true });
  expect(broken).toBeUndefined();
  expect(states).toBeGreaterThan(10_000);
});
