// npm run faults -- --minutes N --seed S: a storm of faults, then the account of every lead. Exit 1 when a figure is not 0 that must be.
import { join } from 'node:path';
import { report } from './report.ts';
import { startStormServers } from './servers.ts';
import { storm } from './storm.ts';

const option = (name: string, fallback: number): number => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : Number(process.argv[at + 1]);
};

const text = (name: string): string => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? '' : (process.argv[at + 1] ?? '');
};

const seconds = Math.round(option('minutes', 1) * 60);
const seed = option('seed', Math.floor(Math.random() * 1e9));
const servers = await startStormServers(join(process.cwd(), '.relais', `faults-${process.pid}`), (line) =>
  console.error(`faults: ${line}`),
);
try {
  console.log(`seed ${seed}, ${seconds} s of storm`);
  const result = await storm({
    seed,
    seconds,
    rate: option('rate', 20),
    servers,
    // A minute long when the storm is long enough for it to matter.
    outageMs: Math.min(60_000, seconds * 150),
    calmMs: option('calm', 240) * 1_000,
    without: text('without').split(','),
    keepLedgers: join(process.cwd(), '.relais', `faults-ledgers-${seed}.json`),
    log: (line) => console.log(line),
  });
  console.log(report(result));
  if (Object.values(result.faults).some((found) => found.length > 0)) process.exitCode = 1;
} finally {
  await servers.close();
}
