// Serves recipients that report a decision later, POST /callbacks/<destination>, and mail providers that report bounces,
// POST /bounces/<provider>: signed, or with a token.
// Invariant: the proof is checked first, whatever other requests come from the address; an unsigned request learns nothing, not even which
// destinations exist, and is soon throttled; the address contains nothing personal, and the answer is a status alone.
import type { FastifyReply, FastifyRequest } from 'fastify';
import ipaddr from 'ipaddr.js';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import type { NetworkPolicy } from '../../connectors/contract.ts';
import { answersInTime, usualAnswerMs } from '../http/in-time.ts';
import { createHttpServer } from '../http/server.ts';
import { raiseOnce } from '../store/alerts/alerts.ts';
import { alone } from '../store/alone.ts';
import { isStoreTrouble, type Database } from '../store/database.ts';
import { findDestination } from '../store/destinations/destinations.ts';
import type { InForce, Published } from '../delivery/trip/mapping-cache.ts';
import { recordCallback, type Heard } from '../delivery/background/callbacks.ts';
import { raiseHourly } from '../delivery/background/bounces.ts';
import { recordBounces } from '../delivery/background/provider-bounces.ts';
import { foreignCode } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Asked } from './bounce-events.ts';
import { providers } from './bounces.ts';
import { createSnsPlace, type SnsPlace } from './sns-place.ts';
import { parsed, soundText, isSigned } from './verify.ts';

export interface CallbackOptions {
  readonly database: Database;
  readonly published: Published;
  /** Key of the marks that callbacks leave in the log. */
  readonly callbackKey: Buffer;
  readonly secrets: (name: string) => readonly string[];
  /** Network for the certificate of a provider's signature. */
  readonly network: NetworkPolicy;
  readonly log: Log;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Longest time from a request to its answer, its body not counted, ms; the usual one by default. */
  readonly answerWithinMs?: number;
}

/** A decision is a few lines. */
const mostBytes = 64 * 1024;

/** Providers report hundreds of mails at once. */
const mostBounceBytes = 1024 * 1024;

/** Asks the sender to retry: the delivery is just being sent or looked up. */
const againSeconds = 10;

const statuses: Readonly<Record<Exclude<Heard, 'later'>, number>> = {
  settled: 204,
  noted: 204,
  unknown_delivery: 404,
  not_understood: 422,
};

/** Limits idle connections of strangers, which would use up the planner's sockets. */
const connectionsAtOnce = 256;

/** The proxy is on this machine or in its private network: its header about the client is trusted. */
const proxies = ['loopback', 'linklocal', 'uniquelocal'];

interface Door {
  readonly options: CallbackOptions;
  readonly strangers: Strangers;
  readonly sns: SnsPlace;
}

export async function startCallbacks(
  options: CallbackOptions,
): Promise<{ readonly port: number; readonly close: () => Promise<void> }> {
  const server = createHttpServer({
    bodyLimit: mostBytes,
    requestTimeoutMs: 10_000,
    keepAliveTimeoutMs: 5_000,
    proxies,
    refusal: () => ({ headers: {}, body: '' }),
  });
  server.server.maxConnections = connectionsAtOnce;
  answersInTime(
    server,
    () => options.answerWithinMs ?? usualAnswerMs,
    (_request, reply) => later(reply),
  );
  const sns = createSnsPlace(options.network);
  const door: Door = { options, strangers: createStrangers(), sns };
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  server.setNotFoundHandler((_request, reply) => reply.code(404).send());
  server.setErrorHandler((error, request, reply) => answerToError(door, error, request, reply));
  const inTurn = async (
    { ip }: FastifyRequest,
    reply: FastifyReply,
    work: () => Promise<FastifyReply>,
  ): Promise<FastifyReply> => (await door.strangers.inTurn(ip, work)) ?? later(reply);
  server.post<{ Params: { destination: string } }>('/callbacks/:destination', async (request, reply) =>
    inTurn(request, reply, () => answer(door, request, reply)),
  );
  server.post<{ Params: { provider: string } }>(
    '/bounces/:provider',
    { bodyLimit: mostBounceBytes },
    async (request, reply) => inTurn(request, reply, () => answerBounces(door, request, reply)),
  );
  const address = await server.listen({ host: options.host, port: options.port });
  const close = async (): Promise<void> => {
    await sns.close();
    await server.close();
  };
  return { port: Number(new URL(address).port), close };
}

