// The connector's part of a mapping: `send` or `file`, for each action, against schema, contract and good sense.
// Invariant: no secret in clear, and no host, mailbox or folder the client's contract does not list (C19).
import { Cron } from 'croner';
import type { Action, JsonSchema } from '../../../connectors/contract.ts';
import type { ClientFacts } from '../../domain/destination.ts';
import type { ActionPlan, ConnectorFacts } from '../contract.ts';
import { doubtfulHours, hoursNamed } from './clock-changes.ts';
import { blockAt, isRecord, textAt } from '../document/yaml.ts';
import { holdsOwn, overlay } from './overlay.ts';
import type { Path, Report } from '../document/problems.ts';
import { pathOf, structureProblems } from '../document/structure.ts';
import { suggest } from '../document/suggest.ts';
import { secretIn } from '../fields/secret-cells.ts';
import { defaultZone, isZone } from '../fields/time.ts';

const secretKey = /pass(word|phrase|wd)|secret|token|bearer|private[_-]?key|api[_-]?key|authorization/i;

export interface Settings {
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

/** Where a part of an action's settings stands: a key of its own block there, an inherited one at its base. */
export function placesOf(
  mapping: Record<string, unknown>,
  action: Action,
  { settingsKey: key, overlaid = [] }: ConnectorFacts,
): (path: Path) => Path {
  const own = action === 'create' ? undefined : blockAt(mapping, action)[key];
  return (path) => (isRecord(own) && holdsOwn(own, path, overlaid) ? [action, key, ...path] : [key, ...path]);
}

/** Checks settings against the connector, the contract and good sense. @param at where a part of them stands in the file */
export function checkSettings(
  settings: unknown,
  at: (path: Path) => Path,
  connector: ConnectorFacts,
  client: ClientFacts | undefined,
  report: Report,
): Settings | undefined {
  const key = connector.settingsKey;
  if (!isRecord(settings)) {
    report.error(
      [key],
      connector.settingsKey === 'file' ? 'MAP-604' : 'MAP-102',
      `connector ${connector.type} needs the block "${key}".`,
      { at: 'key' },
    );
    return undefined;
  }
  const clear = reportClearText(settings, at, report, [connector.settingsSchema]);
  const scheduleSound = key === 'file' ? checkSchedule(settings, at, report) : true;
  const skip = (path: Path): boolean =>
    clear.has(JSON.stringify(path)) || (path[0] === 'schedule' && !scheduleSound);
  let sound = clear.size === 0 && scheduleSound;
  for (const problem of structureProblems(connector.settingsSchema, settings)) {
    if (problem.code === 'MAP-102' && problem.message.includes('"schedule"')) continue;
    sound = false;
    if (skip(problem.path)) continue;
    report.error(at(problem.path), problem.code, problem.message, {
      suggestion: problem.suggestion,
      ...(problem.at === undefined ? {} : { at: problem.at }),
    });
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
    report.warn(
      at(pathOf(pointer, settings)),
      'MAP-905',
      'this address is in clear; production publishes https:// only (C38).',
    );
  for (const { path, message } of connector.doubts?.(settings) ?? [])
    report.warn(at(pathOf(path, settings)), 'MAP-416', message);
  const targets = connector.targets(settings).map((target) => target.toLowerCase());
  if (client !== undefined) {
    // A mailbox that stands among the folders is not what the contract lets receive mails (C19).
    checkContract(targets, client[connector.targetKind(settings)], { settings, at, report });
    checkContract(connector.dials?.(settings) ?? [], client.hosts, { settings, at, report });
  }
  return { plan: { settings, targets }, secretNames: connector.secretNames(settings) };
}

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
    report.error(at(path), 'MAP-401', `"${target}" is not in the contract facts of client.yaml (C19).`, {
      suggestion: suggest(target, contract),
    });
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

/** Reports secrets in clear; gives their paths. */
export function reportClearText(
  settings: unknown,
  at: (path: Path) => Path,
  report: Report,
  schemas: readonly JsonSchema[],
): ReadonlySet<string> {
  const clear = new Set<string>();
  findClearText(settings, [], schemas, (path, says) => {
    clear.add(JSON.stringify(path));
    report.error(at(path), 'MAP-404', `"${String(path.at(-1))}" ${says}`);
  });
  return clear;
}

const inClear = 'holds a secret in clear: write secret:NAME.';
const misnamed = 'names no secret: behind secret: stand letters, digits and _, such as secret:CRM_KEY.';
const holdsPassword = /^[a-z]+:\/\/[^/?#\s]*:[^/?#\s]*@/i;
/** An address, or a place in an answer: under a key that is only named like a secret, it is a misspelt key. */
const isPlace = /^(?:https?:\/\/|\$\.)/;

/** Values that can only be secrets: by their key, by the connector's schema, or inside an address. */
function findClearText(
  value: unknown,
  path: Path,
  schemas: readonly JsonSchema[],
  found: (path: Path, says: string) => void,
): void {
  if (!isRecord(value)) return;
  for (const [key, inner] of Object.entries(value)) {
    const here = [...path, key];
    const under = schemas.flatMap((schema) => blockAt(schema, 'properties')[key]).filter(isRecord);
    const says = under
      .map((schema) => textAt(schema, 'pattern') ?? (schema['enum'] === undefined ? undefined : ''))
      .filter((pattern) => pattern !== undefined)
      .map((pattern) => pattern.startsWith('^secret:'));
    // `tokenUrl` and `secretAs` are named like secrets: where the schema says what stands there, it counts. Of an unknown
    // connector all are asked; what one of them takes in clear is no secret for another's sake.
    const isSaid = says.length > 0 && new Set(says).size === 1;
    const secret = isSaid ? says[0] === true : secretKey.test(key);
    if (typeof inner !== 'string') findClearText(inner, here, under, found);
    else if (inner.startsWith('secret:')) {
      if (secretIn(inner) === undefined) found(here, misnamed);
    } else if (holdsPassword.test(inner) || (secret && (isSaid || !isPlace.test(inner))))
      found(here, inClear);
  }
}

function checkSchedule(settings: Record<string, unknown>, at: (path: Path) => Path, report: Report): boolean {
  const schedule = settings['schedule'];
  if (schedule === undefined) {
    report.error(
      at([]),
      'MAP-604',
      'a file destination needs a schedule: {cron: "0 7,13 * * 1-6", timezone: Europe/Paris}.',
      { at: 'key' },
    );
    return false;
  }
  const cron = textAt(schedule, 'cron');
  const zone = textAt(schedule, 'timezone') ?? defaultZone;
  let sound = true;
  if (!isZone(zone)) {
    report.error(at(['schedule', 'timezone']), 'MAP-605', `time zone "${zone}" does not exist.`, {
      suggestion: suggest(zone, Intl.supportedValuesOf('timeZone')),
    });
    sound = false;
  }
  if (cron !== undefined && !isCron(cron)) {
    report.error(
      at(['schedule', 'cron']),
      'MAP-603',
      `"${cron}" is no schedule: write minute hour day month weekday.`,
    );
    return false;
  }
  if (cron !== undefined && isZone(zone)) {
    const doubtful = doubtfulHours(zone);
    const hour = hoursNamed(cron).find((named) => doubtful.has(named));
    if (hour !== undefined) {
      const two = String(hour).padStart(2, '0');
      report.warn(
        at(['schedule', 'cron']),
        'MAP-607',
        `the hour ${two}:00-${two}:59 does not exist on one night in spring and comes twice on one in autumn.`,
      );
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
