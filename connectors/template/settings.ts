// Declares the `send` block: its schema, the rules a schema cannot express, its target and its secret's name. Pure.
// Invariant: no secret in clear, and no placeholder in the address: it is the same for every lead.
import { blockOf, textOf, problemIf, type SettingsParts } from '../contract.ts';
import { clearTextProblem, namesAmong, secretSchema } from '../guard.ts';
import { addressProblems, endpointOf, hostsOf, isInClear } from '../guard/addresses.ts';

export interface TemplateSettings {
  readonly url: string;
  readonly auth: { readonly bearer: string };
}

/** The check reads it, and people in its messages: every property has a `description`. */
const settingsSchema = blockOf('Where leads go.', ['url', 'auth'], {
  url: textOf('https address that takes a lead as JSON.', 2000),
  auth: blockOf('How the recipient knows us.', ['bearer'], {
    bearer: secretSchema('secret:NAME sent as Authorization: Bearer.'),
  }),
});

export const templateSettings = {
  settingsSchema,
  check: ({ url, auth }) => [
    ...addressProblems('/url', url),
    ...problemIf(/\{[^{}]*\}/.test(url), '/url', [
      'L’adresse ne contient pas de variable.',
      'The address holds no placeholder.',
    ]),
    ...clearTextProblem('/auth/bearer', auth.bearer),
  ],
  /** Compared with the targets of the client's contract and its authorisation. */
  targets: ({ url }) => hostsOf(url),
  places: ({ url }) => [endpointOf(url)],
  inClear: ({ url }) => (isInClear(url) ? ['/url'] : []),
  secretNames: ({ auth }) => namesAmong([auth.bearer]),
} satisfies SettingsParts<TemplateSettings>;
