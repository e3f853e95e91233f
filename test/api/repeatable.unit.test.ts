// A refused request is answered as refused where it is known that no other process did it.
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AccessPlace } from '../../src/access/place.ts';
import { repeatable } from '../../src/api/repeatable.ts';
import { RelaisError } from '../../src/errors.ts';
import type { Database, Sql } from '../../src/store/database.ts';

/** A database that takes the beginning of a request, and answers the question whether it is still its own by `forgotten`. */
const placeWith = (forgotten: () => Promise<{ affected: number }>): AccessPlace => {
  const tx = { run: () => Promise.resolve({ affected: 1 }) } as unknown as Sql;
  const database = {
    transaction: (work: (sql: Sql) => Promise<unknown>) => work(tx),
    run: forgotten,
  } as unknown as Database;
  return { tryKey: Buffer.alloc(32), database } as unknown as AccessPlace;
};

const refusal = new RelaisError('DEST-001', 'Refused.');
const request = {
  headers: { 'idempotency-key': 'form-1' },
  method: 'POST',
  url: '/v1/leads',
  body: {},
  caller: { actor: 'key:1' },
} as unknown as FastifyRequest;
const refusedWith = (place: AccessPlace): Promise<unknown> =>
  repeatable(place, request, {} as FastifyReply, () => Promise.reject(refusal)).catch(
    (error: unknown) => error,
  );

test('a refusal is repeated, unless nobody can tell whether another process did what was asked', async () => {
  expect(await refusedWith(placeWith(() => Promise.resolve({ affected: 1 })))).toBe(refusal);
  const away = new RelaisError('DB-001', 'MySQL cannot be reached.');
  expect(await refusedWith(placeWith(() => Promise.reject(away)))).toBe(away);
});
