// Declares the `send` block of an SMS destination: its schema, the rules a schema cannot express, its target and its secret's name. Pure.
// Invariant: no secret in clear, and no placeholder in the URL: the URL is the provider's, the same for every lead.
import { blockOf, formedText, textOf, problemIf, type JsonSchema, type SettingsParts } from '../contract.ts';
import { clearTextProblem, namesAmong, secretSchema } from '../guard.ts';
import { addressProblems, endpointOf, hostsOf, isInClear } from '../guard/addresses.ts';

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

const settingsSchema = blockOf('How a text message is sent.', ['url', 'auth', 'sender'], {
  url: textOf("https address of the provider's API, which takes a message as JSON.", 2000),
  auth: blockOf('How the provider knows the sender.', ['bearer'], {
    bearer: secretSchema('secret:NAME sent as Authorization: Bearer.'),
  }),
  sender: formedText(
    'Sender shown by the phone: 3 to 11 letters and digits, or a number.',
    '^([A-Za-z0-9][A-Za-z0-9 ]{2,10}|\\+[1-9][0-9]{6,14}|[0-9]{4,6})$',
    '3 à 11 lettres et chiffres, ou un numéro.',
  ),
  to: formedText(
    'Number of the recipient, with + and country, unless the mapping writes the field recipient.',
    '^\\+[1-9][0-9]{6,14}$',
    'un numéro avec + et le pays.',
  ),
  keys: blockOf('How the provider calls the parts of a message.', [], {
    sender: key('Key of the sender.', 'sender'),
    recipient: key('Key of the number.', 'recipient'),
    text: key('Key of the text.', 'text'),
  }),
  reference: {
    type: 'string',
    pattern: '^[A-Za-z0-9_-]{1,40}(\\.[A-Za-z0-9_-]{1,40}){0,5}$',
    'x-forme': 'un endroit de la réponse, comme data.messageId.',
    default: 'id',
    description: "Where the provider's answer has its id of the message: id, or data.messageId.",
  },
});

export const smsSettings = {
  settingsSchema,
  check: ({ url, auth }) => [
    ...addressProblems('/url', url),
    ...problemIf(/\{[^{}]*\}/.test(url), '/url', [
      'L’adresse d’un prestataire ne contient pas de variable.',
      'The address of a provider holds no placeholder.',
    ]),
    ...clearTextProblem('/auth/bearer', auth.bearer),
  ],
  targets: ({ url }) => hostsOf(url),
  places: ({ url }) => [endpointOf(url)],
  inClear: ({ url }) => (isInClear(url) ? ['/url'] : []),
  secretNames: ({ auth }) => namesAmong([auth.bearer]),
} satisfies SettingsParts<SmsSettings>;
