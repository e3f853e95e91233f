// Composes one delivery, sends it, and reads the answer.
// Invariant: accepted only with the recipient's own id (guarantee 5); nothing else of its answer is kept (guarantee 7).
import type { Answer, Composed, Outcome, Parcel, SendContext, Tested } from '../contract.ts';
import { meaningOf, outcomeOfStatus, retryAfterMs } from '../http-status.ts';
import { bareHost, masked } from '../guard.ts';
import { targetRefusal } from '../guard/addresses.ts';
import { reachHttp, unanswered, type HttpClient } from '../guard/http/exchange.ts';
import { resolveText } from '../guard/secrets.ts';
import { templateSettings, type TemplateSettings } from './settings.ts';

/** The request, made without I/O: `preview` prints it, and the log keeps the digest of `content`. */
export function composeTemplate(parcel: Parcel, settings: TemplateSettings): Composed {
  const url = URL.parse(settings.url);
  return {
    content: parcel.body.bytes,
    target: settings.url,
    targetKeys: templateSettings.targets(settings),
    head: [
      `POST ${url === null ? settings.url : `${url.pathname}${url.search}`} HTTP/1.1`,
      ...(url === null ? [] : [`host: ${bareHost(url.hostname)}`]),
      `content-type: ${parcel.body.mediaType}`,
      `idempotency-key: ${parcel.items[0]?.idempotencyKey ?? ''}`,
      `authorization: Bearer ${masked(settings.auth.bearer)}`,
    ],
  };
}

type Ready = { readonly ok: true; readonly url: URL; readonly token: string };

/** Address and token, or the reason why nothing may be sent: before any socket is opened. */
function ready(
  { url: text, auth }: TemplateSettings,
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

export async function sendTemplate(
  client: HttpClient,
  parcel: Parcel,
  settings: TemplateSettings,
  context: SendContext,
): Promise<Outcome> {
  const [item] = parcel.items;
  if (item === undefined || parcel.items.length > 1) return { kind: 'invalid', reason: 'ONE_ITEM_EXPECTED' };
  const prepared = ready(settings, context);
  if (!prepared.ok) return prepared.outcome;
  const headers = {
    accept: 'application/json',
    'user-agent': 'Relais/1',
    'content-type': parcel.body.mediaType,
    'idempotency-key': item.idempotencyKey,
    authorization: `Bearer ${prepared.token}`,
  };
  const request = { url: prepared.url, method: 'POST', headers, body: parcel.body.bytes };
  const { carried, seen } = await client.exchange(request, context);
  if (carried.kind !== 'answer') return unanswered(carried, seen, { asked: false });
  const evidence = { ...seen, status: carried.answer.status, answerBytes: carried.bytes };
  return { ...judged(carried.answer, context.now), evidence };
}

/** Statuses have their usual meaning; a refusal of the content is `invalid`; an acceptance without an id is unknown. */
function judged(answer: Answer, now: () => number): Outcome {
  const { status, headers } = answer;
  if (meaningOf(status) === undefined && (status === 400 || status === 422))
    return { kind: 'invalid', reason: `HTTP_${status}` };
  if (status < 200 || status > 299)
    return outcomeOfStatus(status, { afterMs: retryAfterMs(headers['retry-after'], headers['date'], now) });
  const reference = answer.truncated ? undefined : idIn(answer.text);
  return reference === undefined
    ? { kind: 'unknown', reason: 'REFERENCE_NOT_GIVEN', saidYes: true }
    : { kind: 'accepted', reference };
}

function idIn(text: string): string | undefined {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof found !== 'object' || found === null || !('id' in found)) return undefined;
  return typeof found.id === 'string' && /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(found.id)
    ? found.id
    : undefined;
}

/** Tests name, network and TLS; a lead is never sent for a test. */
export async function testTemplate(settings: TemplateSettings, context: SendContext): Promise<Tested> {
  const prepared = ready(settings, context);
  if (!prepared.ok) return prepared.outcome;
  return { ...(await reachHttp(prepared.url, context)), tried: 'address' };
}
