// How the console is reached, and that nobody reaches it in clear from another machine.
// Invariant: without TLS of its own or of a proxy that is named it hears a loopback address alone.
import { existsSync, readFileSync } from 'node:fs';
import { commaSeparated } from './composite-values.ts';
import type { VariableReader } from './reader.ts';
import type { Config } from './types.ts';

const loopback = ['127.0.0.1', '::1', 'localhost'];

export function consoleOf({ read, wholeNumber, problems }: VariableReader): Config['console'] {
  const host = read('RELAIS_CONSOLE_HOST') ?? '127.0.0.1';
  const port =
    read('RELAIS_CONSOLE_PORT') === undefined ? undefined : wholeNumber('RELAIS_CONSOLE_PORT', 0, 65_535);
  const proxies = commaSeparated(read('RELAIS_CONSOLE_PROXIES'));
  const cert = pem('RELAIS_CONSOLE_TLS_CERT', read, problems);
  const key = pem('RELAIS_CONSOLE_TLS_KEY', read, problems);
  if ((cert === undefined) !== (key === undefined))
    problems.push('RELAIS_CONSOLE_TLS_CERT and RELAIS_CONSOLE_TLS_KEY go together');
  if (port !== undefined && cert === undefined && proxies.length === 0 && !loopback.includes(host))
    problems.push(
      'RELAIS_CONSOLE_HOST is reached from other machines: the console needs TLS (RELAIS_CONSOLE_TLS_CERT and _KEY, or RELAIS_CONSOLE_PROXIES)',
    );
  return {
    host,
    port,
    proxies,
    ...(cert === undefined || key === undefined ? {} : { tls: { cert, key } }),
  };
}

function pem(name: string, read: VariableReader['read'], problems: string[]): string | undefined {
  const file = read(name);
  if (file === undefined) return undefined;
  if (!existsSync(file)) {
    problems.push(`${name}: no file at ${file}`);
    return undefined;
  }
  return readFileSync(file, 'utf8');
}