async function answer(
  door: Door,
  request: FastifyRequest<{ Params: { destination: string } }>,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { options } = door;
  const { headers, params, ip } = request;
  const { destination } = params;
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  const inForce = await inForceFor(options, destination);
  const plan = inForce?.mapping.callback;
  const id = textOf(headers['webhook-id']);
  const signed = {
    id,
    timestamp: textOf(headers['webhook-timestamp']),
    signature: textOf(headers['webhook-signature']),
    body,
  };
  const now = options.database.now().getTime();
  if (
    inForce === undefined ||
    plan === undefined ||
    id === undefined ||
    !isSigned(signed, options.secrets(plan.secret), now)
  ) {
    return refused(door, ip, reply, () => {
      if (plan !== undefined) options.log.warn('callback.refused', { destination });
    });
  }
  const text = soundText(body);
  const told =
    text === undefined
      ? 'not_understood'
      : await recordCallback(options, destination, inForce, {
          id,
          answer: {
            status: 200,
            headers: {},
            mediaType: textOf(headers['content-type']) ?? '',
            text,
            truncated: false,
          },
        });
  options.log.info('callback.heard', { destination, code: told });
  return told === 'later' ? later(reply) : reply.code(statuses[told]).send();
}

async function answerBounces(
  door: Door,
  { headers, params, ip, body: raw }: FastifyRequest<{ Params: { provider: string } }>,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { options, sns } = door;
  const provider = Object.hasOwn(providers, params.provider) ? providers[params.provider] : undefined;
  const body = Buffer.isBuffer(raw) ? raw : Buffer.alloc(0);
  const now = options.database.now().getTime();
  const secrets = provider === undefined ? [] : options.secrets(provider.secret);
  const asked = { header: (name: string) => textOf(headers[name]), body };
  const proved = (await provider?.isProved(asked, secrets, now, sns)) ?? false;
  if (proved === 'later') {
    options.log.warn('bounce.failed', { code: 'SNS_CERTIFICATE' });
    return later(reply);
  }
  if (provider === undefined || !proved) {
    return refused(door, ip, reply, () => {
      if (secrets.length > 0) options.log.warn('bounce.refused', { code: params.provider });
    });
  }
  const content = parsed(body);
  const about = provider.asks?.(content);
  if (about !== undefined) return (await subscribed(door, about)) ? heard(reply) : later(reply);
  const told = provider.read(content);
  if (told === undefined) {
    await unread(options, 'NOT_UNDERSTOOD');
    return reply.code(422).send();
  }
  const { noted, later: again } = await recordBounces(options, told);
  if (noted > 0) options.log.info('bounce.read', { count: noted });
  return again ? later(reply) : heard(reply);
}

/** Counts a request without a valid proof; past the limit it is throttled, and costs no line of the log. */
async function refused(
  { options, strangers }: Door,
  address: string,
  reply: FastifyReply,
  note: () => void,
): Promise<FastifyReply> {
  const seconds = await strangers.shutOutFor(address);
  if (seconds !== undefined) return reply.code(429).header('retry-after', String(seconds)).send();
  note();
  if (await strangers.refused(address)) options.log.warn('callback.shut_out', {});
  return reply.code(401).send();
}

/** Mailjet, Mailgun and Postmark repeat an event that is answered with any other status. */
const heard = (reply: FastifyReply): FastifyReply => reply.code(200).send();

/** Bounces are lost unless a person looks: no provider repeats what it was refused for longer than a day. */
async function unread({ database, log }: CallbackOptions, reason: string): Promise<void> {
  log.warn('bounce.failed', { code: reason });
  await raiseHourly(database, { kind: 'bounces_unread', reason });
}

/** Confirms a subscription; alerts when a provider has ended it, since bounces are then no longer noticed. */
async function subscribed({ options, sns }: Door, about: Asked): Promise<boolean> {
  if (about.kind === 'ended') {
    await unread(options, 'SNS_UNSUBSCRIBED');
    return true;
  }
  const isConfirmed = await sns.confirm(about.visit);
  if (isConfirmed) options.log.info('bounce.subscribed', {});
  else options.log.warn('bounce.failed', { code: 'SNS_UNCONFIRMED' });
  return isConfirmed;
}

const later = (reply: FastifyReply): FastifyReply =>
  reply.code(503).header('retry-after', String(againSeconds)).send();

