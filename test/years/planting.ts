// Plants a bug in a copy of the checkout, lives the short ten years on it, and sees whether the account turns red for the right reason.
// Invariant: the sources of this checkout are never written to; the services are started once for all of them.
import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { startServices } from '../../src/sandbox/services.ts';
import { inPlantedCopy } from '../faults/planting.ts';
import { zeros } from './figures.ts';
import { yearsPlants, type YearsPlant } from './plants.ts';
import type { YearsReport } from './years.ts';

interface Options {
  readonly root: string;
  readonly seed: number;
  readonly log: (line: string) => void;
}

/** Lives the short years in a process of its own, in a folder that holds the sources. */
export async function shortYears(
  folder: string,
  seed: number,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<YearsReport> {
  const json = join(environment['TMPDIR'] ?? '/tmp', `relais-years-${process.pid}-${seed}.json`);
  const child = spawn(
    process.execPath,
    [
      'test/years/run.ts',
      '--persons',
      '40',
      '--rights',
      '0.9',
      '--nights',
      'due',
      '--seed',
      String(seed),
      '--json',
      json,
    ],
    { cwd: folder, env: environment, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let errors = '';
  child.stderr.on('data', (part: Buffer) => (errors += part.toString()));
  const endWithUs = (): void => void child.kill('SIGTERM');
  process.once('exit', endWithUs);
  await new Promise((done) => child.once('exit', done));
  process.off('exit', endWithUs);
  try {
    return JSON.parse(readFileSync(json, 'utf8')) as YearsReport;
  } catch {
    throw new Error(`The years did not come to their end:\n${errors.slice(-2_000)}`);
  } finally {
    rmSync(json, { force: true });
  }
}

/** @returns whether every one was caught */
export async function plantingYears(name: string, { root, seed, log }: Options): Promise<boolean> {
  const chosen = yearsPlants.filter((plant) => name === 'all' || plant.name === name);
  if (chosen.length === 0) {
    log(`"${name}" is no bug to plant. There are: all, ${yearsPlants.map((plant) => plant.name).join(', ')}`);
    return false;
  }
  const services = await startServices({
    folder: join(root, '.relais', `years-${process.pid}`),
    log,
    durable: false,
  });
  const environment = {
    ...process.env,
    RELAIS_TEST_MYSQL_URL: services.mysqlUrl,
    RELAIS_TEST_REDIS_URL: services.redisUrl,
  };
  const missed: string[] = [];
  try {
    for (const plant of chosen) {
      const { faults } = await inPlantedCopy(root, plant.patches, (folder) =>
        shortYears(folder, seed, environment),
      );
      if (!tell(plant, faults, log)) missed.push(plant.name);
    }
  } finally {
    await services.stop();
  }
  log(missed.length === 0 ? `all ${chosen.length} caught, seed ${seed}` : `MISSED: ${missed.join(', ')}`);
  return missed.length === 0;
}

function tell({ name, red }: YearsPlant, faults: YearsReport['faults'], log: Options['log']): boolean {
  const names = red.map((zero) => zeros[zero]);
  const found = names.flatMap((words) => faults[words] ?? []);
  const besides = Object.entries(faults).flatMap(([words, all]) =>
    all.length > 0 && !names.some((one) => one === words) ? [`${words} × ${all.length}`] : [],
  );
  log(
    `${found.length > 0 ? '✔ caught' : '✘ MISSED'}  ${name}: ${names.join(', or ')} × ${found.length}, ${found[0] ?? ''}`,
  );
  if (besides.length > 0) log(`    besides: ${besides.join('; ')}`);
  return found.length > 0;
}
