// npm run bench -- audit: seconds for the audit pack of a month of one client of twenty, out of a year's log of a million entries (--rows N).
// Entries and seals are written by SQL; the seals' MACs are genuine, those of entries in the month alone.
import { randomBytes } from 'node:crypto';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { entryMac, macBytes, sealMac } from '../../../src/privacy/macs.ts';
import { insertSeal, lastSeal, newestEntryId, readEntries } from '../../../src/store/log/seals.ts';
import { auditPack } from '../../../src/support/audit-pack/pack.ts';
import { openGateway, webhookFiles } from '../../trip/gateway.ts';
import { machine, option, withServices } from './measure.ts';

const rows = option('rows', 1_000_000);
const [atOnce, inSeal] = [20_000, 2_000];
const [begin, yearSeconds] = [new Date('2025-10-01T00:00:00Z'), 365 * 86_400];
const [from, until] = [new Date('2026-03-01T00:00:00Z'), new Date('2026-04-01T00:00:00Z')];
const dayMs = 86_400_000;
const secondOf = (place: number): number => Math.floor((place * yearSeconds) / rows);
const digit =
  '(SELECT 0 n UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9)';

await withServices(async () => {
  const gateway = await openGateway({ files: webhookFiles(9) });
  const { owner, app } = gateway;
  try {
    await app.publishing.publish({ destinationId: 'essai-crm', author: 'bench', note: 'bench' });
    while ((await app.sealer.seal(100)) > 0);
    const first = (await newestEntryId(owner)) + 1;
    for (let written = 0; written < rows; written += atOnce) {
      await owner.run(
        `INSERT INTO handovers (id, at, entry, client_id, destination_id, delivery_id, lead_id, run, attempt, action, actor, connector, recipient, fields, digest, bytes)
           SELECT ? + t.n, TIMESTAMPADD(SECOND, FLOOR((? + t.n) * ${yearSeconds} / ${rows}), ?), IF(t.n % 2 = 0, 'departed', 'outcome'),
                  IF(t.n % 20 = 0, 'essai', CONCAT('client-', t.n % 20)), 'essai-crm', t.n, t.n, 1, 1, 'create', 'worker', 'webhook', 'Essai', '["ref","nom"]', UNHEX(SHA2(t.n, 256)), 312
             FROM (SELECT a.n + 10 * b.n + 100 * c.n + 1000 * d.n + 10000 * e.n AS n
                     FROM ${digit} a, ${digit} b, ${digit} c, ${digit} d, ${digit} e) t WHERE t.n < ?`,
        [first + written, written, begin, Math.min(atOnce, rows - written)],
      );
      if ((written + atOnce) % 1_000_000 === 0) console.error(`bench: ${written + atOnce} log entries`);
    }
    const key = app.keys.seal.current();
    let last = await lastSeal(owner);
    for (let place = 0; place < rows; place += inSeal) {
      const count = Math.min(inSeal, rows - place);
      const ids = Array.from({ length: count }, (_, index) => first + place + index);
      const sealedAt = new Date(begin.getTime() + (secondOf(place + count) + 1) * 1_000);
      const isNear =
        sealedAt.getTime() > from.getTime() - 2 * dayMs && sealedAt.getTime() < until.getTime() + 2 * dayMs;
      const macs = isNear
        ? Buffer.concat((await readEntries(owner, ids)).map((row) => entryMac(key, row)))
        : randomBytes(count * macBytes);
      const seal = {
        ...{
          sequence: (last?.sequence ?? 0) + 1,
          sealedAt,
          entries: `${ids[0]}-${ids.at(-1)}`,
          entryMacs: macs,
        },
        ...{ count, previous: last?.mac ?? Buffer.alloc(32), keyId: key.id },
      };
      last = { ...seal, mac: sealMac(key, seal) };
      await insertSeal(owner, last);
    }
    await owner.text('ANALYZE TABLE handovers');
    const page = Array.from({ length: inSeal }, (_, index) => first + index);
    const plan = await owner.all<Readonly<Record<string, unknown>>>(
      `EXPLAIN SELECT * FROM handovers WHERE id IN (${page.join(', ')}) AND client_id = 'essai' ORDER BY id`,
    );
    console.log(
      `\n${machine()}; ${rows} log entries\n${plan.map((line) => JSON.stringify(line)).join('\n')}`,
    );
    const begun = performance.now();
    let bytes = 0;
    const asked = { clientId: 'essai', from, until, actor: 'bench', reason: 'bench 1' };
    await pipeline(
      (await auditPack(app, asked)).bytes,
      new Writable({
        write: (part: Buffer, _encoding, done) => {
          bytes += part.length;
          done();
        },
      }),
    );
    const [verified] = await owner.all<{ result: string }>('SELECT result FROM log_verifications');
    console.log(`${((performance.now() - begun) / 1_000).toFixed(1)} s, ${(bytes / 1e6).toFixed(1)} MB`);
    console.log(verified?.result);
  } finally {
    await gateway.close();
  }
});
