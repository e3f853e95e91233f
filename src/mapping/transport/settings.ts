// Compiles the connector's settings, `send` or `file`, for each action, and checks them against schema, contract and clock.
// Invariant: no secret in clear, and no host, mailbox or folder the client's contract does not list (C19).
import { Cron } from 'croner';
import type { Action, Both, JsonSchema } from '../../../connectors/contract.ts';
import { namesAll, type ClientFacts } from '../../domain/destination.ts';
import type { ActionPlan, ConnectorFacts } from '../contract.ts';
import { blockAt, isRecord, textAt } from '../document/yaml.ts';
import { holdsOwn, overlay } from './overlay.ts';
import { near, inEnglish, type Path, type Report } from '../document/problems.ts';
import { pathOf, structureProblems } from '../document/structure.ts';
import { isZoneAt } from './hours.ts';
import { secretIn } from '../fields/lints.ts';
import { defaultZone } from '../fields/time.ts';
import { offsetAt } from '../../domain/civil-date.ts';

interface Settings {
  readonly plan: ActionPlan;
  readonly secretNames: readonly string[];
}

/** Base settings with an action's own keys over them. */
export function settingsFor(
  mapping: Record<string, unknown>,
  { settingsKey: key, overlaid = [] }: Pick<ConnectorFacts, 'settingsKey' | 'overlaid'>,
  action: Action,
): unknown {
  const base = mapping[key];
  const own = action === 'create' ? undefined : blockAt(mapping, action)[key];
  const layers = [base, own].filter(isRecord);
  return layers.length === 0 ? (own ?? base) : overlay(layers, overlaid);
}

/** Checks one action's settings; undefined when they cannot be used. */
export function compileSettings(
  mapping: Record<string, unknown>,
  action: Action,
  connector: ConnectorFacts,
  client: ClientFacts | undefined,
  report: Report,
): Settings | undefined {
  const settings = settingsFor(mapping, connector, action);
  return checkSettings(settings, placesOf(mapping, action, connector), connector, client, report);
}

/** The path in the file of a setting of an action: in its own block, or in the base block when inherited. */
export function placesOf(
  mapping: Record<string, unknown>,
  action: Action,
  { settingsKey: key, overlaid = [] }: ConnectorFacts,
): (path: Path) => Path {
  const own = action === 'create' ? undefined : blockAt(mapping, action)[key];
  return (path) => (isRecord(own) && holdsOwn(own, path, overlaid) ? [action, key, ...path] : [key, ...path]);
}

/** Checks settings against the connector and the contract. @param at gives the path in the file of a setting */
export function checkSettings(
  settings: unknown,
  at: (path: Path) => Path,
  connector: ConnectorFacts,
  client: ClientFacts | undefined,
  report: Report,
): Settings | undefined {
  const key = connector.settingsKey;
  if (!isRecord(settings))
    return report.atKey.error([key], connector.settingsKey === 'file' ? 'MAP-604' : 'MAP-102', [
      `le connecteur ${connector.type} a besoin du bloc « ${key} ».`,
      `connector ${connector.type} needs the block "${key}".`,
    ]);
  const clear = reportClearText(settings, at, report, [connector.settingsSchema]);
  const scheduleSound = key === 'file' ? checkSchedule(settings, at, report) : true;
  const skip = (path: Path): boolean =>
    clear.has(JSON.stringify(path)) || (path[0] === 'schedule' && !scheduleSound);
  let sound = clear.size === 0 && scheduleSound;
  for (const { path, code, message, ...more } of structureProblems(connector.settingsSchema, settings)) {
    if (code === 'MAP-102' && inEnglish(message).includes('"schedule"')) continue;
    sound = false;
    if (!skip(path)) report.with(more).error(at(path), code, message);
  }
  if (!sound) return undefined;
  for (const problem of connector.check(settings)) {
    sound = false;
    const path = pathOf(problem.path, settings);
    if (!skip(path)) report.error(at(path), 'MAP-406', problem.message);
  }
  if (!sound) return undefined;
  // Leads in clear over a network: production publishes no such mapping (C38).
  for (const pointer of connector.inClear?.(settings) ?? [])
    report.warn(at(pathOf(pointer, settings)), 'MAP-905', [
      'cette adresse est en clair ; la production ne publie que https:// (C38).',
      'this address is in clear; production publishes https:// only (C38).',
    ]);
  for (const { path, message } of connector.doubts?.(settings) ?? [])
    report.warn(at(pathOf(path, settings)), 'MAP-416', message);
  const targets = connector.targets(settings).map((target) => target.toLowerCase());
  if (client !== undefined) {
    // A mailbox listed among the folders does not permit mails (C19).
    checkContract(targets, client[connector.targetKind(settings)], { settings, at, report });
    checkContract(connector.dials?.(settings) ?? [], client.hosts, { settings, at, report });
    for (const folder of connector.ownFolders?.(settings) ?? [])
      if (!namesOwnFolder(client, folder, targets))
        report.warn(at(findText(settings, folder.toLowerCase()) ?? []), 'MAP-401', [
          `« ${folder} » est un dossier de cette machine : la production n’y écrit que si folders de client.yaml et targets de l’habilitation le nomment aussi.`,
          `"${folder}" is a folder of this machine: production writes there only where folders of client.yaml and targets of the authorisation name it as well.`,
        ]);
  }
  return { plan: { settings, targets }, secretNames: connector.secretNames(settings) };
}

