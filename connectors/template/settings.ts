// Declares the `send` block: its schema, the rules a schema cannot express, its target and its secret's name. Pure.
// Invariant: no secret in clear, and no placeholder in the address: it is the same for every lead.
import type { JsonSchema, SettingsProblem } from '../contract.ts';
import { clearTextProblem, namesAmong, secretSchema } from '../guard.ts';
import { addressProblems, endpointOf, hostOf, isInClear } from '../guard/addresses.ts';

export interface TemplateSettings {
  readonly url: string;
  readonly auth: { readonly bearer: string };
}

/** The check reads it, and people in its messages: every property has a `description`. */
export const templateSettingsSchema: JsonSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['url', 'auth'],
  description: 'Where leads go.',
  properties: {
    url: {
      type: 'string',
      minLength: 1,
      maxLength: 2000,
      description: 'https address that takes a lead as JSON.',
    },
    auth: {
      type: 'object',
      description: 'How the recipient knows us.',
      additionalProperties: false,
      required: ['bearer'],
      properties: { bearer: secretSchema('secret:NAME sent as Authorization: Bearer.') },
    },
  },
};

export function checkTemplateSettings({ url, auth }: TemplateSettings): readonly SettingsProblem[] {
  const placeholder: readonly SettingsProblem[] = /\{[^{}]*\}/.test(url)
    ? [
        {
          path: '/url',
          message: ['L’adresse ne contient pas de variable.', 'The address holds no placeholder.'],
        },
      ]
    : [];
  return [...addressProblems('/url', url), ...placeholder, ...clearTextProblem('/auth/bearer', auth.bearer)];
}

/** Compared with the targets of the client's contract and its authorisation. */
export function templateTargets({ url }: TemplateSettings): readonly string[] {
  const host = hostOf(url);
  return host === undefined ? [] : [host];
}

export const templatePlaces = ({ url }: TemplateSettings): readonly string[] => [endpointOf(url)];

export const templateInClear = ({ url }: TemplateSettings): readonly string[] =>
  isInClear(url) ? ['/url'] : [];

export const templateSecretNames = ({ auth }: TemplateSettings): readonly string[] =>
  namesAmong([auth.bearer]);
