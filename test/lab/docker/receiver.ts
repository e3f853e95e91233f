// A client's CRM over HTTPS, on this host: keeps a lead once per webhook-id, as the webhook page asks of a recipient, and notes all.
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';

export interface Kept {
  readonly reference: string;
  readonly key: string;
}

export interface Receiver {
  readonly port: number;
  readonly kept: readonly Kept[];
  /** Requests whose webhook-id it had already. */
  readonly again: () => number;
  readonly close: () => Promise<void>;
}

/** @param pem certificate and key */
export async function startReceiver(pem: string): Promise<Receiver> {
  const kept: Kept[] = [];
  const known = new Set<string>();
  let again = 0;
  const server = createServer({ cert: pem, key: pem }, (request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => void (body += chunk));
    request.on('error', () => undefined);
    request.on('end', () => {
      const key = String(request.headers['webhook-id']);
      const { reference } = JSON.parse(body === '' ? '{}' : body) as { readonly reference: string };
      if (known.has(key)) again += 1;
      else kept.push({ reference, key });
      known.add(key);
      response.writeHead(201, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ success: true, id: `E-${reference}` }));
    });
  });
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((done) => server.listen(0, '0.0.0.0', done));
  return {
    port: (server.address() as AddressInfo).port,
    kept,
    again: () => again,
    close: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
