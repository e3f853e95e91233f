// Several calls for one delivery: each an address, a body and rules of its own; ids of one answer feed the next call.
// Invariant: every consent line is carried by a call that always leaves, and a call never uses an id no earlier one gives.
import type { Action, Answer } from '../../connectors/contract.ts';
import type { ClientFacts } from '../domain/destination.ts';
import { openAnswer } from './answer.ts';
import { checkConsentCarried, distribute } from './calls-consent.ts';
import type { RawCall } from './calls-consent.ts';
import { capturesIn, compileCaptures } from './captures.ts';
import type { Captures } from './captures.ts';
import { compileCondition } from './conditions.ts';
import type { CompiledConsent } from './consent.ts';
import type { CallPlan, ConnectorFacts } from './contract.ts';
import { blockAt, isRecord, listAt, textAt } from './document.ts';
import { readLayout } from './layout.ts';
import type { Layout } from './layout.ts';
import type { Path, Report } from './problems.ts';
import { compileLines } from './record.ts';
import type { RecordPlan } from './record.ts';
import { compileResponse } from './response.ts';
import type { Classify } from './response.ts';
import type { Scope } from './scope.ts';
import { checkSettings } from './settings.ts';
import { suggest } from './suggest.ts';

export interface CompiledCall {
  readonly plan: CallPlan;
  /** Ids of earlier calls it uses, where they are there. */
  readonly reads: readonly string[];
  readonly record: RecordPlan;
  readonly layout: Layout;
  readonly targets: readonly string[];
  readonly secretNames: readonly string[];
  readonly classify: Classify;
}

export interface CallsInput {
  readonly mapping: Record<string, unknown>;
  readonly action: Action;
  readonly scope: Scope;
  readonly layout: Layout;
  readonly consent: CompiledConsent | undefined;
  readonly connector: ConnectorFacts;
  readonly client: ClientFacts | undefined;
  readonly report: Report;
  readonly now: () => number;
  /** Ids that calls of this action and of those before it give; grows with each call. */
  readonly known: Map<string, { readonly conditional: boolean }>;
}

/** Whether the destination sends its leads by several calls. */
export const hasCalls = (mapping: Record<string, unknown>): boolean => Object.hasOwn(mapping, 'calls');

/** The calls of an action; an update or erase without a list of its own is one call of that name. */
function rawCalls({ mapping, action, report }: CallsInput): readonly RawCall[] {
  const block = action === 'create' ? mapping : blockAt(mapping, action);
  const at: Path = action === 'create' ? [] : [action];
  if (Object.hasOwn(block, 'calls')) {
    if (Object.hasOwn(block, 'fields'))
      report.error([...at, 'fields'], 'MAP-657', 'fields stand in each of the calls, not beside them.', {
        at: 'key',
      });
    return listAt(block, 'calls').flatMap((raw, index) =>
      isRecord(raw)
        ? [{ raw, path: [...at, 'calls', index], name: textAt(raw, 'name') ?? `call${index + 1}` }]
        : [],
    );
  }
  if (action === 'update' && !Object.hasOwn(block, 'fields')) {
    report.error(
      at,
      'MAP-657',
      'the create is made of calls: give update its own calls, or its own send and fields.',
      { at: 'key' },
    );
    return [];
  }
  return [{ raw: block, path: at, name: action }];
}

/** Compiles the calls of one action; problems go to the report. */
export function compileCalls(input: CallsInput): readonly CompiledCall[] {
  const { action, report, consent, connector } = input;
  if (connector.maxItems > 1 || connector.settingsKey !== 'send' || connector.sheet) {
    report.error(['calls'], 'MAP-657', `connector ${connector.type} makes no calls: only a webhook does.`, {
      at: 'key',
    });
    return [];
  }
  if (action === 'create' && Object.hasOwn(blockAt(input.mapping, 'send'), 'lookup'))
    report.error(['send', 'lookup'], 'MAP-657', 'a look-up stands in the send of the call it asks about.', {
      at: 'key',
    });
  if (action === 'create' && Object.hasOwn(input.mapping, 'schema'))
    report.error(['schema'], 'MAP-657', 'a schema describes one body; with calls there are several.', {
      at: 'key',
    });
  const raws = rawCalls(input);
  const seen = new Set<string>();
  for (const { name, path } of raws) {
    if (seen.has(name)) report.error([...path, 'name'], 'MAP-651', `two calls are named "${name}".`);
    seen.add(name);
  }
  const places = distribute(raws, action === 'erase' ? undefined : consent, report);
  const calls = raws.flatMap((raw, index) => compileCall(raw, index, input, places) ?? []);
  if (calls.length > 0 && calls.length === raws.length && action !== 'erase' && consent !== undefined)
    checkConsentCarried(raws, calls, consent, action, report);
  return calls;
}

