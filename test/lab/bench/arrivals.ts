// A recipient in this process that says yes at once and remembers when each lead first arrived.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Arrivals {
  readonly port: number;
  /** `performance.now()` of the first request, by the lead's reference. */
  readonly at: ReadonlyMap<string, number>;
  readonly close: () => void;
}

export async function startArrivals(): Promise<Arrivals> {
  const at = new Map<string, number>();
  const server = createServer((request, response) => {
    const now = performance.now();
    let body = '';
    request.setEncoding('utf8').on('data', (part: string) => (body += part));
    request.on('end', () => {
      const { ref } = JSON.parse(body) as { ref: string };
      if (!at.has(ref)) at.set(ref, now);
      response.setHeader('content-type', 'application/json');
      response.end('{"success":true,"id":"L-1"}');
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    port: (server.address() as AddressInfo).port,
    at,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
