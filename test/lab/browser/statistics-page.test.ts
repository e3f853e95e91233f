// The page of the statistics in a real Chromium, light and dark, wide and narrow: nothing is found, nothing is loaded, every value
// of a plot is in the table beside it.
import type { Browser as Chromium } from 'playwright-core';
import { channels, housingTypes } from '../../../src/domain/lead-values.ts';
import { mediaFamilies } from '../../../src/domain/statistics.ts';
import { statisticsPage } from '../../../src/statistics/page.ts';
import type { IssuedCount } from '../../../src/store/statistics/editions.ts';
import { findingsInAllViews, openChromium } from '../../console/chromium.ts';

const months = Array.from({ length: 12 }, (_, index) => `2026-${String(index + 1).padStart(2, '0')}`);

/** Twelve months; some cells were not published. */
const cells: readonly IssuedCount[] = months.flatMap((month, at): readonly IssuedCount[] => [
  ...mediaFamilies.flatMap((media, row) =>
    channels.flatMap((channel, column) =>
      (row + column + at) % 3 === 0
        ? []
        : ([
            {
              month,
              report: 'channel_media',
              category: channel,
              class: media,
              persons: 10 + 5 * ((row * 7 + column * 3 + at) % 30),
            },
          ] as const),
    ),
  ),
  ...housingTypes.flatMap((home, row) =>
    ['01', '69', '2A', '974'].map((departement, column): IssuedCount => ({
      month,
      report: 'product_departement',
      category: `${home}-${1 + (row % 5)} ${column === 3 ? '1000+' : '200-250'}`,
      class: departement,
      persons: 10 + 5 * ((row * 5 + column + at) % 20),
    })),
  ),
  ...['1', '2', '3', '5'].map((requests, row): IssuedCount => ({
    month,
    report: 'simultaneous',
    category: requests,
    class: '',
    persons: 400 - 100 * row + 5 * at,
  })),
]);

let chromium: Chromium;
beforeAll(async () => {
  chromium = await openChromium();
});
afterAll(() => chromium.close());

test.each([
  ['twelve months', { months, cells }],
  ['a month without a cell', { months: ['2026-10'], cells: [] }],
  ['no month', { months: [], cells: [] }],
])('the page of %s is whole in each view', async (name, issued) => {
  const context = await chromium.newContext({ locale: 'fr-FR' });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('request', (request) => complaints.push(`asks ${request.url()}`));
  await page.setContent(statisticsPage(issued));
  // Closed months are looked at as well.
  await page.evaluate('document.querySelectorAll("details").forEach((month) => { month.open = true; })');
  expect(await findingsInAllViews(page, `/statistics-${name}`)).toEqual([]);
  expect(complaints).toEqual([]);
  await context.close();
});

test('every value that is drawn is in the table of its section', () => {
  const sections = statisticsPage({ months, cells }).split('<section').slice(1);
  expect(sections).toHaveLength(25);
  for (const section of sections.slice(1)) {
    const drawn = [...section.matchAll(/<rect[\s\S]*?\/>\s*<text[^>]*>(\d+)<\/text/g)].map(
      ([, value]) => value,
    );
    const listed = new Set([...section.matchAll(/class="number">(\d+)</g)].map(([, value]) => value));
    expect(drawn.length).toBeGreaterThan(10);
    expect(drawn.filter((value) => !listed.has(value))).toEqual([]);
  }
});
