// Makes the mappings folder of a trial: the program's presets, and a client's files from a preset's example.
// Invariant: the client's files are the example's, but for names, hosts and times that let a trial end in seconds.
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseDocument } from 'yaml';
import { projectRoot } from '../../src/config.ts';
import { plantedPace, soundPace, type Pace } from './pace.ts';
import { readPreset, readPresetFile, withoutRule, type Habit } from './preset-folder.ts';

/** A client whose CRM takes part: with the preset unchanged, or with a rule removed. */
export interface TrialClient {
  readonly id: string;
  readonly preset: string;
  readonly destination: string;
  readonly habit?: Habit;
  /** Hosts of its CRM, as in its client.yaml. */
  readonly hosts: readonly string[];
  /** Names of the secrets of this client alone, by their names in the example. */
  readonly ownSecrets: Readonly<Record<string, string>>;
  /** Hosts in the unchanged example of the preset: a copy of it reaches the same CRM. */
  readonly exampleHosts: readonly string[];
}

/** Writes the files of one client. */
export function writeClient(
  folder: string,
  { timeouts }: Pick<Pace, 'timeouts'>,
  preset: string,
  habit?: Habit,
): TrialClient {
  const id = habit === undefined ? preset : `${preset}-${habit.name}`;
  const { host } = readPreset(projectMappings, preset);
  const example = readPresetFile(projectMappings, preset, 'example/client.yaml');
  const ofClient = readPresetFile(projectMappings, preset, 'example/crm.yaml');
  const plantedHere = habit?.in === 'example/crm.yaml';
  const mine = (text: string): string =>
    withoutStrangers(text, example, host)
      .replaceAll(host ?? 'crm.client.example', 'crm.client.example')
      .replaceAll('.client.example', `.${id}.example`)
      .replaceAll('@client.example', `@${id}.example`)
      .replaceAll(/\bclient-crm\b/g, `${id}-crm`)
      .replaceAll(/\bsecret:CLIENT_/g, `secret:${ownPrefix(id)}`)
      .replaceAll(/^id: client$/gm, `id: ${id}`)
      // A preset of its own only where its mapping is changed.
      .replaceAll(`presets/${preset}`, `presets/${plantedHere ? preset : id}`);
  const clientYaml = mine(example);
  const crm = parseDocument(mine(plantedHere ? withoutRule(ofClient, habit) : ofClient));
  if (host !== undefined) crm.setIn(['send', 'base'], `https://crm.${id}.example`);
  crm.set('timeouts', crm.createNode(timeouts));
  // A CRM that decides later is asked every second, within the trial.
  if (/^pending:/m.test(readPresetFile(projectMappings, preset, 'mapping.yaml')))
    crm.setIn(['pending', 'every'], '1s');
  crm.set('retry', crm.createNode((habit === undefined ? soundPace : plantedPace).retry));
  mkdirSync(join(folder, id), { recursive: true });
  writeFileSync(join(folder, id, 'client.yaml'), clientYaml);
  writeFileSync(join(folder, id, 'crm.yaml'), crm.toString({ lineWidth: 0 }));
  if (habit !== undefined && !plantedHere) {
    const mapping = readPresetFile(projectMappings, preset, 'mapping.yaml');
    mkdirSync(join(folder, 'presets', id), { recursive: true });
    writeFileSync(join(folder, 'presets', id, 'mapping.yaml'), withoutRule(mapping, habit));
  }
  const names = [...ofClient.matchAll(/\bsecret:CLIENT_(\w+)/g)];
  const ownSecrets = Object.fromEntries(
    names.map(([, name = '']) => [`CLIENT_${name}`, `${ownPrefix(id)}${name}`]),
  );
  const where = { hosts: hostsOf(clientYaml), exampleHosts: hostsOf(example), ownSecrets };
  return { id, preset, destination: `${id}-crm`, ...where, ...(habit === undefined ? {} : { habit }) };
}

/** Hosts the example shares with every client of that CRM, such as a token endpoint, become the client's own. */
const withoutStrangers = (text: string, example: string, host: string | undefined): string =>
  hostsOf(example)
    .filter((name) => name !== host && !name.endsWith('.client.example'))
    .reduce((whole, name) => whole.replaceAll(name, `${name.replaceAll('.', '-')}.client.example`), text);

const ownPrefix = (id: string): string => `${id.toUpperCase().replaceAll('-', '_')}_`;

const hostsOf = (clientYaml: string): readonly string[] =>
  (parse(clientYaml) as { readonly hosts: readonly string[] }).hosts;

export const projectMappings = join(projectRoot, 'mappings');

/** The folder with the program's presets, before the clients. */
export function preparePresets(folder: string): void {
  for (const name of ['presets', 'schema'])
    cpSync(join(projectMappings, name), join(folder, name), { recursive: true });
}
