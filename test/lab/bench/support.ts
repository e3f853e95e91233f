// npm run bench -- support: what support's questions cost over a million log entries (--rows 10000000 for ten).
// Medians of repeated questions, and of the console's pages with their weight; each is answered through an index and in pages.
import { deliveryStory, listDeliveries } from '../../../src/store/deliveries/delivery-lists.ts';
import type { Database } from '../../../src/store/database.ts';
import { searchLeads } from '../../../src/store/leads/support-leads.ts';
import { destinationPlots } from '../../../src/support/reads/destinations.ts';
import { liveAfter, liveUpTo } from '../../../src/support/reads/live.ts';
import { wholeCentre } from '../../../src/support/place.ts';
import { deskOver, type TestDesk } from '../../console/desk.ts';
import { openGateway, webhookFiles } from '../../trip/gateway.ts';
import { addTemplate, fill } from './backlog.ts';
import { machine, median, option, withServices } from './measure.ts';

const rows = option('rows', 1_000_000);
const leads = option('leads', 200_000);
const times = 15;

/** Seals over every entry, as a planner makes them under full load. Returns how many. */
async function sealAll(owner: Database): Promise<number> {
  const atOnce = 2_000;
  const [ends] = await owner.all<{ low: number; high: number; sealed: number }>(
    'SELECT MIN(id) AS low, MAX(id) AS high, (SELECT COALESCE(MAX(sequence), 0) FROM seals) AS sealed FROM handovers',
  );
  let sequence = ends?.sealed ?? 0;
  for (let from = ends?.low ?? 1; from <= (ends?.high ?? 0); from += atOnce)
    await owner.run(
      `INSERT INTO seals (sequence, sealed_at, entries, entry_macs, count, previous, mac, key_id)
       VALUES (?, UTC_TIMESTAMP(3), ?, '', ?, '', '', '')`,
      [(sequence += 1), `${from}-${from + atOnce - 1}`, atOnce],
    );
  return sequence;
}

/** A busy destination: every hour of a month, deliveries of twenty durations. */
async function fillHours(owner: Database): Promise<void> {
  for (let hour = 0; hour < 30 * 24; hour += 1)
    await owner.run(
      `INSERT INTO destination_hours (destination_id, hour, what, step, count)
       VALUES ${Array.from({ length: 20 }, (_, step) => `('essai-crm', TIMESTAMPADD(HOUR, ${-hour}, UTC_TIMESTAMP(3)), 'delivered', ${step + 10}, 100)`).join(', ')}
       ON DUPLICATE KEY UPDATE count = count`,
      [],
    );
}

/** A person of every role but the client's reads each page; promised are 200 ms and 100 KB. */
async function measurePages({ signedIn }: TestDesk, paths: readonly string[]): Promise<void> {
  const browser = await signedIn('support', 'integrator', 'dpo', 'admin');
  for (const path of paths) {
    const took: number[] = [];
    let [status, bytes] = [0, 0];
    for (let time = 0; time < times; time += 1) {
      const startedAt = performance.now();
      const page = await browser.get(path);
      took.push(performance.now() - startedAt);
      [status, bytes] = [page.status, Buffer.byteLength(page.text)];
    }
    console.log(
      `${path.padEnd(60)} ${status} ${median(took).toFixed(1).padStart(8)} ms   (slowest ${Math.max(...took).toFixed(1)})   ${(bytes / 1000).toFixed(1)} KB`,
    );
  }
}

