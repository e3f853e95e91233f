// Reads the console's settings: where it listens, its public address, and how people sign in.
// Invariant: one address; without `RELAIS_CONSOLE_URL` it is the one to which the provider redirects.
import { doorOf } from './door.ts';
import { oidcOf } from './oidc.ts';
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
