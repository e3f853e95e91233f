// Compares two versions of a mapping over the same leads: the differences in what they write, by target.
// Invariant: pure; the caller decides which values of a lead may be shown.
import type { Action } from '../../../connectors/contract.ts';
import type { Lead } from '../../domain/lead.ts';
import { callSituations, undoSituations, situationAt } from '../calls/situations.ts';
import type { ApplyResult, CompiledMapping, WrittenRecord } from '../contract.ts';
import { findSource } from '../fields/source.ts';
import { entryValue, type Entry } from '../fields/values.ts';
import { hoursText } from '../../domain/sending-hours.ts';
import { isRecord } from '../document/yaml.ts';

/** The value of one lead at a target on each side; undefined: none is written. */
export interface Change {
  readonly reference: string;
  readonly before: unknown;
  readonly after: unknown;
}

interface TargetChanges {
  readonly target: string;
  /** Its values are codes, constants or opt-ins: they reveal nothing of a person. */
  readonly impersonal: boolean;
  readonly changes: readonly Change[];
}

/** A lead that is written on one side only, or is refused for another reason. */
export interface OutcomeChange {
  readonly before: string;
  readonly after: string;
  readonly references: readonly string[];
}

export interface MappingDiff extends BesidesContent {
  readonly leads: number;
  /** Leads with any difference. */
  readonly differing: number;
  readonly targets: readonly TargetChanges[];
  readonly outcomes: readonly OutcomeChange[];
  /** Leads that only one of the two takes. */
  readonly routing: readonly OutcomeChange[];
  /** Leads with equal values but different bytes: order, dialect, encoding. */
  readonly layout: readonly string[];
}

export function diffMappings(
  before: CompiledMapping,
  after: CompiledMapping,
  leads: readonly Lead[],
  action: Action,
  now: Date,
): MappingDiff {
  const targets = new Map<string, { impersonal: boolean; changes: Change[] }>();
  const outcomes = createGroups();
  const routing = createGroups();
  const layout: string[] = [];
  const differing = new Set<string>();
  for (const lead of leads) {
    const { reference } = lead;
    const sides = [sideOf(before, lead, action, now), sideOf(after, lead, action, now)] as const;
    const [old, fresh] = sides;
    if (old.accepted !== fresh.accepted) {
      routing.add(old.accepted, fresh.accepted, reference);
      differing.add(reference);
    }
    if (old.outcome !== fresh.outcome) outcomes.add(old.outcome, fresh.outcome, reference);
    else {
      for (const target of new Set([...old.values.keys(), ...fresh.values.keys()])) {
        const was = old.values.get(target);
        const is = fresh.values.get(target);
        if (JSON.stringify(was) === JSON.stringify(is)) continue;
        const group = targets.get(target) ?? { impersonal: true, changes: [] };
        group.impersonal &&= sides.every((side) => side.impersonal.get(target) !== false);
        group.changes.push({ reference, before: was, after: is });
        targets.set(target, group);
        differing.add(reference);
      }
      if (!differing.has(reference) && old.bytes !== fresh.bytes) layout.push(reference);
    }
    if (old.outcome !== fresh.outcome || layout.at(-1) === reference) differing.add(reference);
  }
  return {
    leads: leads.length,
    differing: differing.size,
    layout,
    targets: [...targets].map(([target, group]) => ({ target, ...group })),
    outcomes: outcomes.all(),
    routing: routing.all(),
    ...besidesContent(before, after),
  };
}

interface Side {
  readonly outcome: string;
  readonly accepted: string;
  readonly values: ReadonlyMap<string, unknown>;
  readonly impersonal: ReadonlyMap<string, boolean>;
  readonly bytes: string;
}

