// Settings of a webhook's signature: Standard Webhooks, or a scheme of the recipient's own. Pure.
// Invariant: keys are secrets; the signature covers bytes of the request, never a separate text.
import type { JsonSchema, SettingsProblem } from '../contract.ts';
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

const hmacSchema: JsonSchema = {
  type: 'object',
  description: "An HMAC in a header of the recipient's own.",
  additionalProperties: false,
  required: ['secret', 'header'],
  properties: {
    secret: secretSchema('secret:NAME of the key.'),
    header: {
      type: 'string',
      pattern: headerName,
      'x-forme': 'un nom d’en-tête, comme X-Signature.',
      description: 'Header that carries it, e.g. X-Signature.',
    },
    algorithm: {
      type: 'string',
      enum: ['sha256', 'sha512', 'sha1'],
      default: 'sha256',
      description: 'Hash of the HMAC.',
    },
    secretAs: {
      type: 'string',
      enum: ['text', 'base64', 'hex'],
      default: 'text',
      description: 'How the key is written in its secret.',
    },
    sign: template('Signed text: {body}, {method}, {path}, {query}, {host}, {timestamp}, {key}.', '{body}'),
    value: template('Value of the header: {hex}, {base64} or {raw}, {timestamp}, {keyId}.', '{hex}'),
    encode: { type: 'string', enum: ['base64'], description: 'Writes the whole value as base64.' },
    keyId: {
      type: 'string',
      minLength: 1,
      maxLength: 200,
      description: 'Name of the key, or secret:NAME; {keyId} in value.',
    },
    pathFrom: {
      type: 'string',
      pattern: '^/[^{}?#]{0,200}$',
      'x-forme': 'un chemin qui commence par /, sans { } ? #',
      description: '{path} begins behind this, e.g. /api/v1; the whole path when absent.',
    },
    timestamp: {
      type: 'string',
      enum: ['seconds', 'milliseconds'],
      default: 'seconds',
      description: 'Unit of {timestamp}, since 1970.',
    },
    timestampHeader: {
      type: 'string',
      pattern: headerName,
      'x-forme': 'un nom d’en-tête.',
      description: 'Header that carries the timestamp, where value does not.',
    },
  },
};

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
  const problems: SettingsProblem[] = [
    ...clearTextProblem(`${at}/secret`, key),
    ...unknownParts(`${at}/sign`, sign, signedParts),
    ...unknownParts(`${at}/value`, value, valueParts),
  ];
  if (!/\{(hex|base64|raw)\}/.test(value))
    problems.push({
      path: `${at}/value`,
      message: [
        'La valeur contient la signature : {hex}, {base64} ou {raw}.',
        'The value must hold the signature: {hex}, {base64} or {raw}.',
      ],
    });
  if (hasControl(value) || !isSendable(value))
    problems.push({
      path: `${at}/value`,
      message: [
        'La valeur d’un en-tête contient un saut de ligne ou un caractère que HTTP ne porte pas.',
        'A header value holds a line break or a character that HTTP cannot carry.',
      ],
    });
  if (value.includes('{raw}') && signature.hmac.encode === undefined)
    problems.push({
      path: `${at}/value`,
      message: [
        'Des octets bruts ne voyagent dans aucun en-tête : écrivez aussi encode: base64.',
        'Raw bytes travel in no header: write encode: base64 too.',
      ],
    });
  if (value.includes('{keyId}') !== (keyId !== undefined))
    problems.push({
      path: at,
      message: ['keyId et {keyId} dans value vont ensemble.', 'keyId and {keyId} in value belong together.'],
    });
  if (sign.includes('{timestamp}') && !value.includes('{timestamp}') && timestampHeader === undefined)
    problems.push({
      path: at,
      message: [
        'Le destinataire doit connaître l’horodatage : dans value, ou par timestampHeader.',
        'The recipient must learn the timestamp: in value, or by timestampHeader.',
      ],
    });
  for (const [name, text] of Object.entries({ header, timestampHeader })) {
    if (
      text !== undefined &&
      /^(host|content-|transfer-encoding|connection|webhook-|idempotency-key$)/i.test(text)
    )
      problems.push({
        path: `${at}/${name}`,
        message: [`Relais écrit lui-même ${text}.`, `Relais sets ${text} itself.`],
      });
  }
  return problems;
}

function unknownParts(path: string, text: string, known: readonly string[]): readonly SettingsProblem[] {
  const unknown = [...text.matchAll(/\{([^{}]*)\}/g)]
    .map((match) => match[1] ?? '')
    .filter((name) => !known.includes(name));
  return unknown.length === 0
    ? []
    : [
        {
          path,
          message: [
            `Variable inconnue {${unknown.join('}, {')}} : seulement {${known.join('}, {')}}.`,
            `Unknown placeholder {${unknown.join('}, {')}}: only {${known.join('}, {')}}.`,
          ],
        },
      ];
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
