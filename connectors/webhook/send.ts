// Sends a parcel as one request, or asks about it, and reads what came of it.
// Invariant: the target is authorised before a socket opens; an outcome holds codes and numbers, never the answer's text.
import type { Action, Outcome, Parcel, SendContext } from '../contract.ts';
import { unanswered } from '../guard/http/exchange.ts';
import type { HttpClient } from '../guard/http/exchange.ts';
import type { CarriedRequest } from '../guard/http/carrier.ts';
import { addressOf, unauthorized } from './address.ts';
import { headersOf } from './request.ts';
import type { Headers } from './request.ts';
import { lookupMethod, questionSettings } from './lookup.ts';
import type { WebhookSettings } from './settings.ts';
import { signatureOf } from './signature.ts';

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
  const body = parcel.body.bytes;
  const headers = headersOf(settings, item, parcel.body, context.secret);
  if (!headers.ok) return unauthorized(headers.reason);
  const signed = signatureHeaders(settings, item.key, body, context);
  if (!signed.ok) return unauthorized(signed.reason);
  const request: CarriedRequest = {
    url: prepared.url,
    method: settings.method ?? 'POST',
    headers: { ...headers.headers, ...signed.headers },
    ...(body.length > 0 ? { body } : {}),
  };
  return await outcomeOf(client, request, context, parcel.action);
}

function signatureHeaders(
  { signature }: WebhookSettings,
  key: string,
  body: Uint8Array,
  { now, secrets }: SendContext,
): { readonly ok: true; readonly headers: Headers } | { readonly ok: false; readonly reason: string } {
  if (signature === undefined) return { ok: true, headers: {} };
  const timestamp = Math.floor(now() / 1000);
  const live = secrets(signature.standard.slice('secret:'.length));
  const value = signatureOf(key, timestamp, body, live);
  if (value === undefined)
    return { ok: false, reason: live.length === 0 ? 'SECRET_MISSING' : 'SECRET_MALFORMED' };
  return { ok: true, headers: { 'webhook-timestamp': String(timestamp), 'webhook-signature': value } };
}

export async function askWebhook(
  client: HttpClient,
  parcel: Parcel,
  settings: WebhookSettings,
  context: SendContext,
): Promise<Outcome> {
  const [item] = parcel.items;
  if (settings.lookup === undefined) return { kind: 'unknown', reason: 'LOOKUP_NOT_CONFIGURED' };
  if (item === undefined) return { kind: 'invalid', reason: 'ONE_ITEM_EXPECTED' };
  const asking = questionSettings(settings);
  const prepared = addressOf(asking.url, item, context);
  if (!prepared.ok) return prepared.outcome;
  const body = settings.lookup.fields === undefined ? undefined : parcel.body.bytes;
  // An open question would be answered with somebody else's lead.
  if (body?.length === 0) return { kind: 'invalid', reason: 'REFERENCE_MISSING' };
  const headers = headersOf(asking, item, body === undefined ? undefined : parcel.body, context.secret);
  if (!headers.ok) return unauthorized(headers.reason);
  const signed = body === undefined ? unsigned : signatureHeaders(settings, item.key, body, context);
  if (!signed.ok) return unauthorized(signed.reason);
  // A question has no key of its own: an idempotent recipient would answer with the stored answer of the create.
  const { [(settings.idempotencyHeader ?? 'Idempotency-Key').toLowerCase()]: _key, ...asked } =
    headers.headers;
  const request: CarriedRequest = {
    url: prepared.url,
    method: lookupMethod(settings.lookup),
    headers: { ...asked, ...signed.headers },
    ...(body === undefined ? {} : { body }),
  };
  return await outcomeOf(client, request, context, 'lookup');
}

const unsigned = { ok: true, headers: {} } as const;

async function outcomeOf(
  client: HttpClient,
  request: CarriedRequest,
  context: SendContext,
  stage: Action | 'lookup',
): Promise<Outcome> {
  const { carried, seen } = await client.exchange(request, context);
  if (carried.kind !== 'answer') return unanswered(carried, seen, { asked: stage === 'lookup' });
  const outcome = await context.classify(carried.answer, stage);
  return { ...outcome, evidence: { ...seen, status: carried.answer.status, answerBytes: carried.bytes } };
}
