// The rig of text messages for the conformance suite: a provider's HTTP API on loopback, which takes JSON and gives an id.
import type { ServerResponse } from 'node:http';
import { sms } from '../../connectors/sms/index.ts';
import type { Rig } from './rigs.ts';
import { certificateFor } from './servers/certificate.ts';
import { startHttpRecipient } from './servers/http.ts';
import type { Received } from './servers/http.ts';

export async function smsRig(): Promise<Rig> {
  const certificate = await certificateFor('localhost', '127.0.0.1');
  const provider = await startHttpRecipient(certificate);
  const secrets = { SMS_TOKEN: 'jeton-de-l-operateur' };
  const settingsAt = (scheme: string, port: number) => ({
    url: `${scheme}://localhost:${port}/v1/messages`,
    auth: { bearer: 'secret:SMS_TOKEN' },
    sender: 'RELAIS',
    to: '+33639980042',
    reference: 'message.id',
  });
  const hung: ServerResponse[] = [];
  provider.answer = provide;
  function provide(request: Received, response: ServerResponse): void {
    if (request.headers.authorization !== `Bearer ${secrets.SMS_TOKEN}`)
      response.writeHead(401).end('Bonjour Zoe Martin');
    else response.writeHead(201).end('{"message":{"id":"msg-7","text":"Zoe Martin"}}');
  }
  return {
    connector: sms,
    settings: settingsAt('https', provider.port),
    target: 'localhost',
    secrets,
    ca: certificate.cert,
    good: 'accepted',
    identityReason: 'TLS_CERTIFICATE',
    async plaintext() {
      const plain = await startHttpRecipient();
      plain.answer = provide;
      return {
        settings: settingsAt('http', plain.port),
        close: plain.close,
        received: () => plain.connections(),
      };
    },
    connections: provider.connections,
    openNow: provider.openNow,
    arrivedKeys: () => provider.received.map(({ headers }) => String(headers['idempotency-key'])),
    misbehave(how) {
      if (how === 'cutBefore') provider.cutAtOnce = true;
      if (how === 'hangBefore') provider.hangAtOnce = true;
      if (how === 'cutAfter') provider.answer = (_request, response) => response.socket?.destroy();
      if (how === 'hangAfter') provider.answer = (_request, response) => void hung.push(response);
      if (how === 'refuse')
        provider.answer = (_request, response) => void response.writeHead(422).end('Bonjour Zoe Martin');
    },
    badSecrets: { SMS_TOKEN: 'perime' },
    authReason: 'HTTP_401',
    recover() {
      provider.cutAtOnce = false;
      provider.hangAtOnce = false;
      provider.answer = provide;
      provider.received.length = 0;
      for (const response of hung.splice(0)) response.destroy();
    },
    close: provider.close,
  };
}
