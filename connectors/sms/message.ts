// What the mapping wrote becomes one text message, and that the JSON the provider takes. Pure.
// Invariant: everything the mapping wrote leaves, the opt-in too: a field that is not the text is a line below it.
import type { Composed, Parcel } from '../contract.ts';
import { bareHost, masked } from '../guard.ts';
import { partsOf } from './parts.ts';
import { smsTargets } from './settings.ts';
import type { SmsSettings } from './settings.ts';

/** Providers cut or refuse what is longer. */
const mostParts = 10;

export type Message =
  | { readonly ok: true; readonly recipient: string; readonly text: string }
  | { readonly ok: false; readonly reason: Unfit };

type Unfit =
  | 'BODY_UNREADABLE'
  | 'FIELD_NOT_TEXT'
  | 'RECIPIENT_MISSING'
  | 'RECIPIENT_MALFORMED'
  | 'TEXT_MISSING'
  | 'TEXT_TOO_LONG';

const unfit = (reason: Unfit): Message => ({ ok: false, reason });

export function messageOf({ body }: Parcel, settings: SmsSettings): Message {
  const written = fieldsOf(body.bytes);
  if (written === undefined) return unfit('BODY_UNREADABLE');
  const { recipient: number = settings.to ?? '', text: main = '', ...others } = written;
  const lines = [
    asLine(main) ?? '',
    ...Object.entries(others).map(([name, value]) => `${name} : ${asLine(value) ?? ''}`),
  ];
  if (Object.values(written).some((value) => asLine(value) === undefined)) return unfit('FIELD_NOT_TEXT');
  const recipient = numberIn(asLine(number) ?? '');
  if (recipient === '') return unfit('RECIPIENT_MISSING');
  if (!/^\+(?!330)[1-9]\d{6,14}$/.test(recipient)) return unfit('RECIPIENT_MALFORMED');
  const text = lines.filter((line, index) => index > 0 || line !== '').join('\n');
  if (text.trim() === '') return unfit('TEXT_MISSING');
  return partsOf(text) > mostParts ? unfit('TEXT_TOO_LONG') : { ok: true, recipient, text };
}

/** Without what people write between its digits; `+33 (0)6` and `+33 6` are the same number, and `+33 06` is none. */
const numberIn = (written: string): string =>
  written
    .replace('(0)', '')
    .replaceAll(/[\s.()-]/g, '')
    .replace(/^00/, '+');

/** A value as people read it; undefined where it is none of its own. */
function asLine(value: unknown): string | undefined {
  if (value === null) return '';
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : undefined;
}

function fieldsOf(bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const body: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    return typeof body === 'object' && body !== null && !Array.isArray(body)
      ? (body as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** The provider's JSON. */
export function providerBody(
  { recipient, text }: Extract<Message, { readonly ok: true }>,
  { sender, keys = {} }: SmsSettings,
): Buffer {
  const parts = {
    [keys.sender ?? 'sender']: sender,
    [keys.recipient ?? 'recipient']: recipient,
    [keys.text ?? 'text']: text,
  };
  return Buffer.from(JSON.stringify(parts), 'utf8');
}

export function composeSms(parcel: Parcel, settings: SmsSettings): Composed {
  const message = messageOf(parcel, settings);
  const url = URL.parse(settings.url);
  return {
    // What cannot be a message is never sent: what the mapping wrote stands for it.
    content: message.ok ? providerBody(message, settings) : parcel.body.bytes,
    target: settings.url,
    targetKeys: smsTargets(settings),
    head: [
      `POST ${url === null ? settings.url : `${url.pathname}${url.search}`} HTTP/1.1`,
      ...(url === null ? [] : [`host: ${bareHost(url.hostname)}`]),
      'content-type: application/json',
      `idempotency-key: ${parcel.items[0]?.idempotencyKey ?? ''}`,
      `authorization: Bearer ${masked(settings.auth.bearer)}`,
      ...(message.ok ? [] : [`not a message: ${message.reason}`]),
    ],
  };
}
