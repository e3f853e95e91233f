// Sends one text message to the provider and reads its answer.
// Invariant: accepted only with the provider's own id of the message (guarantee 5); nothing else of its answer is kept.
import type { Answer, Outcome, Parcel, SendContext, Tested } from '../contract.ts';
import { meaningOf, outcomeOfStatus, retryAfterMs } from '../http-status.ts';
import { bareHost } from '../guard.ts';
import { targetRefusal } from '../guard/addresses.ts';
import { reachHttp, unanswered, type HttpClient } from '../guard/http/exchange.ts';
import { resolveText } from '../guard/secrets.ts';
import { messageOf, providerBody } from './message.ts';
import type { SmsSettings } from './settings.ts';

type Ready = { readonly ok: true; readonly url: URL; readonly token: string };

/** Address and token, or the reason why nothing may be sent. */
function ready(
  { url: text, auth }: SmsSettings,
  context: SendContext,
): Ready | { readonly ok: false; readonly outcome: Outcome } {
  const url = URL.parse(text);
  if (url === null) return { ok: false, outcome: { kind: 'unauthorized', reason: 'URL_MALFORMED' } };
  const refused = targetRefusal(url, context);
  if (refused !== undefined) {
    const evidence = { host: bareHost(url.hostname) };
    return { ok: false, outcome: { kind: 'unauthorized', reason: refused, evidence } };
  }
  const token = resolveText(auth.bearer, context.secret);
  return token.ok
    ? { ok: true, url, token: token.value }
    : { ok: false, outcome: { kind: 'unauthorized', reason: token.reason } };
}

export async function sendSms(
  client: HttpClient,
  parcel: Parcel,
  settings: SmsSettings,
  context: SendContext,
): Promise<Outcome> {
  const [item] = parcel.items;
  if (item === undefined || parcel.items.length > 1) return { kind: 'invalid', reason: 'ONE_ITEM_EXPECTED' };
  const prepared = ready(settings, context);
  if (!prepared.ok) return prepared.outcome;
  const message = messageOf(parcel, settings);
  if (!message.ok) return { kind: 'invalid', reason: message.reason };
  const headers = {
    accept: 'application/json',
    'user-agent': 'Relais/1',
    'content-type': 'application/json',
    'idempotency-key': item.idempotencyKey,
    authorization: `Bearer ${prepared.token}`,
  };
  const request = { url: prepared.url, method: 'POST', headers, body: providerBody(message, settings) };
  const { carried, seen } = await client.exchange(request, context);
  if (carried.kind !== 'answer') return unanswered(carried, seen, { asked: false });
  const evidence = { ...seen, status: carried.answer.status, answerBytes: carried.bytes };
  return { ...judged(carried.answer, { ...settings, to: message.recipient }, context.now), evidence };
}

/** Statuses have their usual meaning; otherwise a success needs an id, and a refusal of the content is `invalid`. */
function judged(answer: Answer, { reference = 'id', to = '' }: SmsSettings, now: () => number): Outcome {
  const { status, headers } = answer;
  if (meaningOf(status) === undefined && (status === 400 || status === 422))
    return { kind: 'invalid', reason: `HTTP_${status}` };
  if (status < 200 || status > 299)
    return outcomeOfStatus(status, { afterMs: retryAfterMs(headers['retry-after'], headers['date'], now) });
  if (answer.truncated) return { kind: 'unknown', reason: 'ANSWER_TOO_LARGE', saidYes: true };
  const id = idAt(answer.text, reference, to);
  return id === undefined
    ? { kind: 'unknown', reason: 'REFERENCE_NOT_GIVEN', saidYes: true }
    : { kind: 'accepted', reference: id };
}

/** Values that replace a missing id. */
const noId = /^(?:0|null|none|undefined|false|true|error)$/i;

/** An id that cannot be a phone number: not the recipient's, and none that begins with a zero or a plus. */
function idAt(text: string, path: string, recipient: string): string | undefined {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    return undefined;
  }
  for (const name of path.split('.')) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name)) return undefined;
    found = (found as Record<string, unknown>)[name];
  }
  const id = Number.isSafeInteger(found) ? String(found) : found;
  if (typeof id !== 'string' || !/^(?!0\d)[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/.test(id)) return undefined;
  return noId.test(id) || `+${id}` === recipient ? undefined : id;
}

/** Tests name, network and TLS of the provider; a message is never sent for a test. */
export async function testSms(settings: SmsSettings, context: SendContext): Promise<Tested> {
  const prepared = ready(settings, context);
  if (!prepared.ok) return prepared.outcome;
  return { ...(await reachHttp(prepared.url, context)), tried: 'address' };
}
