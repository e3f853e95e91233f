// Describes our authentication in the document a client signs.
// Invariant: a secret is shown by its name; a token endpoint or login by its host.
import type { Both, SignedRow } from '../contract.ts';
import { shownSetting } from '../guard.ts';
import { hostOf } from '../guard/addresses.ts';
import type { Auth } from './auth.ts';
import type { OAuth2 } from './settings.ts';
import type { Tls } from './tls.ts';

const grantWords: Readonly<Record<OAuth2['grant'], Both>> = {
  client_credentials: ['identifiants de l’application', 'client credentials'],
  refresh_token: ['jeton de renouvellement', 'refresh token'],
  jwt_bearer: ['assertion signée', 'signed assertion'],
};

export function authWords(auth: Auth | undefined): Both {
  if (auth === undefined) return ['aucune', 'none'];
  const around = (before: Both, value: string): Both => {
    const [fr, en] = shownSetting(value);
    return [`${before[0]}${fr}`, `${before[1]}${en}`];
  };
  if ('oauth2' in auth)
    return [
      `OAuth 2 (${grantWords[auth.oauth2.grant][0]}), jeton obtenu auprès de ${hostOf(auth.oauth2.tokenUrl) ?? ''}`,
      `OAuth 2 (${grantWords[auth.oauth2.grant][1]}), token from ${hostOf(auth.oauth2.tokenUrl) ?? ''}`,
    ];
  if ('login' in auth)
    return [
      `session ouverte par identifiant et mot de passe auprès de ${hostOf(auth.login.url) ?? ''}`,
      `session opened by user and password at ${hostOf(auth.login.url) ?? ''}`,
    ];
  if ('bearer' in auth)
    return around(['en-tête Authorization: Bearer, ', 'header Authorization: Bearer, '], auth.bearer);
  if ('basic' in auth) return around(['HTTP Basic, utilisateur ', 'HTTP Basic, user '], auth.basic.user);
  return around([`en-tête ${auth.header.name}, `, `header ${auth.header.name}, `], auth.header.value);
}

/** The certificate we show, where one is required. */
export function certificateRows(tls: Tls | undefined): readonly SignedRow[] {
  if (tls?.cert === undefined) return [];
  return [
    {
      point: ['Certificat client', 'Client certificate'],
      agreed: ['TLS mutuel : notre certificat est demandé', 'Mutual TLS: our certificate is asked for'],
    },
  ];
}
