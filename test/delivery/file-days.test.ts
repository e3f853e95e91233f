// Hours of files over days that are not like others: each is noted once, with the clock given from outside.
import { createFiles } from '../../src/delivery/files/collect.ts';
import { silentLog } from '../../src/log.ts';
import type { Database, Sql } from '../../src/store/database.ts';
import { openDropGateway, type DropGateway } from '../trip/drop.ts';

let gateway: DropGateway;
const minute = 60_000;

afterEach(() => gateway.close());

const filesOn = (database: Database): ReturnType<typeof createFiles> => {
  const producer = { push: () => Promise.resolve() } as unknown as Parameters<
    typeof createFiles
  >[0]['producer'];
  return createFiles({
    database,
    published: gateway.app.published,
    producer,
    log: silentLog,
    partRows: 1_000,
  });
};

async function openWith(cron: string, from: string, more = ''): Promise<(now: Date) => Promise<number>> {
  gateway = await openDropGateway();
  const file = gateway
    .fileOf('essai/csv.yaml')
    .replace("{ cron: '0 0 1 1 *' }", `{ cron: '${cron}' }`)
    .replace('header: false', 'header: true')
    .replace('\ntimeouts:', '  empty: header\ntimeouts:');
  gateway.file('essai/csv.yaml', `${file.trimEnd()}\n${more}`);
  await gateway.app.publishing.publish({ destinationId: 'essai-csv', author: 't', note: 't' });
  await gateway.owner.run('UPDATE destinations SET leads_from = ?', [new Date(from)]);
  return filesOn(gateway.app.database).noteSlots;
}

/** The database with its clock at another day. */
function databaseAt(at: number): Database {
  const { database } = gateway.app;
  const inside = <T>(work: (tx: Sql) => Promise<T>): Promise<T> =>
    database.transaction(async (tx) => {
      await tx.run('SET timestamp = ?', [at / 1_000]);
      try {
        return await work({ ...tx, now: () => new Date(at) });
      } finally {
        await tx.run('SET timestamp = DEFAULT');
      }
    });
  return {
    ...database,
    all: (sql, values) => inside((tx) => tx.all(sql, values)),
    run: (sql, values) => inside((tx) => tx.run(sql, values)),
    transaction: inside,
  };
}

/** Two planners note hours and make their files, every half hour. */
async function live(from: string, to: string): Promise<void> {
  for (let at = Date.parse(from); at <= Date.parse(to); at += 30 * minute)
    await Promise.all(
      [1, 2].map(async () => {
        const { noteSlots, collect } = filesOn(databaseAt(at));
        await noteSlots(new Date(at));
        await collect();
      }),
    );
}

/** Each file by its hour. */
const made = async (): Promise<readonly string[]> =>
  (await gateway.owner.all<{ at: Date }>('SELECT slot_at AS at FROM batches ORDER BY slot_at, id')).map(
    (file) => file.at.toISOString().slice(0, 16),
  );

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
});

test('the skipped hour of spring makes its file when the clock goes on', async () => {
  const note = await openWith('30 2,7 * * *', '2026-03-28T12:00:00Z');
  await walk(note, '2026-03-28T12:00:00Z', '2026-03-29T12:00:00Z');
  expect(await noted()).toEqual(['2026-03-29T01:00', '2026-03-29T05:30']);
});

test('after an outage the latest hour that was missed runs, once; a bank holiday is a day like others', async () => {
  const note = await openWith('0 7,13 * * *', '2026-11-10T12:30:00Z');
  await walk(note, '2026-11-10T12:30:00Z', '2026-11-11T06:30:00Z');
  expect(await noted()).toEqual(['2026-11-11T06:00']);
  // The planner is away from the morning of 11 November to the evening of the 12th.
  await walk(note, '2026-11-12T18:00:00Z', '2026-11-12T19:00:00Z');
  expect(await noted()).toEqual(['2026-11-11T06:00', '2026-11-12T12:00']);
});

const closedOnHolidays = `hours: { open: mon-sun 00:00-24:00, holidays: fr, zone: Europe/Paris }
`;

test.each([
  {
    what: 'the skipped hour of Easter Sunday 2027, and Easter Monday',
    from: '2027-03-27T12:00:00Z',
    to: '2027-03-30T12:00:00Z',
    files: [
      '2027-03-28T01:00',
      '2027-03-28T05:30',
      '2027-03-29T22:00',
      '2027-03-30T00:30',
      '2027-03-30T05:30',
    ],
  },
  {
    what: 'the doubled hour of 31 October 2027, and All Saints',
    from: '2027-10-30T12:00:00Z',
    to: '2027-11-02T12:00:00Z',
    files: [
      '2027-10-31T00:30',
      '2027-10-31T06:30',
      '2027-11-01T23:00',
      '2027-11-02T01:30',
      '2027-11-02T06:30',
    ],
  },
])(
  '$what: each hour makes one file, and what the holiday kept back makes one at its end',
  async ({ from, to, files }) => {
    await openWith('30 2,7 * * *', from, closedOnHolidays);
    await live(from, to);
    expect(await made()).toEqual(files);
  },
);

test('an outage over a change of the clocks and a holiday is made up for by one file', async () => {
  await openWith('30 2,7 * * *', '2027-03-27T12:00:00Z', closedOnHolidays);
  await live('2027-03-27T12:00:00Z', '2027-03-27T20:00:00Z');
  // The planner is away from Saturday evening to Tuesday noon.
  await live('2027-03-30T12:00:00Z', '2027-03-30T14:00:00Z');
  expect(await made()).toEqual(['2027-03-30T05:30']);
});
