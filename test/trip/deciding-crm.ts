// A CRM that says 202 first and decides later: asked by a look-up, told by a callback.
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { openGateway, webhookFiles, type Gateway } from './gateway.ts';

export interface Deciding {
  readonly crm: HttpRecipient;
  readonly gateway: Gateway;
  /** Publishes its mapping. @param lookup of `send` @param more further lines of the mapping */
  readonly publish: (lookup: string, more?: string) => Promise<void>;
  readonly stateOf: () => Promise<string>;
  readonly close: () => Promise<void>;
}

export async function openDeciding(environment: Readonly<Record<string, string>> = {}): Promise<Deciding> {
  const crm = await startHttpRecipient();
  const gateway = await openGateway({ files: webhookFiles(crm.port), environment });
  return {
    crm,
    gateway,
    publish: async (lookup, more = '') => {
      const file = webhookFiles(crm.port)['essai/crm.yaml'] ?? '';
      gateway.file(
        'essai/crm.yaml',
        file
          .replace("/leads' }", `/leads', lookup: ${lookup} }\nonUnknown: lookup\n${more}`)
          .replace(
            /^response:$/m,
            [
              'response:',
              '  - { pending: { status: 202 }, reference: $.id }',
              '  - { accepted: { json: { state: kept } }, on: lookup, reference: $.id }',
              '  - { refused: { json: { state: arbitrated } }, on: lookup, reason: already_known }',
              '  - { pending: { json: { state: waiting } }, on: lookup }',
              '  - { absent: { status: 404 }, on: lookup }',
            ].join('\n'),
          ),
      );
      await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'asks' });
    },
    stateOf: async () => {
      const [row] = await gateway.states();
      return row === undefined ? '' : `${row.state}:${row.reason}`;
    },
    close: async () => {
      await gateway.close();
      await crm.close();
    },
  };
}
