// Explains a port that is in use: the variable that sets it, and the remedy.
// Invariant: any other error is left to the caller.
import type { Config } from './types.ts';

/** Undefined when the error is no port in use. */
export function portInUse(
  { http, callbacks, api, console: desk }: Pick<Config, 'http' | 'callbacks' | 'api' | 'console'>,
  error: unknown,
): string | undefined {
  const { code, port } = error as { readonly code?: unknown; readonly port?: unknown };
  if (code !== 'EADDRINUSE' || typeof port !== 'number') return undefined;
  const named = [
    ['RELAIS_HTTP_PORT', http.port],
    ['RELAIS_CALLBACK_PORT', callbacks.port],
    ['RELAIS_API_PORT', api.port],
    ['RELAIS_CONSOLE_PORT', desk.port],
  ] as const;
  const variable = named.find(([, one]) => one === port)?.[0] ?? 'RELAIS_HTTP_PORT';
  return `The port ${port} (${variable}) is in use by another program.\n→ \`ss -ltnp 'sport = :${port}'\` names it: stop it, or give ${variable} another port.`;
}
