// A real CRM: the trial's leads and faults through a recording proxy; what passed is kept for the tests of the simulated one.
import { exec } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { gatewayTools } from '../../../sandbox/demo/gateway.ts';
import { createScreen } from '../../../sandbox/demo/screen.ts';
import { stopSignal } from '../../../sandbox/demo/stop.ts';
import { simulatorOf } from '../../../sandbox/simulators/index.ts';
import { leadsOf, strangers, trialLeads } from '../../../sandbox/trial/leads.ts';
import { realPace } from '../../../sandbox/trial/pace.ts';
import { printTrial } from '../../../sandbox/trial/report.ts';
import { runTrial } from '../../../sandbox/trial/run.ts';
import { inTrial, resultOf } from '../../../sandbox/trial/trial.ts';
import type { OpenDoor } from '../../../sandbox/trial/world.ts';
import { dolibarr } from './dolibarr.ts';
import { dolibarrForm } from './dolibarr-form.ts';
import { openRecordingDoor, type RecordingDoor } from './door.ts';
import { espocrm, leadCapture } from './espocrm.ts';
import { written, type Recording } from './exchange.ts';
import type { RealCrm } from './crm.ts';
import { hundredLeads, inItsDatabase } from './hundred.ts';
import { odoos } from './odoo.ts';
import { tryton } from './tryton.ts';

const crms: Readonly<Record<string, RealCrm>> = {
  dolibarr,
  'dolibarr-form': dolibarrForm,
  espocrm,
  'espocrm-lead-capture': leadCapture,
  ...odoos,
  tryton,
};
const usage = `npm run lab -- real PRESET --system "EspoCRM 8.4.2" --version 8.4.2 --at http://127.0.0.1:8080
  PRESET is ${Object.keys(crms).join(' or ')}; its key is read from REAL_CRM_KEY, that of its own people from REAL_CRM_STAFF_KEY
  --stop COMMAND --start COMMAND   stop and start its database
  --close COMMAND --open COMMAND   close and open a public form
  --hundred                        five times the twenty leads; nothing is kept
  --sql COMMAND                    reads SQL from its input, writes the rows of the CRM's database with tabs between the values`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    system: { type: 'string' },
    version: { type: 'string' },
    at: { type: 'string' },
    stop: { type: 'string' },
    start: { type: 'string' },
    close: { type: 'string' },
    open: { type: 'string' },
    hundred: { type: 'boolean', default: false },
    sql: { type: 'string' },
  },
});
const [preset = ''] = positionals;
const { system, version, at, stop, start, close, open: opens, hundred, sql } = values;
const leads = hundred ? hundredLeads : trialLeads;
const real = crms[preset];
const key = process.env['REAL_CRM_KEY'];
const staffKey = process.env['REAL_CRM_STAFF_KEY'] ?? '';
if (
  real === undefined ||
  key === undefined ||
  at === undefined ||
  system === undefined ||
  version === undefined
) {
  console.error(usage);
  process.exit(2);
}

const run = promisify(exec);
const database =
  stop === undefined || start === undefined
    ? {}
    : {
        database: {
          stop: async () => void (await run(stop)),
          start: async () => void (await run(start)),
        },
      };
const form =
  close === undefined || opens === undefined
    ? {}
    : {
        form: {
          close: async () => void (await run(close)),
          open: async () => void (await run(opens)),
        },
      };
const folder = join('test', 'sandbox', 'recorded', preset, version);
const keep = (name: string, { driven, exchanges }: Pick<Recording, 'driven' | 'exchanges'>): void => {
  mkdirSync(folder, { recursive: true });
  const date = new Date().toISOString().slice(0, 10);
  writeFileSync(join(folder, `${name}.json`), written({ system, date, driven, exchanges }));
};

const screen = createScreen(process.stdout);
const signal = stopSignal();
let door: RecordingDoor | undefined;
const open: OpenDoor = async (_preset, simulation, options) => {
  const { secrets } = simulation;
  // As in the trial of the simulated one: a refusal of another kind, such as Tryton's lock of six minutes, would not be "too fast".
  const busy = simulatorOf(preset)?.open(simulation).whenBusy ?? { status: 429 };
  door = await openRecordingDoor(
    real,
    { base: at, key, staffKey, busy, ...database, ...form },
    real.sent?.(secrets) ?? secrets[real.key] ?? '',
    options,
  );
  return door;
};
const deps = { screen, tools: gatewayTools, given: {}, signal };
process.exitCode = await inTrial([{ preset }], deps, drive, { open, pace: realPace });

async function drive(world: Parameters<Parameters<typeof inTrial<number>>[2]>[0]): Promise<number> {
  const [subject] = world.subjects;
  if (door === undefined || subject === undefined || real === undefined) return 1;
  for (const stranger of strangers) await door.probe(real.known(stranger));
  const trouble = await runTrial(world, {
    signal,
    say: (line) => screen.line(`  ${line}`),
    patienceMs: hundred ? 400_000 : 120_000,
    leads,
  });
  await door.refresh();
  const result = await resultOf(world, subject, leads);
  const own =
    sql === undefined || real.sql === undefined
      ? []
      : inItsDatabase(leadsOf(subject.simulator.crm, leads), await rowsOf(sql, real.sql));
  const faults = [...trouble, ...result.faults, ...own];
  printTrial(screen, { ...result, faults });
  if (hundred) return faults.length === 0 ? 0 : 1;
  const driven = 'the twenty leads of the trial, with its faults between the two';
  keep('1-trial', { driven, exchanges: door.exchanges });
  const before = door.exchanges.length;
  for (const probes of real.probes) await door.probe(probes);
  keep('2-probes', {
    driven: 'single requests, right and wrong ones',
    exchanges: door.exchanges.slice(before),
  });
  screen.line(`  ${door.exchanges.length} exchanges kept in ${folder}`);
  return faults.length === 0 ? 0 : 1;
}

async function rowsOf(command: string, question: string): Promise<readonly (readonly string[])[]> {
  const asking = run(command);
  asking.child.stdin?.end(question);
  const { stdout } = await asking;
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t'));
}
