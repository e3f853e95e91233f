// Support's job by keyboard alone, in a real Chromium: signing in, failures by cause, forty replayed, a person looked up.
// At each press the focus is on something, in sight, and seen.
import type { Browser as Chromium, Page } from 'playwright-core';
import { strangerRow } from '../../trip/gateway.ts';
import { openChromium, watchedPage } from '../../console/chromium.ts';
import { password } from '../../console/desk.ts';
import { openFilledDesk, type FilledDesk } from '../../console/filled.ts';

let desk: FilledDesk;
let chromium: Chromium;
beforeAll(async () => {
  desk = await openFilledDesk({ failures: 4 });
  const { gateway } = desk;
  await gateway.send(...Array.from({ length: 36 }, (_, index) => strangerRow(`AL-${index}`)));
  await gateway.until(
    'all delivered',
    async () => (await gateway.states("d.state = 'delivered'")).length === 38,
  );
  // Forty refusals one after the other would hold the destination: these were refused over a long day.
  await gateway.owner.run(
    `UPDATE deliveries d JOIN leads l ON l.id = d.lead_id SET d.state = 'failed', d.reason = ? WHERE l.reference LIKE 'AL-%'`,
    [(await gateway.states("l.reference = 'KO-0'"))[0]?.reason ?? ''],
  );
  chromium = await openChromium();
});
afterAll(async () => {
  await chromium.close();
  await desk.close();
});

interface Focused {
  readonly tag: string;
  readonly name: string;
  readonly field: string;
  readonly isSeen: boolean;
}

/** What has the focus; seen: an outline or a text cursor's border, and at its place nothing else on top. */
const focused = (page: Page): Promise<Focused> =>
  page.evaluate<Focused>(`(() => {
    const at = document.activeElement;
    const box = at.getBoundingClientRect();
    const style = getComputedStyle(at);
    const isInSight = box.width > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
    const [x, y] = [Math.max(1, box.left + Math.min(8, box.width / 2)), Math.min(innerHeight - 1, Math.max(1, box.top + Math.min(8, box.height / 2)))];
    const top = document.elementFromPoint(x, y);
    const isOnTop = top !== null && (at.contains(top) || top.contains(at));
    return {
      tag: at.tagName.toLowerCase(),
      name: (at.getAttribute('aria-label') ?? at.textContent).trim(),
      field: at.getAttribute('name') ?? '',
      isSeen: at !== document.body && isInSight && isOnTop && parseFloat(style.outlineWidth) >= 2 && style.outlineStyle !== 'none',
    };
  })()`);

/** Presses Tab until the focus is on what is looked for; fails where it is lost or unseen on the way. */
async function tabTo(page: Page, what: (at: Focused) => boolean): Promise<void> {
  const passed: string[] = [];
  for (let presses = 0; presses < 120; presses += 1) {
    await page.keyboard.press('Tab');
    const at = await focused(page);
    passed.push(`${at.tag} ${at.field}${at.name}`.slice(0, 60));
    // Behind the last comes the browser's own bar, and behind that the first again.
    if (at.tag === 'body') {
      await page.keyboard.press('Tab');
      expect(await focused(page)).toMatchObject({ name: 'Aller au contenu', isSeen: true });
      continue;
    }
    expect([at.tag, at.name, at.field, at.isSeen]).toEqual([at.tag, at.name, at.field, true]);
    if (what(at)) return;
  }
  throw new Error(`never reached; passed ${passed.join(' | ')}`);
}
const named = (name: string) => (at: Focused) => at.name === name;
const fieldNamed = (name: string) => (at: Focused) => at.field === name;
const enterTo = async (page: Page, address: RegExp): Promise<void> => {
  await page.keyboard.press('Enter');
  await page.waitForURL(address);
};

