// npm run bench -- file: one file of --leads 100000 by SFTP, with the memory of each process; --kill ends the worker in the middle.
// What is shown beside speed: one complete file and no second one, each lead in it once, each departure and outcome in the log.
import { once } from 'node:events';
import { createReadStream, existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { sftpUser } from '../../connectors/servers/sftp.ts';
import { openDropGateway, type DropGateway } from '../../trip/drop.ts';
import { startProcess, type GatewayProcess } from '../../trip/process.ts';
import { addTemplate, fill } from './backlog.ts';
import { flag, machine, option, pause, peakMb, withServices } from './measure.ts';

const leads = option('leads', 100_000);
const killed = flag('kill');
const heap = option('heap', 0);
const partRows = option('part', 0);

function start(gateway: DropGateway, role: 'planner' | 'worker'): GatewayProcess {
  return startProcess(gateway, role, {
    RELAIS_LOG_LEVEL: 'error',
    RELAIS_SECRET_SFTP: sftpUser.password,
    RELAIS_MAPPINGS_DIR: gateway.config.mappingsDir,
    ...(partRows === 0 ? {} : { RELAIS_FILE_PART_ROWS: String(partRows) }),
    ...(heap === 0 || role === 'planner' ? {} : { NODE_OPTIONS: `--max-old-space-size=${heap}` }),
  });
}

const countOf = async (gateway: DropGateway, sql: string): Promise<number> =>
  Number((await gateway.owner.all<{ n: number }>(sql))[0]?.n ?? 0);

/** Lines of the file, and how many different leads stand in them. */
async function contentOf(path: string): Promise<{ readonly lines: number; readonly references: number }> {
  const references = new Set<string>();
  let lines = 0;
  for await (const line of createInterface({ input: createReadStream(path) })) {
    lines += 1;
    references.add(line.split(';')[1] ?? '');
  }
  return { lines, references: references.size };
}

/** Ends the worker by SIGKILL when a third of the file has arrived, and starts another. */
async function killInTheMiddle(gateway: DropGateway, worker: GatewayProcess): Promise<GatewayProcess> {
  const arriving = join(gateway.folder, 'L_000001.csv.part');
  while (!existsSync(arriving) || statSync(arriving).size < leads * 20) await pause(5);
  const peak = Math.round(await peakMb(worker.child.pid ?? 0));
  worker.child.kill('SIGKILL');
  await once(worker.child, 'exit');
  console.log(
    `killed with ${Math.round(statSync(arriving).size / 1e6)} MB of it on the server, and at most ${peak} MB in the worker until then`,
  );
  return start(gateway, 'worker');
}

await withServices(async () => {
  const gateway = await openDropGateway();
  try {
    await addTemplate(gateway);
    await fill(gateway, leads, 'essai-csv');
    const planner = start(gateway, 'planner');
    let worker = start(gateway, 'worker');
    const began = performance.now();
    await gateway.ask();
    if (killed) worker = await killInTheMiddle(gateway, worker);
    let peaks: readonly number[] = [0, 0];
    for (;;) {
      const now = await Promise.all([planner, worker].map(({ child }) => peakMb(child.pid ?? 0)));
      peaks = peaks.map((peak, index) => Math.max(peak, now[index] ?? 0));
      if (worker.child.exitCode !== null)
        throw new Error(`the worker ended: ${worker.output().slice(-2_000)}`);
      const open = await countOf(
        gateway,
        "SELECT COUNT(*) AS n FROM batches WHERE state IN ('open', 'written')",
      );
      const begun = await countOf(gateway, 'SELECT COUNT(*) AS n FROM batches');
      if (begun > 0 && open === 0) break;
      await pause(1_000);
    }
    const seconds = (performance.now() - began) / 1000;
    const [name] = gateway.drops();
    const found = await contentOf(join(gateway.folder, name ?? ''));
    console.log(`\n${machine()}; ${leads} leads, one file by SFTP`);
    console.log(
      `files: ${gateway.drops().join(', ')}; ${found.lines} lines, ${found.references} different leads`,
    );
    for (const entry of ['departed', 'outcome', 'outcome_unknown'])
      console.log(
        `log: ${await countOf(gateway, `SELECT COUNT(DISTINCT delivery_id) AS n FROM handovers WHERE entry = '${entry}'`)} deliveries ${entry}`,
      );
    console.log(
      `delivered: ${await countOf(gateway, "SELECT COUNT(*) AS n FROM deliveries WHERE state = 'delivered'")}`,
    );
    console.log(
      `${Math.round(seconds)} s (${Math.round(leads / seconds)} leads a second); at most ${Math.round(peaks[1] ?? 0)} MB in the worker, ${Math.round(peaks[0] ?? 0)} MB in the planner`,
    );
    planner.child.kill('SIGTERM');
    worker.child.kill('SIGTERM');
    await Promise.all([planner.exit, worker.exit]);
  } finally {
    await gateway.close();
  }
});
