// npm run faults -- --minutes N --seed S: a storm of faults, then the account of every lead. Exit 1 when a figure is not 0 that must be,
// 3 when MySQL's own files did not survive: then the figures mean nothing.
// npm run faults -- --plant NAME|all: a bug planted in a copy must be caught. Exit 1 when one is not.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { planting } from './plants-run.ts';
import { report } from './report.ts';
import { startStormServers } from './servers.ts';
import { storm } from './storm.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1e9)) },
    /** Leads a second. */
    rate: { type: 'string', default: '20' },
    /** Seconds the calm may take. */
    calm: { type: 'string', default: '480' },
    /** Mischief left out, names with commas. */
    without: { type: 'string', default: '' },
    'no-poison': { type: 'boolean', default: false },
    /** Writes the result there too. */
    json: { type: 'string' },
    /** Where the ledgers go when something is wrong; default: .relais/faults-ledgers-SEED.json. */
    ledgers: { type: 'string' },
    plant: { type: 'string' },
  },
});
// Told to end, we take the processes and servers with us: what listens for `exit` sees to it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130));
const root = process.cwd();
const seed = Number(values.seed);
const seconds = Math.round(Number(values.minutes) * 60);

if (values.plant === undefined) await oneStorm();
else if (!(await planting(values.plant, { root, seed, log: (line) => console.log(line) })))
  process.exitCode = 1;

async function oneStorm(): Promise<void> {
  const servers = await startStormServers(join(root, '.relais', `faults-${process.pid}`), (line) =>
    console.error(`faults: ${line}`),
  );
  try {
    console.log(`seed ${seed}, ${seconds} s of storm`);
    const result = await storm({
      seed,
      seconds,
      rate: Number(values.rate),
      servers,
      // A minute long when the storm is long enough for it to matter.
      outageMs: Math.min(60_000, seconds * 150),
      calmMs: Number(values.calm) * 1_000,
      without: values.without.split(','),
      poison: !values['no-poison'],
      keepLedgers: values.ledgers ?? join(root, '.relais', `faults-ledgers-${seed}.json`),
      log: (line) => console.log(line),
    });
    console.log(report(result));
    if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(result));
    if (result.damaged.length > 0) process.exitCode = 3;
    else if (Object.values(result.faults).some((found) => found.length > 0)) process.exitCode = 1;
  } finally {
    await servers.close();
  }
}
