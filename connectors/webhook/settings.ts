// The `send` block of a webhook: its schema, the rules a schema cannot say, its target and its secrets' names. Pure.
// Invariant: no secret in clear, no personal data in a URL; the host never comes from a placeholder.
import type { JsonSchema, SettingsProblem } from '../contract.ts';
import { clearTextProblem, namesAmong, secretName, secretPattern } from '../guard.ts';
import { addressProblems, endpointOf, hostOf, isInClear } from '../guard/http/address.ts';
import { hasControl, isSendable } from '../guard/http/headers.ts';
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
  readonly lookup?: { readonly method?: 'GET'; readonly url: string };
}

const secret = (description: string): JsonSchema => ({ type: 'string', pattern: secretPattern, description });
const headerName = "^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$";

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
    auth: {
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
    },
    headers: {
      type: 'object',
      description: 'Further headers; a value may be secret:NAME.',
      maxProperties: 30,
      propertyNames: { pattern: headerName },
      additionalProperties: { type: 'string', maxLength: 1000, description: 'Value of the header.' },
    },
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
    lookup: {
      type: 'object',
      description:
        'How to ask the recipient whether it knows a lead; used after an unknown outcome and while pending.',
      additionalProperties: false,
      required: ['url'],
      properties: {
        method: { type: 'string', enum: ['GET'], default: 'GET', description: 'HTTP method.' },
        url: {
          type: 'string',
          minLength: 1,
          maxLength: 2000,
          description: 'Address with {reference}, {key} or {leadReference}, on the host of `url`.',
        },
      },
    },
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
  const { auth, headers = {}, signature, lookup } = settings;
  const problems: SettingsProblem[] = [...urlProblems('/url', settings.url)];
  if (lookup !== undefined) {
    problems.push(...urlProblems('/lookup/url', lookup.url));
    if (placeholdersIn(lookup.url).length === 0 && secretName(lookup.url) === undefined) {
      problems.push({
        path: '/lookup/url',
        message: 'The lookup must name the lead: use {reference}, {key} or {leadReference}.',
      });
    }
    const host = hostOf(settings.url);
    const lookupHost = hostOf(lookup.url);
    if (host !== undefined && lookupHost !== undefined && host !== lookupHost) {
      problems.push({ path: '/lookup/url', message: `The lookup must stay on the host of url (${host}).` });
    }
  }
  if (auth !== undefined) {
    if ('bearer' in auth) problems.push(...clearTextProblem('/auth/bearer', auth.bearer));
    if ('basic' in auth) problems.push(...clearTextProblem('/auth/basic/password', auth.basic.password));
    if ('header' in auth) problems.push(...clearTextProblem('/auth/header/value', auth.header.value));
  }
  problems.push(...clearTextProblem('/signature/standard', signature?.standard));
  for (const [name, value] of Object.entries(headers)) {
    const path = `/headers/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    if (credentialHeader.test(name)) problems.push(...clearTextProblem(path, value));
    if (ownHeaders.has(name.toLowerCase())) problems.push({ path, message: `Relais sets ${name} itself.` });
    if (hasControl(value))
      problems.push({ path, message: 'A header value holds a line break or control character.' });
    else if (!isSendable(value))
      problems.push({
        path,
        message: 'A header value holds a character that HTTP cannot carry: letters of ISO 8859-1 only.',
      });
    if (/\{\{|\{\w+\}/.test(value) || value !== value.trim())
      problems.push({
        path,
        message: 'A header value is sent as it stands: no placeholder, no space at its ends.',
      });
  }
  return problems;
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

export function webhookSecretNames({
  url,
  auth,
  headers = {},
  signature,
  lookup,
}: WebhookSettings): readonly string[] {
  const places: (string | undefined)[] = [url, lookup?.url, signature?.standard, ...Object.values(headers)];
  if (auth !== undefined) {
    if ('bearer' in auth) places.push(auth.bearer);
    if ('basic' in auth) places.push(auth.basic.user, auth.basic.password);
    if ('header' in auth) places.push(auth.header.value);
  }
  return namesAmong(places);
}
