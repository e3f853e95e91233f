// The live tail followed by its script in a real Chromium: nothing moves under who reads it.
import type { Browser as Chromium } from 'playwright-core';
import { openChromium, watchedPage, type Watched } from '../../console/chromium.ts';
import type { Browser } from '../../console/desk.ts';
import { openFilledDesk, type FilledDesk } from '../../console/filled.ts';
import { strangerRow } from '../../trip/gateway.ts';

let desk: FilledDesk;
let chromium: Chromium;
let support: Browser;
beforeAll(async () => {
  desk = await openFilledDesk({ failures: 3 });
  chromium = await openChromium();
  support = await desk.signedIn('support');
  await desk.gateway.until(
    'everything sealed',
    async () => (await desk.gateway.owner.all('SELECT 1 FROM handovers_unsealed LIMIT 1')).length === 0,
  );
});
afterAll(async () => {
  await chromium.close();
  await desk.close();
});

/** The page of support in Chromium. */
async function opened(path: string): Promise<Watched & { readonly close: () => Promise<void> }> {
  const context = await chromium.newContext({
    viewport: { width: 1280, height: 500 },
    locale: 'fr-FR',
    baseURL: `http://127.0.0.1:${desk.console.port}`,
  });
  await context.addCookies(
    [...support.cookies].map(([name, value]) => ({ name, value, domain: '127.0.0.1', path: '/' })),
  );
  const watched = await watchedPage(context);
  await watched.page.goto(path);
  return { ...watched, close: () => context.close() };
}

const visible = (page: Watched['page']): Promise<number> => page.locator('#live-list tbody tr').count();
const delivery = '#live-list tbody a[href^="/deliveries/"]';
const sends = async (reference: string): Promise<void> => desk.gateway.send(strangerRow(reference));

test('with the script it follows by itself, rests by its button, says how many wait, and moves no focus', async () => {
  const { page, complaints, close } = await opened('/live?destination=essai-crm');
  const before = await visible(page);
  await page.click('#live-pause');
  await sends('OK-4');
  await page.getByText('2 nouvelles.').waitFor();
  expect(await visible(page)).toBe(before);
  expect(await page.evaluate('document.activeElement.id')).toBe('live-pause');
  await page.click('#live-show');
  await page
    .locator('#live-list tbody tr')
    .nth(before + 1)
    .waitFor();
  expect(await page.evaluate('document.activeElement.id')).toBe('live-show');
  await page.click('#live-pause');
  await support.post(`/deliveries/${await desk.idOf('OK-4')}/replay`, { reason: 'ticket 71', again: 'yes' });
  await page.getByText('Rejeu demandé par le centre').waitFor();
  expect(complaints).toEqual([]);
  await close();
});

test('who reads further down, or has the focus in the list, finds it unmoved, and again on Back', async () => {
  const { page, complaints, close } = await opened('/live');
  const link = page.locator(delivery).first();
  await link.focus();
  const before = await visible(page);
  const text = await link.textContent();
  await sends('OK-5');
  await page.getByText(/^\d+ nouvelles?\.$/).waitFor();
  expect(await visible(page)).toBe(before);
  expect(page.url()).toContain('upto=');
  await link.press('Enter');
  await page.waitForURL(/\/deliveries\/\d+$/);
  await page.goBack();
  await page.locator(delivery).first().waitFor();
  expect(await page.locator(delivery).first().textContent()).toBe(text);
  expect(await visible(page)).toBe(before);
  await page.getByText(/^\d+ nouvelles?\.$/).waitFor();
  expect(complaints).toEqual([]);
  await close();
});

test('when the session has ended it says so and asks no more', async () => {
  const left = await desk.signedIn('support');
  const context = await chromium.newContext({
    baseURL: `http://127.0.0.1:${desk.console.port}`,
    locale: 'fr-FR',
  });
  await context.addCookies(
    [...left.cookies].map(([name, value]) => ({ name, value, domain: '127.0.0.1', path: '/' })),
  );
  const { page, complaints } = await watchedPage(context);
  await page.goto('/live');
  await left.post('/sign-out');
  await page.getByText('La session a pris fin').waitFor();
  expect(complaints).toEqual([]);
  await context.close();
});
