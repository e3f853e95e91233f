// npm run faults -- --minutes N --seed S: a storm of faults, then the account of every lead. Exit 1 when a figure is not 0 that must be.
import { join } from 'node:path';
import { startServices } from '../../src/sandbox/services.ts';
import { storm } from './storm.ts';

const option = (name: string, fallback: number): number => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : Number(process.argv[at + 1]);
};

const seed = option('seed', Math.floor(Math.random() * 1e9));
const services = await startServices({
  folder: join(process.cwd(), '.relais', `faults-${process.pid}`),
  log: (line) => console.error(`faults: ${line}`),
});
process.env['RELAIS_TEST_MYSQL_URL'] = services.mysqlUrl;
process.env['RELAIS_TEST_REDIS_URL'] = services.redisUrl;
try {
  console.log(`seed ${seed}`);
  const { faults, ...figures } = await storm({
    seed,
    seconds: option('minutes', 1) * 60,
    rate: option('rate', 25),
    log: (line) => console.log(line),
  });
  for (const [name, value] of Object.entries(figures)) console.log(`${name.padEnd(18)} ${value}`);
  console.log('must be 0:');
  for (const [name, found] of Object.entries(faults)) {
    console.log(
      `  ${String(found.length).padStart(4)}  ${name}${found.length === 0 ? '' : `: ${found.slice(0, 8).join(', ')}`}`,
    );
    if (found.length > 0) process.exitCode = 1;
  }
} finally {
  await services.stop();
}
