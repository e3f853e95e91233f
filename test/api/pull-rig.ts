// A client without an endpoint: its destination is fetched. The HTTP interface twice, as two processes of one installation have it.
import { randomBytes } from 'node:crypto';
import { createApiKey } from '../../src/access/api-keys.ts';
import type { Permission } from '../../src/access/permissions.ts';
import type { Api } from '../../src/api/server.ts';
import { openInterface } from './interface.ts';
import { openGateway, type Gateway } from '../trip/gateway.ts';

export const host = 'crm.essai.example';
const consent =
  '  - { to: OPTIN, purpose: marketing, channel: email, values: { granted: OUI, refused: NON, not_asked: NON, withdrawn: RETRAIT } }';

export const clientFile = `id: essai
name: Essai Promotion
legalEntity: ESSAI PROMOTION SAS
hosts: [${host}]
categories: [identity, project, statistical]
contacts: { rights: dpo@essai.example }
authorisations:
  - { recipient: Essai CRM, destination: essai-pull, targets: [${host}], categories: [identity, project, statistical], document: Contrat 1, from: 2026-01-01 }
`;

export const pullFile = `destination: essai-pull
connector: pull
send: { fetchedBy: ${host} }
maxAge: 1h
consent:
${consent}
fields:
  - { to: ref, from: id, required: true }
  - { to: nom, from: identity.lastName, required: true }
  - { to: tel, from: identity.mobile, as: { phone: national } }
update: {}
erase: { fields: [{ to: ref, from: id }] }
`;

export interface Item {
  readonly key: string;
  readonly lease: string;
  readonly action: string;
  readonly lead: string;
  readonly reference: string | null;
  readonly again: boolean;
  readonly content: Readonly<Record<string, unknown>>;
}

export interface PullRig {
  readonly gateway: Gateway;
  /** Of the first and the second process. */
  readonly apis: readonly Api[];
  readonly key: string;
  readonly keyWith: (scopes: readonly Permission[], clientId?: string) => Promise<string>;
  readonly post: (
    path: string,
    body: unknown,
    by?: {
      readonly key?: string;
      readonly api?: number;
      readonly headers?: Readonly<Record<string, string>>;
    },
  ) => Promise<{ readonly status: number; readonly text: string; readonly body: Record<string, unknown> }>;
  readonly fetched: (limit?: number, api?: number) => Promise<readonly Item[]>;
  /** States, in the order of the items. */
  readonly answer: (
    items: readonly Pick<Item, 'key' | 'lease'>[],
    outcome: string,
    more?: Readonly<Record<string, unknown>>,
    api?: number,
  ) => Promise<readonly string[]>;
  readonly stopPlanner: () => Promise<void>;
  /** Every lease runs out now; waits until that was seen. */
  readonly lapse: () => Promise<void>;
  /** `entry:outcome` of a lead's attempts, in the order of the log. */
  readonly log: (reference: string) => Promise<readonly string[]>;
  /** Waits until so many deliveries are due. */
  readonly due: (count: number) => Promise<void>;
  readonly environment: Readonly<Record<string, string>>;
  readonly close: () => Promise<void>;
}

export async function openPullRig(
  files: Readonly<Record<string, string>> = { 'essai/client.yaml': clientFile, 'essai/pull.yaml': pullFile },
  environment: Readonly<Record<string, string>> = {},
): Promise<PullRig> {
  const keys = {
    RELAIS_MASTER_KEY: randomBytes(32).toString('base64'),
    RELAIS_SEAL_KEY: randomBytes(32).toString('base64'),
  };
  const gateway = await openGateway({ files, environment: { ...keys, ...environment } });
  const { app } = gateway;
  await app.publishing.publish({ destinationId: 'essai-pull', author: 'tester', note: 'first' });
  const apis = [await openInterface(app), await openInterface(app)];
  let made = 0;
  const keyWith: PullRig['keyWith'] = async (scopes, clientId = 'essai') => {
    // A key is of a client that there is.
    await gateway.owner.run(
      "INSERT IGNORE INTO clients (id, name, legal_entity, facts) VALUES (?, '', '', '{}')",
      [clientId],
    );
    const request = { name: `key ${(made += 1)}`, scopes: [...scopes], addresses: [], days: 1, clientId };
    return (await createApiKey(app.access, request, 'tester')).key;
  };
  const key = await keyWith(['lead.pull']);
  const post: PullRig['post'] = async (path, body, by = {}) => {
    const response = await fetch(`http://127.0.0.1:${apis[by.api ?? 0]?.port ?? 0}${path}`, {
      method: 'POST',
      headers: {
        ...(by.key === '' ? {} : { authorization: `Bearer ${by.key ?? key}` }),
        'content-type': 'application/json',
        ...by.headers,
      },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, text, body: JSON.parse(text) as Record<string, unknown> };
  };
  const [planner] = await gateway.start('planner', 'worker');
  return {
    gateway,
    stopPlanner: async () => planner?.stop(),
    apis,
    key,
    keyWith,
    post,
    fetched: async (limit = 200, api = 0) => {
      const { status, text, body } = await post('/v1/pull/essai-pull', { limit }, { api });
      if (status !== 200) throw new Error(text);
      return body['items'] as readonly Item[];
    },
    answer: async (items, outcome, more = {}, api = 0) => {
      const sent = items.map(({ key: name, lease }) => ({ key: name, lease, outcome, ...more }));
      const { status, text, body } = await post('/v1/pull/essai-pull/answers', { items: sent }, { api });
      if (status !== 200) throw new Error(text);
      return (body['items'] as readonly { state: string }[]).map(({ state }) => state);
    },
    lapse: async () => {
      await gateway.owner.run(
        "UPDATE deliveries SET lease_until = TIMESTAMPADD(SECOND, -1, UTC_TIMESTAMP(3)) WHERE state = 'sending'",
      );
      await gateway.until('leases lapse', async () => {
        const left = await gateway.owner.all("SELECT 1 FROM deliveries WHERE state = 'sending'");
        return left.length === 0;
      });
      await gateway.owner.run(
        "UPDATE deliveries SET due_at = UTC_TIMESTAMP(3) WHERE state = 'waiting' AND reason IN ('outcome_unknown', 'retry')",
      );
    },
    log: async (reference) =>
      (
        await gateway.owner.all<{ entry: string; outcome: string }>(
          `SELECT h.entry, h.outcome FROM handovers h JOIN leads l ON l.id = h.lead_id
            WHERE l.reference = ? AND h.delivery_id > 0 ORDER BY h.id`,
          [reference],
        )
      ).map(({ entry, outcome }) => (outcome === '' ? entry : `${entry}:${outcome}`)),
    due: (count) =>
      gateway.until(`${count} due`, async () => {
        const [row] = await gateway.owner.all<{ n: number }>(
          "SELECT COUNT(*) AS n FROM deliveries WHERE state IN ('planned', 'waiting') AND due_at <= UTC_TIMESTAMP(3)",
        );
        return row?.n === count;
      }),
    environment: {
      ...keys,
      RELAIS_ENV: 'development',
      RELAIS_MYSQL_URL: gateway.config.mysql.gatewayUrl,
      RELAIS_REDIS_URL: process.env['RELAIS_TEST_REDIS_URL'] ?? '',
      RELAIS_REDIS_PREFIX: gateway.config.redis.prefix,
    },
    close: async () => {
      for (const api of apis) await api.close();
      await gateway.close();
    },
  };
}
