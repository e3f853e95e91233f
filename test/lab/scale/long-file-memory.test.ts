// A file larger than the memory of the process that writes it.
import { createReadStream, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { silentLog } from '../../../src/log.ts';
import { addTemplate, fill } from '../bench/backlog.ts';
import { peakMb } from '../bench/measure.ts';
import { sftpUser } from '../../connectors/servers/sftp.ts';
import { openDropGateway } from '../../trip/drop.ts';
import { startProcess, type GatewayProcess } from '../../trip/process.ts';

/** Each row says the longest text three times. */
const leads = 2_000;
const comment = 'é'.repeat(10_000);
const rowsAtOnce = '33';

test('a worker writes and sends a file of 120 MB with less than 300 MB of memory', async () => {
  const gateway = await openDropGateway(
    {
      fields:
        '[{ consent: rest }, { to: REF, from: id }, { to: A, from: comment }, { to: B, from: comment }, { to: C, from: comment }]',
    },
    silentLog,
    { RELAIS_FILE_PART_ROWS: rowsAtOnce },
  );
  // Beside a server that shares its memory with the tests before it, a planner in this process would crawl.
  const processes: GatewayProcess[] = [];
  try {
    await addTemplate(gateway, { comment });
    await fill(gateway, leads, 'essai-csv');
    for (const role of ['planner', 'worker'] as const)
      processes.push(
        startProcess(gateway, role, {
          RELAIS_SECRET_SFTP: sftpUser.password,
          RELAIS_MAPPINGS_DIR: gateway.config.mappingsDir,
          RELAIS_FILE_PART_ROWS: rowsAtOnce,
          RELAIS_LOG_LEVEL: 'warn',
        }),
      );
    const said = (): string => processes.map(({ output }) => output().slice(-2_000)).join('\n');
    await gateway.collectable(leads);
    await gateway.ask();
    await gateway
      .until('sent', async () => {
        if (processes.some(({ child }) => child.exitCode !== null || child.signalCode !== null))
          throw new Error(`one of them ended: ${said()}`);
        const whole = await gateway.owner.all(
          "SELECT 1 FROM batches WHERE role = 'whole' AND state = 'sent'",
        );
        return whole.length === 1;
      })
      .catch(async (error: unknown) => {
        const files = await gateway.owner.all(
          'SELECT role, state, COUNT(*) AS n, SUM(rows_count) AS total FROM batches GROUP BY role, state',
        );
        throw new Error(`${JSON.stringify(files)}\n${said()}`, { cause: error });
      });
    expect(await peakMb(processes.at(-1)?.child.pid ?? 0)).toBeLessThan(300);
    expect(gateway.drops()).toEqual(['L_000001.csv']);
    const path = join(gateway.folder, 'L_000001.csv');
    const references = new Set<string>();
    for await (const line of createInterface({ input: createReadStream(path) }))
      references.add(line.split(';', 2)[1] ?? '');
    expect(references.size).toBe(leads);
    // Held but once, it would be too much.
    expect(statSync(path).size).toBeGreaterThan(115_000_000);
    expect(await gateway.counts()).toEqual({ 'delivered:accepted': leads });
  } finally {
    for (const { child, exit } of processes) {
      child.kill('SIGTERM');
      await exit;
    }
    await gateway.close();
  }
});
