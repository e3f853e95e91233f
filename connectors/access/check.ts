// Checks the rules of a token or a login that a schema cannot express. Pure.
// Invariant: no secret in clear, no placeholder in the token or login address, and each grant has the settings it needs.
import type { SettingsProblem } from '../contract.ts';
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
  if (secretName(text) !== undefined)
    return [
      {
        path,
        message: [
          'Cette adresse s’écrit en clair : le contrat dans client.yaml nomme son serveur.',
          'This address is not a secret: the contract in client.yaml names its host.',
        ],
      },
    ];
  if (/[{}]/.test(text))
    return [
      {
        path,
        message: [
          'Cette adresse est la même pour tous les leads : pas de variable ici.',
          'This address is the same for every lead: no placeholder.',
        ],
      },
    ];
  return addressProblems(path, text);
}

function oauth2Problems(at: string, oauth2: OAuth2): readonly SettingsProblem[] {
  const { grant, clientSecret, clientAuth, refreshToken, assertion, params = {} } = oauth2;
  const problems: SettingsProblem[] = [
    ...clearTextProblem(`${at}/clientSecret`, clientSecret),
    ...clearTextProblem(`${at}/refreshToken`, refreshToken),
    ...clearTextProblem(`${at}/assertion/key`, assertion?.key),
  ];
  if (grant === 'client_credentials' && clientSecret === undefined)
    problems.push({
      path: at,
      message: [
        'grant client_credentials a besoin de clientSecret: secret:NOM.',
        'grant client_credentials needs clientSecret: secret:NAME.',
      ],
    });
  if ((grant === 'refresh_token') !== (refreshToken !== undefined))
    problems.push({
      path: at,
      message: [
        'refreshToken: secret:NOM va avec grant refresh_token, qui en a besoin.',
        'refreshToken: secret:NAME belongs to grant refresh_token, which needs it.',
      ],
    });
  if ((grant === 'jwt_bearer') !== (assertion !== undefined))
    problems.push({
      path: at,
      message: [
        'assertion: { key: secret:NOM } va avec grant jwt_bearer, qui en a besoin.',
        'assertion: { key: secret:NAME } belongs to grant jwt_bearer, which needs it.',
      ],
    });
  if (clientAuth !== undefined && clientSecret === undefined)
    problems.push({
      path: `${at}/clientAuth`,
      message: [
        'clientAuth dit où placer clientSecret, qui manque.',
        'clientAuth says where clientSecret travels; there is none.',
      ],
    });
  for (const name of Object.keys(params)) {
    if (/secret|password|token|assertion|^grant_type$|^client_id$/i.test(name))
      problems.push({
        path: `${at}/params/${name}`,
        message: [
          `${name} se règle par sa propre clé, ou est un secret.`,
          `${name} has a key of its own, or is a secret.`,
        ],
      });
  }
  return problems;
}

function loginProblems(at: string, { json, form, basic, headers = {} }: Login): readonly SettingsProblem[] {
  const problems: SettingsProblem[] = [...clearTextProblem(`${at}/basic/password`, basic?.password)];
  if (json !== undefined && form !== undefined)
    problems.push({
      path: at,
      message: [
        'Une connexion (login) a un seul corps : json ou form.',
        'A login has one body: json or form.',
      ],
    });
  if (json === undefined && form === undefined && basic === undefined)
    problems.push({
      path: at,
      message: [
        'Une connexion (login) dit qui se connecte : json, form ou basic.',
        'A login says who logs in: json, form or basic.',
      ],
    });
  problems.push(...clearIn(`${at}/form`, '', form ?? {}), ...clearIn(`${at}/json`, '', json ?? {}));
  for (const [name, text] of Object.entries(headers)) {
    if (credentialHeader.test(name)) problems.push(...clearTextProblem(`${at}/headers/${name}`, text));
    if (/^(host|content-length|transfer-encoding|connection)$/i.test(name))
      problems.push({
        path: `${at}/headers/${name}`,
        message: [`Relais écrit lui-même ${name}.`, `Relais sets ${name} itself.`],
      });
  }
  return problems;
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
  if (!('cookie' in token) || proof !== undefined || accepted !== undefined) return [];
  return [
    {
      path: `${path}/login/token`,
      message: [
        'certains destinataires posent ce cookie quel que soit le mot de passe : un faux passerait pour une session. Ajoutez proof: avec un endroit de la réponse que seule une bonne connexion remplit, comme $.result.uid, ou accepted: avec les statuts d’une bonne connexion.',
        'some recipients set this cookie whatever the password: a wrong one would pass for a session. Add proof: with a place of the answer that only a good login fills, such as $.result.uid, or accepted: with the statuses of one.',
      ],
    },
  ];
}

function sendAsProblems(path: string, sendAs: SendAs | undefined): readonly SettingsProblem[] {
  return sendAs !== undefined && /^(host|content-|transfer-encoding|connection|webhook-)/i.test(sendAs.header)
    ? [{ path, message: [`Relais écrit lui-même ${sendAs.header}.`, `Relais sets ${sendAs.header} itself.`] }]
    : [];
}
