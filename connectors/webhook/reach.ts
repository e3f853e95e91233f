// Reaches a recipient without sending a lead: name, address, TLS; with its look-up, the credentials too.
// Invariant: only a question is ever asked, about a reference nobody has: any other request could create something.
import type { Body, Outcome, Parcel, ParcelItem, SendContext, Tested } from '../contract.ts';
import { meaningOf } from '../http-status.ts';
import { reachHttp } from '../guard/http/exchange.ts';
import { resolveText } from '../guard/http/headers.ts';
import { addressOf, unauthorized } from './address.ts';
import { headersOf } from './request.ts';
import type { WebhookSettings } from './settings.ts';
import { placeholdersIn } from './url.ts';

type Lookup = (parcel: Parcel, settings: WebhookSettings, context: SendContext) => Promise<Outcome>;

export async function testWebhook(
  settings: WebhookSettings,
  context: SendContext,
  lookup: Lookup,
  question: Body = noBody,
): Promise<Tested> {
  const nobody = nobodyIn(settings, context);
  const reached = await reach(settings, context, nobody);
  if (reached.kind !== 'accepted' || settings.lookup === undefined) return { ...reached, tried: 'address' };
  const answer = await lookup({ ...questionOf(nobody), body: question }, settings, {
    ...context,
    // What it knows of nobody is of no interest; whether it lets us ask is.
    classify: async (found, stage) => {
      if (meaningOf(found.status)?.outcome === 'unauthorized') return unauthorized(`HTTP_${found.status}`);
      const outcome = await context.classify(found, stage);
      return outcome.kind === 'unauthorized' ? outcome : { kind: 'accepted' };
    },
  });
  return { ...answer, tried: 'credentials' };
}

const noBody: Body = { bytes: new Uint8Array(0), mediaType: '', extension: '' };

const questionOf = (item: ParcelItem): Parcel => ({
  client: '',
  clientName: '',
  destination: '',
  action: 'create',
  items: [item],
  body: noBody,
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
  const resolved = resolveText(url, context.secret);
  return resolved.ok ? resolved.value : '';
}

async function reach(settings: WebhookSettings, context: SendContext, nobody: ParcelItem): Promise<Outcome> {
  const prepared = addressOf(settings.url, nobody, context);
  if (!prepared.ok) return prepared.outcome;
  const headers = headersOf(settings, nobody, undefined, context.secret);
  if (!headers.ok) return unauthorized(headers.reason);
  return await reachHttp(prepared.url, context);
}
