// How the console is reached, and that nobody reaches it in clear from another machine.
// Invariant: without TLS of its own or of a proxy that is named it hears a loopback address alone.
import { existsSync, readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { commaSeparated } from './composite-values.ts';
import { oidcOf } from './oidc.ts';
import type { VariableReader } from './reader.ts';
import type { Config } from './types.ts';

const loopback = ['127.0.0.1', '::1', 'localhost'];

export function consoleOf(reader: VariableReader, allowPlaintext: boolean): Config['console'] {
  const { read, wholeNumber, problems } = reader;
  const host = read('RELAIS_CONSOLE_HOST') ?? '127.0.0.1';
  const port =
    read('RELAIS_CONSOLE_PORT') === undefined ? undefined : wholeNumber('RELAIS_CONSOLE_PORT', 0, 65_535);
  const proxies = commaSeparated(read('RELAIS_CONSOLE_PROXIES'));
  const pem = pemOf(read('RELAIS_CONSOLE_TLS_PEM'), problems);
  if (port !== undefined && pem === undefined && proxies.length === 0 && !loopback.includes(host))
    problems.push(
      'RELAIS_CONSOLE_HOST is reached from other machines: the console needs RELAIS_CONSOLE_TLS_PEM, or RELAIS_CONSOLE_PROXIES',
    );
  return { host, port, proxies, ...(pem === undefined ? {} : { pem }), ...oidcOf(reader, allowPlaintext) };
}

/** Tried here, so that a wrong file is told with the rest of the configuration. */
function pemOf(file: string | undefined, problems: string[]): string | undefined {
  if (file === undefined) return undefined;
  if (!existsSync(file)) {
    problems.push(`RELAIS_CONSOLE_TLS_PEM: no file at ${file}`);
    return undefined;
  }
  const pem = readFileSync(file, 'utf8');
  try {
    createSecureContext({ cert: pem, key: pem });
    return pem;
  } catch {
    problems.push('RELAIS_CONSOLE_TLS_PEM must be a file with a certificate, its chain and its private key');
    return undefined;
  }
}
