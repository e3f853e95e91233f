// Finds the gaps of a mapping: fields never sent, values without an entry, unused consents, channels and interactions.
// Invariant: pure; leads are only counted, and values are named only for fields that are not a person's.
import { currentConsent } from '../../domain/consent.ts';
import {
  channels,
  consentChannels,
  consentPurposes,
  consentStates,
  interactionKinds,
  sourceModel,
  type ConsentChannel,
  type ConsentPurpose,
  type DataCategory,
  type Lead,
} from '../../domain/lead.ts';
import type { CompiledMapping } from '../contract.ts';
import { isRecord, listAt, textAt } from '../document/yaml.ts';
import { asText } from '../fields/values.ts';
import { findSource, isBlank, type Context, type Source } from '../fields/source.ts';
import type { Action } from '../../../connectors/contract.ts';
import { situationAt } from '../calls/situations.ts';

// Lists the sources that each line of a mapping reads, for tools that describe a file rather than run it.
// Invariant: reads the file as checked, presets and shared maps included; it never decides what is written.

interface FieldRead {
  /** Target; `echanges.type` for the field of a group, `person: name` for one of a call. */
  readonly target: string;
  /** Sources it writes from, as absolute paths: `interactions.kind`. */
  readonly sources: readonly Source[];
  readonly list?: string;
  readonly map?: Readonly<Record<string, unknown>>;
  readonly raw: Readonly<Record<string, unknown>>;
}

type Raw = Readonly<Record<string, unknown>>;

/** Every field of an action and of each of its calls, groups opened; consent places left out. */
function fieldReads(mapping: Raw, action: Action = 'create'): readonly FieldRead[] {
  const block = action === 'create' ? mapping : mapping[action];
  const readsIn = (value: unknown): readonly FieldRead[] =>
    listAt(value, 'fields').flatMap((raw) => (isRecord(raw) ? readsOf(raw, mapping) : []));
  return [
    ...readsIn(block),
    ...listAt(block, 'calls').flatMap((call) =>
      readsIn(call).map((read) => ({ ...read, target: `${textAt(call, 'name') ?? '?'}: ${read.target}` })),
    ),
  ];
}