/** True where the contract names it, and so does each authorisation that lists the targets beside it. */
const namesOwnFolder = (client: ClientFacts, folder: string, targets: readonly string[]): boolean =>
  client.folders.includes(folder) &&
  !(client.authorisations ?? []).some(
    ({ targets: listed }) => listed !== undefined && namesAll(listed, targets) && !listed.includes(folder),
  );

function checkContract(
  targets: readonly string[],
  contract: readonly string[],
  {
    settings,
    at,
    report,
  }: {
    readonly settings: Record<string, unknown>;
    readonly at: (path: Path) => Path;
    readonly report: Report;
  },
): void {
  for (const target of targets) {
    if (contract.includes(target)) continue;
    const path = findText(settings, target) ?? [];
    near(report, target, contract).error(at(path), 'MAP-401', [
      `« ${target} » ne figure pas parmi les éléments du contrat, dans client.yaml (C19).`,
      `"${target}" is not in the contract facts of client.yaml (C19).`,
    ]);
  }
}

function findText(value: unknown, target: string): Path | undefined {
  if (typeof value === 'string') return value.toLowerCase().includes(target) ? [] : undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, inner] of Object.entries(value)) {
    const found = findText(inner, target);
    if (found !== undefined) return [Array.isArray(value) ? Number(key) : key, ...found];
  }
  return undefined;
}

// Finds secrets written in clear in the settings of a mapping.
// Invariant: a message names the key, never the value.

const secretKey = /pass(word|phrase|wd)|secret|token|bearer|private[_-]?key|api[_-]?key|authorization/i;

/** Reports secrets in clear; returns their paths. */
export function reportClearText(
  settings: unknown,
  at: (path: Path) => Path,
  report: Report,
  schemas: readonly JsonSchema[],
): ReadonlySet<string> {
  const clear = new Set<string>();
  findClearText(settings, [], schemas, (path, says) => {
    clear.add(JSON.stringify(path));
    const key = String(path.at(-1));
    report.error(at(path), 'MAP-404', [`« ${key} » ${says[0]}`, `"${key}" ${says[1]}`]);
  });
  return clear;
}

