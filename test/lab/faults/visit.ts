// Somebody of support at the console through a storm: signed in once, reading page after page, whatever becomes of the processes.
// Invariant: a page that does not come is asked for again; when all is settled, the same session opens every page.
import { createAccount, setPasswordWithCode } from '../../../src/access/accounts.ts';
import { browserOf, password } from '../../console/desk.ts';
import type { Gateway } from '../../trip/gateway.ts';
import { pause, perhaps } from './scene.ts';

export interface Visit {
  readonly pages: () => number;
  /** Pages that the session does not open although everybody is well. */
  readonly ended: () => Promise<readonly string[]>;
}

const login = 'tempete';
const pages = ['/', '/deliveries', '/deliveries?state=failed', '/destinations', '/tasks', '/runs'];

/** @param port undefined where no console takes part */
export async function visitConsole(gateway: Gateway, port: number | undefined): Promise<Visit> {
  if (port === undefined) return { pages: () => 0, ended: () => Promise.resolve([]) };
  const { access } = gateway.app;
  const { setupCode } = await createAccount(access, { login, roles: ['support'] }, 'storm');
  await setPasswordWithCode(access, setupCode, password);
  const browser = browserOf(port);
  let read = 0;
  let isOver = false;
  const get = async (path: string): Promise<number | undefined> => {
    const answer = await Promise.race([
      browser.get(path).catch(() => undefined),
      pause(8_000).then(() => undefined),
    ]);
    if (answer?.status === 200) read += 1;
    return answer?.status;
  };
  const signIn = async (): Promise<void> => {
    for (let tries = 0; !isOver && tries < 100; tries += 1) {
      const answer = await browser.post('/sign-in', { login, password }).catch(() => undefined);
      if (answer !== undefined && answer.status < 400 && browser.cookies.size > 0) return;
      await pause(1_000);
    }
  };
  const aDelivery = async (): Promise<string> => {
    const rows = await perhaps(() =>
      gateway.owner.all<{ id: number }>('SELECT MAX(id) AS id FROM deliveries'),
    );
    return `/deliveries/${rows?.[0]?.id ?? 1}`;
  };
  const reading = (async () => {
    await signIn();
    for (let turn = 0; !isOver; turn += 1) {
      await get(turn % 2 === 0 ? await aDelivery() : (pages[turn % pages.length] ?? '/'));
      await pause(500);
    }
  })();
  return {
    pages: () => read,
    ended: async () => {
      isOver = true;
      await reading;
      const shut: string[] = [];
      for (const path of [...pages, await aDelivery()]) {
        let status: number | undefined;
        for (let tries = 0; tries < 10 && status !== 200; tries += 1) {
          status = await get(path);
          if (status !== 200) await pause(500);
        }
        if (status !== 200) shut.push(`${path.replace(/\d+$/, 'N')}: ${status ?? 'no answer'}`);
      }
      return shut;
    },
  };
}
