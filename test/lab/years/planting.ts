// Plants a bug in a copy of the checkout, lives the short ten years on it, and sees whether the account turns red for the right reason.
// Invariant: the sources of this checkout are never written to; the services are started once for all of them.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { startServices } from '../../../sandbox/services.ts';
import { inPlantedCopy } from '../faults/planting.ts';
import { zeros } from './figures.ts';
import type { YearsPlant } from './plant.ts';
import { yearsPlants } from './plants.ts';
import type { YearsReport } from './years.ts';
import { askedEngine } from '../../support/engine.ts';

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
  const json = join(
    environment['TMPDIR'] ?? '/tmp',
    `relais-years-${process.pid}-${seed}-${randomBytes(4).toString('hex')}.json`,
  );
  const child = spawn(
    process.execPath,
    [
      'test/lab/years/run.ts',
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

/** @param name all, one by its name, or a company by its letter. Returns whether every one was caught. */
export async function plantingYears(name: string, { root, seed, log }: Options): Promise<boolean> {
  const chosen = yearsPlants.filter(
    ({ name: its, company }) => name === 'all' || its === name || company === name,
  );
  if (chosen.length === 0) {
    log(`"${name}" is no bug to plant. There are: all, ${yearsPlants.map((plant) => plant.name).join(', ')}`);
    return false;
  }
  const services = await startServices({
    folder: join(root, '.relais', `years-${process.pid}`),
    log,
    durable: false,
    ...askedEngine(),
  });
  const environment = {
    ...process.env,
    RELAIS_TEST_MYSQL_URL: services.mysqlUrl,
    RELAIS_TEST_REDIS_URL: services.redisUrl,
  };
  const live = (plants: readonly YearsPlant[]): Promise<YearsReport['faults']> =>
    inPlantedCopy(
      root,
      plants.flatMap(({ patches }) => patches),
      async (folder) => (await shortYears(folder, seed, environment)).faults,
    );
  try {
    const companies = [...Map.groupBy(chosen, ({ company }) => company).values()];
    const missed = (
      await sideBySide(companies, async (company) => tell(company, await live(company), log))
    ).flat();
    // What another bug of its company hides is caught alone.
    const alone = missed.filter(({ company }) => chosen.filter((one) => one.company === company).length > 1);
    const hidden = await sideBySide(alone, async (plant) => tell([plant], await live([plant]), log));
    const uncaught = [...missed.filter((plant) => !alone.includes(plant)), ...hidden.flat()];
    log(
      uncaught.length === 0
        ? `all ${chosen.length} caught, seed ${seed}`
        : `MISSED: ${uncaught.map((plant) => plant.name).join(', ')}`,
    );
    return uncaught.length === 0;
  } finally {
    await services.stop();
  }
}

/** Two at a time: half of a life is waiting for MySQL. */
async function sideBySide<T, R>(all: readonly T[], work: (one: T) => Promise<R>): Promise<readonly R[]> {
  const waiting = [...all];
  const done: R[] = [];
  const next = async (): Promise<void> => {
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) done.push(await work(one));
  };
  await Promise.all([next(), next()]);
  return done;
}

/** What of the faults counts for a plant. */
export const findingsOf = ({ red, like }: YearsPlant, faults: YearsReport['faults']): readonly string[] =>
  red.flatMap((zero) => faults[zeros[zero]] ?? []).filter((one) => like?.test(one) ?? true);

/** Returns those that were missed. */
function tell(
  plants: readonly YearsPlant[],
  faults: YearsReport['faults'],
  log: Options['log'],
): readonly YearsPlant[] {
  const missed: YearsPlant[] = [];
  for (const plant of plants) {
    const found = findingsOf(plant, faults);
    if (found.length === 0) missed.push(plant);
    const names = plant.red.map((zero) => zeros[zero]).join(', or ');
    log(
      found.length > 0
        ? `✔ caught  ${plant.name}: ${names} × ${found.length}, ${found[0] ?? ''}`
        : `✘ missed  ${plant.name}: ${names}${plants.length > 1 ? ', in company' : ''}`,
    );
  }
  const expected = new Set<string>(plants.flatMap(({ red }) => red.map((zero) => zeros[zero])));
  const besides = Object.entries(faults).flatMap(([words, all]) =>
    all.length > 0 && !expected.has(words) ? [`${words} × ${all.length}, ${all[0] ?? ''}`] : [],
  );
  for (const line of besides) log(`    besides: ${line}`);
  return missed;
}