function sideOf(mapping: CompiledMapping, lead: Lead, action: Action, now: Date): Side {
  const accepts = mapping.accepts(lead);
  const accepted = accepts.yes ? 'taken' : `not taken (accepts.${accepts.because})`;
  const side = { values: new Map<string, unknown>(), impersonal: new Map<string, boolean>(), bytes: '' };
  const plain = situationAt(mapping, now, { action, key: 'dlv_diff', recipientReference: 'REF' });
  const several = mapping.actions[action]?.calls !== undefined;
  const places = several
    ? [...callSituations(mapping, lead, plain), ...undoSituations(mapping, lead, plain)]
    : [{ call: undefined, situation: plain, applies: true }];
  for (const { call, situation: place, applies } of places) {
    if (!applies) continue;
    // An opt-in may trigger a call without a body: only its presence can be compared.
    if (call !== undefined) {
      side.values.set(`call ${call.name}`, 'made');
      side.impersonal.set(`call ${call.name}`, true);
    }
    const result = mapping.apply(lead, place);
    if (!result.ok)
      return { outcome: whyNot(result), accepted, values: new Map(), impersonal: new Map(), bytes: '' };
    collect(side, result.record, call === undefined ? '' : `${call.name}: `);
    const batch = mapping.schedule === undefined ? undefined : { sequence: 1, slot: now, rows: 1 };
    const { bytes, mediaType, headers = {} } = mapping.write([result.record], action, batch, call?.name);
    side.bytes += `${mediaType}\n${JSON.stringify(headers)}\n${Buffer.from(bytes).toString('latin1')}\n`;
  }
  return { outcome: 'written', accepted, ...side };
}

function collect(
  side: { readonly values: Map<string, unknown>; readonly impersonal: Map<string, boolean>; bytes: string },
  record: WrittenRecord,
  prefix: string,
): void {
  for (const entry of record.values as readonly Entry[]) {
    const name = prefix + entry.target.text;
    const own = entryValue(entry);
    // Several lines may write one list.
    side.values.set(name, side.values.has(name) ? [side.values.get(name), own].flat() : own);
  }
  for (const { field, source } of record.origins)
    side.impersonal.set(prefix + field, source.split(', ').every(isImpersonal));
  side.bytes += JSON.stringify([record.sheet ?? [], record.title ?? '']);
}

/** Codes of a closed list reveal no person without the lead they came from. */
function isImpersonal(path: string): boolean {
  if (path === '(consent)' || path === '(constant)') return true;
  const source = findSource(path);
  return source !== undefined && (!source.person || source.type === 'enum') && source.type !== 'list';
}

function whyNot(result: Exclude<ApplyResult, { readonly ok: true }>): string {
  switch (result.why) {
    case 'invalid':
      return `invalid: ${result.problems.map(({ field, code }) => `${field} ${code}`).join(', ')}`;
    case 'opt_in_missing':
      return `withheld: no answer for ${result.missing.map((need) => `${need.purpose} by ${need.channel}`).join(', ')}`;
    case 'opt_in_held':
      return `withheld: ${result.field} says hold`;
    case 'category_not_authorised':
      return `withheld: ${result.category} data are not covered`;
    case 'capture_missing':
      return `waits for ${result.capture}`;
  }
}

function createGroups() {
  const groups = new Map<string, { before: string; after: string; references: string[] }>();
  return {
    add: (before: string, after: string, reference: string): void => {
      const key = JSON.stringify([before, after]);
      const group = groups.get(key) ?? { before, after, references: [] };
      group.references.push(reference);
      groups.set(key, group);
    },
    all: (): readonly OutcomeChange[] => [...groups.values()],
  };
}

// Compares two versions of a mapping besides the content of a lead: opt-in, answers, leads taken, delays, addresses.
// Invariant: nothing of a lead is in it; a secret is its name.

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

export type BesidesContent = ReturnType<typeof besidesContent>;

export const besidesContent = (before: CompiledMapping, after: CompiledMapping) => ({
  optIn: changesOf(optInOf(before), optInOf(after)),
  settings: changesOf(settingsOf(before), settingsOf(after)),
  /** The rules for answers, and their order. */
  answers: linesOf(before.inWords.answers, after.inWords.answers),
  /** The filter of leads, as the file says it. */
  accepts: linesOf(before.inWords.accepts, after.inWords.accepts),
  /** Lines of the opt-in as the file has them: proofs, inversions and formats too. */
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
