// Answers in place of work that waits for the database too long; the work continues, and its result is not sent.
// Invariant: no wait before the answer is outside the limit, the look at a key included; but the body, whose time the server limits, is.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** Less than a proxy waits as a rule, and than a request is left to a process that may have died. */
export const usualAnswerMs = 50_000;

interface Wait {
  readonly timer?: NodeJS.Timeout;
  readonly since: number;
  /** Before the body. */
  spentMs: number;
}

/**
 * Fastify's own `handlerTimeout` is lost once a body has been read.
 * @param server before it asks who calls
 * @param limitOf ms; Infinity where another system is awaited
 */
export function answersInTime(
  server: FastifyInstance,
  limitOf: (request: FastifyRequest) => number,
  late: (request: FastifyRequest, reply: FastifyReply) => unknown,
): void {
  const waits = new WeakMap<FastifyRequest, Wait>();
  const begin = (request: FastifyRequest, reply: FastifyReply, withinMs: number): void => {
    const { spentMs = 0 } = waits.get(request) ?? {};
    const look = (): void => void (reply.sent || late(request, reply));
    const timer = withinMs === Infinity ? {} : { timer: setTimeout(look, Math.max(1, withinMs - spentMs)) };
    waits.set(request, { ...timer, since: performance.now(), spentMs });
  };
  server.addHook('onRequest', (request, reply, done) => {
    begin(request, reply, Math.min(limitOf(request), usualAnswerMs));
    reply.raw.once('close', () => clearTimeout(waits.get(request)?.timer));
    done();
  });
  server.addHook('preParsing', (request, _reply, _payload, done) => {
    const wait = waits.get(request);
    clearTimeout(wait?.timer);
    if (wait !== undefined) wait.spentMs = performance.now() - wait.since;
    done();
  });
  server.addHook('preValidation', (request, reply, done) => {
    begin(request, reply, limitOf(request));
    done();
  });
}
