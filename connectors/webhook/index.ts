// The webhook connector: one delivery, one HTTPS request, the answer judged by the mapping's response rules.
// Invariant: the target is authorised before a socket opens; an outcome holds codes and numbers, never the answer's text.
import { defineConnector } from '../contract.ts';
import type { Evidence, Outcome, Parcel, SendContext } from '../contract.ts';
import { bareHost, needsRepair, startDeadline } from '../guard.ts';
import { addressOf, unauthorized } from './address.ts';
import { createCarrier } from './carrier.ts';
import type { Carried, CarriedRequest, Carrier } from './carrier.ts';
import { testWebhook } from './reach.ts';
import { composeWebhook, headersOf } from './request.ts';
import {
  checkWebhookSettings,
  webhookSecretNames,
  webhookSettingsSchema,
  webhookTargets,
} from './settings.ts';
import type { WebhookSettings } from './settings.ts';
import { signatureOf } from './signature.ts';
import type { Transport } from './transport.ts';

/** @param transport of a test that answers in the recipient's stead; otherwise sockets come from the guard */
export function createWebhookConnector(transport?: Transport) {
  const carriers = new Map<string, Carrier>();
  const carrierFor = (context: SendContext): Carrier => {
    const key = JSON.stringify(context.network);
    const carrier = carriers.get(key) ?? createCarrier(context.network, transport);
    carriers.set(key, carrier);
    return carrier;
  };

  async function send(parcel: Parcel, settings: WebhookSettings, context: SendContext): Promise<Outcome> {
    const [item] = parcel.items;
    if (item === undefined || parcel.items.length > 1)
      return { kind: 'invalid', reason: 'ONE_ITEM_EXPECTED' };
    const prepared = addressOf(settings.url, item, context);
    if (!prepared.ok) return prepared.outcome;
    const body = parcel.body.bytes;
    const headers = headersOf(
      settings,
      item,
      body.length > 0 ? parcel.body.mediaType : undefined,
      context.secret,
    );
    if (!headers.ok) return unauthorized(headers.reason);
    let signed: Readonly<Record<string, string>> = {};
    const secretName = settings.signature?.standard.slice('secret:'.length);
    if (secretName !== undefined) {
      const timestamp = Math.floor(context.now() / 1000);
      const live = context.secrets(secretName);
      const signature = signatureOf(item.key, timestamp, body, live);
      if (signature === undefined)
        return unauthorized(live.length === 0 ? 'SECRET_MISSING' : 'SECRET_MALFORMED');
      signed = { 'webhook-timestamp': String(timestamp), 'webhook-signature': signature };
    }
    return await carried(
      {
        url: prepared.url,
        method: settings.method ?? 'POST',
        headers: { ...headers.headers, ...signed },
        ...(body.length > 0 ? { body } : {}),
      },
      context,
      parcel.action,
    );
  }

  async function lookup(parcel: Parcel, settings: WebhookSettings, context: SendContext): Promise<Outcome> {
    const [item] = parcel.items;
    if (settings.lookup === undefined) return { kind: 'unknown', reason: 'LOOKUP_NOT_CONFIGURED' };
    if (item === undefined) return { kind: 'invalid', reason: 'ONE_ITEM_EXPECTED' };
    const prepared = addressOf(settings.lookup.url, item, context);
    if (!prepared.ok) return prepared.outcome;
    const headers = headersOf(settings, item, undefined, context.secret);
    if (!headers.ok) return unauthorized(headers.reason);
    // A question has no key of its own: an idempotent recipient would answer with the stored answer of the create.
    const { [(settings.idempotencyHeader ?? 'Idempotency-Key').toLowerCase()]: _key, ...asked } =
      headers.headers;
    return await carried({ url: prepared.url, method: 'GET', headers: asked }, context, 'lookup');
  }

  async function carried(
    request: CarriedRequest,
    context: SendContext,
    stage: Parcel['action'] | 'lookup',
  ): Promise<Outcome> {
    const deadline = startDeadline(context.timeouts.totalMs, context.signal);
    try {
      const result = await carrierFor(context).carry(request, context.timeouts, deadline);
      return await outcomeOf(result, context, stage, {
        host: bareHost(request.url.hostname),
        durationMs: deadline.elapsedMs(),
      });
    } finally {
      deadline.clear();
    }
  }

  return defineConnector<WebhookSettings>({
    type: 'webhook',
    label: 'Webhook (HTTPS)',
    settingsSchema: webhookSettingsSchema,
    settingsKey: 'send',
    actions: ['create', 'update', 'erase'],
    maxItems: 1,
    formats: ['json', 'form', 'xml', 'csv', 'none'],
    sheet: false,
    fireAndForget: false,
    check: checkWebhookSettings,
    targets: webhookTargets,
    secretNames: webhookSecretNames,
    compose: composeWebhook,
    send,
    lookup,
    test: (settings, context) => testWebhook(settings, context, lookup),
    async close() {
      for (const carrier of carriers.values()) carrier.close();
      carriers.clear();
      await Promise.resolve();
    },
  });
}

export const webhook = createWebhookConnector();

async function outcomeOf(
  result: Carried,
  context: SendContext,
  stage: Parcel['action'] | 'lookup',
  seen: Evidence,
): Promise<Outcome> {
  switch (result.kind) {
    case 'answer': {
      const outcome = await context.classify(result.answer, stage);
      return { ...outcome, evidence: { ...seen, status: result.answer.status, answerBytes: result.bytes } };
    }
    case 'unreached':
      if (needsRepair(result.code)) return unauthorized(result.code, seen);
      return { kind: 'unavailable', reason: result.code, maybeReceived: false, evidence: seen };
    case 'lost':
      // A lookup carries nothing of a lead: it can simply be asked again.
      if (stage === 'lookup')
        return { kind: 'unavailable', reason: result.code, maybeReceived: false, evidence: seen };
      return { kind: 'unknown', reason: result.code, evidence: seen };
  }
}
