// A file larger than the memory of the process that writes it.
import { createReadStream, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { silentLog } from '../../src/log.ts';
import { addTemplate, fill } from '../bench/backlog.ts';
import { sftpUser } from '../connectors/servers/sftp.ts';
import { openDropGateway } from './drop.ts';
import { startProcess } from './process.ts';

const leads = 6_000;
const comment = 'é'.repeat(10_000);

test('a worker with a heap smaller than the file writes and sends it', async () => {
  const gateway = await openDropGateway(
    {
      fields:
        '[{ consent: rest }, { to: REF, from: id }, { to: NOM, from: identity.lastName }, { to: TEXTE, from: comment }]',
    },
    silentLog,
    { RELAIS_FILE_PART_ROWS: '100' },
  );
  try {
    await addTemplate(gateway, { comment });
    await fill(gateway, leads, 'essai-csv');
    await gateway.start('planner');
    const worker = startProcess(
      gateway,
      'worker',
      {
        NODE_OPTIONS: '--max-old-space-size=110',
        RELAIS_SECRET_SFTP: sftpUser.password,
        RELAIS_MAPPINGS_DIR: gateway.config.mappingsDir,
        RELAIS_LOG_LEVEL: 'error',
      },
      [],
    );
    await gateway.ask();
    await gateway.until(
      'sent',
      async () => {
        if (worker.child.exitCode !== null || worker.child.signalCode !== null)
          throw new Error(`the worker ended: ${worker.output().slice(-2_000)}`);
        const whole = await gateway.owner.all(
          "SELECT 1 FROM batches WHERE role = 'whole' AND state = 'sent'",
        );
        return whole.length === 1;
      },
      300_000,
    );
    expect(gateway.drops()).toEqual(['L_000001.csv']);
    const path = join(gateway.folder, 'L_000001.csv');
    // More than the heap, if it were held but once.
    expect(statSync(path).size).toBeGreaterThan(115_000_000);
    const references = new Set<string>();
    for await (const line of createInterface({ input: createReadStream(path) }))
      references.add(line.split(';', 2)[1] ?? '');
    expect(references.size).toBe(leads);
    expect(await gateway.counts()).toEqual({ 'delivered:accepted': leads });
    worker.child.kill('SIGTERM');
    await worker.exit;
  } finally {
    await gateway.close();
  }
}, 400_000);
