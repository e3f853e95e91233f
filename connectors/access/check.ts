// Checks the rules of a token or a login that a schema cannot express. Pure.
// Invariant: no secret in clear, no placeholder in the token or login address, and each grant has the settings it needs.
import { problemIf, type SettingsProblem } from '../contract.ts';
import { clearTextProblem, secretName } from '../guard.ts';
import { addressProblems } from '../guard/addresses.ts';
import { credentialHeader } from './names.ts';
import { accessUrl, type Access, type Login, type LoginBody, type OAuth2, type SendAs } from './settings.ts';

/** @param path of the access settings, e.g. `/auth` */
export function accessProblems(path: string, access: Access): readonly SettingsProblem[] {
  const at = `${path}/${'oauth2' in access ? 'oauth2' : 'login'}`;
  const urlAt = 'oauth2' in access ? `${at}/tokenUrl` : `${at}/url`;
  return [
    ...fixedAddress(urlAt, accessUrl(access)),
    ...('oauth2' in access ? oauth2Problems(at, access.oauth2) : loginProblems(at, access.login)),
    ...sendAsProblems(`${at}/sendAs/header`, 'oauth2' in access ? access.oauth2.sendAs : access.login.sendAs),
  ];
}

function fixedAddress(path: string, text: string): readonly SettingsProblem[] {
  const problems = [
    ...problemIf(secretName(text) !== undefined, path, [
      'Cette adresse s’écrit en clair : le contrat dans client.yaml nomme son serveur.',
      'This address is not a secret: the contract in client.yaml names its host.',
    ]),
    ...problemIf(/[{}]/.test(text), path, [
      'Cette adresse est la même pour tous les leads : pas de variable ici.',
      'This address is the same for every lead: no placeholder.',
    ]),
  ];
  return problems.length > 0 ? problems : addressProblems(path, text);
}

function oauth2Problems(at: string, oauth2: OAuth2): readonly SettingsProblem[] {
  const { grant, clientSecret, clientAuth, refreshToken, assertion, params = {} } = oauth2;
  return [
    ...clearTextProblem(`${at}/clientSecret`, clientSecret),
    ...clearTextProblem(`${at}/refreshToken`, refreshToken),
    ...clearTextProblem(`${at}/assertion/key`, assertion?.key),
    ...problemIf(grant === 'client_credentials' && clientSecret === undefined, at, [
      'grant client_credentials a besoin de clientSecret: secret:NOM.',
      'grant client_credentials needs clientSecret: secret:NAME.',
    ]),
    ...problemIf((grant === 'refresh_token') !== (refreshToken !== undefined), at, [
      'refreshToken: secret:NOM va avec grant refresh_token, qui en a besoin.',
      'refreshToken: secret:NAME belongs to grant refresh_token, which needs it.',
    ]),
    ...problemIf((grant === 'jwt_bearer') !== (assertion !== undefined), at, [
      'assertion: { key: secret:NOM } va avec grant jwt_bearer, qui en a besoin.',
      'assertion: { key: secret:NAME } belongs to grant jwt_bearer, which needs it.',
    ]),
    ...problemIf(clientAuth !== undefined && clientSecret === undefined, `${at}/clientAuth`, [
      'clientAuth dit où placer clientSecret, qui manque.',
      'clientAuth says where clientSecret travels; there is none.',
    ]),
    ...Object.keys(params).flatMap((name) =>
      problemIf(
        /secret|password|token|assertion|^grant_type$|^client_id$/i.test(name),
        `${at}/params/${name}`,
        [
          `${name} se règle par sa propre clé, ou est un secret.`,
          `${name} has a key of its own, or is a secret.`,
        ],
      ),
    ),
  ];
}

function loginProblems(at: string, { json, form, basic, headers = {} }: Login): readonly SettingsProblem[] {
  return [
    ...clearTextProblem(`${at}/basic/password`, basic?.password),
    ...problemIf(json !== undefined && form !== undefined, at, [
      'Une connexion (login) a un seul corps : json ou form.',
      'A login has one body: json or form.',
    ]),
    ...problemIf(json === undefined && form === undefined && basic === undefined, at, [
      'Une connexion (login) dit qui se connecte : json, form ou basic.',
      'A login says who logs in: json, form or basic.',
    ]),
    ...clearIn(`${at}/form`, '', form ?? {}),
    ...clearIn(`${at}/json`, '', json ?? {}),
    ...Object.entries(headers).flatMap(([name, text]) => [
      ...(credentialHeader.test(name) ? clearTextProblem(`${at}/headers/${name}`, text) : []),
      ...problemIf(
        /^(host|content-length|transfer-encoding|connection)$/i.test(name),
        `${at}/headers/${name}`,
        [`Relais écrit lui-même ${name}.`, `Relais sets ${name} itself.`],
      ),
    ]),
  ];
}

/** Passwords in clear, at any depth. @param name the key of the value */
function clearIn(path: string, name: string, value: LoginBody): readonly SettingsProblem[] {
  if (Array.isArray(value))
    return value.flatMap((inner: LoginBody, index) => clearIn(`${path}/${index}`, name, inner));
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).flatMap(([inner, own]: [string, LoginBody]) =>
      clearIn(`${path}/${inner}`, inner, own),
    );
  const isText = typeof value === 'string' || typeof value === 'number';
  return isText && /pass|pwd|secret/i.test(name) ? clearTextProblem(path, String(value)) : [];
}

/** Warns that a cookie alone proves no login. @param path of the access settings, e.g. `/auth` */
export function loginDoubts(path: string, access: Access): readonly SettingsProblem[] {
  if (!('login' in access)) return [];
  const { token, proof, accepted } = access.login;
  return problemIf(
    'cookie' in token && proof === undefined && accepted === undefined,
    `${path}/login/token`,
    [
      'certains destinataires posent ce cookie quel que soit le mot de passe : un faux passerait pour une session. Ajoutez proof: avec un endroit de la réponse que seule une bonne connexion remplit, comme $.result.uid, ou accepted: avec les statuts d’une bonne connexion.',
      'some recipients set this cookie whatever the password: a wrong one would pass for a session. Add proof: with a place of the answer that only a good login fills, such as $.result.uid, or accepted: with the statuses of one.',
    ],
  );
}

const sendAsProblems = (path: string, { header = '' }: Partial<SendAs> = {}): readonly SettingsProblem[] =>
  problemIf(/^(host|content-|transfer-encoding|connection|webhook-)/i.test(header), path, [
    `Relais écrit lui-même ${header}.`,
    `Relais sets ${header} itself.`,
  ]);
