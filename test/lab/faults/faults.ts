// npm run faults: a storm of faults, then the account of every lead; or bugs planted in a copy, each of which must be caught.
// Invariant: the exit code says it all: 0, 1 when a figure is not 0 that must be or a plant was missed, 2 for a wrong use, 3 when
// MySQL's own files did not survive, so that the figures mean nothing.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { zeros as yearsZeros } from '../years/figures.ts';
import { plantingYears } from '../years/planting.ts';
import { yearsPlants } from '../years/plants.ts';
import { plants } from './plants.ts';
import { planting } from './plants-run.ts';
import { report } from './report.ts';
import { givenServers, startStormServers } from './servers.ts';
import { everyMischief, storm, type StormReport } from './storm.ts';
import { zeros } from './zeros.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1e9)) },
    /** Leads a second. */
    rate: { type: 'string', default: '20' },
    /** Seconds the calm may take. */
    calm: { type: 'string', default: '480' },
    /** Mischief left out, names with commas. */
    without: { type: 'string', default: '' },
    /** Mischief done more often, names with commas. */
    favour: { type: 'string', default: '' },
    /** Processes and services are left alone. */
    undisturbed: { type: 'boolean', default: false },
    'no-poison': { type: 'boolean', default: false },
    /** Writes the result there too. */
    json: { type: 'string' },
    /** Where the ledgers go when something is wrong; default: .relais/faults-ledgers-SEED.json. */
    ledgers: { type: 'string' },
    /** Ten years of a client instead of a storm. */
    years: { type: 'string' },
    persons: { type: 'string', default: '5000' },
    plant: { type: 'string' },
    plants: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
// Told to end, we take the processes and servers with us: what listens for `exit` sees to it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130));
const root = process.cwd();
const seed = Number(values.seed);
const seconds = Math.round(Number(values.minutes ?? '1') * 60);
const namesOf = (text: string): readonly string[] => text.split(',').filter((name) => name !== '');

const plant = values.plants ? 'all' : values.plant;

if (values.help) console.log(help());
else if (!(seconds > 0) || !Number.isFinite(seed)) {
  console.error(`--minutes and --seed are numbers.\n\n${help()}`);
  process.exitCode = 2;
} else if (values.years !== undefined) process.exitCode = await years(values.years);
else if (plant === undefined) await oneStorm();
else if (!(await planted(plant))) process.exitCode = 1;

function help(): string {
  return `npm run faults -- [options]: real processes and services under a storm, then the account of every lead

  --minutes N       how long it blows, 1 by default, 0.75 over a planted bug; the calm afterwards takes one to eight minutes more
  --engine E        mysql or mariadb, instead of what is installed
  --seed S          the same seed draws the same mischief; any by default, and said
  --rate N          leads a second, 20 by default
  --calm N          seconds everything may take to settle, 480 by default
  --without A,B     mischief left out
  --favour A,B      mischief done eight times as often
  --undisturbed     processes and services left alone
  --no-poison       no lead that must be given up
  --json FILE       the result as JSON too
  --ledgers FILE    the ledgers of a storm that failed; .relais/faults-ledgers-SEED.json by default
  --years N         no storm, but N years of one client on a clock of its own: retention, consents that lapse, rights
  --persons N       who live in them, 5000 by default; with --plant or --plants: bugs of that list, on a few of them
  --plants          every bug planted, one after the other; each must be caught (about two minutes each)
  --plant NAME      one of them; with --years, where a letter is a company of bugs

must be 0, and the bugs to plant for it:
${plantsOf(Object.values(zeros), plants)}

with --years:
${plantsOf(
  Object.values(yearsZeros),
  yearsPlants.map(({ name, red }) => ({ name, red: red.map((zero) => yearsZeros[zero]) })),
)}

mischief: ${Object.keys(everyMischief).join(', ')}

RELAIS_MYSQL_OWNER_URL and RELAIS_REDIS_URL name servers to use instead; they are left alone, so that nothing happens to
services in that storm.

exit code: 0 all is 0 that must be; 1 something is not, or a plant was missed; 2 wrong use; 3 MySQL's own tables were damaged
More: docs/faults.md`;
}

/** A line for each figure, with the bugs that must turn it red. */
function plantsOf(
  figures: readonly string[],
  bugs: readonly { readonly name: string; readonly red: readonly string[] }[],
): string {
  return figures
    .map((figure) => {
      const names = bugs.filter(({ red }) => red.includes(figure)).map(({ name }) => name);
      return `  ${figure}${names.length === 0 ? '' : ` [${names.join('; ')}]`}`;
    })
    .join('\n');
}

function planted(name: string): Promise<boolean> {
  return planting(name, {
    ...{ root, seed, favour: namesOf(values.favour), log: (line) => console.log(line) },
    ...(values.minutes === undefined ? {} : { seconds }),
  });
}

/** Returns the exit code. */
async function years(count: string): Promise<number> {
  if (plant !== undefined)
    return (await plantingYears(plant, { root, seed, log: (line) => console.log(line) })) ? 0 : 1;
  const words = ['--years', count, '--persons', values.persons, '--seed', String(seed)];
  console.log(`seed ${seed}, ${count} years of ${values.persons} persons`);
  // Its clock is everybody's in its process.
  const child = spawn(
    process.execPath,
    ['test/lab/years/run.ts', ...words, ...(values.json === undefined ? [] : ['--json', values.json])],
    { stdio: 'inherit' },
  );
  process.once('exit', () => child.kill('SIGTERM'));
  return new Promise((done) => child.once('exit', (code) => done(code ?? 2)));
}

async function oneStorm(): Promise<void> {
  const folder = join(root, '.relais', `faults-${process.pid}`);
  const log = (line: string): void => console.error(`faults: ${line}`);
  // Servers named by URL are not the storm's to hurt.
  const given = await givenServers(folder, log);
  const servers = given === undefined ? await startStormServers(folder, log) : undefined;
  let isTold = false;
  const tell = (result: StormReport): void => {
    isTold = true;
    console.log(report(result));
    if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(result));
    if (result.damaged.length > 0) process.exitCode = 3;
    else if (Object.values(result.faults).some((found) => found.length > 0)) process.exitCode = 1;
  };
  try {
    console.log(`seed ${seed}, ${seconds} s of storm`);
    await storm({
      seed,
      seconds,
      rate: Number(values.rate),
      ...(servers === undefined ? {} : { servers }),
      // A minute long when the storm is long enough for it to matter.
      outageMs: Math.min(60_000, seconds * 150),
      calmMs: Number(values.calm) * 1_000,
      without: namesOf(values.without),
      undisturbed: values.undisturbed,
      favour: namesOf(values.favour),
      poison: !values['no-poison'],
      keepLedgers: values.ledgers ?? join(root, '.relais', `faults-ledgers-${seed}.json`),
      log: (line) => console.log(line),
      tell,
    });
  } catch (error) {
    if (!isTold) throw error;
    console.error('faults: the account stands; what was left of the storm could not be closed:', error);
  } finally {
    await servers?.close();
    await given?.stop();
  }
}
