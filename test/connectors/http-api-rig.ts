// The rig of a connector that speaks to an HTTP API of one address: the server on loopback, and the ways it can misbehave.
import type { ServerResponse } from 'node:http';
import type { Connector } from '../../connectors/contract.ts';
import type { Rig } from './rigs.ts';
import { certificateFor } from './servers/certificate.ts';
import { startHttpRecipient } from './servers/http.ts';
import type { Received } from './servers/http.ts';

export interface HttpApi {
  readonly connector: Connector;
  readonly settingsAt: (scheme: 'http' | 'https', port: number) => Rig['settings'];
  /** What `secret:NAME` in the settings stands for, and what the API refuses with 401. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly badSecrets: Readonly<Record<string, string>>;
  /** How it behaves. It may name a person: none of that may be kept. */
  readonly answer: (request: Received, response: ServerResponse) => void;
}

export async function httpApiRig({
  connector,
  settingsAt,
  secrets,
  badSecrets,
  answer,
}: HttpApi): Promise<Rig> {
  const certificate = await certificateFor('localhost', '127.0.0.1');
  const recipient = await startHttpRecipient(certificate);
  recipient.answer = answer;
  const hung: ServerResponse[] = [];
  return {
    connector,
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
    badSecrets,
    authReason: 'HTTP_401',
    waits: { 'the TLS handshake': (during) => (recipient.atDoor = during) },
    recover() {
      recipient.atDoor = () => undefined;
      recipient.cutAtOnce = false;
      recipient.hangAtOnce = false;
      recipient.answer = answer;
      recipient.received.length = 0;
      for (const response of hung.splice(0)) response.destroy();
    },
    close: recipient.close,
  };
}
