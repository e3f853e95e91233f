// Tests a recipient without sending a lead: token or session, name, address, TLS; with its look-up, the credentials too.
// Invariant: only a look-up is sent, with an unused reference: any other request could create a record.
import type { Body, Both, Outcome, Parcel, ParcelItem, SendContext, Tested } from '../contract.ts';
import { meaningOf } from '../http-status.ts';
import { reachHttp, type HttpClient } from '../guard/http/exchange.ts';
import { resolveText } from '../guard/secrets.ts';
import { headersOf } from './request.ts';
import { hostOf } from '../guard/addresses.ts';
import { credentialsFor, neededFor } from '../access/obtain.ts';
import { accessUrl, isAccess } from '../access/settings.ts';
import type { WebhookSettings } from './settings.ts';
import { certificateExpiry, identified } from '../access/tls.ts';
import { addressOf, placeholdersIn, unauthorized } from './url.ts';

type Lookup = (parcel: Parcel, settings: WebhookSettings, context: SendContext) => Promise<Outcome>;

/** The look-up of the connector, and the body of a look-up without a lead. */
interface Asking {
  readonly lookup: Lookup;
  readonly question?: Body | undefined;
}

export async function testWebhook(
  client: HttpClient,
  asking: Asking,
  settings: WebhookSettings,
  context: SendContext,
): Promise<Tested> {
  const own = identified(settings.tls, context);
  if (!own.ok) return unauthorized(own.reason);
  const got = await gotAnew(client, settings, own.context);
  if ('outcome' in got) return got.outcome;
  const notes = [...got.notes, ...validity(settings, context)];
  const outcome = await tested(settings, own.context, asking);
  return {
    ...outcome,
    ...(isAccess(settings.auth) ? { tried: 'credentials' } : {}),
    ...(notes.length === 0 ? {} : { notes }),
  };
}

/** Obtains a new token or session, so that its secrets are proved; the workers continue with it. */
async function gotAnew(
  client: HttpClient,
  { auth }: WebhookSettings,
  context: SendContext,
): Promise<{ readonly outcome: Outcome } | { readonly notes: readonly Both[] }> {
  if (!isAccess(auth)) return { notes: [] };
  const needed = neededFor(auth, client, context);
  if (!needed.ok) return needed;
  const got = await credentialsFor(auth, context).obtain({ ...needed.need, anew: true });
  if (!got.ok) return got;
  const host = hostOf(accessUrl(auth)) ?? '';
  return {
    notes: [
      'oauth2' in auth
        ? [`${host} a donné un jeton.`, `${host} gave a token.`]
        : [
            `${host} a accepté la connexion et ouvert une session.`,
            `${host} took the login and gave a session.`,
          ],
    ],
  };
}

const dayMs = 86_400_000;

function validity({ tls }: WebhookSettings, { secret, now }: SendContext): readonly Both[] {
  return certificateExpiry(tls, secret).map(({ secret: name, at }) => {
    const days = Math.floor((at.getTime() - now()) / dayMs);
    const when = at.toISOString().slice(0, 10);
    const french = when.split('-').toReversed().join('/');
    return days < 0
      ? [
          `Notre certificat ${name} a expiré, le ${french}.`,
          `Our certificate ${name} has expired, on ${when}.`,
        ]
      : [
          `Notre certificat ${name} est valable jusqu’au ${french} (${days} jours).`,
          `Our certificate ${name} is valid until ${when} (${days} days).`,
        ];
  });
}

async function tested(
  settings: WebhookSettings,
  context: SendContext,
  { lookup, question = noBody }: Asking,
): Promise<Tested> {
  const nobody = nobodyIn(settings, context);
  const reached = await reach(settings, context, nobody);
  if (reached.kind !== 'accepted' || settings.lookup === undefined) return { ...reached, tried: 'address' };
  const answer = await lookup({ ...questionOf(nobody, context.now()), body: question }, settings, {
    ...context,
    // The result of the look-up does not matter; a refused access and a recipient that is out of order do.
    classify: async (found, stage) => {
      if (meaningOf(found.status)?.outcome === 'unauthorized') return unauthorized(`HTTP_${found.status}`);
      const outcome = await context.classify(found, stage);
      return outcome.kind === 'unauthorized' || outcome.kind === 'unavailable'
        ? outcome
        : { kind: 'accepted' };
    },
  });
  return { ...answer, tried: 'credentials' };
}

const noBody: Body = { bytes: new Uint8Array(0), mediaType: '', extension: '' };

const questionOf = (item: ParcelItem, now: number): Parcel => ({
  client: '',
  clientName: '',
  destination: '',
  action: 'create',
  items: [item],
  body: noBody,
  writtenAt: new Date(now),
});

function nobodyIn(settings: WebhookSettings, context: SendContext): ParcelItem {
  return {
    deliveryId: 0,
    key: 'test',
    idempotencyKey: 'test',
    leadReference: 'test',
    recipientReference: 'test',
    captured: Object.fromEntries(
      [settings.url, settings.lookup?.url ?? '']
        .flatMap((url) => placeholdersIn(resolvedText(url, context)))
        .map((name) => [name, 'test']),
    ),
  };
}

function resolvedText(text: string, context: SendContext): string {
  const resolved = resolveText(text, context.secret);
  return resolved.ok ? resolved.value : '';
}

async function reach(settings: WebhookSettings, context: SendContext, nobody: ParcelItem): Promise<Outcome> {
  const prepared = addressOf(settings.url, nobody, context);
  if (!prepared.ok) return prepared.outcome;
  const headers = headersOf(settings, nobody, undefined, context.secret);
  if (!headers.ok) return unauthorized(headers.reason);
  return await reachHttp(prepared.url, context);
}
