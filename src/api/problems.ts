// Errors as problem details (RFC 9457), with the codes of the catalogue.
// Invariant: no value that was sent, no stack and no words of a library's: a code, its meaning, what to do, and where.
import { STATUS_CODES } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { catalogue, foreignCode, isRelaisError, type ErrorCode } from '../errors.ts';
import type { Log } from '../log.ts';
import { isDatabaseTrouble } from '../support/database-trouble.ts';

export interface Problem {
  readonly status: number;
  /** Of the catalogue; absent where the status says all. */
  readonly code?: ErrorCode;
  readonly detail: string;
  /** Places in what was sent, with what is wrong there. */
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[];
}

const againSeconds = 5;

export function sendProblem(request: FastifyRequest, reply: FastifyReply, problem: Problem): FastifyReply {
  const { status, code, detail, errors } = problem;
  if (status === 503) void reply.header('retry-after', String(againSeconds));
  return reply
    .code(status)
    .type('application/problem+json')
    .header('cache-control', 'no-store')
    .header('x-content-type-options', 'nosniff')
    .header('x-request-id', request.id)
    .send(
      JSON.stringify({
        type: code === undefined ? 'about:blank' : `urn:relais:error:${code}`,
        title: code === undefined ? STATUS_CODES[status] : catalogue[code].meaning,
        status,
        detail,
        ...(code === undefined ? {} : { code, remedy: catalogue[code].remedy }),
        instance: `urn:relais:request:${request.id}`,
        ...(errors === undefined ? {} : { errors }),
      }),
    );
}

/** By family of the catalogue; what is not here is ours: 500. */
const statuses: Readonly<Partial<Record<string, number>>> = {
  'ACCESS-001': 422,
  'ACCESS-002': 401,
  'ACCESS-003': 403,
  'FIND-001': 404,
  'USAGE-001': 400,
  'USAGE-002': 400,
  'REPLAY-001': 409,
  'REPLAY-002': 409,
  'BULK-001': 409,
  'BULK-002': 409,
  'TASK-001': 409,
  'DEST-001': 409,
  'MAPPING-002': 409,
  'DB-001': 503,
  'DB-006': 503,
  'REDIS-002': 503,
};

interface ForeignError {
  readonly statusCode?: number;
  /** By Ajv, whose messages name what a schema asks for and never what was sent. */
  readonly validation?: readonly { readonly instancePath: string; readonly message?: string }[];
}

export function problemOf(error: unknown, log: Log): Problem {
  if (isRelaisError(error))
    return { status: statuses[error.code] ?? 500, code: error.code, detail: error.message };
  const { statusCode = 500, validation } = error as ForeignError;
  if (validation !== undefined)
    return {
      status: 400,
      detail: 'The request is not as its description says.',
      errors: validation.map(({ instancePath, message = 'is not as described' }) => ({
        pointer: instancePath,
        detail: message,
      })),
    };
  if (statusCode >= 400 && statusCode < 500)
    return { status: statusCode, detail: clientErrors[statusCode] ?? 'The request cannot be read.' };
  log.error('api.failed', { code: foreignCode(error) });
  if (isDatabaseTrouble(error))
    return {
      status: 503,
      code: 'DB-006',
      detail: 'The database takes nothing now. Send it again later: nothing is done twice.',
    };
  return {
    status: 500,
    code: 'INTERNAL-001',
    detail: 'The request failed. It may be sent again: nothing is done twice.',
  };
}

const clientErrors: Readonly<Partial<Record<number, string>>> = {
  400: 'The body cannot be read: it is JSON, without names such as __proto__.',
  413: 'The body is larger than a request may be.',
  415: 'A body is sent as application/json.',
  429: 'Too many requests: wait as long as Retry-After says.',
};
