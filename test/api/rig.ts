// A gateway of two clients with leads that were delivered and refused, and the HTTP interface before it.
import { createApiKey, type KeyAsked } from '../../src/access/api-keys.ts';
import type { Api } from '../../src/api/server.ts';
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { twoClients } from '../support/two-clients.ts';
import { openInterface } from './interface.ts';
import { leadRow, openGateway, type Gateway } from '../trip/gateway.ts';

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // What an answer holds is what a test is about.
  readonly body: Record<string, unknown>;
}

export interface Rig {
  readonly gateway: Gateway;
  readonly api: Api;
  readonly crm: HttpRecipient;
  readonly keyWith: (asked: Partial<KeyAsked>) => Promise<string>;
  readonly ask: (
    key: string | undefined,
    method: string,
    path: string,
    sent?: { readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> },
  ) => Promise<Answered>;
  readonly idOf: (reference: string) => Promise<number>;
  readonly close: () => Promise<void>;
}

let made = 0;

export async function openRig(): Promise<Rig> {
  const crm = await startHttpRecipient();
  // Who is called Refus is refused.
  crm.answer = (request, response) => {
    const isRefused = request.body.toString().includes('Refus');
    response.writeHead(isRefused ? 422 : 200, { 'content-type': 'application/json' });
    response.end(isRefused ? '{}' : '{"success": true, "id": "CRM-1"}');
  };
  const gateway = await openGateway({ files: twoClients(crm.port) });
  const { app } = gateway;
  for (const destinationId of ['essai-crm', 'autre-crm'])
    await app.publishing.publish({ destinationId, author: 'h.leroy', note: 'first version' });
  const api = await openInterface(app);
  const person = (name: string, reference: string, client: string) =>
    leadRow(reference, {
      client_id: client,
      last_name: name,
      email: `${reference.toLowerCase()}@courriel.example`,
      mobile: `+336399801${reference.slice(-2)}`,
    });
  await gateway.send(
    person('Martin', 'E-10', 'essai'),
    person('Refus', 'E-11', 'essai'),
    person('Refus', 'E-12', 'essai'),
    person('Durand', 'A-20', 'autre'),
    person('Refus', 'A-21', 'autre'),
  );
  await gateway.start('planner', 'worker');
  await gateway.until(
    'all settled',
    async () => {
      const states = await gateway.states();
      return states.length === 5 && states.every(({ state }) => ['delivered', 'failed'].includes(state));
    },
    60_000,
  );
  return {
    gateway,
    api,
    crm,
    keyWith: async (asked) =>
      (
        await createApiKey(
          app.access,
          { name: `key ${(made += 1)}`, scopes: ['delivery.read'], addresses: [], days: 1, ...asked },
          'tester',
        )
      ).key,
    ask: async (key, method, path, { body, headers = {} } = {}) => {
      const response = await fetch(`http://127.0.0.1:${api.port}${path}`, {
        method,
        redirect: 'manual',
        headers: {
          ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const text = await response.text();
      const isJson = response.headers.get('content-type')?.includes('json') === true && text !== '';
      return {
        status: response.status,
        headers: response.headers,
        text,
        body: isJson ? (JSON.parse(text) as Record<string, unknown>) : {},
      };
    },
    idOf: async (reference) => (await gateway.states(`l.reference = '${reference}'`))[0]?.id ?? 0,
    close: async () => {
      await api.close();
      await gateway.close();
      await crm.close();
    },
  };
}
