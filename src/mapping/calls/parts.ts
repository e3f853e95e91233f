// Compiles the parts of one call: its condition, its layout, the ids in its address, the ids its answer must give.
// Invariant: an id in an address is given by an earlier call; an accepted answer without the required ids counts as no proof.
import type { Action } from '../../../connectors/contract.ts';
import type { ClientFacts } from '../../domain/destination.ts';
import { tooComplexReason } from '../response/answer-budget.ts';
import type { Schemas } from '../formats/client-schema.ts';
import { capturesIn } from './captures.ts';
import type { Captures } from './captures.ts';
import { compileCondition } from '../fields/conditions.ts';
import type { CompiledConsent } from '../consent/block.ts';
import type { CallPlan, ConnectorFacts } from '../contract.ts';
import { blockAt, isRecord, listAt, textAt } from '../document/yaml.ts';
import type { Layout } from '../formats/layout.ts';
import type { Path, Report } from '../document/problems.ts';
import type { RecordPlan } from '../record.ts';
import type { Judge } from '../response/rules.ts';
import type { Scope } from '../scope.ts';
import { suggest } from '../document/suggest.ts';

export interface CallsInput {
  readonly mapping: Record<string, unknown>;
  readonly action: Action;
  readonly scope: Scope;
  readonly layout: Layout;
  readonly consent: CompiledConsent | undefined;
  readonly connector: ConnectorFacts;
  readonly client: ClientFacts | undefined;
  readonly report: Report;
  readonly schemas: Schemas;
  readonly now: () => number;
  /** Ids that calls of this action and of those before it give; grows with each call. */
  readonly known: Map<string, { readonly conditional: boolean; readonly isRead: boolean }>;
}

const always = { test: (): boolean => true, categories: new Set<never>() } as const;

export function compileWhen(
  raw: Record<string, unknown>,
  path: Path,
  scope: Scope,
): { readonly test: ReturnType<typeof compileCondition>; readonly categories: RecordPlan['categories'] } {
  if (!Object.hasOwn(raw, 'when')) return always;
  const categories = new Set<RecordPlan['categories'] extends ReadonlySet<infer One> ? One : never>();
  const { captures } = scope;
  // A condition tests if an id is present: it does not need the id.
  const asking: Scope =
    captures === undefined ? scope : { ...scope, captures: { ...captures, read: new Set() } };
  const test = compileCondition(raw['when'], [...path, 'when'], { scope: asking, categories });
  return { test, categories };
}

/** The ids in an address; reports those that are unknown, or given by a call that may be skipped when this one is sent. */
export function urlCaptures(
  raw: Record<string, unknown>,
  {
    path,
    own,
    base,
  }: {
    readonly path: Path;
    readonly own: Record<string, unknown>;
    readonly base: Record<string, unknown>;
  },
  { mapping, action, known, report }: CallsInput,
): readonly string[] {
  const found: string[] = [];
  const places: readonly (readonly [unknown, Path])[] = [
    [own['url'] ?? base['url'], Object.hasOwn(own, 'url') ? [...path, 'send', 'url'] : ['send', 'url']],
    [blockAt(own, 'lookup')['url'], [...path, 'send', 'lookup', 'url']],
    [blockAt(blockAt(own, 'lookup'), 'pending')['url'], [...path, 'send', 'lookup', 'pending', 'url']],
  ];
  for (const [url, place] of places) {
    for (const id of capturesIn(url)) {
      const capture = known.get(id);
      if (capture === undefined) {
        report.error(
          place,
          'MAP-652',
          [`aucun appel antérieur ne donne {${id}}.`, `no earlier call captures {${id}}.`],
          {
            suggestion: suggest(id, [...known.keys()]),
          },
        );
        continue;
      }
      const giver = id.slice(0, id.indexOf('.'));
      const other = listAt(mapping, 'calls').find((call) => textAt(call, 'name') === giver);
      const alike =
        JSON.stringify(isRecord(other) ? other['when'] : undefined) === JSON.stringify(raw['when']);
      // An erase skips the calls whose ids were never given.
      if (action !== 'erase' && capture.conditional && (!alike || raw['when'] === undefined))
        report.error(place, 'MAP-652', [
          `{${id}} vient de « ${giver} », que certains leads omettent : cet appel a besoin du même when.`,
          `{${id}} is given by "${giver}", which is left out for some leads: this call needs the same when.`,
        ]);
      found.push(id);
    }
  }
  if (typeof places[0]?.[0] === 'string' && places[0][0].includes('{reference}')) found.push('reference');
  return found;
}

/** An accepted answer without the ids it must give is unknown: later calls could not use it. */
export function withCaptures(judge: Judge, captures: Captures | undefined): Judge {
  if (captures === undefined || captures.names.length === 0) return judge;
  return (opened, stage) => {
    const outcome = judge(opened, stage);
    if (outcome.kind !== 'accepted' && outcome.kind !== 'duplicate' && outcome.kind !== 'unconfirmed')
      return outcome;
    const got = captures.read(opened);
    if ('captured' in got && !opened.tooComplex()) return { ...outcome, captures: got.captured };
    const evidence = outcome.evidence === undefined ? {} : { evidence: outcome.evidence };
    return { kind: 'unknown', reason: opened.tooComplex() ? tooComplexReason : captureMissing, ...evidence };
  };
}

/** Reason of an accepted answer that lacks an id that later calls need. */
export const captureMissing = 'CAPTURE_MISSING';

/** The GET calls to repeat before this one is sent again, because it sets what they read. A call that adds is sent again unchanged. */
export const rereadsOf = (
  settings: unknown,
  reads: readonly string[],
  { known }: Pick<CallsInput, 'known'>,
): readonly string[] =>
  setting.has(methodOf(settings))
    ? [
        ...new Set(
          reads.filter((id) => known.get(id)?.isRead === true).map((id) => id.slice(0, id.indexOf('.'))),
        ),
      ]
    : [];

export const methodOf = (settings: unknown): string => textAt(settings, 'method') ?? 'POST';

const setting = new Set(['PUT', 'PATCH', 'DELETE']);
const repeatable = new Set(['GET', 'PUT', 'PATCH', 'DELETE']);

export function onUnknownOf(
  raw: Record<string, unknown>,
  settings: Record<string, unknown>,
  { mapping, report }: CallsInput,
  path: Path,
): CallPlan['onUnknown'] {
  const own = raw['onUnknown'];
  const wanted = own ?? mapping['onUnknown'];
  const asks = isRecord(settings['lookup']);
  if (wanted === 'hold') return 'hold';
  if (wanted !== 'lookup') return 'resend';
  if (asks) return 'lookup';
  if (own === 'lookup')
    report.error([...path, 'onUnknown'], 'MAP-506', [
      'onUnknown: lookup a besoin de send.lookup dans cet appel.',
      'onUnknown: lookup needs send.lookup in this call.',
    ]);
  // A request that sets a state may be repeated; one that creates may not.
  return repeatable.has(methodOf(settings)) ? 'resend' : 'hold';
}
