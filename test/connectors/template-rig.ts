// The rig of the template for the conformance suite: an HTTP API on loopback that takes JSON and gives an id.
import { template } from '../../connectors/template/index.ts';
import { httpApiRig } from './http-api-rig.ts';
import type { Rig } from './rigs.ts';

const secrets = { TOKEN: 'jeton-du-destinataire' };

export const templateRig = (): Promise<Rig> =>
  httpApiRig({
    connector: template,
    settingsAt: (scheme, port) => ({
      url: `${scheme}://localhost:${port}/leads`,
      auth: { bearer: 'secret:TOKEN' },
    }),
    secrets,
    badSecrets: { TOKEN: 'perime' },
    answer: (request, response) => {
      if (request.headers.authorization !== `Bearer ${secrets.TOKEN}`)
        response.writeHead(401).end('Bonjour Zoe Martin');
      else response.writeHead(201).end('{"id":"lead-7","name":"Zoe Martin"}');
    },
  });
