// Each page in a real Chromium, light and dark, wide and narrow: axe-core finds nothing, and no page complains.
import type { Browser as Chromium } from 'playwright-core';
import { findings, openChromium, watchedPage } from './chromium.ts';
import { openDesk, type Browser, type TestDesk } from './desk.ts';

let desk: TestDesk;
let chromium: Chromium;
let person: Browser;
beforeAll(async () => {
  desk = await openDesk();
  chromium = await openChromium();
  person = await desk.signedIn('support', 'integrator', 'dpo', 'admin');
});
afterAll(async () => {
  await chromium.close();
  await desk.close();
});

const pages = ['/', '/account', '/search', '/sign-in/second-factor', '/nulle-part'];
const open = ['/sign-in', '/first-access'];

test.each([
  ['light', 1280],
  ['light', 390],
  ['dark', 1280],
  ['dark', 390],
] as const)('in %s, %i wide, axe-core finds nothing on any page', async (colorScheme, width) => {
  const context = await chromium.newContext({
    ...{ colorScheme, viewport: { width, height: 800 }, locale: 'fr-FR' },
    baseURL: `http://127.0.0.1:${desk.console.port}`,
  });
  const found: string[] = [];
  const { page, complaints } = await watchedPage(context);
  for (const path of [...open, ...pages]) {
    if (!open.includes(path))
      await context.addCookies(
        [...person.cookies].map(([name, value]) => ({ name, value, domain: '127.0.0.1', path: '/' })),
      );
    await page.goto(path);
    found.push(...(await findings(page)).map((finding) => `${path} ${finding}`));
    const wide = await page.evaluate('document.documentElement.scrollWidth > innerWidth');
    if (wide === true) found.push(`${path} is wider than the window`);
  }
  await context.close();
  expect(found).toEqual([]);
  expect(complaints).toEqual([]);
});
