// Builds one HTTP request from a parcel and its settings. Pure; the same for preview and for departure.
// Invariant: with `secret` absent every secret is masked; a secret without a value stops the request.
import type { Body, Composed, Parcel, ParcelItem } from '../contract.ts';
import { bareHost, masked, secretName } from '../guard.ts';
import { hostOf } from '../guard/addresses.ts';
import { resolveText } from '../guard/secrets.ts';
import { authHeaders, shownAuth } from '../access/headers.ts';
import { lookupMethod, questionSettings, sinceFilled } from './lookup.ts';
import type { WebhookSettings } from './settings.ts';
import { signatureShown } from './signature-settings.ts';
import { fillUrl } from './url.ts';

type Secret = (name: string) => string | undefined;
export type Headers = Readonly<Record<string, string>>;

export type HeaderResult =
  | { readonly ok: true; readonly headers: Headers }
  | { readonly ok: false; readonly reason: string };

/** The headers without the signature, which depends on the moment. */
export function headersOf(
  settings: WebhookSettings,
  item: ParcelItem,
  body: Body | undefined,
  secret: Secret,
): HeaderResult {
  const headers: Record<string, string> = {
    accept: 'application/json, application/xml;q=0.9, */*;q=0.8',
    'user-agent': 'Relais/1',
  };
  if (body !== undefined && body.bytes.length > 0)
    Object.assign(headers, { 'content-type': body.mediaType }, body.headers);
  headers[(settings.idempotencyHeader ?? 'Idempotency-Key').toLowerCase()] = item.idempotencyKey;
  headers['webhook-id'] = item.key;
  for (const [name, text] of Object.entries(settings.headers ?? {})) {
    const value = resolveText(text, secret);
    if (!value.ok) return value;
    headers[name.toLowerCase()] = value.value;
  }
  if (settings.auth === undefined) return { ok: true, headers };
  const own = authHeaders(settings.auth, secret);
  return own.ok ? { ok: true, headers: { ...headers, ...own.headers } } : own;
}

/** The request for the preview and the digest. Secrets are never resolved into it, except for the host of a secret URL. */
export function composeWebhook(parcel: Parcel, settings: WebhookSettings, secret?: Secret): Composed {
  const host = shownHost(settings, secret);
  // The template, not the final address: a recipient's reference must not enter the append-only log through `target`.
  return {
    content: parcel.body.bytes,
    target: masked(settings.url),
    targetKeys: host === undefined ? [] : [bareHost(host)],
    // Computed on demand: a departure never reads it.
    get head() {
      return headOf(parcel, settings, host);
    },
  };
}

const hosts = new WeakMap<WebhookSettings, string | undefined>();

/** Cached for an address in clear, whose host is always the same. */
function shownHost(settings: WebhookSettings, secret: Secret | undefined): string | undefined {
  const secretUrl = secretName(settings.url);
  if (secretUrl !== undefined) return hostOf(secret?.(secretUrl) ?? '');
  if (!hosts.has(settings)) hosts.set(settings, hostOf(settings.url));
  return hosts.get(settings);
}

function headOf(parcel: Parcel, settings: WebhookSettings, host: string | undefined): readonly string[] {
  const item = parcel.items[0];
  const isSecret = secretName(settings.url) !== undefined;
  const filled = item === undefined || isSecret ? undefined : fillUrl(settings.url, item);
  const line =
    filled?.ok === true
      ? `${filled.url.pathname}${filled.url.search}`
      : isSecret
        ? masked(settings.url)
        : settings.url;
  const head = [`${settings.method ?? 'POST'} ${line} HTTP/1.1`];
  if (host !== undefined) head.push(`host: ${host}`);
  if (item !== undefined) {
    const shown = headersOf(maskedSettings(settings), item, parcel.body, () => undefined);
    if (shown.ok) head.push(...Object.entries(shown.headers).map(([name, value]) => `${name}: ${value}`));
  }
  head.push(...signatureShown(settings.signature));
  return head;
}

/** The look-up as a preview shows it. */
export function composeQuestion(parcel: Parcel, settings: WebhookSettings): Composed | undefined {
  const { lookup } = settings;
  if (lookup === undefined) return undefined;
  const keyHeader = (settings.idempotencyHeader ?? 'Idempotency-Key').toLowerCase();
  const asked = composeWebhook(
    parcel,
    questionSettings({ ...settings, lookup: sinceFilled(lookup, parcel.writtenAt) }),
  );
  const [, ...head] = asked.head.filter((line) => !line.startsWith(`${keyHeader}: `));
  const [, where = ''] = (asked.head[0] ?? '').split(' ');
  return { ...asked, head: [`${lookupMethod(lookup)} ${where} HTTP/1.1`, ...head] };
}

function maskedSettings(settings: WebhookSettings): WebhookSettings {
  const { auth, headers = {}, ...rest } = settings;
  const shown = Object.entries(headers).map(([name, text]) => [name, masked(text)] as const);
  return { ...rest, headers: { ...Object.fromEntries(shown), ...shownAuth(auth) } };
}
