// Declares the `send` block of a webhook: its schema, the rules a schema cannot express, its target and its secrets' names. Pure.
// Invariant: no secret in clear, no personal data in a URL; the host never comes from a placeholder.
import {
  blockOf,
  oneOf,
  textOf,
  problemIf,
  type Both,
  type JsonSchema,
  type SettingsParts,
  type SettingsProblem,
} from '../contract.ts';
import { clearTextProblem, namesAmong, secretName } from '../guard.ts';
import { addressProblems, endpointOf, hostsOf, isInClear } from '../guard/addresses.ts';
import { hasControl, isSendable } from '../guard/secrets.ts';
import { credentialHeader, headerName } from '../access/names.ts';
import { accessUrl, isAccess } from '../access/settings.ts';
import { accessDoubts, authProblems, authSchema, authTexts, type Auth } from '../access/auth.ts';
import { lookupProblems, lookupSchema, questionSettings, type Lookup } from './lookup.ts';
import { signatureProblems, signatureSchema, signatureTexts, type Signature } from './signature-settings.ts';
import { tlsProblems, tlsSchema, tlsTexts, type Tls } from '../access/tls.ts';
import { isCaptured, placeholdersIn } from './url.ts';

/** GET only reads an id that a later call needs: the mapping's check enforces it (MAP-658). */
export const methods = ['POST', 'PUT', 'PATCH', 'DELETE', 'GET'] as const;
export type Method = (typeof methods)[number];

export interface WebhookSettings {
  readonly url: string;
  readonly method?: Method;
  readonly auth?: Auth;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signature?: Signature;
  readonly tls?: Tls;
  readonly idempotencyHeader?: string;
  readonly lookup?: Lookup<Auth>;
}

const headersSchema: JsonSchema = {
  type: 'object',
  description: 'Further headers; a value may be secret:NAME.',
  maxProperties: 30,
  propertyNames: { pattern: headerName },
  additionalProperties: { type: 'string', maxLength: 1000, description: 'Value of the header.' },
};

const settingsSchema = blockOf('How a webhook is sent.', ['url'], {
  url: textOf(
    'https address of the endpoint, or secret:NAME when the whole address is a secret. May hold {reference} (given by the recipient at creation), {key}, {leadReference}, or {person.id} where an earlier call captures it.',
    2000,
  ),
  method: oneOf('HTTP method.', [...methods], 'POST'),
  auth: authSchema,
  headers: headersSchema,
  signature: signatureSchema,
  tls: tlsSchema,
  idempotencyHeader: {
    type: 'string',
    pattern: headerName,
    'x-forme': 'un nom d’en-tête.',
    default: 'Idempotency-Key',
    description: 'Name of the header that carries the idempotency key.',
  },
  lookup: lookupSchema({ auth: authSchema, headers: headersSchema }),
});

// Set by the connector itself; a second value would break the key, the signature or the framing.
const ownHeaders = new Set([
  'host',
  'content-length',
  'transfer-encoding',
  'connection',
  'webhook-id',
  'webhook-timestamp',
  'webhook-signature',
]);

