// A desk whose people may come in by a provider on this machine, which says of them what a test wants it to say.
import { OAuth2Server } from 'oauth2-mock-server';
import type { Role } from '../../src/access/permissions.ts';
import { freePort } from '../../sandbox/ports.ts';
import { openGateway, webhookFiles, type Gateway } from '../trip/gateway.ts';
import { deskOver, type Answer, type Browser, type TestDesk } from './desk.ts';

export const clientSecret = 'secret-du-fournisseur';

export interface OidcDesk {
  readonly provider: OAuth2Server;
  readonly gateway: Gateway;
  readonly desk: TestDesk;
  readonly admin: Browser;
  /** Of whoever comes, from now on. */
  readonly says: (claims: Readonly<Record<string, unknown>>) => void;
  /** Through the provider and back; the address it sends the browser to may be altered on the way. */
  readonly comesBack: (
    browser: Browser,
    over?: { readonly to?: string; readonly alter?: (address: URL) => string },
  ) => Promise<Answer>;
  readonly idOf: (login: string) => Promise<number>;
  /** An account of these roles, linked to the subject by an administrator. */
  readonly linked: (roles: readonly Role[], subject: string) => Promise<string>;
  readonly close: () => Promise<void>;
}

export const isIn = async (browser: Browser): Promise<boolean> =>
  (await browser.get('/account')).status === 200;

export async function openOidcDesk(): Promise<OidcDesk> {
  const provider = new OAuth2Server();
  let said: Readonly<Record<string, unknown>> = {};
  await provider.issuer.keys.generate('RS256');
  await provider.start(0, '127.0.0.1');
  provider.service.on('beforeTokenSigning', (token: { payload: Record<string, unknown> }) => {
    Object.assign(token.payload, said);
  });
  const gateway = await openGateway({ files: webhookFiles(9) });
  const port = await freePort();
  const issuer = provider.issuer.url ?? '';
  const desk = await deskOver(gateway, {
    port,
    oidc: {
      ...{ issuer, clientSecret, clientId: 'relais', consoleUrl: `http://127.0.0.1:${port}` },
      ...{ mfa: ['mfa', 'otp'], allowHttp: true },
    },
  });
  const admin = await desk.signedIn('admin');
  const idOf = async (login: string): Promise<number> =>
    (await gateway.owner.all<{ id: number }>('SELECT id FROM accounts WHERE login = ?', [login]))[0]?.id ?? 0;
  return {
    ...{ provider, gateway, desk, admin, idOf },
    says: (claims) => {
      said = claims;
    },
    comesBack: async (browser, { to = '', alter = (address: URL) => address.href } = {}) => {
      const away = await browser.get(`/sign-in/oidc?to=${encodeURIComponent(to)}`);
      expect([away.status, away.to.startsWith(issuer)]).toEqual([303, true]);
      const answer = await fetch(away.to, { redirect: 'manual' });
      const back = new URL(alter(new URL(answer.headers.get('location') ?? '')));
      return browser.get(back.pathname + back.search);
    },
    linked: async (roles, subject) => {
      const login = await desk.account(roles, `${roles.join('-')}-${subject}`);
      const answer = await admin.post(`/accounts/${await idOf(login)}/identity`, { subject });
      expect(answer.status).toBe(303);
      return login;
    },
    close: async () => {
      await desk.close();
      await provider.stop();
    },
  };
}