const inClear: Both = [
  'contient un secret en clair : écrivez secret:NOM.',
  'holds a secret in clear: write secret:NAME.',
];
const holdsPassword = /^[a-z]+:\/\/[^/?#\s]*:[^/?#\s]*@/i;
/** An address, or a place in an answer: under a key that looks like a secret's, it is a misspelt key. */
const isPlace = /^(?:https?:\/\/|\$\.)/;

/** Values that can only be secrets: by their key, by the connector's schema, or inside an address. */
function findClearText(
  value: unknown,
  path: Path,
  schemas: readonly JsonSchema[],
  found: (path: Path, says: Both) => void,
): void {
  if (!isRecord(value)) return;
  for (const [key, inner] of Object.entries(value)) {
    const here = [...path, key];
    const under = schemas.flatMap((schema) => blockAt(schema, 'properties')[key]).filter(isRecord);
    const says = under
      .map((schema) => textAt(schema, 'pattern') ?? (schema['enum'] === undefined ? undefined : ''))
      .filter((pattern) => pattern !== undefined)
      .map((pattern) => pattern.startsWith('^secret:'));
    // `tokenUrl` and `secretAs` look like secrets: where the schema describes the key, the schema decides. For an unknown
    // connector all schemas are compared; they decide only where they agree.
    const isSaid = says.length > 0 && new Set(says).size === 1;
    const secret = isSaid ? says[0] === true : secretKey.test(key);
    if (typeof inner !== 'string') findClearText(inner, here, under, found);
    else if (inner.startsWith('secret:')) {
      if (secretIn(inner) === undefined)
        found(here, [
          'ne nomme aucun secret : derrière secret: viennent des lettres, chiffres et _, comme secret:CRM_KEY.',
          'names no secret: behind secret: stand letters, digits and _, such as secret:CRM_KEY.',
        ]);
    } else if (holdsPassword.test(inner) || (secret && (isSaid || !isPlace.test(inner))))
      found(here, inClear);
  }
}

// Checks the schedule of a destination of files: a cron expression and its time zone.
// Invariant: an hour that a change of the clocks skips or repeats is reported.

function checkSchedule(settings: Record<string, unknown>, at: (path: Path) => Path, report: Report): boolean {
  const schedule = settings['schedule'];
  if (schedule === undefined) {
    report.atKey.error(at([]), 'MAP-604', [
      'une destination par fichiers a besoin d’un calendrier, schedule: {cron: "0 7,13 * * 1-6", timezone: Europe/Paris}.',
      'a file destination needs a schedule: {cron: "0 7,13 * * 1-6", timezone: Europe/Paris}.',
    ]);
    return false;
  }
  const cron = textAt(schedule, 'cron');
  const zone = textAt(schedule, 'timezone') ?? defaultZone;
  const sound = isZoneAt(at(['schedule', 'timezone']), zone, report);
  if (cron !== undefined && !isCron(cron)) {
    report.error(at(['schedule', 'cron']), 'MAP-603', [
      `« ${cron} » n’est pas un calendrier : écrivez minute heure jour mois jour-de-semaine.`,
      `"${cron}" is no schedule: write minute hour day month weekday.`,
    ]);
    return false;
  }
  if (cron !== undefined && sound) {
    const doubtful = doubtfulHours(zone);
    const hour = hoursNamed(cron).find((named) => doubtful.has(named));
    if (hour !== undefined) {
      const two = String(hour).padStart(2, '0');
      report.warn(at(['schedule', 'cron']), 'MAP-607', [
        `l’heure ${two}:00-${two}:59 n’existe pas une nuit de printemps et vient deux fois une nuit d’automne.`,
        `the hour ${two}:00-${two}:59 does not exist on one night in spring and comes twice on one in autumn.`,
      ]);
    }
  }
  return sound;
}

function isCron(text: string): boolean {
  if (text.trim().split(/\s+/).length !== 5) return false;
  try {
    const cron = new Cron(text, { paused: true });
    cron.stop();
    return true;
  } catch {
    return false;
  }
}

// Finds the hours of a time zone that a change of the clocks skips or repeats, and the hours that a schedule names.
// Invariant: reads the rules of the zone over two years from a fixed day, so that a check gives the same answer every day.

const hourMs = 3_600_000;
const from = Date.UTC(2026, 0, 1);
const days = 731;
const found = new Map<string, ReadonlySet<number>>();

/** Hours that do not exist on one day or come twice on another: 2 in Paris, 1 in London. */
export function doubtfulHours(zone: string): ReadonlySet<number> {
  const known = found.get(zone);
  if (known !== undefined) return known;
  const hours = new Set<number>();
  for (let day = 0; day < days; day += 1) {
    const start = from + day * 24 * hourMs;
    if (offsetAt(start, zone) === offsetAt(start + 24 * hourMs, zone)) continue;
    for (let at = start; at < start + 24 * hourMs; at += hourMs) {
      const before = offsetAt(at, zone);
      const after = offsetAt(at + hourMs, zone);
      // Forward: the clock skips this hour. Back: it repeats this hour.
      if (before !== after) hours.add(new Date(at + hourMs + Math.min(before, after)).getUTCHours());
    }
  }
  found.set(zone, hours);
  return hours;
}

/** Hours a cron expression names; empty for every hour, where one slot more or less a year does not matter. */
export function hoursNamed(cron: string): readonly number[] {
  const field = cron.trim().split(/\s+/)[1] ?? '*';
  if (field === '*') return [];
  return field.split(',').flatMap((part) => {
    const match = /^(?:\*|(\d+)(?:-(\d+))?)(?:\/(\d+))?$/.exec(part);
    if (match === null) return [];
    const [, first, last, step] = match;
    const begin = Number(first ?? 0);
    const end = last !== undefined ? Number(last) : first === undefined || step !== undefined ? 23 : begin;
    const by = Math.max(1, Number(step ?? 1));
    return Array.from(
      { length: Math.max(0, Math.floor((end - begin) / by) + 1) },
      (_, index) => begin + index * by,
    );
  });
}
