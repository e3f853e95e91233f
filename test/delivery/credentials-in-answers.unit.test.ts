// A recipient may repeat what it was sent: a credential of ours is never kept as its reference.
import type { Outcome, SendContext } from '../../connectors/contract.ts';
import { watchCredentials } from '../../src/delivery/send/send.ts';

const token = 'tok-4711-abcdef';
const context = {
  secret: () => token,
  secrets: () => [token],
  credentials: {
    obtain: () => Promise.resolve({ ok: true, credential: { token: 'session-9999', version: 1 } }),
  },
} as unknown as SendContext;
const answered = (reference: string, captures?: Record<string, string>): Outcome => ({
  kind: 'accepted',
  reference,
  ...(captures === undefined ? {} : { captures }),
});

test('a reference or a capture that holds a secret or a token that was used is dropped, the outcome stays', async () => {
  const watched = watchCredentials(context);
  watched.context.secret('TOKEN');
  await watched.context.credentials?.obtain({} as never);
  expect(watched.clean(answered(token))).toEqual({ kind: 'accepted' });
  expect(watched.clean(answered(`C-${token}`))).toEqual({ kind: 'accepted' });
  expect(watched.clean(answered('session-9999'))).toEqual({ kind: 'accepted' });
  expect(watched.clean(answered('C-1', { id: token, other: '7' }))).toEqual({
    kind: 'accepted',
    reference: 'C-1',
    captures: { other: '7' },
  });
});

test('any other reference is kept as it is', () => {
  const watched = watchCredentials(context);
  watched.context.secret('TOKEN');
  const outcome = answered('C-10234', { id: '12' });
  expect(watched.clean(outcome)).toBe(outcome);
});
