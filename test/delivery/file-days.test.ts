// Hours of files over days that are not like others: each is noted once, with the clock given from outside.
import { createFiles } from '../../src/delivery/files/collect.ts';
import { silentLog } from '../../src/log.ts';
import { openDropGateway, type DropGateway } from '../trip/drop.ts';

let gateway: DropGateway;
const minute = 60_000;

afterEach(() => gateway.close());

async function openWith(cron: string, from: string): Promise<(now: Date) => Promise<number>> {
  gateway = await openDropGateway();
  gateway.file('essai/csv.yaml', gateway.fileOf('essai/csv.yaml').replace("'0 0 1 1 *'", `'${cron}'`));
  await gateway.app.publishing.publish({ destinationId: 'essai-csv', author: 't', note: 't' });
  await gateway.owner.run('UPDATE destinations SET leads_from = ?', [new Date(from)]);
  const { database, published } = gateway.app;
  const producer = { push: () => Promise.resolve() } as unknown as Parameters<
    typeof createFiles
  >[0]['producer'];
  return createFiles({ database, published, producer, log: silentLog, partRows: 1_000 }).noteSlots;
}

/** Looks every ten minutes, as two planners would: twice. */
async function walk(note: (now: Date) => Promise<number>, from: string, to: string): Promise<void> {
  for (let at = Date.parse(from); at <= Date.parse(to); at += 10 * minute)
    await Promise.all([note(new Date(at)), note(new Date(at))]);
}

const noted = async (): Promise<readonly string[]> =>
  (await gateway.owner.all<{ at: Date }>('SELECT slot_at AS at FROM slots ORDER BY slot_at')).map((slot) =>
    slot.at.toISOString().slice(0, 16),
  );

test('the doubled hour of autumn makes one file, and so do the hours around it', async () => {
  const note = await openWith('30 2,7 * * *', '2026-10-24T12:00:00Z');
  await walk(note, '2026-10-24T12:00:00Z', '2026-10-26T12:00:00Z');
  expect(await noted()).toEqual([
    '2026-10-25T00:30',
    '2026-10-25T06:30',
    '2026-10-26T01:30',
    '2026-10-26T06:30',
  ]);
}, 120_000);

test('the skipped hour of spring makes its file when the clock goes on', async () => {
  const note = await openWith('30 2,7 * * *', '2026-03-28T12:00:00Z');
  await walk(note, '2026-03-28T12:00:00Z', '2026-03-29T12:00:00Z');
  expect(await noted()).toEqual(['2026-03-29T01:00', '2026-03-29T05:30']);
}, 120_000);

test('after an outage the latest hour that was missed runs, once; a bank holiday is a day like others', async () => {
  const note = await openWith('0 7,13 * * *', '2026-11-10T12:30:00Z');
  await walk(note, '2026-11-10T12:30:00Z', '2026-11-11T06:30:00Z');
  expect(await noted()).toEqual(['2026-11-11T06:00']);
  // The planner is away from the morning of 11 November to the evening of the 12th.
  await walk(note, '2026-11-12T18:00:00Z', '2026-11-12T19:00:00Z');
  expect(await noted()).toEqual(['2026-11-11T06:00', '2026-11-12T12:00']);
}, 120_000);
