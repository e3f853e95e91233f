// Compares two versions of a mapping besides the content of a lead: opt-in, answers, leads taken, delays, addresses.
// Invariant: nothing of a lead is in it; a secret is its name.
import { hoursText } from '../../domain/hours-words.ts';
import type { CompiledMapping } from '../contract.ts';
import { isRecord } from '../document/yaml.ts';

/** Lines of one side only; `moved` when both have the same ones in another order. */
export interface LineChanges {
  readonly removed: readonly string[];
  readonly added: readonly string[];
  readonly moved: boolean;
}

export interface SettingChange {
  readonly name: string;
  readonly before: string;
  readonly after: string;
}

export interface BesidesContent {
  readonly optIn: readonly SettingChange[];
  readonly settings: readonly SettingChange[];
  /** The rules for answers, and their order. */
  readonly answers: LineChanges;
  /** The filter of leads, as the file says it. */
  readonly accepts: LineChanges;
  /** Lines of the opt-in as the file has them: proofs, inversions and formats too. */
  readonly consent: LineChanges;
}

export const besidesContent = (before: CompiledMapping, after: CompiledMapping): BesidesContent => ({
  optIn: changesOf(optInOf(before), optInOf(after)),
  settings: changesOf(settingsOf(before), settingsOf(after)),
  answers: linesOf(before.inWords.answers, after.inWords.answers),
  accepts: linesOf(before.inWords.accepts, after.inWords.accepts),
  consent: linesOf(before.inWords.consent, after.inWords.consent),
});

function linesOf(before: readonly string[], after: readonly string[]): LineChanges {
  const removed = before.filter((line) => !after.includes(line));
  const added = after.filter((line) => !before.includes(line));
  const kept = (list: readonly string[], gone: readonly string[]): string =>
    JSON.stringify(list.filter((line) => !gone.includes(line)));
  return { removed, added, moved: kept(before, removed) !== kept(after, added) };
}

type Named = ReadonlyMap<string, string>;

function changesOf(before: Named, after: Named): readonly SettingChange[] {
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((name) => {
    const was = before.get(name) ?? '(absent)';
    const is = after.get(name) ?? '(absent)';
    return was === is ? [] : [{ name, before: was, after: is }];
  });
}

const optInOf = ({ consentTable, updateConsentTable = [] }: CompiledMapping): Named =>
  new Map([...rowsOf(consentTable, ''), ...rowsOf(updateConsentTable, 'update: ')]);

const rowsOf = (
  table: CompiledMapping['consentTable'],
  before: string,
): readonly (readonly [string, string])[] =>
  table.flatMap(({ field, purpose, channel, values }) =>
    Object.entries(values).map(
      ([state, value]) => [`${before}${field} (${purpose} by ${channel}) ${state}`, value] as const,
    ),
  );

/** Everything besides the content: address, retries, deadlines, schedule. Secrets are names here. */
function settingsOf(mapping: CompiledMapping): Named {
  const found = new Map<string, string>();
  const walk = (value: unknown, name: string): void => {
    if (isRecord(value))
      for (const [key, inner] of Object.entries(value)) walk(inner, name === '' ? key : `${name}.${key}`);
    else found.set(name, JSON.stringify(value) ?? '');
  };
  for (const [action, { settings, calls }] of Object.entries(mapping.actions)) {
    if (calls === undefined) walk({ [action]: settings }, '');
    else walk({ calls: calls.map((call) => call.name).join(', ') }, action);
    for (const call of (calls ?? []).flatMap((made) =>
      made.undo === undefined ? [made] : [made, made.undo],
    ))
      walk(
        { ...(call.settings as object), onUnknown: call.onUnknown, captures: call.captures },
        `${action}.${call.name}`,
      );
  }
  const { connector, schedule, updateOn, optInOnUpdate, hasLookup } = mapping;
  const { hours, ...limits } = mapping.limits;
  walk({ connector, limits, schedule, updateOn, 'update.optIn': optInOnUpdate, hasLookup }, '');
  if (mapping.readBack !== undefined) {
    const { settings, afterMs, fields } = mapping.readBack;
    walk({ readBack: { ...(settings as object), after: duration(afterMs), optIn: fields.join(', ') } }, '');
  }
  if (hours !== undefined) {
    const { zone, holidays, rightsWait } = hours;
    walk({ open: hoursText(hours), zone, holidays, rights: rightsWait ? 'in_hours' : 'at_once' }, 'hours');
  }
  for (const [name, words] of timingOf(mapping)) found.set(name, words);
  return found;
}

/** Retries, deadlines and promises under the names of the file, as durations. */
function timingOf(mapping: CompiledMapping): readonly (readonly [string, string])[] {
  const { retry, timeouts } = mapping;
  return [
    ['retry', retry.delays.map(duration).join(', ')],
    ['onUnknown', retry.onUnknown],
    ['pending', `for ${duration(retry.pendingForMs)}, every ${duration(retry.pendingEveryMs)}`],
    ['retry.maxRetryAfter', duration(retry.maxRetryAfterMs)],
    ['maxAge', duration(mapping.maxAgeMs)],
    ['promise', duration(mapping.promiseMs)],
    ['timeouts.connect', duration(timeouts.connectMs)],
    ['timeouts.response', duration(timeouts.responseMs)],
    ['timeouts.total', duration(timeouts.totalMs)],
  ];
}

const units = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'm'],
  [1_000, 's'],
] as const;

/** `90s`, `2h`: the largest unit that expresses it exactly, as files write it. */
function duration(ms: number): string {
  const unit = units.find(([size]) => ms >= size && ms % size === 0);
  return unit === undefined ? `${ms}ms` : `${ms / unit[0]}${unit[1]}`;
}