test('support signs in, finds failures by cause, replays the forty and looks a person up, by keyboard alone', async () => {
  const login = await desk.account(['support']);
  const context = await chromium.newContext({
    ...{ viewport: { width: 1280, height: 800 }, locale: 'fr-FR' },
    baseURL: `http://127.0.0.1:${desk.console.port}`,
  });
  const { page, complaints } = await watchedPage(context);
  await page.goto('/sign-in');
  if ((await focused(page)).field !== 'login') await tabTo(page, fieldNamed('login'));
  await page.keyboard.type(login);
  await tabTo(page, fieldNamed('password'));
  await page.keyboard.type(password);
  await enterTo(page, /\/$/);

  // The first press offers to skip what stands before the content, and does.
  await page.keyboard.press('Tab');
  expect(await focused(page)).toMatchObject({ name: 'Aller au contenu', isSeen: true });
  await enterTo(page, /#content$/);
  await page.keyboard.press('Tab');
  expect(await page.evaluate('document.querySelector("main").contains(document.activeElement)')).toBe(true);

  await page.goto('/');
  await tabTo(page, named('Échecs par cause'));
  await enterTo(page, /\/causes$/);
  await tabTo(page, named('Rejouer ces livraisons…'));
  await enterTo(page, /\/replay\?/);
  desk.repair();
  await tabTo(page, fieldNamed('reason'));
  await page.keyboard.type('ticket 80');
  await tabTo(page, fieldNamed('number'));
  await page.keyboard.type('40');
  // The page of a run is read anew when it ends: it does not end under the hands.
  await desk.standStill();
  await enterTo(page, /\/runs\/\d+$/);
  await tabTo(page, named('Mettre en pause'));
  await desk.gateway.start('planner', 'worker');
  await page.getByText('40 / 40').waitFor();
  // The part that follows by itself was written anew meanwhile: the focus is where it was, or the button is gone with the run.
  await page.getByText('terminé', { exact: true }).waitFor();
  await desk.gateway.until('replayed', async () =>
    (await desk.gateway.states()).every(({ state }) => state === 'delivered'),
  );

  await tabTo(page, named('Rechercher'));
  await enterTo(page, /\/search$/);
  await tabTo(page, fieldNamed('reference'));
  await page.keyboard.type('OK-1');
  await tabTo(page, fieldNamed('reason'));
  await page.keyboard.type('ticket 81');
  await page.keyboard.press('Enter');
  await page.getByText('Leads trouvés').first().waitFor({ state: 'attached' });
  await tabTo(page, named('OK-1'));
  await enterTo(page, /\/leads\/essai\/OK-1$/);
  expect(complaints).toEqual([]);
  await context.close();
});

test('every page of the desk is passed through from end to end, forwards and back, without losing the focus', async () => {
  const support = await desk.signedIn('support');
  const context = await chromium.newContext({
    ...{ viewport: { width: 1280, height: 800 }, locale: 'fr-FR' },
    baseURL: `http://127.0.0.1:${desk.console.port}`,
  });
  await context.addCookies(
    [...support.cookies].map(([name, value]) => ({ name, value, domain: '127.0.0.1', path: '/' })),
  );
  const { page, complaints } = await watchedPage(context);
  for (const path of [
    '/',
    '/live',
    '/destinations/essai-crm',
    '/tasks',
    `/deliveries/${await desk.idOf('OK-2')}`,
  ]) {
    await page.goto(path);
    const seen: Focused[] = [];
    for (let presses = 0; presses < 400; presses += 1) {
      await page.keyboard.press('Tab');
      const at = await focused(page);
      // Behind the last one the browser's own bar comes.
      if (at.tag === 'body') break;
      expect([path, at.tag, at.name, at.isSeen]).toEqual([path, at.tag, at.name, true]);
      seen.push(at);
    }
    expect([path, seen.length > 10]).toEqual([path, true]);
    await page.keyboard.press('Shift+Tab');
    expect((await focused(page)).name).toBe(seen.at(-1)?.name);
  }
  expect(complaints).toEqual([]);
  await context.close();
});

test('at 400 % in a window of 1280 by 1024 nothing lies over what has the focus, going back up the live tail', async () => {
  const support = await desk.signedIn('support');
  const context = await chromium.newContext({
    ...{ viewport: { width: 320, height: 256 }, locale: 'fr-FR' },
    baseURL: `http://127.0.0.1:${desk.console.port}`,
  });
  await context.addCookies(
    [...support.cookies].map(([name, value]) => ({ name, value, domain: '127.0.0.1', path: '/' })),
  );
  const { page, complaints } = await watchedPage(context);
  await page.goto('/live');
  await page.locator('#live-list a').last().focus();
  for (let presses = 0; presses < 60; presses += 1) {
    await page.keyboard.press('Shift+Tab');
    const at = await focused(page);
    expect([at.tag, at.name, at.isSeen]).toEqual([at.tag, at.name, true]);
  }
  expect(complaints).toEqual([]);
  await context.close();
});
