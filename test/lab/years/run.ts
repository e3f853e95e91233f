// node test/lab/years/run.ts: ten years lived once, in a process of its own, for its clock is everybody's in it. Called by
// `npm run faults -- --years N`, by the test, and on copies in which a bug was planted.
// Invariant: exit code 0 when everything is 0 that must be, 1 when not.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startServices } from '../../../sandbox/services.ts';
import { tenYears } from './years.ts';
import { yearsText } from './report.ts';
import { askedEngine } from '../../support/engine.ts';

const { values } = parseArgs({
  options: {
    years: { type: 'string', default: '10' },
    persons: { type: 'string', default: '5000' },
    rights: { type: 'string', default: '0.25' },
    seed: { type: 'string', default: '1' },
    nights: { type: 'string', default: 'all' },
    json: { type: 'string' },
  },
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130));

const say = (line: string): void => console.error(`years: ${line}`);
// Those of the caller, or our own.
const services =
  process.env['RELAIS_TEST_MYSQL_URL'] === undefined
    ? await startServices({
        folder: join(process.cwd(), '.relais', `years-${process.pid}`),
        log: say,
        durable: false,
        ...askedEngine(),
      })
    : undefined;
if (services !== undefined) {
  process.env['RELAIS_TEST_MYSQL_URL'] = services.mysqlUrl;
  process.env['RELAIS_TEST_REDIS_URL'] = services.redisUrl;
}
try {
  const report = await tenYears({
    seed: Number(values.seed),
    persons: Number(values.persons),
    years: Number(values.years),
    rights: Number(values.rights),
    everyNight: values.nights === 'all',
    log: say,
  });
  console.log(yearsText(report));
  if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(report));
  if (Object.values(report.faults).some((found) => found.length > 0)) process.exitCode = 1;
} finally {
  await services?.stop();
}
