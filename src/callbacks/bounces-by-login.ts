// Reads bounces of Postmark and Mailjet, which sign nothing: they prove themselves by the name and password of the called address, which
// arrive as Basic authentication.
// Invariant: both name a mail by a number of their own; only the value that our mail carried in their header identifies ours
// (connectors/mail/provider-headers.ts).
import {
  bounceOf,
  codeOf,
  eventsOf,
  fewestCharacters,
  at,
  isRaw,
  sameText,
  textAt,
  type Provider,
  type ToldRequest,
} from './bounce-events.ts';

/** @param secrets `name:password`, as in the address */
function showsLogin({ header }: ToldRequest, secrets: readonly string[]): boolean {
  const given = /^Basic ([A-Za-z0-9+/]+={0,2})$/i.exec(header('authorization') ?? '')?.[1];
  if (given === undefined) return false;
  const login = Buffer.from(given, 'base64').toString('utf8');
  return secrets.some((secret) => isLogin(secret) && sameText(login, secret));
}

const isLogin = (secret: string): boolean => {
  const colon = secret.indexOf(':');
  return colon > 0 && secret.length - colon - 1 >= fewestCharacters;
};

/**
 * Postmark's bounce types that are no bounce: delayed and tried again, an automatic or personal answer, or a mail that arrived.
 * Source: types of https://postmarkapp.com/developer/api/bounce-api.
 */
const notBounced: ReadonlySet<string> = new Set([
  'Transient',
  'AutoResponder',
  'Subscribe',
  'Unsubscribe',
  'AddressChange',
  'OpenRelayTest',
  'SpamComplaint',
  'InboundError',
]);

export const postmark: Provider = {
  secret: 'BOUNCES_POSTMARK',
  isProved: showsLogin,
  read: (body) =>
    eventsOf(body)?.flatMap((event) => {
      const type = textAt(event, 'Type');
      if (textAt(event, 'RecordType') !== 'Bounce' || type === '' || notBounced.has(type)) return [];
      const said = [textAt(event, 'Details'), textAt(event, 'Description')];
      return [bounceOf(ourName(at(event, 'Metadata')), textAt(event, 'Email'), codeOf(said, type))];
    }),
};

/** Our name of the mail, from the metadata; the mail library decides the case of its key, as header names have none. */
function ourName(metadata: unknown): string {
  const key = isRaw(metadata)
    ? Object.keys(metadata).find((name) => name.toLowerCase() === 'relais')
    : undefined;
  return key === undefined ? '' : textAt(metadata, key);
}

/** Mailjet tries such a mail again by itself (table of errors of its Event API). */
const triedAgain = 'greylisted';

export const mailjet: Provider = {
  secret: 'BOUNCES_MAILJET',
  isProved: showsLogin,
  read: (body) =>
    eventsOf(body)?.flatMap((event) => {
      const error = textAt(event, 'error');
      const name = textAt(event, 'event');
      if (!['bounce', 'blocked'].includes(name) || error === triedAgain) return [];
      return [bounceOf(textAt(event, 'CustomID'), textAt(event, 'email'), codeOf([], error || name))];
    }),
};
