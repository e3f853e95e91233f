// Types and readers for bounce events of mail providers: the mail, the mailbox, and the provider's proof.
// Invariant: a value of another type than documented is an empty text, never an error; of a provider's words only codes are kept.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { ReportedBounce } from '../delivery/background/provider-bounces.ts';
import type { SnsPlace } from './sns-place.ts';
import { mostElements } from './verify.ts';

export interface ToldRequest {
  readonly header: (name: string) => string | undefined;
  readonly body: Buffer;
}

/** `later`: it cannot be checked now. */
export type Proved = boolean | 'later';

export interface Provider {
  /** Name of the secret that proves the provider. */
  readonly secret: string;
  /** @param secrets values in force @param now epoch ms, of the database's clock */
  readonly isProved: (
    request: ToldRequest,
    secrets: readonly string[],
    now: number,
    sns: SnsPlace,
  ) => Proved | Promise<Proved>;
  /** Undefined: the body is not this provider's. */
  readonly read: (body: unknown) => readonly ReportedBounce[] | undefined;
  /** A message about the subscription itself, not a bounce. */
  readonly asks?: (body: unknown) => Asked | undefined;
}

/** `begin`: events start once this address was visited; `ended`: the subscription was ended. */
export type Asked = { readonly kind: 'begin'; readonly visit: string } | { readonly kind: 'ended' };

/** A short secret could be guessed. */
export const fewestCharacters = 20;

export type Raw = Readonly<Record<string, unknown>>;
export const isRaw = (value: unknown): value is Raw =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
export const at = (value: unknown, ...path: readonly string[]): unknown =>
  path.reduce(
    (inner: unknown, key) => (isRaw(inner) && Object.hasOwn(inner, key) ? inner[key] : undefined),
    value,
  );
export const textAt = (value: unknown, ...path: readonly string[]): string => {
  const found = at(value, ...path);
  return typeof found === 'string' || typeof found === 'number' ? String(found).slice(0, 998) : '';
};

/** Bounces of one event, or of a list. Anything else is a bounce of no mail, which is alerted. */
export function bouncesIn(
  body: unknown,
  bouncesOf: (event: Raw) => readonly ReportedBounce[],
): readonly ReportedBounce[] | undefined {
  const list = Array.isArray(body) ? (body as readonly unknown[]) : [body];
  if (list.length > mostElements || (list.length > 0 && !list.some(isRaw))) return undefined;
  return list.flatMap((event) => (isRaw(event) ? bouncesOf(event) : [bounceOf('', '', 'NOT_UNDERSTOOD')]));
}

const enhanced = /\b[245]\.\d{1,3}\.\d{1,3}\b/;
/** A status such as 5.1.1, wherever a provider writes it; else the event's own name, as a code. */
export const codeOf = (texts: readonly string[], event: string): string =>
  texts.map((text) => enhanced.exec(text)?.[0]).find((code) => code !== undefined) ??
  event.toUpperCase().replaceAll(/[^A-Z0-9.-]+/g, '_');

export const bounceOf = (messageId: string, mailbox: string, code: string): ReportedBounce => ({
  messageId,
  target: mailbox.trim().toLowerCase().slice(0, 320),
  code,
});

export const sameText = (one: string, other: string): boolean => {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
};