await withServices(async () => {
  const gateway = await openGateway({ files: webhookFiles(9) });
  const { owner, app } = gateway;
  const { database } = app;
  try {
    await app.publishing.publish({ destinationId: 'essai-crm', author: 'bench', note: 'bench' });
    await addTemplate(gateway);
    await fill(gateway, leads);
    await owner.run(
      `UPDATE deliveries SET created_at = TIMESTAMPADD(SECOND, CAST(id AS SIGNED) - ${leads}, UTC_TIMESTAMP(3)),
              state = IF(id % 50 = 0, 'failed', 'delivered'), reason = IF(id % 50 = 0, 'refused:NO', 'accepted'), settled_at = UTC_TIMESTAMP(3)`,
    );
    await owner.run(
      "UPDATE prospects SET email = CONCAT('p', lead_id, '@courriel.example'), mobile = CONCAT('+3363998', LPAD(lead_id % 10000, 4, '0'))",
    );
    for (let written = 0; written < rows; written += leads) {
      await owner.run(
        `INSERT INTO handovers (at, entry, client_id, destination_id, delivery_id, lead_id, run, attempt, action, actor, outcome, reason)
           SELECT TIMESTAMPADD(SECOND, ?, created_at), IF(? % 2 = 0, 'departed', 'outcome'), client_id, destination_id, id, lead_id, 1, ?, action, 'worker', '', ''
             FROM deliveries ORDER BY id LIMIT ${Math.min(leads, rows - written)}`,
        [written / leads, written / leads, 1 + Math.floor(written / leads / 2)],
      );
      console.error(`bench: ${Math.min(rows, written + leads)} log entries`);
    }
    const seals = await sealAll(gateway.owner);
    await fillHours(gateway.owner);
    const place = { ...app, reading: database };
    const day = 86_400_000;
    const middle = Math.floor(leads / 2);
    const [known] = await owner.all<{ reference: string; client: string }>(
      `SELECT reference, client_id AS client FROM leads WHERE id >= ${middle} ORDER BY id LIMIT 1`,
    );
    const questions: Readonly<Record<string, () => Promise<unknown>>> = {
      'newest deliveries': () => listDeliveries(database, {}, 50),
      'a page in the middle': () => listDeliveries(database, {}, 50, middle),
      'of one client': () => listDeliveries(database, { client: 'essai' }, 50),
      'failed ones of a destination': () =>
        listDeliveries(database, { destination: 'essai-crm', state: 'failed' }, 50),
      'with one error code': () => listDeliveries(database, { reason: 'refused:NO' }, 50),
      'of one day, a day ago': () =>
        listDeliveries(
          database,
          { since: new Date(Date.now() - 2 * day), until: new Date(Date.now() - day) },
          50,
        ),
      'of one lead': () => listDeliveries(database, { lead: known?.reference ?? '' }, 50),
      'the story of a delivery': () => deliveryStory(database, middle),
      'the end of the log': () => liveUpTo(place, wholeCentre, {}, { limit: 100 }),
      'the end of the log, nothing of a client': () =>
        liveUpTo(place, wholeCentre, { state: 'withheld' }, { limit: 100 }),
      'what is newer': () => liveAfter(place, wholeCentre, {}, { after: `${seals}-0`, limit: 100 }),
      'a destination drawn': () => destinationPlots(place, wholeCentre, 'essai-crm'),
      'a lead by reference': () =>
        searchLeads(database, ['essai'], { reference: known?.reference ?? '' }, Buffer.alloc(32)),
      'a lead by mail address': () =>
        searchLeads(database, ['essai'], { email: `p${middle}@courriel.example` }, Buffer.alloc(32)),
      'a lead by phone': () => searchLeads(database, ['essai'], { phone: '+33639980123' }, Buffer.alloc(32)),
    };
    console.log(`\n${machine()}; ${rows} log entries, ${leads} leads`);
    for (const [name, ask] of Object.entries(questions)) {
      const took: number[] = [];
      for (let time = 0; time < times; time += 1) {
        const startedAt = performance.now();
        await ask();
        took.push(performance.now() - startedAt);
      }
      console.log(
        `${name.padEnd(32)} ${median(took).toFixed(1).padStart(8)} ms   (slowest ${Math.max(...took).toFixed(1)})`,
      );
    }
    const [day1, day2] = [1, 2].map((ago) => new Date(Date.now() - ago * day).toISOString().slice(0, 10));
    const desk = await deskOver(gateway);
    await measurePages(desk, [
      ...['/', '/deliveries', `/deliveries?after=${middle}`, '/deliveries?client=essai&state=failed'],
      ...['/deliveries?reason=refused%3ANO', `/deliveries?from=${day2}&to=${day1}`, `/deliveries/${middle}`],
      ...[
        '/causes',
        `/leads/essai/${known?.reference ?? ''}`,
        '/destinations',
        '/destinations/essai-crm',
        '/live',
      ],
      ...[
        '/tasks',
        '/runs',
        '/search',
        '/retention',
        '/requests',
        '/audit',
        '/mappings',
        '/mappings/essai-crm',
      ],
      ...['/anomalies', '/sign-ins', '/accounts', '/api-keys', '/authorisations'],
    ]);
    await desk.console.close();
  } finally {
    await gateway.close();
  }
});
