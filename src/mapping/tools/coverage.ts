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
} from '../../domain/lead.ts';
import type { ConsentChannel, ConsentPurpose, DataCategory, Lead } from '../../domain/lead.ts';
import type { CompiledMapping } from '../contract.ts';
import { isRecord } from '../document/yaml.ts';
import { asText } from '../fields/values.ts';
import { decidingPaths, fieldReads } from './reads.ts';
import type { FieldRead } from './reads.ts';
import { findSource, isBlank } from '../fields/source.ts';
import type { Context, Source } from '../fields/source.ts';

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

export interface NeverSent {
  readonly path: string;
  readonly category: DataCategory | 'technical';
  /** The field is only read in `when` or `accepts`. */
  readonly decides: boolean;
  /** False: the contract does not cover its category. */
  readonly covered: boolean;
  /** Leads that have a value for it. */
  readonly leads: number;
}

export interface MapGap {
  readonly field: string;
  readonly source: string;
  /** Values of a closed list without an entry. */
  readonly missing: readonly string[];
  /** The effect of `else` on them. */
  readonly otherwise: string;
  /** Values without an entry, the most frequent first; without the value where it is a person's. */
  readonly seen: readonly { readonly value: string; readonly count: number }[];
}

export interface ConsentUse {
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
  const situation = {
    action: 'create',
    key: '',
    writtenAt: now,
    now,
    categories: compiled.client.categories,
  } as const;
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

function mapGap(read: FieldRead, contexts: readonly Context[]): MapGap | undefined {
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
    missing,
    otherwise: isRecord(other) ? asText(other['value']) : asText(other),
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
