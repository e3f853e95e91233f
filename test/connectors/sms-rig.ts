// The rig of text messages for the conformance suite: a provider's HTTP API on loopback, which takes JSON and gives an id.
import { sms } from '../../connectors/sms/index.ts';
import { httpApiRig } from './http-api-rig.ts';
import type { Rig } from './rigs.ts';

const secrets = { SMS_TOKEN: 'jeton-de-l-operateur' };

export const smsRig = (): Promise<Rig> =>
  httpApiRig({
    connector: sms,
    settingsAt: (scheme, port) => ({
      url: `${scheme}://localhost:${port}/v1/messages`,
      auth: { bearer: 'secret:SMS_TOKEN' },
      sender: 'RELAIS',
      to: '+33639980042',
      reference: 'message.id',
    }),
    secrets,
    badSecrets: { SMS_TOKEN: 'perime' },
    answer: (request, response) => {
      if (request.headers.authorization !== `Bearer ${secrets.SMS_TOKEN}`)
        response.writeHead(401).end('Bonjour Zoe Martin');
      else response.writeHead(201).end('{"message":{"id":"msg-7","text":"Zoe Martin"}}');
    },
  });
