// The claim: Redis does not decide the destination, and a job that stands twice is claimed once.
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Log, LogEvent, LogFields } from '../../src/log.ts';
import { claimDeliveries } from '../../src/delivery/claim/claim.ts';
import { createProducer } from '../../src/queue/producer.ts';
import { startHttpRecipient } from '../connectors/servers/http.ts';
import { openDropGateway } from '../trip/drop.ts';
import { leadRow, openGateway, webhookFiles, type Gateway } from '../trip/gateway.ts';

/** A log that remembers what was told of foreign jobs. */
function listening(): { readonly log: Log; readonly foreign: LogFields[] } {
  const foreign: LogFields[] = [];
  const note = (event: LogEvent, fields: LogFields = {}): void => {
    if (event === 'job.foreign') foreign.push(fields);
  };
  return { log: { debug: () => undefined, info: note, warn: note, error: note }, foreign };
}

/** The same client and destination under other names. */
const renamed = (text: string, from: string, to: string): string => text.replaceAll(from, to);

async function misplace(gateway: Gateway, destination: string, job: object): Promise<void> {
  const producer = createProducer({ redis: gateway.redis, prefix: gateway.config.redis.prefix });
  await producer.push(destination, [job as Parameters<typeof producer.push>[1][number]]);
  await producer.close();
}

test("a job of client A's delivery in client B's queue sends nothing to B, is told, and the lead still leaves to A", async () => {
  const [own, other] = [await startHttpRecipient(), await startHttpRecipient()];
  own.answer = (_request, response) => void response.writeHead(200).end('{"success":true,"id":"A-1"}');
  other.answer = (_request, response) => void response.writeHead(200).end('{"success":true,"id":"B-1"}');
  const others = Object.entries(webhookFiles(other.port)).map(([name, text]) => [
    renamed(name, 'essai', 'autre'),
    renamed(text, 'essai', 'autre'),
  ]);
  const { log, foreign } = listening();
  const gateway = await openGateway({
    files: { ...webhookFiles(own.port), ...(Object.fromEntries(others) as Record<string, string>) },
    log,
  });
  try {
    for (const destinationId of ['essai-crm', 'autre-crm'])
      await gateway.app.publishing.publish({ destinationId, author: 'tester', note: 'first' });
    const [planner] = await gateway.start('planner');
    await gateway.send(leadRow('F-1'));
    await gateway.until('queued', async () => (await gateway.states())[0]?.state === 'queued');
    await planner?.stop();
    // Redis holds it for the wrong destination only: with the right number, run and attempt.
    const [row] = await gateway.states();
    for (const key of await gateway.redis.keys(`${gateway.config.redis.prefix}:{*`))
      await gateway.redis.del(key);
    await gateway.start('worker');
    await misplace(gateway, 'autre-crm', { deliveryId: row?.id, run: 1, attempt: 1 });
    await gateway.until('told, or sent astray', () => foreign.length + other.received.length > 0);
    expect(other.received).toEqual([]);
    expect(foreign).toEqual([{ destination: 'autre-crm', delivery: row?.id }]);
    expect((await gateway.states())[0]).toMatchObject({ state: 'queued', attempt: 0 });
    await gateway.start('planner');
    await gateway.until('delivered', async () => (await gateway.states())[0]?.state === 'delivered');
    expect([own.received.length, other.received.length]).toEqual([1, 0]);
  } finally {
    await gateway.close();
    await Promise.all([own.close(), other.close()]);
  }
});

test("a file's job in another destination's queue puts no file into that one's folder", async () => {
  const { log, foreign } = listening();
  const gateway = await openDropGateway({}, log);
  const wrong = join(gateway.folder, '..', 'other');
  try {
    mkdirSync(wrong);
    const file = (name: string): string => gateway.fileOf(name);
    gateway.file(
      'essai/client.yaml',
      file('essai/client.yaml')
        .replace("folders: ['sftp:essai/in']", "folders: ['sftp:essai/in', 'sftp:essai/other']")
        .concat(
          "  - { recipient: Essai SI, destination: essai-csv2, targets: ['sftp:essai/other'], categories: [identity, project, statistical], document: Contrat 1, from: 2026-01-01 }\n",
        ),
    );
    gateway.file(
      'essai/csv2.yaml',
      renamed(renamed(file('essai/csv.yaml'), 'essai-csv', 'essai-csv2'), 'essai/in', 'essai/other'),
    );
    await gateway.app.publishing.publish({ destinationId: 'essai-csv2', author: 'tester', note: 'first' });
    await gateway.owner.run("UPDATE destinations SET leads_from = '2099-01-01' WHERE id = 'essai-csv2'");
    const [planner] = await gateway.start('planner');
    await gateway.send(leadRow('F-2'));
    await gateway.collectable(1);
    await gateway.ask();
    await gateway.until('in a file', async () => (await gateway.states())[0]?.state === 'queued');
    await planner?.stop();
    for (const key of await gateway.redis.keys(`${gateway.config.redis.prefix}:{*`))
      await gateway.redis.del(key);
    await gateway.start('worker');
    await misplace(gateway, 'essai-csv2', { batchId: 1, attempt: 0 });
    const astray = (): number => readdirSync(wrong).length;
    await gateway.until('told, or sent astray', () => foreign.length + astray() > 0);
    expect(astray()).toBe(0);
    expect(foreign).toEqual([{ destination: 'essai-csv2', batch: 1 }]);
    await misplace(gateway, 'essai-csv', { batchId: 1, attempt: 0 });
    await gateway.until('delivered', async () => (await gateway.states())[0]?.state === 'delivered');
    expect(gateway.drops()).toHaveLength(1);
    expect(astray()).toBe(0);
    expect(existsSync(wrong)).toBe(true);
  } finally {
    await gateway.close();
  }
});

test('a job that stands twice in one claim is claimed once', async () => {
  const gateway = await openGateway({ files: webhookFiles(9) });
  try {
    await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
    await gateway.send(leadRow('T-1'));
    await gateway.start('planner');
    await gateway.until('queued', async () => (await gateway.states())[0]?.state === 'queued');
    const [row] = await gateway.states();
    const job = { deliveryId: row?.id ?? 0, run: 1, attempt: 1 };
    const settings = { leaseMs: 5_000, owner: 'test', limits: { concurrency: 8 } };
    const claim = await gateway.app.database.transaction((tx) =>
      claimDeliveries(tx, 'essai-crm', [job, job], settings),
    );
    expect(claim.claimed.map((one) => one.id)).toEqual([job.deliveryId]);
  } finally {
    await gateway.close();
  }
});
