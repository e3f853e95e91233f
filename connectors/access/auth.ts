// Types and checks of a file's `auth`: a secret in a header, or a token or session that is obtained first. Pure.
// Invariant: no secret in clear.
import { blockOf, formedText, textOf, type JsonSchema, type SettingsProblem } from '../contract.ts';
import { clearTextProblem, secretSchema } from '../guard.ts';
import { accessProblems, loginDoubts } from './check.ts';
import { headerName } from './names.ts';
import { loginSchema, oauth2Schema } from './schema.ts';
import { accessTexts, isAccess, type Access } from './settings.ts';

export type Auth =
  | Access
  | { readonly bearer: string }
  | { readonly basic: { readonly user: string; readonly password: string } }
  | { readonly header: { readonly name: string; readonly value: string } };

export const authSchema: JsonSchema = {
  type: 'object',
  description: 'How the recipient knows the sender: exactly one of bearer, basic, header, oauth2, login.',
  minProperties: 1,
  maxProperties: 1,
  additionalProperties: false,
  properties: {
    bearer: secretSchema('secret:NAME sent as Authorization: Bearer.'),
    basic: blockOf('HTTP Basic.', ['user', 'password'], {
      user: textOf('User name, or secret:NAME.', 200),
      password: secretSchema('secret:NAME of the password.'),
    }),
    header: blockOf('An API key in a header of its own.', ['name', 'value'], {
      name: formedText('Header name, e.g. X-API-Key.', headerName, 'un nom d’en-tête, comme X-API-Key.'),
      value: secretSchema('secret:NAME of the key.'),
    }),
    oauth2: oauth2Schema,
    login: loginSchema,
  },
};

export function authProblems(path: string, auth: Auth | undefined): readonly SettingsProblem[] {
  if (auth === undefined) return [];
  if (isAccess(auth)) return accessProblems(path, auth);
  if ('bearer' in auth) return clearTextProblem(`${path}/bearer`, auth.bearer);
  if ('basic' in auth) return clearTextProblem(`${path}/basic/password`, auth.basic.password);
  return clearTextProblem(`${path}/header/value`, auth.header.value);
}

export const accessDoubts = (path: string, auth: Auth | undefined): readonly SettingsProblem[] =>
  auth !== undefined && isAccess(auth) ? loginDoubts(path, auth) : [];

/** All texts that may be `secret:NAME`. */
export function authTexts(auth: Auth): readonly (string | undefined)[] {
  if (isAccess(auth)) return accessTexts(auth);
  if ('bearer' in auth) return [auth.bearer];
  if ('basic' in auth) return [auth.basic.user, auth.basic.password];
  return [auth.header.value];
}
