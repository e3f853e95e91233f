// A console with people for each role, and a browser of few words: cookies, forms, no script.
import { Secret, TOTP } from 'otpauth';
import { createAccount, setPasswordWithCode } from '../../src/access/accounts.ts';
import type { Role } from '../../src/access/permissions.ts';
import type { ConsoleOptions } from '../../src/console/place.ts';
import { startConsole, type Console } from '../../src/console/server.ts';
import { silentLog } from '../../src/log.ts';
import { openGateway, webhookFiles, type Gateway } from '../trip/gateway.ts';

export const password = 'le chat dort sous la table';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Where it leads to, of a redirection. */
  readonly to: string;
}

export interface Browser {
  readonly get: (path: string, headers?: Readonly<Record<string, string>>) => Promise<Answer>;
  /** A form of a page of the console; with a file, or a field more than once, as the browser makes it. */
  readonly post: (
    path: string,
    fields?: Readonly<Record<string, string>> | FormData | URLSearchParams,
    headers?: Readonly<Record<string, string>>,
  ) => Promise<Answer>;
  readonly cookies: Map<string, string>;
}

export function browserOf(port: number): Browser {
  const cookies = new Map<string, string>();
  const ask = async (path: string, init: RequestInit): Promise<Answer> => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      ...init,
      redirect: 'manual',
      headers: {
        cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
        'accept-language': 'fr',
        ...(init.headers as Record<string, string>),
      },
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '') cookies.delete(name);
      else cookies.set(name, value);
    }
    const to = response.headers.get('location') ?? '';
    return { status: response.status, headers: response.headers, text: await response.text(), to };
  };
  return {
    cookies,
    get: (path, headers = {}) => ask(path, { headers }),
    post: (path, fields = {}, headers = { 'sec-fetch-site': 'same-origin' }) =>
      ask(path, {
        ...{ method: 'POST', headers },
        body: fields instanceof FormData ? fields : new URLSearchParams(fields as Record<string, string>),
      }),
  };
}

export interface TestDesk<G extends Gateway = Gateway> {
  readonly gateway: G;
  readonly console: Console;
  readonly account: (roles: readonly Role[], login?: string) => Promise<string>;
  /** Signed in, second factor and all. */
  readonly signedIn: (...roles: readonly Role[]) => Promise<Browser>;
  readonly close: () => Promise<void>;
}

/** @param crmPort of a recipient; without one nothing can be sent */
export async function openDesk(crmPort = 9): Promise<TestDesk> {
  const gateway = await openGateway({ files: webhookFiles(crmPort) });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
  return deskOver(gateway);
}

/** A console over a gateway of the test's own, which is closed with it. */
export async function deskOver<G extends Gateway>(
  gateway: G,
  over: Partial<Pick<ConsoleOptions, 'port' | 'oidc'>> = {},
): Promise<TestDesk<G>> {
  const { access } = gateway.app;
  const opened = await startConsole({
    place: gateway.app,
    ...{ log: silentLog, host: '127.0.0.1', port: 0, proxies: [], ...over },
  });
  let made = 0;
  const account = async (roles: readonly Role[], login = `personne-${(made += 1)}`): Promise<string> => {
    const clientId = roles.includes('viewer') ? { clientId: 'essai' } : {};
    const { setupCode } = await createAccount(access, { login, roles, ...clientId }, 'tester');
    await setPasswordWithCode(access, setupCode, password);
    return login;
  };
  return {
    gateway,
    console: opened,
    account,
    signedIn: async (...roles) => {
      const browser = browserOf(opened.port);
      const signed = await browser.post('/sign-in', { login: await account(roles), password });
      if (signed.to.startsWith('/sign-in/second-factor')) await enrol(browser);
      return browser;
    },
    close: async () => {
      await opened.close();
      await gateway.close();
    },
  };
}

/** Signed in as a viewer of another client than the desk's, which has nothing. */
export async function viewerOfAnother({ gateway, console: { port } }: TestDesk): Promise<Browser> {
  const { owner, app } = gateway;
  await owner.run(
    `INSERT INTO clients (id, name, legal_entity, facts)
     SELECT 'autre', 'Autre', 'AUTRE SAS', REPLACE(facts, '"essai"', '"autre"') FROM clients WHERE id = 'essai'`,
    [],
  );
  const account = { login: 'client.autre', roles: ['viewer'], clientId: 'autre' } as const;
  const { setupCode } = await createAccount(app.access, account, 'tester');
  await setPasswordWithCode(app.access, setupCode, password);
  const browser = browserOf(port);
  await browser.post('/sign-in', { login: account.login, password });
  return browser;
}

/** Sets up a second factor on its page. @param typedPassword the password, which a session that is signed in is asked for */
export async function enrol(
  browser: Browser,
  typedPassword?: string,
): Promise<{ readonly totp: TOTP; readonly codes: readonly string[] }> {
  const page =
    typedPassword === undefined
      ? await browser.get('/sign-in/second-factor')
      : await browser.post('/sign-in/second-factor/renew', { password: typedPassword });
  const typed = /<code>([A-Z2-7 ]+)<\/code>/.exec(page.text)?.[1] ?? '';
  const totp = new TOTP({ secret: Secret.fromBase32(typed.replaceAll(' ', '')) });
  const done = await browser.post('/sign-in/second-factor', { code: totp.generate() });
  return { totp, codes: [...done.text.matchAll(/<li>([0-9A-Z-]{19})<\/li>/g)].map(([, code = '']) => code) };
}
