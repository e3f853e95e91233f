// Defines the settings of a look-up, and derives its request from that of the lead.
// Invariant: a look-up stays on the host of the lead's own address, and contains references only; whatever the method, it
// creates nothing.
import { blockOf, oneOf, textOf, problemIf, type JsonSchema, type SettingsProblem } from '../contract.ts';
import { secretName } from '../guard.ts';
import { hostOf } from '../guard/addresses.ts';
import { placeholdersIn } from './url.ts';

/** No DELETE: a look-up deletes nothing. */
const lookupMethods = ['GET', 'POST', 'PUT', 'PATCH', 'QUERY', 'SEARCH', 'REPORT'] as const;

export interface Lookup<Auth> {
  readonly url: string;
  readonly method?: (typeof lookupMethods)[number];
  /** Merged over those of the request; null removes one. */
  readonly headers?: Readonly<Record<string, string | null>>;
  readonly auth?: Auth;
  /** Written by the mapping: the parcel of the look-up has the bytes. */
  readonly fields?: readonly unknown[];
  /** The address where the recipient publishes a later decision. */
  readonly pending?: { readonly url: string };
}

interface Asking<Auth> {
  readonly url: string;
  readonly auth?: Auth;
  readonly headers?: Readonly<Record<string, string>>;
  readonly lookup?: Lookup<Auth>;
}

const decisionSchema: JsonSchema = blockOf(
  'Where a recipient that decides later says what it decided, if that is another place.',
  ['url'],
  {
    url: textOf('Address on the host of `url`, asked by GET; with {reference} as its answer gave it.', 2000),
  },
);

export const lookupSchema = (shared: {
  readonly auth: JsonSchema;
  readonly headers: JsonSchema;
}): JsonSchema =>
  blockOf(
    'How to ask the recipient whether it knows a lead; used after an unknown outcome and while pending.',
    ['url'],
    {
      method: oneOf('HTTP method: GET, or POST where there are fields.', [...lookupMethods]),
      url: textOf(
        'Address on the host of `url`, with {reference}, {key} or {leadReference} unless the fields name the lead; or with {since} where the recipient only lists what came lately.',
        2000,
      ),
      headers: {
        ...shared.headers,
        description: 'Headers of the question, over those of the request; null takes one out.',
        additionalProperties: {
          type: ['string', 'null'],
          maxLength: 1000,
          description: 'Value of the header, or null.',
        },
      },
      auth: {
        ...shared.auth,
        description: 'How the recipient knows the sender, where the question needs another way.',
      },
      fields: {
        type: 'array',
        minItems: 1,
        items: { type: 'object' },
        description: 'Body of the question, written like the fields of a lead, of references only.',
      },
      pending: decisionSchema,
      json: { type: 'object', description: 'The question is JSON, where the lead is not.' },
      form: { type: 'object', description: 'The question is a form, where the lead is not.' },
      xml: { type: 'object', description: 'The question is XML, or another record than the lead.' },
      soap: { type: 'object', description: 'The question is a call by SOAP, or of another operation.' },
      jsonRpc: { type: 'object', description: 'The question is a call by JSON-RPC, or of another method.' },
      xmlRpc: { type: 'object', description: 'The question is a call by XML-RPC, or of another method.' },
    },
  );

export const lookupMethod = ({ method, fields }: Lookup<unknown>): string =>
  method ?? (fields === undefined ? 'GET' : 'POST');

/** The look-up of a later decision has an address of its own where the file gives one, and no body. */
export function lookupAbout<Auth>(
  lookup: Lookup<Auth> | undefined,
  decidesLater: boolean | undefined,
): Lookup<Auth> | undefined {
  if (lookup?.pending === undefined || decidesLater !== true) return lookup;
  const { fields: _fields, method: _method, pending, ...rest } = lookup;
  return { ...rest, url: pending.url };
}

const sincePlace = '{since}';
/** Tolerance between two clocks, ms. */
const sinceMarginMs = 3_600_000;

/** Limits a list to records since an hour before the lead was sent. */
export const sinceFilled = <Auth>(lookup: Lookup<Auth>, writtenAt: Date): Lookup<Auth> => ({
  ...lookup,
  url: lookup.url.replaceAll(
    sincePlace,
    String(Math.max(0, Math.floor((writtenAt.getTime() - sinceMarginMs) / 1_000))),
  ),
});

/** The settings of the look-up itself: its own auth and headers, the rest as for the lead. */
export function questionSettings<Settings extends Asking<unknown>>(settings: Settings): Settings {
  const { lookup } = settings;
  if (lookup === undefined) return settings;
  const { url, auth, headers = {} } = lookup;
  const over = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
  const kept = Object.entries(settings.headers ?? {}).filter(([name]) => !over.has(name.toLowerCase()));
  const given = Object.entries(headers).filter(([, value]) => value !== null);
  return {
    ...settings,
    url,
    ...(auth === undefined ? {} : { auth }),
    headers: Object.fromEntries([...kept, ...given]),
  };
}

/** Mistakes of the look-up; its address, headers and credentials are checked like those of every request. */
export function lookupProblems({ url, lookup }: Asking<unknown>): readonly SettingsProblem[] {
  if (lookup === undefined) return [];
  const { fields, pending } = lookup;
  const namesNobody = (asked: string): boolean =>
    placeholdersIn(asked).length === 0 && secretName(asked) === undefined;
  const host = hostOf(url);
  const elsewhere = Object.entries({ '/lookup/url': lookup.url, '/lookup/pending/url': pending?.url })
    .filter(([, asked = '']) => host !== undefined && ![host, undefined].includes(hostOf(asked)))
    .map(([path]) => path);
  return [
    ...problemIf(namesNobody(lookup.url) && fields === undefined, '/lookup/url', [
      'L’interrogation doit nommer le lead, par {reference}, {key} ou {leadReference}, ou par des champs (fields).',
      'The lookup must name the lead: use {reference}, {key} or {leadReference}, or fields.',
    ]),
    ...problemIf(pending !== undefined && namesNobody(pending.url), '/lookup/pending/url', [
      'La question sur une décision doit nommer le lead, par {reference}, {key} ou {leadReference}.',
      'The question about a decision must name the lead: use {reference}, {key} or {leadReference}.',
    ]),
    ...problemIf(fields !== undefined && lookup.method === 'GET', '/lookup/method', [
      'Un GET n’a pas de corps : employez POST, ou mettez la référence dans l’adresse à la place de fields.',
      'A GET has no body: use POST, or put the reference into the address instead of fields.',
    ]),
    ...elsewhere.flatMap((path) =>
      problemIf(true, path, [
        `L’interrogation reste sur le serveur de url (${host ?? ''}).`,
        `The lookup must stay on the host of url (${host ?? ''}).`,
      ]),
    ),
  ];
}
