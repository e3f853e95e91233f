// Whatever stands in an address or in a form: no page breaks, and none says again what it was sent as a tag.
import type { Browser } from './desk.ts';
import { hostile, openFilledDesk, type FilledDesk } from './filled.ts';

let desk: FilledDesk;
/** May open every page of the centre. */
let everybody: Browser;
beforeAll(async () => {
  desk = await openFilledDesk({ failures: 1 });
  everybody = await desk.signedIn('support', 'integrator', 'dpo', 'admin');
});
afterAll(() => desk.close());

const values = [
  hostile,
  "' OR '1'='1",
  '__proto__',
  '9999-12-31',
  '-1',
  '999999999999999',
  '0-0',
  '\u0000',
  '\ud800',
  'x'.repeat(3_000),
] as const;
/** Every name that some page reads, and some that none does. */
const names = [
  ...'client destination state cause lead from to until after upto before say account list'.split(' '),
  ...'month kind reference email phone name firstName reason evidence number seen note version login'.split(
    ' ',
  ),
  ...'role scope days addresses anchor code password again language mapping sample subject as do'.split(' '),
  ...'example hasOwnProperty'.split(' '),
];
const ended = new Set(['/sign-out', '/sign-in', '/account/sessions/end-others']);
const filled = (url: string, value: string): string =>
  url.replaceAll(/:(\w+)/g, encodeURIComponent(value.isWellFormed() ? value.slice(0, 90) : 'x'));
/** What is refused first hides what comes behind it. */
const groups = [names, ['from', 'to', 'until', 'month'], ['after', 'upto', 'before', 'say', 'account']];
const asked = (value: string): readonly string[] =>
  groups.map((group) => new URLSearchParams(group.map((name): [string, string] => [name, value])).toString());
/** Neither broken nor put off. */
const isAnswered = (status: number): boolean => status < 500 && status !== 429;
const isTag = (text: string): boolean => /<script>|<img src=x/.test(text);

test.each(values)('no address breaks a page: %j', async (value) => {
  for (const { method, url } of desk.console.routes) {
    if (method !== 'GET' || url.startsWith('/assets/')) continue;
    const named = url.includes(':') ? [filled(url, value)] : [];
    const paths = asked(value.slice(0, 200)).map((query) => `${filled(url, '1')}?${query}`);
    for (const path of [...paths, ...named]) {
      const { status, text } = await everybody.get(path);
      expect([url, path, isAnswered(status), isTag(text)]).toEqual([url, path, true, false]);
    }
  }
});

test.each(values)('no form breaks a page: %j', async (value) => {
  for (const { method, url } of desk.console.routes) {
    if (method !== 'POST' || ended.has(url)) continue;
    const fields = new URLSearchParams(names.map((name): [string, string] => [name, value]));
    const sent = await everybody.post(filled(url, '999999'), fields);
    expect([url, isAnswered(sent.status), isTag(sent.text)]).toEqual([url, true, false]);
  }
  expect((await everybody.get('/account')).status).toBe(200);
});
