// Answers errors as problem details (RFC 9457), with the codes of the catalogue.
// Invariant: no sent value, no stack and no words of a library: a code, its meaning, its remedy, and its place.
import { STATUS_CODES } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { catalogue, foreignCode, isRelaisError, type ErrorCode } from '../errors.ts';
import type { Written } from '../http/server.ts';
import type { Log } from '../log.ts';
import { shownName } from '../intake/refusals.ts';
import { isDatabaseTrouble } from '../support/place.ts';

export interface Problem {
  readonly status: number;
  /** Code of the catalogue; absent where the status is enough. */
  readonly code?: ErrorCode;
  readonly detail: string;
  /** Places in the request, with the mistake at each. */
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[];
}

/** Thrown where a request is refused before its route runs. */
export class RefusedRequest extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

const againSeconds = 5;

/** A body at most: a hundred leads with long comments and histories. */
export const mostMegabytes = 4;

function written({ status, code, detail, errors }: Problem, requestId: string): Written {
  const [, remedy, meaning] = (code === undefined ? undefined : (overHttp[code] ?? ours)) ?? [];
  return {
    headers: {
      ...(status === 503 ? { 'retry-after': String(againSeconds) } : {}),
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-request-id': requestId,
    },
    body: JSON.stringify({
      type: code === undefined ? 'about:blank' : `urn:relais:error:${code}`,
      title: code === undefined ? STATUS_CODES[status] : (meaning ?? catalogue[code][0]),
      status,
      detail,
      ...(code === undefined ? {} : { code, remedy }),
      instance: `urn:relais:request:${requestId}`,
      ...(errors === undefined ? {} : { errors }),
    }),
  };
}

export function sendProblem(request: FastifyRequest, reply: FastifyReply, problem: Problem): FastifyReply {
  const { headers, body } = written(problem, request.id);
  return reply.code(problem.status).headers(headers).send(body);
}

/** A request that no route sees: malformed HTTP, or an unreadable address. */
export const protocolProblem = (status: number, reason: string, requestId: string): Written =>
  written({ status, detail: byReason[reason] ?? byStatus[status] ?? byStatus[400] }, requestId);

export interface Invalid {
  readonly keyword: string;
  readonly instancePath: string;
  readonly params: {
    readonly missingProperty?: unknown;
    readonly additionalProperty?: string;
    readonly allowedValues?: readonly unknown[];
    readonly format?: unknown;
  };
  readonly message?: string;
  readonly parentSchema?: { readonly description?: string };
}

/** Ajv's message, with the names, values or example that it leaves out. */
function wanted({ keyword, params, parentSchema, message = 'is not as described' }: Invalid): string {
  if (params.additionalProperty !== undefined) return `must not have ${shownName(params.additionalProperty)}`;
  if (params.allowedValues !== undefined) return `must be one of ${params.allowedValues.join(', ')}`;
  if (params.format === 'date-time')
    return 'must be an instant such as 2026-11-28T10:00:00Z; in an address + is written %2B';
  const description = keyword === 'pattern' ? parentSchema?.description : undefined;
  return description === undefined ? message : `${message}: ${description}`;
}

/** A reason or its evidence is missing, or says nothing. */
const isUnsaid = ({ keyword, instancePath, params: { missingProperty } }: Invalid): boolean =>
  keyword === 'required'
    ? missingProperty === 'reason' || missingProperty === 'evidence'
    : keyword === 'minLength' && /^\/(?:reason|evidence)$/.test(instancePath);

const placesOf = (validation: readonly Invalid[], at = ''): NonNullable<Problem['errors']> =>
  validation.map((one) => ({ pointer: at + one.instancePath, detail: wanted(one) }));

export type ItemRefusal = ReturnType<typeof itemRefusal>;

/** An item that is refused by itself. @param at its place in `items` */
export const itemRefusal = (validation: readonly Invalid[], at: number) => ({
  code: 'USAGE-001',
  detail: 'The item is not as its description says, and nothing of it was taken.',
  remedy: overHttp['USAGE-001']?.[1],
  errors: placesOf(validation, `/items/${at}`),
});

interface ForeignError {
  readonly statusCode?: number;
  readonly code?: string;
  /** Ajv's messages: they name the rule of the schema and never the sent value. */
  readonly validation?: readonly Invalid[];
  readonly validationContext?: string;
}

