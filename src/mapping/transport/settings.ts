// Compiles the connector's settings, `send` or `file`, for each action, and checks them against schema and contract.
// Invariant: no secret in clear, and no host, mailbox or folder the client's contract does not list (C19).
import type { Action } from '../../../connectors/contract.ts';
import type { ClientFacts } from '../../domain/destination.ts';
import type { ActionPlan, ConnectorFacts } from '../contract.ts';
import { checkSchedule } from './schedule.ts';
import { reportClearText } from './clear-text.ts';
import { blockAt, isRecord } from '../document/yaml.ts';
import { holdsOwn, overlay } from './overlay.ts';
import { inEnglish, type Path, type Report } from '../document/problems.ts';
import { pathOf, structureProblems } from '../document/structure.ts';
import { suggest } from '../document/suggest.ts';

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
  if (!isRecord(settings)) {
    report.error(
      [key],
      connector.settingsKey === 'file' ? 'MAP-604' : 'MAP-102',
      [
        `le connecteur ${connector.type} a besoin du bloc « ${key} ».`,
        `connector ${connector.type} needs the block "${key}".`,
      ],
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
    if (problem.code === 'MAP-102' && inEnglish(problem.message).includes('"schedule"')) continue;
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
    report.error(
      at(path),
      'MAP-401',
      [
        `« ${target} » ne figure pas parmi les éléments du contrat, dans client.yaml (C19).`,
        `"${target}" is not in the contract facts of client.yaml (C19).`,
      ],
      {
        suggestion: suggest(target, contract),
      },
    );
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
