// A CRM and a token endpoint or login, on HTTPS, for webhooks that must be let in first.
import type { ServerResponse } from 'node:http';
import type {
  Credential,
  Credentials,
  Got,
  Obtained,
  Outcome,
  SendContext,
  Tested,
} from '../../connectors/contract.ts';
import { createWebhookConnector } from '../../connectors/webhook/index.ts';
import type { WebhookSettings } from '../../connectors/webhook/settings.ts';
import { contextOf, parcelOf } from './rigs.ts';
import { certificateFor, type Certificate } from './servers/certificate.ts';
import { accept, startHttpRecipient, type HttpRecipient, type Received } from './servers/http.ts';

export interface AccessRig {
  readonly crm: HttpRecipient;
  readonly door: HttpRecipient;
  readonly secrets: Record<string, string>;
  /** Headers values the CRM takes; anything else is a 401. */
  readonly good: Set<string>;
  readonly got: Got[];
  readonly send: (settings: Partial<WebhookSettings>, over?: Partial<SendContext>) => Promise<Outcome>;
  readonly test: (settings: Partial<WebhookSettings>, over?: Partial<SendContext>) => Promise<Tested>;
  /** As a trial sends: with nobody to share with. */
  readonly trial: (settings: Partial<WebhookSettings>) => Promise<Outcome>;
  readonly settingsOf: (settings: Partial<WebhookSettings>) => WebhookSettings;
  readonly certificate: Certificate;
  readonly forget: () => void;
  readonly close: () => Promise<void>;
}

/** What a process remembers, without a database. */
export function remembering(got: Got[]): { readonly credentials: Credentials; readonly forget: () => void } {
  let kept: (Credential & { readonly refreshToken?: string }) | undefined;
  let refusals = 0;
  return {
    forget: () => {
      kept = undefined;
      refusals = 0;
    },
    credentials: {
      async obtain(need): Promise<Obtained> {
        if (kept !== undefined && kept.version > (need.refused?.version ?? 0) && need.anew !== true)
          return { ok: true, credential: kept };
        const before = kept?.refreshToken === undefined ? {} : { refreshToken: kept.refreshToken };
        const result = await need.get({ refusals, ...before });
        got.push(result);
        if (!result.ok) {
          refusals += 1;
          return result;
        }
        const { token, refreshToken } = result;
        kept = {
          token,
          version: (kept?.version ?? 0) + 1,
          ...(refreshToken === undefined ? before : { refreshToken }),
        };
        return { ok: true, credential: kept };
      },
    },
  };
}

export async function accessRig(): Promise<AccessRig> {
  const certificate = await certificateFor('localhost', '127.0.0.1');
  const [crm, door] = [await startHttpRecipient(certificate), await startHttpRecipient(certificate)];
  const good = new Set<string>();
  crm.answer = (request: Received, response: ServerResponse): void => {
    const shown = [request.headers.authorization, request.headers.cookie, request.headers['x-auth-token']];
    if (shown.some((value) => value !== undefined && good.has(String(value)))) accept(request, response);
    else response.writeHead(401).end('Bonjour Zoe Martin');
  };
  const secrets: Record<string, string> = {};
  const got: Got[] = [];
  const { credentials, forget } = remembering(got);
  const webhook = createWebhookConnector();
  const settingsOf = (settings: Partial<WebhookSettings>): WebhookSettings => ({
    url: `https://localhost:${crm.port}/api/leads`,
    ...settings,
  });
  const place = { secrets, target: 'localhost', ca: certificate.cert };
  const context = (over: Partial<SendContext> = {}): SendContext =>
    contextOf(place, { credentials, ...over });
  return {
    ...{ crm, door, secrets, good, got, settingsOf, forget, certificate },
    send: (settings, over) => webhook.send(parcelOf(), settingsOf(settings), context(over)),
    trial: (settings) => webhook.send(parcelOf(), settingsOf(settings), contextOf(place)),
    test: (settings, over) => webhook.test(settingsOf(settings), context(over)),
    close: async () => {
      await webhook.close?.();
      await crm.close();
      await door.close();
    },
  };
}

export const json =
  (status: number, content: unknown, headers: Readonly<Record<string, string | string[]>> = {}) =>
  (_request: Received, response: ServerResponse): void =>
    void response
      .writeHead(status, { 'content-type': 'application/json', ...headers })
      .end(JSON.stringify(content));
