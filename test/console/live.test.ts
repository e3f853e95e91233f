// The live tail by links alone: what happens, in its order, each once. test/lab/browser/live.test.ts follows it with the script.
import { liveAfter, liveUpTo } from '../../src/support/reads/live.ts';
import { wholeCentre } from '../../src/support/place.ts';
import { strangerRow } from '../trip/gateway.ts';
import { viewerOfAnother, type Browser } from './desk.ts';
import { hostile, openFilledDesk, type FilledDesk } from './filled.ts';

let desk: FilledDesk;
let support: Browser;
beforeAll(async () => {
  desk = await openFilledDesk({ failures: 3 });
  support = await desk.signedIn('support');
  await sealed();
});
afterAll(() => desk.close());

const sealed = (): Promise<void> =>
  desk.gateway.until('everything sealed', async () => {
    await desk.gateway.app.sealer.seal(2_000);
    return (await desk.gateway.owner.all('SELECT 1 FROM handovers_unsealed LIMIT 1')).length === 0;
  });
const plain = (text: string): string => text.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ');
const rowsOf = (text: string): readonly string[] =>
  (/<tbody>([\s\S]*)<\/tbody>/.exec(text)?.[1] ?? '')
    .split('</tr>')
    .map(plain)
    .filter((row) => row.trim() !== '');
const newerOf = (text: string): string =>
  (/id="live-newer" href="([^"]+)"/.exec(text)?.[1] ?? '').replaceAll('&amp;', '&');
const placeOf = (text: string): string => /data-place="([^"]+)"/.exec(text)?.[1] ?? '';

test('what happened stands there newest first, and the link asks for what came after it, each entry once', async () => {
  const first = await support.get('/live');
  expect(rowsOf(first.text).length).toBeGreaterThanOrEqual(10);
  expect(plain(first.text)).toMatch(/Passage de relais : tentative 1 vers/);
  expect(first.text).not.toMatch(/<script>|<img src=x/);
  expect(first.text).not.toMatch(/@courriel\.example|Lefèvre|\+3363998/);
  expect(Buffer.byteLength(first.text)).toBeLessThan(100_000);
  const nothing = await support.get(newerOf(first.text));
  expect([rowsOf(nothing.text), plain(nothing.text).includes('Rien de nouveau')]).toEqual([[], true]);
  await desk.gateway.send(strangerRow('OK-3'));
  await desk.gateway.until('delivered', async () =>
    (await desk.gateway.states("l.reference = 'OK-3'")).some(({ state }) => state === 'delivered'),
  );
  await sealed();
  const newer = await support.get(newerOf(first.text));
  const seen = rowsOf(newer.text);
  expect(seen).toHaveLength(2);
  expect(seen[0]).toMatch(/Réponse : .* OK-3 livrée/);
  expect(seen[1]).toMatch(/Passage de relais .* OK-3/);
  // The two places together are what the whole shows, and the address of a place shows the same for ever.
  const whole = rowsOf((await support.get('/live')).text);
  expect(whole).toEqual([...seen, ...rowsOf(first.text)]);
  expect(rowsOf((await support.get(`/live?upto=${placeOf(first.text)}`)).text)).toEqual(rowsOf(first.text));
});

test('read three at a time from the beginning, or page by page backwards, it is the same whole', async () => {
  const place = { ...desk.gateway.app, reading: desk.gateway.app.database };
  const whole = (await liveUpTo(place, wholeCentre, {}, { limit: 1_000 })).items.map(({ id }) => id);
  const read: number[] = [];
  let after = '0-0';
  for (let hasMore = true; hasMore;) {
    const page = await liveAfter(place, wholeCentre, {}, { after, limit: 3 });
    expect(page.items.length).toBeLessThanOrEqual(3);
    read.unshift(...page.items.map(({ id }) => id));
    // Its own address shows the same end.
    const shown = await liveUpTo(place, wholeCentre, {}, { upTo: page.next, limit: 2 });
    expect(shown.items.map(({ id }) => id)).toEqual(read.slice(0, 2));
    after = page.next;
    ({ hasMore } = page);
  }
  expect(read).toEqual(whole);
  expect(new Set(read).size).toBe(read.length);
});

test('it is filtered as the lists are, and tells a filter or a place that cannot be', async () => {
  const failed = rowsOf((await support.get('/live?state=failed')).text);
  expect(failed.length).toBeGreaterThanOrEqual(6);
  expect(failed.filter((row) => !row.includes('KO-'))).toEqual([]);
  expect(rowsOf((await support.get('/live?lead=KO-1')).text).every((row) => row.includes('KO-1'))).toBe(true);
  expect(rowsOf((await support.get('/live?cause=refused')).text)).toEqual(failed);
  expect(rowsOf((await support.get('/live?cause=expired')).text)).toEqual([]);
  for (const [path, status] of [
    ['/live?state=nulle', 400],
    ['/live?from=2026-11-28', 400],
    ['/live?after=demain', 400],
    ['/live?upto=1', 400],
    ['/live?after=999999-0', 400],
    ['/live?upto=999999-7', 400],
    ['/live?destination=inconnue', 404],
    [`/live?cause=${encodeURIComponent(hostile)}`, 400],
  ] as const)
    expect([path, (await support.get(path)).status]).toEqual([path, status]);
});

test('a client sees its own, and of the centre neither who acted nor why', async () => {
  const reason = 'ticket 70 : maintenance';
  await support.post('/destinations/essai-crm/suspend', { reason });
  await support.post('/destinations/essai-crm/resume', { reason });
  await sealed();
  const own = await (await desk.signedIn('viewer')).get('/live');
  expect(plain(own.text)).toContain('Destination suspendue par le centre');
  expect(own.text).not.toMatch(/ticket 70|account:\d/);
  const other = await viewerOfAnother(desk);
  expect(rowsOf((await other.get('/live')).text)).toEqual([]);
  expect(rowsOf((await other.get('/live?after=0-0')).text)).toEqual([]);
  for (const path of ['/live?client=essai', '/live?destination=essai-crm', '/live?lead=OK-1'])
    expect([path, (await other.get(path)).status]).toEqual([path, 404]);
});

test('C38: a page that follows by itself keeps no session open that nobody works in', async () => {
  const left = await desk.signedIn('support');
  const aged = (minutes: number): Promise<unknown> =>
    desk.gateway.owner.run(
      'UPDATE sessions SET seen_at = TIMESTAMPADD(MINUTE, ?, UTC_TIMESTAMP(3)) ORDER BY id DESC LIMIT 1',
      [minutes],
    );
  const seen = async (): Promise<number> =>
    Number(
      (
        await desk.gateway.owner.all<{ minutes: number }>(
          'SELECT TIMESTAMPDIFF(MINUTE, seen_at, UTC_TIMESTAMP(3)) AS minutes FROM sessions ORDER BY id DESC LIMIT 1',
        )
      )[0]?.minutes,
    );
  await aged(-20);
  expect((await left.get('/live', { 'x-relais-by-itself': 'live' })).status).toBe(200);
  expect(await seen()).toBeGreaterThanOrEqual(20);
  await aged(-31);
  expect((await left.get('/live', { 'x-relais-by-itself': 'live' })).status).toBe(303);
});
