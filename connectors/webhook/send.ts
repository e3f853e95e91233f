// Sends a parcel as one request, or its look-up, and reads the outcome.
// Invariant: the target is authorised before a socket opens; an outcome has codes and numbers, never the answer's text.
import type { Action, Outcome, Parcel, SendContext, Body } from '../contract.ts';
import { unanswered, type HttpClient } from '../guard/http/exchange.ts';
import type { CarriedRequest } from '../guard/http/carrier.ts';
import { withAccess } from '../access/obtain.ts';
import { headersOf } from './request.ts';
import { lookupAbout, lookupMethod, questionSettings, sinceFilled } from './lookup.ts';
import type { WebhookSettings } from './settings.ts';
import { signatureHeaders, type SignedHeaders } from './signature.ts';
import { identified } from '../access/tls.ts';
import { addressOf, unauthorized } from './url.ts';
import { hasControl } from '../guard/secrets.ts';

export async function sendWebhook(
  client: HttpClient,
  parcel: Parcel,
  settings: WebhookSettings,
  context: SendContext,
): Promise<Outcome> {
  const [item] = parcel.items;
  if (item === undefined || parcel.items.length > 1) return { kind: 'invalid', reason: 'ONE_ITEM_EXPECTED' };
  const prepared = addressOf(settings.url, item, context);
  if (!prepared.ok) return prepared.outcome;
  const body = bytesOf(parcel.body, context.secret);
  if (!body.ok) return unauthorized(body.reason);
  const headers = headersOf(settings, item, parcel.body, context.secret);
  if (!headers.ok) return unauthorized(headers.reason);
  const request: CarriedRequest = {
    url: prepared.url,
    method: settings.method ?? 'POST',
    headers: headers.headers,
    ...(body.bytes.length > 0 ? { body: body.bytes } : {}),
  };
  return await letIn(client, { request, key: item.key, stage: parcel.action }, settings, context);
}

export async function askWebhook(
  client: HttpClient,
  parcel: Parcel,
  settings: WebhookSettings,
  context: SendContext,
): Promise<Outcome> {
  const [item] = parcel.items;
  const lookup = lookupAbout(settings.lookup, parcel.decidesLater);
  if (lookup === undefined) return { kind: 'unknown', reason: 'LOOKUP_NOT_CONFIGURED' };
  if (item === undefined) return { kind: 'invalid', reason: 'ONE_ITEM_EXPECTED' };
  const asking = questionSettings({ ...settings, lookup: sinceFilled(lookup, parcel.writtenAt) });
  const prepared = addressOf(asking.url, item, context);
  if (!prepared.ok) return prepared.outcome;
  const written = bytesOf(parcel.body, context.secret);
  if (!written.ok) return unauthorized(written.reason);
  const body = lookup.fields === undefined ? undefined : written.bytes;
  // A look-up without a reference could return another person's lead.
  if (body?.length === 0) return { kind: 'invalid', reason: 'REFERENCE_MISSING' };
  const headers = headersOf(asking, item, body === undefined ? undefined : parcel.body, context.secret);
  if (!headers.ok) return unauthorized(headers.reason);
  // A look-up has no key of its own: an idempotent recipient would answer with the stored answer of the create.
  const { [(settings.idempotencyHeader ?? 'Idempotency-Key').toLowerCase()]: _key, ...asked } =
    headers.headers;
  const request: CarriedRequest = {
    url: prepared.url,
    method: lookupMethod(lookup),
    headers: asked,
    ...(body === undefined ? {} : { body }),
  };
  const { key, leadReference: lead } = item;
  return await letIn(client, { request, key, stage: 'lookup', lead }, asking, context);
}

interface Prepared {
  readonly request: CarriedRequest;
  readonly key: string;
  readonly stage: Action | 'lookup';
  /** The reference of the lead that is looked up. */
  readonly lead?: string;
}

const unsigned: SignedHeaders = { ok: true, headers: {} };

/** Sends with our certificate, a token or session, and a signature that is computed for each attempt. */
async function letIn(
  client: HttpClient,
  { request, key, stage, lead }: Prepared,
  { auth, signature, tls }: WebhookSettings,
  context: SendContext,
): Promise<Outcome> {
  const own = tls === undefined ? { ok: true as const, context } : identified(tls, context);
  if (!own.ok) return unauthorized(own.reason);
  const attempt = async (access: Readonly<Record<string, string>>): Promise<Outcome> => {
    const { method, url, body = new Uint8Array(0) } = request;
    const bare = stage === 'lookup' && body.length === 0;
    const signed =
      signature === undefined
        ? unsigned
        : signatureHeaders(signature, { method, url, key, body }, { bare }, own.context);
    if (!signed.ok) return unauthorized(signed.reason);
    const headers = { ...request.headers, ...access, ...signed.headers };
    const { carried, seen } = await client.exchange({ ...request, headers }, own.context);
    if (carried.kind !== 'answer') return unanswered(carried, seen, { asked: stage === 'lookup' });
    const answer = lead === undefined ? carried.answer : { ...carried.answer, asked: lead };
    const outcome = await own.context.classify(answer, stage);
    return { ...outcome, evidence: { ...seen, status: carried.answer.status, answerBytes: carried.bytes } };
  };
  return await (auth === undefined ? attempt({}) : withAccess(auth, client, own.context, attempt));
}

type Bytes =
  | { readonly ok: true; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly reason: 'SECRET_MISSING' | 'SECRET_MALFORMED' };

/**
 * Builds the body to send: the mapping's bytes with its secrets filled in. A secret without a value stops the
 * request; its mask is never sent in its place.
 * @param secret gives the newest live value, as for a password in a header
 */
function bytesOf({ bytes, secrets }: Body, secret: (name: string) => string | undefined): Bytes {
  if (secrets === undefined) return { ok: true, bytes };
  const values = new Map<string, string>();
  for (const name of secrets.names) {
    const value = secret(name);
    if (value === undefined || value === '') return { ok: false, reason: 'SECRET_MISSING' };
    if (hasControl(value)) return { ok: false, reason: 'SECRET_MALFORMED' };
    values.set(name, value);
  }
  return { ok: true, bytes: secrets.written((name) => values.get(name) ?? '') };
}
