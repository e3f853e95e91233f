// Declares the `send` block of an SMS destination: its schema, the rules a schema cannot express, its target and its secret's name. Pure.
// Invariant: no secret in clear, and no placeholder in the URL: the URL is the provider's, the same for every lead.
import type { JsonSchema, SettingsProblem } from '../contract.ts';
import { clearTextProblem, namesAmong, secretSchema } from '../guard.ts';
import { addressProblems, endpointOf, hostOf, isInClear } from '../guard/addresses.ts';

export interface SmsSettings {
  readonly url: string;
  readonly auth: { readonly bearer: string };
  readonly sender: string;
  readonly to?: string;
  readonly keys?: { readonly sender?: string; readonly recipient?: string; readonly text?: string };
  readonly reference?: string;
}

const key = (description: string, standard: string): JsonSchema => ({
  type: 'string',
  pattern: '^[A-Za-z_][A-Za-z0-9_]{0,40}$',
  'x-forme': 'lettres, chiffres, _',
  default: standard,
  description,
});

export const smsSettingsSchema: JsonSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['url', 'auth', 'sender'],
  description: 'How a text message is sent.',
  properties: {
    url: {
      type: 'string',
      minLength: 1,
      maxLength: 2000,
      description: "https address of the provider's API, which takes a message as JSON.",
    },
    auth: {
      type: 'object',
      description: 'How the provider knows the sender.',
      additionalProperties: false,
      required: ['bearer'],
      properties: {
        bearer: secretSchema('secret:NAME sent as Authorization: Bearer.'),
      },
    },
    sender: {
      type: 'string',
      pattern: '^([A-Za-z0-9][A-Za-z0-9 ]{2,10}|\\+[1-9][0-9]{6,14}|[0-9]{4,6})$',
      'x-forme': '3 à 11 lettres et chiffres, ou un numéro.',
      description: 'Sender shown by the phone: 3 to 11 letters and digits, or a number.',
    },
    to: {
      type: 'string',
      pattern: '^\\+[1-9][0-9]{6,14}$',
      'x-forme': 'un numéro avec + et le pays.',
      description:
        'Number of the recipient, with + and country, unless the mapping writes the field recipient.',
    },
    keys: {
      type: 'object',
      description: 'How the provider calls the parts of a message.',
      additionalProperties: false,
      properties: {
        sender: key('Key of the sender.', 'sender'),
        recipient: key('Key of the number.', 'recipient'),
        text: key('Key of the text.', 'text'),
      },
    },
    reference: {
      type: 'string',
      pattern: '^[A-Za-z0-9_-]{1,40}(\\.[A-Za-z0-9_-]{1,40}){0,5}$',
      'x-forme': 'un endroit de la réponse, comme data.messageId.',
      default: 'id',
      description: "Where the provider's answer has its id of the message: id, or data.messageId.",
    },
  },
};

export function checkSmsSettings({ url, auth }: SmsSettings): readonly SettingsProblem[] {
  const placeholder: readonly SettingsProblem[] = /\{[^{}]*\}/.test(url)
    ? [
        {
          path: '/url',
          message: [
            'L’adresse d’un prestataire ne contient pas de variable.',
            'The address of a provider holds no placeholder.',
          ],
        },
      ]
    : [];
  return [...addressProblems('/url', url), ...placeholder, ...clearTextProblem('/auth/bearer', auth.bearer)];
}

export function smsTargets({ url }: SmsSettings): readonly string[] {
  const host = hostOf(url);
  return host === undefined ? [] : [host];
}

export const smsPlaces = ({ url }: SmsSettings): readonly string[] => [endpointOf(url)];

export const smsInClear = ({ url }: SmsSettings): readonly string[] => (isInClear(url) ? ['/url'] : []);

export const smsSecretNames = ({ auth }: SmsSettings): readonly string[] => namesAmong([auth.bearer]);
