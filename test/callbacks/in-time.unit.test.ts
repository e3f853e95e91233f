// A database that says nothing: whoever reports a decision is asked to come again, and does not wait for it.
import { startCallbacks, type CallbackOptions } from '../../src/callbacks/server.ts';
import { silentLog } from '../../src/log.ts';

test('a decision is answered with 503 while the database is silent', async () => {
  const silent = { now: () => new Date(), all: () => new Promise(() => undefined) };
  const door = await startCallbacks({
    database: silent,
    log: silentLog,
    host: '127.0.0.1',
    port: 0,
    answerWithinMs: 10,
  } as unknown as CallbackOptions);
  try {
    const answer = await fetch(`http://127.0.0.1:${door.port}/callbacks/essai-crm`, {
      method: 'POST',
      body: '{}',
    });
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '10']);
  } finally {
    await door.close();
  }
});
