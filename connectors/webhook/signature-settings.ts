// Settings of a webhook's signature: Standard Webhooks, or a scheme of the recipient's own. Pure.
// Invariant: keys are secrets; the signature covers bytes of the request, never a separate text.
import {
  blockOf,
  formedText,
  oneOf,
  textOf,
  problemIf,
  type JsonSchema,
  type SettingsProblem,
} from '../contract.ts';
import { clearTextProblem, masked, secretSchema } from '../guard.ts';
import { hasControl, isSendable } from '../guard/secrets.ts';
import { headerName } from '../access/names.ts';

export interface HmacScheme {
  readonly secret: string;
  readonly header: string;
  readonly algorithm?: 'sha256' | 'sha512' | 'sha1';
  /** Encoding of the key in the secret. */
  readonly secretAs?: 'text' | 'base64' | 'hex';
  /** Template of the signed text: `{timestamp}.{body}`. */
  readonly sign?: string;
  /** Template of the header's value: `sha256={hex}`. */
  readonly value?: string;
  /** Encodes the whole value as base64. */
  readonly encode?: 'base64';
  readonly keyId?: string;
  readonly pathFrom?: string;
  readonly timestamp?: 'seconds' | 'milliseconds';
  readonly timestampHeader?: string;
}

export type Signature = { readonly standard: string } | { readonly hmac: HmacScheme };

const signedParts = ['method', 'path', 'query', 'host', 'timestamp', 'key', 'body'] as const;
const valueParts = ['hex', 'base64', 'raw', 'timestamp', 'keyId'] as const;
const template = (description: string, standard: string): JsonSchema => ({
  type: 'string',
  minLength: 1,
  maxLength: 200,
  default: standard,
  description,
});

const hmacSchema: JsonSchema = blockOf("An HMAC in a header of the recipient's own.", ['secret', 'header'], {
  secret: secretSchema('secret:NAME of the key.'),
  header: formedText(
    'Header that carries it, e.g. X-Signature.',
    headerName,
    'un nom d’en-tête, comme X-Signature.',
  ),
  algorithm: oneOf('Hash of the HMAC.', ['sha256', 'sha512', 'sha1'], 'sha256'),
  secretAs: oneOf('How the key is written in its secret.', ['text', 'base64', 'hex'], 'text'),
  sign: template('Signed text: {body}, {method}, {path}, {query}, {host}, {timestamp}, {key}.', '{body}'),
  value: template('Value of the header: {hex}, {base64} or {raw}, {timestamp}, {keyId}.', '{hex}'),
  encode: oneOf('Writes the whole value as base64.', ['base64']),
  keyId: textOf('Name of the key, or secret:NAME; {keyId} in value.', 200),
  pathFrom: formedText(
    '{path} begins behind this, e.g. /api/v1; the whole path when absent.',
    '^/[^{}?#]{0,200}$',
    'un chemin qui commence par /, sans { } ? #',
  ),
  timestamp: oneOf('Unit of {timestamp}, since 1970.', ['seconds', 'milliseconds'], 'seconds'),
  timestampHeader: formedText(
    'Header that carries the timestamp, where value does not.',
    headerName,
    'un nom d’en-tête.',
  ),
});

export const signatureSchema: JsonSchema = {
  type: 'object',
  description: 'Signs the request so that the recipient can verify the sender: standard or hmac.',
  minProperties: 1,
  maxProperties: 1,
  additionalProperties: false,
  properties: {
    standard: secretSchema(
      'Standard Webhooks: secret:NAME whose value is whsec_<base64> (HMAC, v1) or whsk_<base64> (ed25519, v1a); several live values are all signed.',
    ),
    hmac: hmacSchema,
  },
};

export const signatureTexts = (signature: Signature | undefined): readonly (string | undefined)[] =>
  signature === undefined
    ? []
    : 'standard' in signature
      ? [signature.standard]
      : [signature.hmac.secret, signature.hmac.keyId];

export function signatureProblems(signature: Signature | undefined): readonly SettingsProblem[] {
  if (signature === undefined) return [];
  if ('standard' in signature) return clearTextProblem('/signature/standard', signature.standard);
  const { secret: key, sign = '{body}', value = '{hex}', keyId, header, timestampHeader } = signature.hmac;
  const at = '/signature/hmac';
  return [
    ...clearTextProblem(`${at}/secret`, key),
    ...unknownParts(`${at}/sign`, sign, signedParts),
    ...unknownParts(`${at}/value`, value, valueParts),
    ...problemIf(!/\{(hex|base64|raw)\}/.test(value), `${at}/value`, [
      'La valeur contient la signature : {hex}, {base64} ou {raw}.',
      'The value must hold the signature: {hex}, {base64} or {raw}.',
    ]),
    ...problemIf(hasControl(value) || !isSendable(value), `${at}/value`, [
      'La valeur d’un en-tête contient un saut de ligne ou un caractère que HTTP ne porte pas.',
      'A header value holds a line break or a character that HTTP cannot carry.',
    ]),
    ...problemIf(value.includes('{raw}') && signature.hmac.encode === undefined, `${at}/value`, [
      'Des octets bruts ne voyagent dans aucun en-tête : écrivez aussi encode: base64.',
      'Raw bytes travel in no header: write encode: base64 too.',
    ]),
    ...problemIf(value.includes('{keyId}') !== (keyId !== undefined), at, [
      'keyId et {keyId} dans value vont ensemble.',
      'keyId and {keyId} in value belong together.',
    ]),
    ...problemIf(
      sign.includes('{timestamp}') && !value.includes('{timestamp}') && timestampHeader === undefined,
      at,
      [
        'Le destinataire doit connaître l’horodatage : dans value, ou par timestampHeader.',
        'The recipient must learn the timestamp: in value, or by timestampHeader.',
      ],
    ),
    ...Object.entries({ header, timestampHeader }).flatMap(([name, text]) =>
      problemIf(
        text !== undefined &&
          /^(host|content-|transfer-encoding|connection|webhook-|idempotency-key$)/i.test(text),
        `${at}/${name}`,
        [`Relais écrit lui-même ${text}.`, `Relais sets ${text} itself.`],
      ),
    ),
  ];
}

function unknownParts(path: string, text: string, known: readonly string[]): readonly SettingsProblem[] {
  const unknown = [...text.matchAll(/\{([^{}]*)\}/g)]
    .map((match) => match[1] ?? '')
    .filter((name) => !known.includes(name));
  return problemIf(unknown.length !== 0, path, [
    `Variable inconnue {${unknown.join('}, {')}} : seulement {${known.join('}, {')}}.`,
    `Unknown placeholder {${unknown.join('}, {')}}: only {${known.join('}, {')}}.`,
  ]);
}

/** The signature's headers as a preview shows them. */
export function signatureShown(signature: Signature | undefined): readonly string[] {
  if (signature === undefined) return [];
  if ('standard' in signature)
    return [
      'webhook-timestamp: «moment of departure»',
      `webhook-signature: v1,«signed with ${signature.standard}»`,
    ];
  const { header, timestampHeader, secret: key, sign = '{body}' } = signature.hmac;
  return [
    ...(timestampHeader === undefined ? [] : [`${timestampHeader.toLowerCase()}: «moment of departure»`]),
    `${header.toLowerCase()}: «${sign} signed with ${masked(key).slice(1, -1)}»`,
  ];
}
