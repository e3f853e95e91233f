// The `send` block of a webhook: its schema, the rules a schema cannot say, its target and its secrets' names. Pure.
// Invariant: no secret in clear, no personal data in a URL; the host never comes from a placeholder.
import type { JsonSchema, SettingsProblem } from '../contract.ts';
import { clearTextProblem, namesAmong, secretName, secretPattern } from '../guard.ts';
import { addressProblems, endpointOf, hostOf, isInClear } from '../guard/http/address.ts';
import { hasControl, isSendable } from '../guard/http/headers.ts';
import { lookupProblems, lookupSchema, questionSettings } from './lookup.ts';
import type { Lookup } from './lookup.ts';
import { isCaptured, placeholdersIn } from './url.ts';

export const methods = ['POST', 'PUT', 'PATCH', 'DELETE'] as const;
export type Method = (typeof methods)[number];

export type Auth =
  | { readonly bearer: string }
  | { readonly basic: { readonly user: string; readonly password: string } }
  | { readonly header: { readonly name: string; readonly value: string } };

export interface WebhookSettings {
  readonly url: string;
  readonly method?: Method;
  readonly auth?: Auth;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signature?: { readonly standard: string };
  readonly idempotencyHeader?: string;
  readonly lookup?: Lookup<Auth>;
}

const secret = (description: string): JsonSchema => ({ type: 'string', pattern: secretPattern, description });
const headerName = "^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$";

const authSchema: JsonSchema = {
  type: 'object',
  description: 'How the recipient knows the sender: exactly one of bearer, basic, header.',
  minProperties: 1,
  maxProperties: 1,
  additionalProperties: false,
  properties: {
    bearer: secret('secret:NAME sent as Authorization: Bearer.'),
    basic: {
      type: 'object',
      description: 'HTTP Basic.',
      additionalProperties: false,
      required: ['user', 'password'],
      properties: {
        user: { type: 'string', minLength: 1, maxLength: 200, description: 'User name, or secret:NAME.' },
        password: secret('secret:NAME of the password.'),
      },
    },
    header: {
      type: 'object',
      description: 'An API key in a header of its own.',
      additionalProperties: false,
      required: ['name', 'value'],
      properties: {
        name: { type: 'string', pattern: headerName, description: 'Header name, e.g. X-API-Key.' },
        value: secret('secret:NAME of the key.'),
      },
    },
  },
};

const headersSchema: JsonSchema = {
  type: 'object',
  description: 'Further headers; a value may be secret:NAME.',
  maxProperties: 30,
  propertyNames: { pattern: headerName },
  additionalProperties: { type: 'string', maxLength: 1000, description: 'Value of the header.' },
};

export const webhookSettingsSchema: JsonSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['url'],
  description: 'How a webhook is sent.',
  properties: {
    url: {
      type: 'string',
      minLength: 1,
      maxLength: 2000,
      description:
        'https address of the endpoint, or secret:NAME when the whole address is a secret. May hold {reference} (given by the recipient at creation), {key}, {leadReference}, or {person.id} where an earlier call captures it.',
    },
    method: { type: 'string', enum: [...methods], default: 'POST', description: 'HTTP method.' },
    auth: authSchema,
    headers: headersSchema,
    signature: {
      type: 'object',
      description: 'Signs the body so that the recipient can verify the sender.',
      additionalProperties: false,
      required: ['standard'],
      properties: {
        standard: secret(
          'Standard Webhooks (v1): secret:NAME whose value is whsec_<base64>; several live values are all signed.',
        ),
      },
    },
    idempotencyHeader: {
      type: 'string',
      pattern: headerName,
      default: 'Idempotency-Key',
      description: 'Name of the header that carries the idempotency key.',
    },
    lookup: lookupSchema({ auth: authSchema, headers: headersSchema }),
  },
};

// Headers that carry credentials in one CRM or another: their values must be secrets.
const credentialHeader =
  /^(authorization|proxy-authorization|cookie)$|(^|-)(api-?key|apikey|auth|token|secret|password)($|-)/i;
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

export function checkWebhookSettings(settings: WebhookSettings): readonly SettingsProblem[] {
  const { signature, lookup } = settings;
  return [
    ...urlProblems('/url', settings.url),
    ...(lookup === undefined ? [] : urlProblems('/lookup/url', lookup.url)),
    ...lookupProblems(settings),
    ...authProblems('/auth', settings.auth),
    ...authProblems('/lookup/auth', lookup?.auth),
    ...clearTextProblem('/signature/standard', signature?.standard),
    ...headerProblems('/headers', settings.headers),
    ...headerProblems('/lookup/headers', lookup?.headers),
  ];
}

function authProblems(path: string, auth: Auth | undefined): readonly SettingsProblem[] {
  if (auth === undefined) return [];
  if ('bearer' in auth) return clearTextProblem(`${path}/bearer`, auth.bearer);
  if ('basic' in auth) return clearTextProblem(`${path}/basic/password`, auth.basic.password);
  return clearTextProblem(`${path}/header/value`, auth.header.value);
}

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

function headerFaults(name: string, value: string): readonly string[] {
  const faults: string[] = [];
  if (ownHeaders.has(name.toLowerCase())) faults.push(`Relais sets ${name} itself.`);
  if (hasControl(value)) faults.push('A header value holds a line break or control character.');
  else if (!isSendable(value))
    faults.push('A header value holds a character that HTTP cannot carry: letters of ISO 8859-1 only.');
  if (/\{\{|\{\w+\}/.test(value) || value !== value.trim())
    faults.push('A header value is sent as it stands: no placeholder, no space at its ends.');
  return faults;
}

function urlProblems(path: string, text: string): readonly SettingsProblem[] {
  if (secretName(text) !== undefined) return [];
  const unknown = placeholdersIn(text).filter(
    (name) => !['reference', 'key', 'leadReference'].includes(name) && !isCaptured(name),
  );
  if (unknown.length === 0) return addressProblems(path, text);
  return [
    {
      path,
      message: `Unknown placeholder {${unknown.join('}, {')}}: only {reference}, {key}, {leadReference} and ids captured by an earlier call, never a person's data.`,
    },
  ];
}

export const webhookPlaces = (
  { url }: WebhookSettings,
  resolve: (text: string) => string,
): readonly string[] => [endpointOf(resolve(url))];

export const webhookInClear = ({ url, lookup }: WebhookSettings): readonly string[] => [
  ...(isInClear(url) ? ['/url'] : []),
  ...(isInClear(lookup?.url ?? '') ? ['/lookup/url'] : []),
];

export function webhookTargets(settings: WebhookSettings): readonly string[] {
  const host = hostOf(settings.url);
  return host === undefined ? [] : [host];
}

export function webhookSecretNames(settings: WebhookSettings): readonly string[] {
  const { lookup, signature } = settings;
  const asked = lookup === undefined ? [] : credentials(questionSettings(settings));
  return namesAmong([...credentials(settings), signature?.standard, ...asked]);
}

const credentials = ({ url, auth, headers = {} }: WebhookSettings): readonly string[] => [
  url,
  ...Object.values(headers),
  ...(auth === undefined ? [] : authValues(auth)),
];

function authValues(auth: Auth): readonly string[] {
  if ('bearer' in auth) return [auth.bearer];
  if ('basic' in auth) return [auth.basic.user, auth.basic.password];
  return [auth.header.value];
}
