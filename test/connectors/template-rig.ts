// The rig of the template for the conformance suite: an HTTP API on loopback that takes JSON and gives an id.
import type { ServerResponse } from 'node:http';
import { template } from '../../connectors/template/index.ts';
import type { Rig } from './rigs.ts';
import { certificateFor } from './servers/certificate.ts';
import { startHttpRecipient } from './servers/http.ts';
import type { Received } from './servers/http.ts';

const secrets = { TOKEN: 'jeton-du-destinataire' };

/** Its answers name a person: none of it may be kept. */
function answer(request: Received, response: ServerResponse): void {
  if (request.headers.authorization !== `Bearer ${secrets.TOKEN}`)
    response.writeHead(401).end('Bonjour Zoe Martin');
  else response.writeHead(201).end('{"id":"lead-7","name":"Zoe Martin"}');
}

const settingsAt = (scheme: 'http' | 'https', port: number) => ({
  url: `${scheme}://localhost:${port}/leads`,
  auth: { bearer: 'secret:TOKEN' },
});

export async function templateRig(): Promise<Rig> {
  const certificate = await certificateFor('localhost', '127.0.0.1');
  const recipient = await startHttpRecipient(certificate);
  recipient.answer = answer;
  const hung: ServerResponse[] = [];
  return {
    connector: template,
    settings: settingsAt('https', recipient.port),
    target: 'localhost',
    secrets,
    ca: certificate.cert,
    good: 'accepted',
    identityReason: 'TLS_CERTIFICATE',
    async plaintext() {
      const plain = await startHttpRecipient();
      plain.answer = answer;
      return {
        settings: settingsAt('http', plain.port),
        close: plain.close,
        received: () => plain.connections(),
      };
    },
    connections: recipient.connections,
    openNow: recipient.openNow,
    arrivedKeys: () => recipient.received.map(({ headers }) => String(headers['idempotency-key'])),
    misbehave(how) {
      if (how === 'cutBefore') recipient.cutAtOnce = true;
      if (how === 'hangBefore') recipient.hangAtOnce = true;
      if (how === 'cutAfter') recipient.answer = (_request, response) => response.socket?.destroy();
      if (how === 'hangAfter') recipient.answer = (_request, response) => void hung.push(response);
      if (how === 'refuse')
        recipient.answer = (_request, response) => void response.writeHead(422).end('Bonjour Zoe Martin');
    },
    badSecrets: { TOKEN: 'perime' },
    authReason: 'HTTP_401',
    recover() {
      recipient.cutAtOnce = false;
      recipient.hangAtOnce = false;
      recipient.answer = answer;
      recipient.received.length = 0;
      for (const response of hung.splice(0)) response.destroy();
    },
    close: recipient.close,
  };
}
