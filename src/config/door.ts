// Reads where the API and the console listen, and refuses access from other machines in clear.
// Invariant: without TLS of its own or a named proxy, a server listens on a loopback address only.
import { existsSync, readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { commaSeparated } from './composite-values.ts';
import type { VariableReader } from './reader.ts';
import type { Door } from './types.ts';

const loopback = ['127.0.0.1', '::1', 'localhost'];

/** Reads RELAIS_<NAME>_HOST, _PORT, _PROXIES and _TLS_PEM. */
export function doorOf({ read, wholeNumber, problems }: VariableReader, name: 'API' | 'CONSOLE'): Door {
  const variable = (part: string): string => `RELAIS_${name}_${part}`;
  const host = read(variable('HOST')) ?? '127.0.0.1';
  const port = read(variable('PORT')) === undefined ? undefined : wholeNumber(variable('PORT'), 0, 65_535);
  const proxies = commaSeparated(read(variable('PROXIES')));
  const given = read(variable('TLS_PEM'));
  const pem = given === undefined ? undefined : pemOf(variable('TLS_PEM'), given, problems);
  if (port !== undefined && given === undefined && proxies.length === 0 && !loopback.includes(host))
    problems.push(
      `${variable('HOST')} is reached from other machines: the ${name === 'API' ? 'API' : 'console'} needs ${variable('TLS_PEM')}, or ${variable('PROXIES')}`,
    );
  return { host, port, proxies, ...(pem === undefined ? {} : { pem }) };
}

/** Loaded here, so that a wrong file is reported with the rest of the configuration. */
function pemOf(variable: string, file: string, problems: string[]): string | undefined {
  if (!existsSync(file)) {
    problems.push(`${variable}: no file at ${file}`);
    return undefined;
  }
  try {
    const pem = readFileSync(file, 'utf8');
    createSecureContext({ cert: pem, key: pem });
    return pem;
  } catch {
    problems.push(`${variable} must be a readable file with a certificate, its chain and its private key`);
    return undefined;
  }
}
