// Reaches a recipient without sending a lead: name, address, TLS; with its look-up, the credentials too.
// Invariant: only a question is ever asked, about a reference nobody has: any other request could create something.
import type { Outcome, Parcel, ParcelItem, SendContext, Tested } from '../contract.ts';
import { meaningOf } from '../http-status.ts';
import { bareHost, connectCodeOf, guardOf, needsRepair, startDeadline } from '../guard.ts';
import type { Deadline } from '../guard.ts';
import { addressOf, unauthorized } from './address.ts';
import { headersOf, resolve } from './request.ts';
import type { WebhookSettings } from './settings.ts';
import { placeholdersIn } from './url.ts';

type Lookup = (parcel: Parcel, settings: WebhookSettings, context: SendContext) => Promise<Outcome>;

export async function testWebhook(
  settings: WebhookSettings,
  context: SendContext,
  lookup: Lookup,
): Promise<Tested> {
  const nobody = nobodyIn(settings, context);
  const reached = await reach(settings, context, nobody);
  if (reached.kind !== 'accepted' || settings.lookup === undefined) return { ...reached, tried: 'address' };
  const answer = await lookup(questionOf(nobody), settings, {
    ...context,
    // What it knows of nobody is of no interest; whether it lets us ask is.
    classify: ({ status }) =>
      Promise.resolve(
        meaningOf(status)?.outcome === 'unauthorized' ? unauthorized(`HTTP_${status}`) : { kind: 'accepted' },
      ),
  });
  return { ...answer, tried: 'credentials' };
}

const questionOf = (item: ParcelItem): Parcel => ({
  client: '',
  clientName: '',
  destination: '',
  action: 'create',
  items: [item],
  body: { bytes: new Uint8Array(0), mediaType: '', extension: '' },
  writtenAt: new Date(0),
});

function nobodyIn(settings: WebhookSettings, context: SendContext): ParcelItem {
  return {
    deliveryId: 0,
    key: 'test',
    idempotencyKey: 'test',
    leadReference: 'test',
    recipientReference: 'test',
    captured: Object.fromEntries(
      placeholdersIn(resolvedUrl(settings, context)).map((name) => [name, 'test']),
    ),
  };
}

function resolvedUrl({ url }: WebhookSettings, context: SendContext): string {
  const resolved = resolve(url, context.secret);
  return resolved.ok ? resolved.value : '';
}

async function reach(settings: WebhookSettings, context: SendContext, nobody: ParcelItem): Promise<Outcome> {
  const prepared = addressOf(settings.url, nobody, context);
  if (!prepared.ok) return prepared.outcome;
  const headers = headersOf(settings, nobody, undefined, context.secret);
  if (!headers.ok) return unauthorized(headers.reason);
  const { url } = prepared;
  const guard = guardOf(context.network);
  const deadline: Deadline = startDeadline(context.timeouts.totalMs, context.signal);
  const to = {
    host: url.hostname,
    port: Number(url.port) || (url.protocol === 'https:' ? 443 : 80),
    timeoutMs: context.timeouts.connectMs,
    signal: deadline.signal,
  };
  try {
    const socket =
      url.protocol === 'https:'
        ? await guard.connectTls({ ...to, alpn: 'http/1.1' })
        : await guard.connect(to);
    socket.on('error', () => undefined).destroy();
    return { kind: 'accepted', evidence: { host: bareHost(url.hostname), durationMs: deadline.elapsedMs() } };
  } catch (error) {
    const code = connectCodeOf(error);
    const evidence = { host: bareHost(url.hostname), durationMs: deadline.elapsedMs() };
    return needsRepair(code)
      ? unauthorized(code, evidence)
      : { kind: 'unavailable', reason: code, maybeReceived: false, evidence };
  } finally {
    deadline.clear();
  }
}