function headerProblems(
  at: string,
  headers: Readonly<Record<string, string | null>> | undefined,
): readonly SettingsProblem[] {
  return Object.entries(headers ?? {}).flatMap(([name, value]): readonly SettingsProblem[] => {
    const path = `${at}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    if (value === null) return [];
    return [
      ...(credentialHeader.test(name) ? clearTextProblem(path, value) : []),
      ...headerFaults(name, value).map((message) => ({ path, message })),
    ];
  });
}

function headerFaults(name: string, value: string): readonly Both[] {
  const faults: Both[] = [];
  if (ownHeaders.has(name.toLowerCase()))
    faults.push([`Relais écrit lui-même ${name}.`, `Relais sets ${name} itself.`]);
  if (hasControl(value))
    faults.push([
      'La valeur d’un en-tête contient un saut de ligne ou un caractère de contrôle.',
      'A header value holds a line break or control character.',
    ]);
  else if (!isSendable(value))
    faults.push([
      'La valeur d’un en-tête contient un caractère que HTTP ne porte pas : lettres de l’ISO 8859-1 seulement.',
      'A header value holds a character that HTTP cannot carry: letters of ISO 8859-1 only.',
    ]);
  if (/\{\{|\{\w+\}/.test(value) || value !== value.trim())
    faults.push([
      'La valeur d’un en-tête est envoyée telle quelle : pas de variable, pas d’espace au début ni à la fin.',
      'A header value is sent as it is: no placeholder, no space at its ends.',
    ]);
  return faults;
}

function urlProblems(path: string, text: string): readonly SettingsProblem[] {
  if (secretName(text) !== undefined) return [];
  const unknown = placeholdersIn(text).filter(
    (name) =>
      !['reference', 'key', 'leadReference'].includes(name) &&
      !isCaptured(name) &&
      !(name === 'since' && path === '/lookup/url'),
  );
  if (unknown.length === 0) return addressProblems(path, text);
  return problemIf(true, path, [
    `Variable inconnue {${unknown.join('}, {')}} : seulement {reference}, {key}, {leadReference} et les identifiants pris par un appel précédent, jamais une donnée de la personne.`,
    `Unknown placeholder {${unknown.join('}, {')}}: only {reference}, {key}, {leadReference} and ids captured by an earlier call, never a person's data.`,
  ]);
}

const accessInClear = (path: string, auth: Auth | undefined): readonly string[] =>
  isAccess(auth) && isInClear(accessUrl(auth))
    ? [`${path}/${'oauth2' in auth ? 'oauth2/tokenUrl' : 'login/url'}`]
    : [];

const credentials = ({ url, auth, headers = {} }: WebhookSettings): readonly (string | undefined)[] => [
  url,
  ...Object.values(headers),
  ...(auth === undefined ? [] : authTexts(auth)),
];

export const webhookSettings = {
  settingsSchema,
  check: (settings) => {
    const { signature, lookup } = settings;
    return [
      ...urlProblems('/url', settings.url),
      ...(lookup === undefined ? [] : urlProblems('/lookup/url', lookup.url)),
      ...(lookup?.pending === undefined ? [] : urlProblems('/lookup/pending/url', lookup.pending.url)),
      ...lookupProblems(settings),
      ...authProblems('/auth', settings.auth),
      ...authProblems('/lookup/auth', lookup?.auth),
      ...tlsProblems('/tls', settings.tls),
      ...signatureProblems(signature),
      ...headerProblems('/headers', settings.headers),
      ...headerProblems('/lookup/headers', lookup?.headers),
    ];
  },
  doubts: ({ auth, lookup }) => [
    ...accessDoubts('/auth', auth),
    ...accessDoubts('/lookup/auth', lookup?.auth),
  ],
  targets: ({ url }) => hostsOf(url),
  /** Hosts of token and login addresses: no lead is sent there, but the contract names them. */
  dials: ({ auth, lookup }) =>
    [auth, lookup?.auth].flatMap((way) => (isAccess(way) ? hostsOf(accessUrl(way)) : [])),
  places: ({ url }, resolve) => [endpointOf(resolve(url))],
  inClear: ({ url, lookup, auth }) => [
    ...(isInClear(url) ? ['/url'] : []),
    ...(isInClear(lookup?.url ?? '') ? ['/lookup/url'] : []),
    ...(isInClear(lookup?.pending?.url ?? '') ? ['/lookup/pending/url'] : []),
    ...accessInClear('/auth', auth),
    ...accessInClear('/lookup/auth', lookup?.auth),
  ],
  secretNames: (settings) => {
    const { lookup, signature, tls } = settings;
    const asked = lookup === undefined ? [] : credentials(questionSettings(settings));
    return namesAmong([
      ...credentials(settings),
      ...signatureTexts(signature),
      ...asked,
      lookup?.pending?.url,
      ...tlsTexts(tls),
    ]);
  },
} satisfies SettingsParts<WebhookSettings>;