function compileCall(
  { raw, path, name }: RawCall,
  index: number,
  input: CallsInput,
  places: ReturnType<typeof distribute>,
): CompiledCall | undefined {
  const { mapping, action, connector, client, report, known } = input;
  const own = blockAt(raw, 'send');
  const { lookup: _lookup, ...base } = blockAt(mapping, 'send');
  const at = (inner: Path): Path => {
    const first = inner[0];
    return first === undefined || Object.hasOwn(own, String(first))
      ? [...path, 'send', ...inner]
      : ['send', ...inner];
  };
  const settings = checkSettings({ ...base, ...own }, at, connector, client, report);
  if (action !== 'create' && Object.hasOwn(own, 'lookup'))
    report.error([...path, 'send', 'lookup'], 'MAP-657', `the calls of ${action} are not looked up.`, {
      at: 'key',
    });
  const scope: Scope = { ...input.scope, captures: { known, read: new Set() } };
  const layout = layoutOf(raw, path, input);
  const when = compileWhen(raw, path, scope);
  const { placeable, atEnd, gates, noted } = places[index] ?? {
    placeable: [],
    atEnd: [],
    gates: [],
    noted: [],
  };
  const lines = compileLines(listAt(raw, 'fields'), [...path, 'fields'], inXml(scope, layout), {
    whole: false,
    placeable,
    atEnd,
  });
  const record: RecordPlan = {
    ...lines,
    parts: [...lines.parts, ...noted.map((consent) => ({ consent }))],
    categories: new Set([...lines.categories, ...when.categories]),
  };
  const captures = compileCaptures(raw['capture'], name, [...path, 'capture'], report);
  const conditional = Object.hasOwn(raw, 'when') || gates.length > 0;
  const fromUrls = urlCaptures(raw, { path, own, base }, input);
  for (const id of captures?.names ?? []) known.set(id, { conditional });
  const hasLookup = Object.hasOwn(own, 'lookup');
  const classify = withCaptures(
    compileResponse(mapping['response'], {
      ...{ report, hasLookup, now: input.now, proves: true },
      own: { raw: raw['response'], path: [...path, 'response'] },
    }),
    captures,
  );
  if (settings === undefined) return undefined;
  const read = [...(scope.captures?.read ?? [])];
  const sure = read.filter((id) => known.get(id)?.conditional !== true);
  const { consent } = input;
  return {
    ...{ record, layout, classify, targets: settings.plan.targets, secretNames: settings.secretNames },
    reads: [...read, ...fromUrls.filter((id) => id !== 'reference')],
    plan: {
      ...{ name, hasLookup, settings: settings.plan.settings },
      onUnknown: onUnknownOf(raw, { ...base, ...own }, input, path),
      captures: captures?.names ?? [],
      needs: [...new Set([...fromUrls, ...sure])],
      applies: (lead, situation) =>
        when.test({ lead, situation, client: client ?? { id: '', name: '' } }) &&
        (gates.length === 0 || consent === undefined || gates.some((gate) => gate(lead, situation.now))),
    },
  };
}

const always = { test: (): boolean => true, categories: new Set<never>() } as const;

