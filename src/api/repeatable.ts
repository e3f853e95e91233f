// Runs a POST with an `Idempotency-Key` once, however often it comes.
// Invariant: the answer is kept before it is sent; a failure is forgotten, so that it may be retried. A process that continues
// after another has answered for it does nothing.
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AccessPlace } from '../access/place.ts';
import { AnsweredMeanwhile, begin, forget, keep, keepIn, requestKey } from '../access/request-keys.ts';
import { callerFor } from './callers.ts';
import { sendProblem } from './problems.ts';

export interface Answer {
  readonly status: number;
  /** Codes and ids; nothing personal. */
  readonly body: object;
}

/** Keeps the answer in the transaction of the act: a process that dies between the two leaves neither, or both. */
export type Keep = (tx: Parameters<typeof keepIn>[0], answer: Answer) => Promise<void>;

/**
 * Does the act and keeps key and answer in one transaction, where no request of the key is known. Undefined where that is not possible:
 * then nothing was done.
 */
type AtOnce = (key: ReturnType<typeof requestKey> | undefined) => Promise<Answer | 'under_way' | undefined>;

type Work = (keep: Keep) => Promise<Answer>;

export async function repeatable(
  place: AccessPlace,
  request: FastifyRequest,
  reply: FastifyReply,
  work: Work,
  atOnce: AtOnce = () => Promise.resolve(undefined),
): Promise<FastifyReply> {
  const key = keyOf(place, request);
  const answer = await atOnce(key);
  if (answer === 'under_way') return underWay(request, reply);
  if (answer !== undefined) return reply.code(answer.status).send(answer.body);
  if (key === undefined) {
    const { status, body } = await work(() => Promise.resolve());
    return reply.code(status).send(body);
  }
  return answerTo(place, key, request, reply, work);
}

/** Undefined: the request has no key. */
function keyOf(place: AccessPlace, request: FastifyRequest): ReturnType<typeof requestKey> | undefined {
  const given = request.headers['idempotency-key'];
  if (given === undefined) return undefined;
  const { actor } = callerFor(request);
  const content = `${request.method} ${request.url}\n${JSON.stringify(request.body ?? null)}`;
  return requestKey(place, actor, String(given), content);
}

async function answerTo(
  place: AccessPlace,
  key: ReturnType<typeof requestKey>,
  request: FastifyRequest,
  reply: FastifyReply,
  work: Work,
): Promise<FastifyReply> {
  const begun = await begin(place, key);
  switch (begun.kind) {
    case 'answered':
      return reply
        .code(begun.status)
        .header('idempotent-replayed', 'true')
        .type('application/json; charset=utf-8')
        .send(begun.answer);
    case 'other_request':
      return sendProblem(request, reply, {
        status: 422,
        detail: 'This Idempotency-Key came with another request before: a new request takes a new key.',
      });
    case 'under_way':
      return underWay(request, reply);
    case 'new':
      return doIt(place, key, request, reply, work);
  }
}

async function doIt(
  place: AccessPlace,
  key: ReturnType<typeof requestKey>,
  request: FastifyRequest,
  reply: FastifyReply,
  work: Work,
): Promise<FastifyReply> {
  let isKept = false;
  try {
    const { status, body } = await work(async (tx, answer) => {
      await keepIn(tx, key, answer.status, JSON.stringify(answer.body));
      isKept = true;
    });
    if (!isKept && !(await keep(place, key, status, JSON.stringify(body))))
      return await underWay(request, reply);
    return await reply.code(status).send(body);
  } catch (error) {
    // Another process has answered it: the answer comes with the next request.
    if (error instanceof AnsweredMeanwhile) return underWay(request, reply);
    // A refusal because another process did it meanwhile is no refusal; where that is unknown, this throws the database's error.
    if (!(await forget(place, key))) return underWay(request, reply);
    throw error;
  }
}

function underWay(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  void reply.header('retry-after', '2');
  return sendProblem(request, reply, {
    status: 409,
    detail: 'The request of this Idempotency-Key is under way: ask again in two seconds.',
  });
}