/** Read each time: the names come from outside, and a cache of them would grow with invented ones. */
async function inForceFor(
  { database, published }: CallbackOptions,
  destinationId: string,
): Promise<InForce | undefined> {
  const versionId = (await findDestination(database, destinationId))?.mappingVersionId ?? 0;
  const mapping = await published.version(versionId);
  return mapping === undefined ? undefined : { versionId, mapping };
}

const textOf = (value: string | readonly string[] | undefined): string | undefined =>
  typeof value === 'string' ? value : undefined;

/** A body too long, or malformed HTTP, is the sender's fault; every other error is ours, and the sender retries. */
async function answerToError(
  { options, strangers }: Door,
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { statusCode } = error as { readonly statusCode?: number };
  if (statusCode !== undefined && statusCode < 500) {
    // Nothing of it can be proved: a line of the log, and no more of them than of other strangers.
    if (statusCode === 413 && (await strangers.shutOutFor(request.ip)) === undefined) {
      options.log.warn('callback.failed', { code: 'TOO_LARGE' });
      await strangers.refused(request.ip);
    }
    return reply.code(statusCode).send();
  }
  const code = foreignCode(error);
  options.log.error('callback.failed', { code });
  // An outage has its own alert.
  if (!isStoreTrouble(error)) await alertBroken(options.database, request, code).catch(() => undefined);
  return later(reply);
}

/** Once while it is open; the error comes again with the sender's next try. */
async function alertBroken(database: Database, { params }: FastifyRequest, code: string): Promise<void> {
  const { destination: named } = params as { readonly destination?: string };
  const destination = named === undefined ? undefined : await findDestination(database, named);
  const reason = `${named === undefined ? 'BOUNCE' : 'CALLBACK'}:${code}`;
  const { id: destinationId = '', clientId = '' } = destination ?? {};
  await alone(database, 'callback-alert', () =>
    raiseOnce(database, { kind: 'internal_error', clientId, destinationId, reason }),
  );
}

// Limits requests without a valid signature per address, and the callbacks processed at the same time.
// Invariant: a signed request is never counted and never refused for other requests from its address; an address past its limit
// costs no line of the log, and its callbacks take a few turns of their own, which no other address waits for.

/** Refusals of one address within a minute, after which unsigned requests are answered 429 until the minute is over. */
export const refusalsAMinute = 60;

/** Processed at the same time: each reads the database, which the planner needs more. */
export const atOnce = 16;

/** The same for all addresses past their limit. */
export const suspectsAtOnce = 4;

interface Strangers {
  /** Seconds until refusals of the address are counted anew; undefined: it is below the limit. */
  readonly shutOutFor: (address: string) => Promise<number | undefined>;
  /** Undefined, and nothing was done: the maximum is being processed. */
  readonly inTurn: <Result>(address: string, work: () => Promise<Result>) => Promise<Result | undefined>;
  /** Counts a refusal. Returns whether it was the last one that is answered 401. */
  readonly refused: (address: string) => Promise<boolean>;
}

/** Callbacks that are being processed. */
interface Lane {
  readonly most: number;
  inWork: number;
}

export function createStrangers(): Strangers {
  const usual: Lane = { most: atOnce, inWork: 0 };
  const suspect: Lane = { most: suspectsAtOnce, inWork: 0 };
  const limiter = new RateLimiterMemory({ points: refusalsAMinute, duration: 60 });
  const shutOutFor = async (address: string): Promise<number | undefined> => {
    const known = await limiter.get(networkOf(address));
    return known === null || known.consumedPoints < refusalsAMinute
      ? undefined
      : Math.max(1, Math.ceil(known.msBeforeNext / 1_000));
  };
  return {
    shutOutFor,
    inTurn: async (address, work) => {
      const lane = (await shutOutFor(address)) === undefined ? usual : suspect;
      if (lane.inWork >= lane.most) return undefined;
      lane.inWork += 1;
      try {
        return await work();
      } finally {
        lane.inWork -= 1;
      }
    },
    refused: async (address) => {
      const { consumedPoints } = await limiter.penalty(networkOf(address));
      return consumedPoints === refusalsAMinute;
    },
  };
}

/** An owner of one IPv6 address has the 2^64 of its network. */
export function networkOf(address: string): string {
  const bare = address.split('%')[0] ?? '';
  if (!ipaddr.isValid(bare)) return address;
  const parsed = ipaddr.process(bare);
  return parsed instanceof ipaddr.IPv6 ? parsed.toByteArray().slice(0, 8).join('.') : parsed.toString();
}