function compileWhen(
  raw: Record<string, unknown>,
  path: Path,
  scope: Scope,
): { readonly test: ReturnType<typeof compileCondition>; readonly categories: RecordPlan['categories'] } {
  if (!Object.hasOwn(raw, 'when')) return always;
  const categories = new Set<RecordPlan['categories'] extends ReadonlySet<infer One> ? One : never>();
  const { captures } = scope;
  // A condition asks whether an id is there: it does not need it.
  const asking: Scope =
    captures === undefined ? scope : { ...scope, captures: { ...captures, read: new Set() } };
  const test = compileCondition(raw['when'], [...path, 'when'], { scope: asking, categories });
  return { test, categories };
}

/** A call may write another record of the same format: `xml: {record: deal}`. */
function layoutOf(raw: Record<string, unknown>, path: Path, input: CallsInput): Layout {
  const { mapping, layout, connector, report } = input;
  const block = (['json', 'xml'] as const).find((one) => Object.hasOwn(raw, one));
  if (block === undefined) return layout;
  if (block !== layout.format) {
    report.error([...path, block], 'MAP-106', `this destination writes ${layout.format} in every call.`, {
      at: 'key',
    });
    return layout;
  }
  const moved: Report = {
    error: (inner, ...rest) => report.error([...path, ...inner], ...rest),
    warn: (inner, ...rest) => report.warn([...path, ...inner], ...rest),
  };
  const merged = { ...blockAt(mapping, block), ...blockAt(raw, block) };
  return readLayout({ ...mapping, [block]: merged }, connector, moved);
}

function inXml(scope: Scope, { xml }: Layout): Scope {
  if (scope.xml === undefined || xml === undefined) return scope;
  const { root: _root, ...rest } = scope.xml;
  return {
    ...scope,
    xml: {
      ...rest,
      record: xml.record,
      prefixes: new Set(['xml', 'xsi', ...xml.xmlns.map(([prefix]) => prefix)]),
      ...(xml.root === undefined ? {} : { root: xml.root }),
    },
  };
}

/** Ids the address names: known, and given by a call that leaves whenever this one does. */
function urlCaptures(
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
  ];
  for (const [url, place] of places) {
    for (const id of capturesIn(url)) {
      const one = known.get(id);
      if (one === undefined) {
        report.error(place, 'MAP-652', `no earlier call captures {${id}}.`, {
          suggestion: suggest(id, [...known.keys()]),
        });
        continue;
      }
      const giver = id.slice(0, id.indexOf('.'));
      const other = listAt(mapping, 'calls').find((call) => textAt(call, 'name') === giver);
      const alike =
        JSON.stringify(isRecord(other) ? other['when'] : undefined) === JSON.stringify(raw['when']);
      // An erase leaves out by itself the calls whose ids were never given.
      if (action !== 'erase' && one.conditional && (!alike || raw['when'] === undefined))
        report.error(
          place,
          'MAP-652',
          `{${id}} is given by "${giver}", which is left out for some leads: this call needs the same when.`,
        );
      found.push(id);
    }
  }
  if (typeof places[0]?.[0] === 'string' && places[0][0].includes('{reference}')) found.push('reference');
  return found;
}

/** An accepted answer that does not give the ids it must give proves nothing that later calls could build on. */
function withCaptures(classify: Classify, captures: Captures | undefined): Classify {
  if (captures === undefined || captures.names.length === 0) return classify;
  return (answer: Answer, stage) => {
    const outcome = classify(answer, stage);
    if (outcome.kind !== 'accepted' && outcome.kind !== 'duplicate') return outcome;
    const got = captures.read(openAnswer(answer));
    if ('captured' in got) return { ...outcome, captures: got.captured };
    const evidence = outcome.evidence === undefined ? {} : { evidence: outcome.evidence };
    return { kind: 'unknown', reason: captureMissing, ...evidence };
  };
}

/** Reason of an answer that says yes but does not give the id later calls need. */
export const captureMissing = 'CAPTURE_MISSING';

const repeatable = new Set(['PUT', 'PATCH', 'DELETE']);

function onUnknownOf(
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
    report.error([...path, 'onUnknown'], 'MAP-506', 'onUnknown: lookup needs send.lookup in this call.');
  // What sets a state may be said twice; what creates may not.
  return repeatable.has(textAt(settings, 'method') ?? 'POST') ? 'resend' : 'hold';
}
