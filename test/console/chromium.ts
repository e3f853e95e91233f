// A real Chromium, looked for on this machine and installed where it is missing: a test of pages is skipped nowhere.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium, type Browser as Chromium, type BrowserContext, type Page } from 'playwright-core';

const programs = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

function program(): string {
  const found = programs.find((path) => existsSync(path));
  if (found !== undefined) return found;
  execFileSync(
    'flock',
    [
      '/run/lock/relais-apt.lock',
      'sh',
      '-c',
      'apt-get -o DPkg::Lock::Timeout=300 update -q && apt-get -o DPkg::Lock::Timeout=300 install -q -y --no-install-recommends chromium fonts-dejavu-core',
    ],
    { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }, stdio: 'ignore' },
  );
  return programs[0] ?? '';
}

/** Limits of what is waited for in a page: they end what hangs, and measure nothing. */
const patienceMs = 150_000;

export const openChromium = (): Promise<Chromium> =>
  chromium.launch({
    executablePath: program(),
    timeout: patienceMs,
    // As root, and where /dev/shm is small, as in containers.
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
  });

/** What a page must never say: errors of the script, and what the policy forbade. */
export interface Watched {
  readonly page: Page;
  readonly complaints: string[];
}

export async function watchedPage(context: BrowserContext): Promise<Watched> {
  const complaints: string[] = [];
  context.setDefaultTimeout(patienceMs);
  const page = await context.newPage();
  page.on('console', (message) => {
    // A page that says no (404, 422) is told by the browser as an error of loading; that is no fault of the page.
    if (
      ['error', 'warning'].includes(message.type()) &&
      !/Failed to load resource.*status of 4/.test(message.text())
    )
      complaints.push(`${page.url()} ${message.text()}`);
  });
  page.on('pageerror', (error) => complaints.push(`${page.url()} ${error.message}`));
  page.on('dialog', (dialog) => {
    complaints.push(`${page.url()} a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => {
    if (new URL(request.url()).hostname !== '127.0.0.1') complaints.push(`asks ${request.url()}`);
  });
  await page.addInitScript({
    content: `document.addEventListener('securitypolicyviolation', (event) =>
      console.error('policy: ' + event.violatedDirective + ' ' + event.blockedURI + ' ' + event.sample))`,
  });
  return { page, complaints };
}

const axe = readFileSync(createRequire(__filename).resolve('axe-core/axe.min.js'), 'utf8');

/** The rules of axe-core that the colours of a page can break. */
const rulesOfColours = ['color-contrast', 'link-in-text-block'];

/** What axe-core finds on a page, by WCAG 2.2 AA and its best practices; of its colours alone where the rest has been looked at. */
export async function findings(page: Page, of: 'everything' | 'colours'): Promise<readonly string[]> {
  if ((await page.evaluate('typeof axe')) === 'undefined') await page.evaluate(axe);
  const options = {
    resultTypes: ['violations'],
    ...(of === 'colours' ? { runOnly: { type: 'rule', values: rulesOfColours } } : {}),
  };
  const found = await page.evaluate<{
    readonly violations: readonly {
      readonly id: string;
      readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
    }[];
  }>(`axe.run(document, ${JSON.stringify(options)})`);
  return found.violations.map(
    ({ id, nodes }) =>
      `${id}: ${nodes
        .map(({ html, failureSummary }) => `${html} ${failureSummary ?? ''}`)
        .join(' | ')
        .slice(0, 600)}`,
  );
}

/** A folder for pictures of the pages, to be looked at. */
const pictures = process.env['CONSOLE_PICTURES'];

/**
 * Looks at the open page light and dark, wide and narrow: what axe-core and `more` find, and a page wider than its window. The dark
 * style changes colours alone (test/lab/browser/accessible.test.ts), so its shape is looked at in the light one.
 * @param more what else to look at, once in each width
 */
export async function findingsInAllViews(
  page: Page,
  path: string,
  more: (width: number) => Promise<readonly string[]> = () => Promise.resolve([]),
): Promise<readonly string[]> {
  const found: string[] = [];
  for (const width of [1280, 390]) {
    await page.setViewportSize({ width, height: 800 });
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      const isLight = colorScheme === 'light';
      found.push(...(await findings(page, isLight ? 'everything' : 'colours')));
      if (pictures !== undefined)
        await page.screenshot({
          path: join(pictures, `${colorScheme}-${width}${path.replaceAll(/[^a-z0-9]+/gi, '-')}.png`),
          fullPage: true,
        });
      if (!isLight) continue;
      found.push(...(await more(width)));
      const wide = await page.evaluate('document.documentElement.scrollWidth > innerWidth');
      if (wide === true) found.push(`is wider than the window of ${width}`);
    }
  }
  return found.map((finding) => `${path} ${finding}`);
}

/** Pages as a person who is signed in sees them: what is found in all views, and what complains. */
export async function findingsOfAll(
  port: number,
  cookies: ReadonlyMap<string, string>,
  pages: readonly string[],
): Promise<readonly string[]> {
  const chromium = await openChromium();
  const found: string[] = [];
  const context = await chromium.newContext({ locale: 'fr-FR', baseURL: `http://127.0.0.1:${port}` });
  await context.addCookies(
    [...cookies].map(([name, value]) => ({ name, value, domain: '127.0.0.1', path: '/' })),
  );
  const { page, complaints } = await watchedPage(context);
  for (const path of pages) {
    const answer = await page.goto(path);
    if (answer?.status() !== 200) found.push(`${path} answers ${answer?.status()}`);
    found.push(...(await findingsInAllViews(page, path)));
  }
  found.push(...complaints);
  await chromium.close();
  return found;
}