export function problemOf(error: unknown, log: Log): Problem {
  if (error instanceof RefusedRequest) return error.problem;
  if (isRelaisError(error))
    return { status: (overHttp[error.code] ?? ours)[0], code: error.code, detail: error.message };
  const { statusCode = 500, code = '', validation, validationContext = '' } = error as ForeignError;
  if (validation !== undefined)
    return {
      status: 400,
      code: validation.some(isUnsaid) ? 'USAGE-002' : 'USAGE-001',
      detail: `${parts[validationContext] ?? 'The request'} is not as its description says.`,
      errors: placesOf(validation),
    };
  if (statusCode >= 400 && statusCode < 500)
    return { status: statusCode, detail: byReason[code] ?? byStatus[statusCode] ?? byStatus[400] };
  log.error('api.failed', { code: foreignCode(error) });
  if (isDatabaseTrouble(error)) return takesNothing;
  return {
    status: 500,
    code: 'INTERNAL-001',
    detail: 'The request failed. It may be sent again: nothing is done twice.',
  };
}

export const takesNothing: Problem = {
  status: 503,
  code: 'DB-006',
  detail: 'The database takes nothing now. Send it again later: nothing is done twice.',
};

/** The part that Fastify validated. */
const parts: Readonly<Partial<Record<string, string>>> = {
  body: 'The body',
  querystring: 'The query behind the address',
  params: 'A name in the address',
  headers: 'A header',
};

/** By a code of Fastify, Node or ours. */
const byReason: Readonly<Partial<Record<string, string>>> = {
  FST_ERR_BAD_URL: 'The address cannot be read: its percent signs spell no UTF-8.',
  FST_ERR_INVALID_URL: 'The address cannot be read.',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'The body has another length than Content-Length says.',
  HOST: 'A request names its host in the header Host.',
  CONNECT: 'This server is no proxy.',
  ERR_HTTP_REQUEST_TIMEOUT: 'The request did not arrive within the time that a request may take.',
};

const byStatus: Readonly<Partial<Record<number, string>>> & { readonly 400: string } = {
  400: 'The request is not HTTP as RFC 9112 describes it.',
  408: 'The request did not arrive within the time that a request may take.',
  413: `The body is larger than ${mostMegabytes} MB.`,
  414: 'A name in the address is too long.',
  415: 'A body is sent as application/json.',
  417: 'The header Expect takes 100-continue only.',
  429: 'Too many requests: wait as long as Retry-After says.',
  431: 'The headers of the request are too large.',
};

// Maps an error code to its HTTP status and to a remedy for a caller without our terminal.
// Invariant: no remedy names a command, an option or a variable: the catalogue's own remedies are for the operator.

/** A meaning replaces one of the catalogue that names a command. */
type OverHttp = readonly [status: number, remedy: string, meaning?: string];

const again = 'Send the request again as Retry-After says: nothing is done twice.';

export const overHttp: Readonly<Partial<Record<ErrorCode, OverHttp>>> = {
  'ACCESS-001': [422, 'Correct what `detail` names; nothing was changed.'],
  'ACCESS-002': [
    401,
    'Send `Authorization: Bearer` with a key in force, from an address it is bound to.',
    'The key was refused.',
  ],
  'ACCESS-003': [
    403,
    'Ask the centre for a key with the scope that /v1/openapi.json names for this address.',
    'The key may not do this.',
  ],
  'FIND-001': [404, 'Check the spelling; the lists of /v1/openapi.json show what exists.'],
  'USAGE-001': [
    400,
    'Correct what `detail` names; /v1/openapi.json describes each address.',
    'The request was not understood.',
  ],
  'USAGE-002': [400, 'Give the field that `detail` names.', 'A reason or its evidence is missing.'],
  'LEAD-005': [409, 'Send a corrected row; only a row whose `mayRetry` is true is taken in again.'],
  'LEAD-006': [409, 'The row can be taken in again once the restriction is lifted.'],
  'INSTANCE-001': [409, 'Do it at the installation that has the client now.'],
  'REPLAY-001': [
    409,
    'Repair what `detail` names (GET /v1/deliveries/{delivery}); `again` or `acceptDoubles` asks for it all the same.',
  ],
  'REPLAY-002': [409, 'Only a delivery that waits can be cancelled.'],
  'BULK-001': [409, 'GET /v1/bulk-runs/{run} says what it did, and who cancelled it.'],
  'BULK-002': [409, 'Ask for the plan again, and confirm its `going` as it is now.'],
  'TASK-001': [409, 'Only a failed delivery or an open alert is closed; GET /v1/tasks shows them.'],
  'DEST-001': [409, 'GET /v1/destinations/{destination} shows its state.'],
  'MAPPING-002': [409, 'Ask the centre: nothing leaves for it before a mapping is published.'],
  'DB-001': [503, again],
  'DB-006': [503, again],
  'DB-007': [503, again, 'Relais reads only now.'],
  'REDIS-002': [503, again],
};

/** A code without a meaning for callers is a fault of the gateway. */
export const ours: OverHttp = [
  500,
  'Send the request again; where it fails again, give the centre the id of the request.',
];
