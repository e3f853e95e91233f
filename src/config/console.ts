// Reads the console's settings: where it listens, its public address, and how people sign in.
// Invariant: one address; without `RELAIS_CONSOLE_URL` it is the one to which the provider redirects.
import { doorOf } from './door.ts';
import type { VariableReader } from './reader.ts';
import type { Config } from './types.ts';

export function consoleOf(reader: VariableReader, allowPlaintext: boolean): Config['console'] {
  const protocols = allowPlaintext ? ['https:', 'http:'] : ['https:'];
  const url = reader.url('RELAIS_CONSOLE_URL', protocols) ?? reader.url('RELAIS_OIDC_CONSOLE', protocols);
  return {
    ...doorOf(reader, 'CONSOLE'),
    ...oidcOf(reader, allowPlaintext),
    ...(url === undefined ? {} : { url }),
  };
}

/**
 * Reads the settings for signing in by an OpenID Connect provider: off without an issuer, complete with one.
 * Passwords cannot be disabled when there is no other way to sign in; administrators always keep theirs.
 */
function oidcOf(
  { read, needed, url, oneOf, problems }: VariableReader,
  allowPlaintext: boolean,
): Pick<Config['console'], 'oidc' | 'passwords'> {
  const passwords = oneOf('RELAIS_OIDC_PASSWORDS', ['all', 'admins'] as const);
  const protocols = allowPlaintext ? ['https:', 'http:'] : ['https:'];
  const issuer = url('RELAIS_OIDC_ISSUER', protocols);
  if (issuer === undefined) {
    if (passwords === 'admins')
      problems.push(
        'RELAIS_OIDC_PASSWORDS shuts the passwords, and without RELAIS_OIDC_ISSUER there is no other way in',
      );
    return { passwords: 'all' };
  }
  return {
    passwords,
    oidc: {
      issuer,
      clientId: needed('RELAIS_OIDC_CLIENT_ID'),
      clientSecret: needed('RELAIS_OIDC_CLIENT_SECRET'),
      consoleUrl: url('RELAIS_OIDC_CONSOLE', protocols) ?? needed('RELAIS_OIDC_CONSOLE'),
      mfa: (read('RELAIS_OIDC_MFA') ?? '').split(/[\s,]+/).filter(Boolean),
      allowHttp: allowPlaintext,
    },
  };
}
