// Turns a mapping's fields into one text message, and the message into the provider's JSON. Pure.
// Invariant: every field is sent, the opt-in too: a field that is not the text is a line below it, and no text of a person
// reads as such a line.
import type { Composed, Parcel } from '../contract.ts';
import { bareHost, masked } from '../guard.ts';
import { smsSettings, type SmsSettings } from './settings.ts';

const alphabet = new Set(
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà',
);
/** Each of these takes two septets. */
const extension = new Set('\f^{}\\[~]|€');

/** Septets or units of a text of one part, and of each part of a longer one. */
const sizes = { phone: { alone: 160, part: 153 }, utf16: { alone: 70, part: 67 } } as const;

/**
 * Counts the parts of a text message: in the alphabet of phones (GSM 03.38), or UTF-16 where one character is not
 * in it. Pure. Counted as networks do: no character is cut in two between parts.
 */
function partsOf(text: string): number {
  // By code point: an emoji is two units, whatever it is joined with.
  const characters = Array.from(text);
  const isPlain = characters.every((one) => alphabet.has(one) || extension.has(one));
  const { alone, part } = isPlain ? sizes.phone : sizes.utf16;
  // Outside the alphabet as many as UTF-16 needs: two for an emoji.
  const places = characters.map((one) => (isPlain ? (extension.has(one) ? 2 : 1) : one.length));
  if (places.reduce((sum, count) => sum + count, 0) <= alone) return 1;
  let parts = 1;
  let used = 0;
  for (const count of places) {
    if (used + count > part) {
      parts += 1;
      used = 0;
    }
    used += count;
  }
  return parts;
}

/** Providers cut or refuse a longer message. */
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
    textAbove(asText(main) ?? '', Object.keys(others)),
    ...Object.entries(others).map(([name, value]) => `${name} : ${linesOf(asText(value) ?? '').join(' ')}`),
  ];
  if (Object.values(written).some((value) => asText(value) === undefined)) return unfit('FIELD_NOT_TEXT');
  const recipient = numberIn(asText(number) ?? '');
  if (recipient === '') return unfit('RECIPIENT_MISSING');
  if (!/^\+(?!330)[1-9]\d{6,14}$/.test(recipient)) return unfit('RECIPIENT_MALFORMED');
  const text = lines.filter((line, index) => index > 0 || line !== '').join('\n');
  if (text.trim() === '') return unfit('TEXT_MISSING');
  return partsOf(text) > mostParts ? unfit('TEXT_TOO_LONG') : { ok: true, recipient, text };
}

/** The number without the signs people write between its digits; `+33 (0)6` equals `+33 6`, and `+33 06` is invalid. */
const numberIn = (written: string): string =>
  written
    .replace('(0)', '')
    .replaceAll(/[\s.()-]/g, '')
    .replace(/^00/, '+');

const linesOf = (text: string): readonly string[] => text.split(/\r\n|[\r\n\v\f\u0085\u2028\u2029]/u);

/** The text as a reader compares it: without blanks, invisible signs, and letter case. */
const asRead = (text: string): string =>
  text
    .normalize('NFKC')
    .replaceAll(/[\s\p{Cf}]/gu, '')
    .toLowerCase();

/**
 * The text, in which no line begins like a field below it: a comment of two lines could forge `OPTIN : OUI`. Such a line is
 * joined to the one before it, or follows `text` where it is the first.
 */
function textAbove(text: string, names: readonly string[]): string {
  const beginnings = names.map((name) => `${asRead(name)}:`);
  const isField = (line: string): boolean =>
    beginnings.some((beginning) => asRead(line).startsWith(beginning));
  return linesOf(text).reduce((above, line, at) => {
    if (at === 0) return isField(line) ? `text : ${line}` : line;
    return `${above}${isField(line) ? ' ' : '\n'}${line}`;
  }, '');
}

/** A value as text for people; undefined for an object or a list. */
function asText(value: unknown): string | undefined {
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
    // Content that cannot be a message is never sent: the preview shows the mapping's bytes.
    content: message.ok ? providerBody(message, settings) : parcel.body.bytes,
    target: settings.url,
    targetKeys: smsSettings.targets(settings),
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