function readsOf(raw: Raw, mapping: Raw, list?: string, parent = ''): readonly FieldRead[] {
  const to = textAt(raw, 'to');
  if (to === undefined) return [];
  const each = textAt(raw, 'each');
  const target = parent === '' ? to : /^[@#]/.test(to) ? `${parent}${to}` : `${parent}.${to}`;
  if (each !== undefined)
    return listAt(raw, 'fields').flatMap((field) =>
      isRecord(field) ? readsOf(field, mapping, each, to) : [],
    );
  const named = raw['map'];
  const maps = mapping['maps'];
  const map = typeof named === 'string' ? (isRecord(maps) ? maps[named] : undefined) : named;
  return [
    {
      target,
      raw,
      sources: pathsIn(raw).flatMap((path) => sourceOf(path, list) ?? []),
      list,
      ...(isRecord(map) ? { map } : {}),
    },
  ];
}

/** Paths a line names after from or inside its template. */
function pathsIn(raw: Raw): readonly string[] {
  const template = textAt(raw, 'template') ?? '';
  const places = [...template.matchAll(/\{\{([^{}|]*)/g)].map(([, path = '']) => path.trim());
  const from = textAt(raw, 'from');
  return from === undefined ? places : [from, ...places];
}

/** The source itself, or the element of a list, under its whole path. */
function sourceOf(path: string, list: string | undefined): Source | undefined {
  const inner = list === undefined ? undefined : findSource(path, list);
  if (inner === undefined || inner.path !== path || list === undefined) return findSource(path);
  return findSource(`${list}.${path}`) ?? inner;
}

/** Sources that are only read in `when:` of any line and of any call. */
function decidingPaths(mapping: Raw): ReadonlySet<string> {
  const found = new Set<string>();
  const walk = (value: unknown): void => {
    if (typeof value === 'string' && findSource(value) !== undefined) found.add(value);
    else if (Array.isArray(value)) for (const item of value as unknown[]) walk(item);
    else if (isRecord(value))
      for (const [key, inner] of Object.entries(value)) {
        if (findSource(key) !== undefined) found.add(key);
        walk(inner);
      }
  };
  const lines = (value: unknown): void => {
    for (const raw of listAt(value, 'fields')) {
      if (!isRecord(raw)) continue;
      walk(raw['when']);
      lines(raw);
    }
  };
  for (const block of [mapping, mapping['update'], mapping['erase']]) {
    lines(block);
    for (const call of listAt(block, 'calls')) {
      if (isRecord(call)) walk(call['when']);
      lines(call);
    }
  }
  return found;
}

export interface Coverage {
  /** Leads examined; 0 when none were given. */
  readonly leads: number;
  readonly never: readonly NeverSent[];
  readonly maps: readonly MapGap[];
  /** Closed lists sent in our own words. */
  readonly unmapped: readonly {
    readonly field: string;
    readonly source: string;
    readonly values: readonly string[];
  }[];
  readonly consents: readonly ConsentUse[];
  readonly channels: readonly { readonly channel: string; readonly taken: boolean; readonly leads: number }[];
  readonly interactions: {
    readonly sent: boolean;
    readonly kinds: readonly { readonly kind: string; readonly written: string; readonly count: number }[];
  };
}

interface NeverSent {
  readonly path: string;
  readonly category: DataCategory | 'technical';
  /** The field is only read in `when` or `accepts`. */
  readonly decides: boolean;
  /** False: the contract does not cover its category. */
  readonly covered: boolean;
  /** Leads that have a value for it. */
  readonly leads: number;
}

type MapGap = NonNullable<ReturnType<typeof mapGap>>;

interface ConsentUse {
  readonly purpose: ConsentPurpose;
  readonly channel: ConsentChannel;
  /** Fields that write it; none: the mapping does not send this consent. */
  readonly fields: readonly string[];
  /** States in which the field is left out or the delivery is withheld. */
  readonly silent: readonly string[];
  /** Leads by current state; `missing`: no answer is recorded. */
  readonly leads: Readonly<Record<string, number>>;
}

export function coverageOf(
  whole: Readonly<Record<string, unknown>>,
  compiled: CompiledMapping,
  leads: readonly Lead[],
  now: Date,
): Coverage {
  const reads = [...fieldReads(whole), ...fieldReads(whole, 'update')];
  const situation = situationAt(compiled, now, { action: 'create', key: '' });
  const contexts = leads.map((lead): Context => ({ lead, situation, client: compiled.client }));
  return {
    leads: leads.length,
    never: neverSent(whole, compiled, reads, contexts),
    maps: reads.flatMap((read) => mapGap(read, contexts) ?? []),
    unmapped: reads.flatMap((read) => {
      const [source, ...others] = read.sources;
      if (source?.values === undefined || others.length > 0 || read.map !== undefined) return [];
      return [{ field: read.target, source: source.path, values: source.values }];
    }),
    consents: consentUses(compiled, leads, now),
    channels: channels.map((channel) => ({
      channel,
      taken: takes(whole['accepts'], channel),
      leads: leads.filter((lead) => lead.channel === channel).length,
    })),
    interactions: interactionsOf(reads, leads),
  };
}

/** Technical sources of the exchange are not reported as gaps. */
const ofTheExchange = /^(delivery|batch|client)\./;

function neverSent(
  whole: Readonly<Record<string, unknown>>,
  compiled: CompiledMapping,
  reads: readonly FieldRead[],
  contexts: readonly Context[],
): readonly NeverSent[] {
  const sent = new Set(reads.flatMap((read) => read.sources.map((source) => source.path)));
  const deciding = decidingPaths(whole);
  const { categories } = compiled.client;
  return sourceModel.flatMap((field): readonly NeverSent[] => {
    if (ofTheExchange.test(field.path) || sameByAnotherName.has(field.path)) return [];
    const inner = (field.element ?? []).map((part) => ({ ...part, path: `${field.path}.${part.path}` }));
    const opened = inner.some((part) => sent.has(part.path));
    return (opened ? inner : [field]).flatMap(({ path, category }): readonly NeverSent[] => {
      if ((phones[path] ?? [path]).some((phone) => sent.has(phone))) return [];
      const source = findSource(path);
      return [
        {
          path,
          category,
          decides: deciding.has(path),
          covered: category === 'technical' || categories.includes(category),
          leads: source === undefined ? 0 : contexts.filter((context) => hasValue(source, context)).length,
        },
      ];
    });
  });
}

const sameByAnotherName = new Set(['identity.phone', 'identity.phones']);
const anyPhone = ['identity.phone', 'identity.phones', 'identity.phones.number'];
/** Other sources under which a phone may be sent. */
const phones: Readonly<Record<string, readonly string[]>> = {
  'identity.mobile': ['identity.mobile', ...anyPhone],
  'identity.landline': ['identity.landline', ...anyPhone],
};

function hasValue(source: Source, context: Context): boolean {
  const value = source.read(context);
  return Array.isArray(value) ? value.some((item) => !isBlank(item)) : !isBlank(value);
}

function mapGap(read: FieldRead, contexts: readonly Context[]) {
  const { map, target } = read;
  const [source] = read.sources;
  if (map === undefined || source === undefined) return undefined;
  const has = (value: string): boolean => value !== 'else' && Object.hasOwn(map, value);
  const seen = new Map<string, number>();
  for (const context of contexts) {
    const value = source.read(context);
    for (const item of Array.isArray(value) ? (value as unknown[]) : [value]) {
      const text = asText(item);
      if (text === '' || has(text)) continue;
      const shown = source.person && source.values === undefined ? '(not shown)' : text;
      seen.set(shown, (seen.get(shown) ?? 0) + 1);
    }
  }
  const missing = (source.values ?? []).filter((value) => !has(value));
  if (missing.length === 0 && seen.size === 0) return undefined;
  const other = map['else'];
  return {
    field: target,
    source: source.path,
    /** Values of a closed list without an entry. */
    missing,
    /** The effect of `else` on them. */
    otherwise: isRecord(other) ? asText(other['value']) : asText(other),
    /** Values without an entry, the most frequent first; without the value where it is a person's. */
    seen: [...seen].map(([value, count]) => ({ value, count })).toSorted((a, b) => b.count - a.count),
  };
}

function consentUses(compiled: CompiledMapping, leads: readonly Lead[], now: Date): readonly ConsentUse[] {
  return consentPurposes.flatMap((purpose) =>
    consentChannels.flatMap((channel): readonly ConsentUse[] => {
      const rows = compiled.consentTable.filter((row) => row.purpose === purpose && row.channel === channel);
      const found: Record<string, number> = {};
      for (const lead of leads) {
        const state = currentConsent(lead.consents, purpose, channel, now)?.state ?? 'missing';
        found[state] = (found[state] ?? 0) + 1;
      }
      const recorded = leads.length > (found['missing'] ?? 0);
      // Other purposes count only where an answer is recorded or the mapping writes them.
      if (rows.length === 0 && !recorded && purpose !== 'marketing') return [];
      const silent = consentStates.filter((state) => rows.some((row) => row.values[state].startsWith('(')));
      return [{ purpose, channel, fields: rows.map((row) => row.field), silent, leads: found }];
    }),
  );
}

function takes(accepts: unknown, channel: string): boolean {
  const wanted = isRecord(accepts) ? accepts['channel'] : undefined;
  if (wanted === undefined) return true;
  const list = Array.isArray(wanted) ? (wanted as unknown[]) : [wanted];
  return list.some((item) => {
    const parts = asText(item)
      .split('*')
      .map((part) => part.replaceAll(/[^\w-]/g, '\\$&'));
    return new RegExp(`^${parts.join('.*')}$`).test(channel);
  });
}

function interactionsOf(reads: readonly FieldRead[], leads: readonly Lead[]): Coverage['interactions'] {
  const sent = reads.some((read) => read.sources.some((source) => source.path.startsWith('interactions')));
  const kinds = reads.find((read) => read.sources[0]?.path === 'interactions.kind');
  return {
    sent,
    kinds: interactionKinds.map((kind) => ({
      kind,
      written:
        kinds === undefined
          ? ''
          : kinds.map === undefined
            ? kind
            : asText(kinds.map[kind] ?? `else: ${asText(kinds.map['else'])}`),
      count: leads.reduce(
        (sum, lead) => sum + lead.interactions.filter((interaction) => interaction.kind === kind).length,
        0,
      ),
    })),
  };
}
