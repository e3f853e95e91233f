// Sends one request to a token endpoint or a login, and reads its answer up to the content.
// Invariant: bounded in time and size, no redirect followed; only codes, numbers and a host are passed on, never a text.
import type { Evidence, Outcome, SendContext } from '../contract.ts';
import { outcomeOfStatus, retryAfterMs } from '../http-status.ts';
import type { CarriedRequest, HttpAnswer } from '../guard/http/carrier.ts';
import { unanswered, type HttpClient } from '../guard/http/exchange.ts';

/** Limits of such a request, whatever the file allows for a lead. */
const most = { connectMs: 5_000, responseMs: 10_000, totalMs: 15_000 } as const;

export const askingMs = ({ timeouts }: SendContext): number => Math.min(timeouts.totalMs, most.totalMs);

export type Answered =
  | { readonly ok: true; readonly answer: HttpAnswer; readonly evidence: Evidence }
  | { readonly ok: false; readonly outcome: Outcome };

/** Begins a reason, so that support sees that the answer did not come from the recipient of the lead. */
export type Asked = 'TOKEN_' | 'LOGIN_';

export const reasonOf = (asked: Asked, code: string): string => `${asked}${code}`.slice(0, 64);

/** @returns the answer where its status permits reading the content, else an outcome */
export async function ask(
  client: HttpClient,
  asked: Asked,
  request: CarriedRequest,
  context: SendContext,
): Promise<Answered> {
  const { network, timeouts, signal, mayLeave, now } = context;
  const { carried, seen } = await client.exchange(request, {
    network,
    signal,
    mayLeave,
    timeouts: {
      connectMs: Math.min(timeouts.connectMs, most.connectMs),
      responseMs: Math.min(timeouts.responseMs, most.responseMs),
      totalMs: askingMs(context),
    },
  });
  if (carried.kind !== 'answer') {
    const outcome = unanswered(carried, seen, { asked: true });
    return { ok: false, outcome: { ...outcome, reason: reasonOf(asked, outcome.reason) } };
  }
  const { answer } = carried;
  const evidence = { ...seen, status: answer.status, answerBytes: carried.bytes };
  const afterMs = retryAfterMs(answer.headers['retry-after'], answer.headers['date'], now);
  const outcome = outcomeOfStatus(answer.status, { asked: true, afterMs });
  if (outcome.kind === 'throttled' || outcome.kind === 'unavailable')
    return { ok: false, outcome: { ...outcome, reason: reasonOf(asked, outcome.reason), evidence } };
  if (!answer.truncated) return { ok: true, answer, evidence };
  const reason = reasonOf(asked, 'ANSWER_TOO_LARGE');
  return { ok: false, outcome: { kind: 'unavailable', reason, maybeReceived: false, evidence } };
}

/** The answer as an object; undefined for any other content. */
export function objectIn({ text }: HttpAnswer): Readonly<Record<string, unknown>> | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return isObject(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** One header value, or a part of one: no blank, no line break, nothing that ends a cookie. */
export const isToken = (value: unknown): value is string =>
  typeof value === 'string' && /^[!-+\--:<-~]{1,16000}$/.test(value);
