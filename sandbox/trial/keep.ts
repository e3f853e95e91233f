// Keeps a trial running (`--keep`): an integrator brings a client of their own live on the simulated CRM, and sees each record come,
// change and disappear.
// Invariant: commands in the project's folder reach this trial, unless another demo was there before.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { csvExample } from '../demo/keep.ts';
import { placesOf, publishEnvironment } from '../demo/environment.ts';
import type { DemoDeps } from '../demo/installation.ts';
import type { Screen } from '../demo/screen.ts';
import type { CrmRecord } from '../simulators/simulator.ts';
import { shown } from './compare.ts';
import { isInWriting } from './in-writing.ts';
import { projectMappings } from './mappings.ts';
import type { Subject, TrialWorld } from './world.ts';

/** Interval between two looks at the simulated CRM, ms. */
const lookMs = 300;

export async function keepTrial(
  world: TrialWorld,
  subject: Subject,
  { screen, signal }: DemoDeps,
): Promise<void> {
  const places = placesOf(process.pid);
  // The client's own files are in the project, beside the presets.
  const env = { ...world.env, RELAIS_MAPPINGS_DIR: projectMappings };
  const current = publishEnvironment(places, env, process.pid);
  const own = clientToTry(projectMappings, subject.preset);
  const lead = join(places.folder, 'mon-lead.csv');
  writeFileSync(lead, `${csvExample(own.client, 'ESSAI-1', 'ESSAI-LYON').join('\n')}\n`);
  screen.heading('Still running. Ctrl-C ends it');
  for (const line of nextSteps(subject, own, relative(process.cwd(), lead))) screen.line(line);
  if (!current.taken)
    screen.line(
      `  Another demo is running: in that terminal first  set -a; . ${relative(process.cwd(), current.own)}; set +a`,
    );
  screen.heading(`What comes to the simulated CRM`);
  try {
    await watch(() => subject.simulator.crm.records(), screen, signal);
  } finally {
    current.release();
  }
}

export interface ClientToTry {
  readonly client: string;
  /** Commands that copy the example; empty where the client's files exist already and are tried unchanged. */
  readonly copy: readonly string[];
}

/** The client of the commands on the screen: they overwrite no existing file. @param mappings folder of the clients */
export function clientToTry(mappings: string, preset: string): ClientToTry {
  const file = join(mappings, 'client', 'crm.yaml');
  if (!existsSync(join(mappings, 'client')))
    return {
      client: 'client',
      copy: [`mkdir mappings/client && cp mappings/presets/${preset}/example/* mappings/client/`],
    };
  if (existsSync(file) && new RegExp(`^extends: presets/${preset}$`, 'm').test(readFileSync(file, 'utf8')))
    return { client: 'client', copy: [] };
  const client = freeName(mappings);
  const renamed = `sed 's/^id: client$/id: ${client}/; s/client-crm/${client}-crm/'`;
  return {
    client,
    copy: [
      `mkdir mappings/${client}`,
      `for f in mappings/presets/${preset}/example/*; do ${renamed} $f > mappings/${client}/\${f##*/}; done`,
    ],
  };
}

function freeName(mappings: string): string {
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? 'essai' : `essai${number}`;
    if (!existsSync(join(mappings, name))) return name;
  }
}

function copyWords({ client, copy }: ClientToTry): readonly string[] {
  if (copy.length === 0) return ['  mappings/client has this preset already: it is tried as it is.', ''];
  return client === 'client' ? [] : ['  mappings/client is another client: it is left alone.', ''];
}

function nextSteps(subject: Subject, own: ClientToTry, lead: string): readonly string[] {
  const { hosts, exampleHosts, destination } = subject;
  const { client, copy } = own;
  const inWriting = [
    isInWriting(subject, 'correction')
      ? '  This CRM takes new leads only. A change is a task, to be sent in writing:'
      : '  This CRM deletes nothing. An erasure is a task, to be sent in writing:',
    '',
    `    npx relais task list --client ${client}`,
    '',
  ];
  return [
    `  The simulated CRM answers as https://${exampleHosts[0] ?? ''}, which the preset's example names,`,
    `  and as https://${hosts[0] ?? ''} for the trial itself (relais delivery list --destination ${destination}).`,
    '',
    ...copyWords(own),
    '  A client of your own: in another terminal, in this folder',
    '',
    ...copy.map((line) => `    ${line}`),
    `    npx relais mapping check ${client}`,
    `    npx relais mapping preview ${client}-crm`,
    `    npx relais mapping publish ${client}-crm --note "essai"`,
    `    npx relais lead import ${lead}`,
    `    npx relais lead show ESSAI-1 --client ${client}`,
    '',
    '  The record is shown below. Then take the consent back, and have the person forgotten:',
    '',
    `    npx relais lead withdraw ESSAI-1 --client ${client} --channel email --reason "essai"`,
    `    npx relais lead erase ESSAI-1 --client ${client} --reason "essai" --identity "card seen" --yes`,
    '',
    ...(isInWriting(subject, 'erasure') ? inWriting : []),
    '  Keep the addresses, numbers and field names of the example: the simulated CRM knows these alone.',
    '  Under another name, put it in place of client everywhere: folder, id, destination, commands, and the first column of the CSV.',
    ...(copy.length === 0
      ? []
      : [`  Delete mappings/${client} when you are done; the rest is deleted with this trial.`]),
  ];
}

async function watch(
  records: () => readonly CrmRecord[],
  screen: Screen,
  signal: AbortSignal,
): Promise<void> {
  let before = records();
  while (!signal.aborted) {
    const now = records();
    for (const line of changes(before, now)) screen.line(`  ${line}`);
    before = now;
    // An interrupted sleep ends the trial and is no fault.
    await sleep(lookMs, undefined, { signal }).catch(() => undefined);
  }
}

/** A line for each record created, changed or removed. */
export function changes(before: readonly CrmRecord[], now: readonly CrmRecord[]): readonly string[] {
  const known = new Map(before.map((record) => [keyOf(record), lineOf(record)]));
  const there = new Set(now.map(keyOf));
  return [
    ...now
      .filter((record) => known.get(keyOf(record)) !== lineOf(record))
      .map((record) => `${known.has(keyOf(record)) ? 'changed' : 'new'}: ${lineOf(record)}`),
    ...before.filter((record) => !there.has(keyOf(record))).map((record) => `gone: ${lineOf(record)}`),
  ];
}

/** One record of the CRM may represent several requests. */
const keyOf = ({ id, reference }: CrmRecord): string => `${id} ${reference}`;

const lineOf = ({ id, reference, firstName, lastName, email, phone, mayContact }: CrmRecord): string =>
  [
    `${reference} (${id})`,
    [firstName, lastName].filter(Boolean).join(' '),
    `${email || 'no e-mail'}: ${shown(mayContact.email)}`,
    `${phone || 'no phone'}: ${shown(mayContact.phone)}`,
  ].join('  ');
