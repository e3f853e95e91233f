// npm run bench -- posting [--leads N] [--items N]: POST /v1/leads with every role at work: leads a minute, and how fast a posted lead
// leaves beside one that was inserted by SQL.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { freePort } from '../../../sandbox/ports.ts';
import { leadRow, openGateway, webhookFiles } from '../../trip/gateway.ts';
import { startProcess } from '../../trip/process.ts';
import { latencyOf, nowOf, show, steady } from './fresh.ts';
import { machine, option, pause, percentile, withServices } from './measure.ts';
import { posterOf, type Poster } from './poster.ts';

const leads = option('leads', 20_000);
const items = option('items', 100);
const atOnce = option('in-flight', 4);
const seconds = option('seconds', 20);

async function rate({ post }: Poster): Promise<void> {
  let next = 0;
  const took: number[] = [];
  const startedAt = performance.now();
  const sender = async (): Promise<void> => {
    while (next < leads) {
      const from = next;
      next += items;
      took.push(await post(Array.from({ length: items }, (_, index) => `P-${from + index}`)));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, sender));
  const perMinute = (leads / (performance.now() - startedAt)) * 60_000;
  const [p50, p99] = [0.5, 0.99].map((share) => Math.round(percentile(took, share)));
  console.log(
    `${leads} leads, ${items} a request, ${atOnce} requests at once: ${Math.round(perMinute)} a minute (promised 10000); a request p50 ${p50} ms, p99 ${p99} ms`,
  );
}

await withServices(async () => {
  const recipient = spawn(process.execPath, [join(import.meta.dirname, 'moody-recipient.ts')]);
  const port = await new Promise<number>((done) =>
    recipient.stdout.once('data', (part: Buffer) => done(Number(part.toString()))),
  );
  const gateway = await openGateway({ files: webhookFiles(port, { extra: 'limits: { concurrency: 50 }' }) });
  const apiPort = await freePort();
  const environment = {
    RELAIS_LOG_LEVEL: 'error',
    RELAIS_API_PORT: String(apiPort),
    RELAIS_API_PER_MINUTE: '1000000',
  };
  const processes = (['planner', 'worker', 'api'] as const).map((role) =>
    startProcess(gateway, role, environment),
  );
  try {
    await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'bench', note: 'bench' });
    const poster = await posterOf(gateway, apiPort);
    const isUp = (): Promise<boolean> =>
      poster.post(['WARM']).then(
        () => true,
        () => false,
      );
    while (!(await isUp())) await pause(200);
    console.log(`\n${machine()}`);
    let serial = 0;
    await steady(() => gateway.send(leadRow(`S-${(serial += 1)}`)), 3);
    const sqlSince = await nowOf(gateway);
    await steady(() => gateway.send(leadRow(`S-${(serial += 1)}`)), seconds);
    console.log(`inserted by SQL, 20 a second: ${show(await latencyOf(gateway, ['essai-crm'], sqlSince))}`);
    const postedSince = await nowOf(gateway);
    await steady(() => poster.post([`H-${(serial += 1)}`]), seconds);
    console.log(
      `posted, 20 a second:          ${show(await latencyOf(gateway, ['essai-crm'], postedSince))}`,
    );
    await rate(poster);
  } finally {
    for (const one of processes) one.child.kill('SIGKILL');
    await Promise.all(processes.map((one) => one.exit));
    await gateway.close();
    recipient.kill();
  }
});
