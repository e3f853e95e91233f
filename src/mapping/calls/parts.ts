// Compiles the parts of one call: its condition, its layout, the ids in its address, the ids its answer must give.
// Invariant: an id in an address is given by an earlier call; an accepted answer without the required ids counts as no proof.
import type { Action, Captured } from '../../../connectors/contract.ts';
import { tooComplexReason } from '../response/answer-budget.ts';
import type { Schemas } from '../formats/client-schema.ts';
import { compileCondition } from '../fields/conditions.ts';
import type { CallPlan, ConnectorFacts, WriteSituation } from '../contract.ts';
import { blockAt, isRecord, listAt, textAt } from '../document/yaml.ts';
import type { Layout } from '../formats/layout.ts';
import { near, type Path, type Report } from '../document/problems.ts';
import type { RecordPlan } from '../record.ts';
import type { Judge } from '../response/rules.ts';
import type { Compiling, Scope } from '../scope.ts';
import { placeForms, placeOf, type Extract, type Opened } from '../response/answer.ts';
import { smellsOfPerson } from '../fields/lints.ts';
import { safeReference } from '../../domain/delivery.ts';
import type { Lead } from '../../domain/lead.ts';
import { type CompiledConsent, type ConsentLine, isQuiet } from '../consent/block.ts';
import type { Entry } from '../fields/values.ts';

// Checks and evaluates how opt-ins decide on calls: a line may trigger one (`to: call:NAME`), and a call of opt-ins alone
// is skipped when they write nothing.
// Invariant: a withdrawal or refusal is always sent (C20).

const prefix = 'call:';

/** The name of the call that a consent line triggers; undefined for every other line. */
export const gatedCall = (line: { readonly target: { readonly text: string } }): string | undefined =>
  line.target.text.startsWith(prefix) ? line.target.text.slice(prefix.length) : undefined;

const gateValues = new Set<unknown>(['send', 'omit', 'hold']);

/** Checks that a line that triggers a call decides so in each state, and has no other key. */
export function checkGates(
  raws: readonly unknown[],
  consent: CompiledConsent | undefined,
  several: boolean,
  report: Report,
): void {
  for (const line of consent?.lines ?? []) {
    const name = gatedCall(line);
    if (name === undefined) continue;
    if (!several) {
      report.error([...line.path, 'to'], 'MAP-656', [
        `« call:${name} » nomme un appel, et ce fichier n’en a pas.`,
        `"call:${name}" names a call, and this file has no calls.`,
      ]);
      continue;
    }
    const raw = raws[Number(line.path.at(-1))];
    const values = isRecord(raw) ? raw['values'] : undefined;
    const other = isRecord(raw)
      ? ['each', 'line', 'proof'].find((key) => Object.hasOwn(raw, key))
      : undefined;
    if (other !== undefined)
      report.atKey.error([...line.path, other], 'MAP-656', [
        `une ligne qui commande un appel a des valeurs, pas de ${other}.`,
        `a line that sends a call has values, no ${other}.`,
      ]);
    for (const [state, value] of Object.entries(isRecord(values) ? values : {}))
      if (!gateValues.has(value))
        report.error([...line.path, 'values', state], 'MAP-656', [
          `une ligne qui commande un appel n’écrit pas de valeur : ${state} vaut send, omit ou hold.`,
          `a line that sends a call writes no value: ${state} is send, omit or hold.`,
        ]);
  }
}

/** Without a recorded answer the call is written, and then withheld as every other. */
export function sends(
  line: ConsentLine,
  consent: CompiledConsent,
  lead: Lead,
  { now, told }: WriteSituation,
): boolean {
  const answers = consent.answers(lead, now);
  if ('missing' in answers) return true;
  if (told !== undefined && isQuiet(line.pairs, answers.current, told)) return false;
  const out: Entry[] = [];
  line.write(answers.current, out, [], []);
  return out.length > 0;
}

/** A field whose sources are only constants and references identifies the record of the opt-in, nothing more. */
const tellsOfLead = ({ source }: RecordPlan['fields'][number]): boolean =>
  !source.split(', ').every((name) => /^(\(|id$|calls\.|delivery\.|client\.|$)/.test(name));

/** A call of opt-ins alone is skipped when it would write none of them. */
export function saysSomething(
  record: RecordPlan,
  consent: CompiledConsent | undefined,
  lead: Lead,
  { now, told }: WriteSituation,
): boolean {
  const lines = record.parts.flatMap((part) =>
    'consent' in part && gatedCall(part.consent) === undefined ? [part.consent] : [],
  );
  if (told === undefined || consent === undefined || lines.length === 0 || record.fields.some(tellsOfLead))
    return true;
  const answers = consent.answers(lead, now);
  return (
    'missing' in answers || lines.some((line) => !isQuiet(record.quietable.get(line), answers.current, told))
  );
}

// Compiles `capture:`: where an answer holds the ids that later calls use, and their allowed form.
// Invariant: an id is a safe integer or a short text of safe characters; anything else counts as missing, never as a value.

/** No space, @ or +: a name, a mail address or a phone number is no id and stays out of addresses (guarantee 7). */
const safeId = /^[A-Za-z0-9][A-Za-z0-9._:~=-]{0,127}$/;

/** Names in braces that are ids of earlier answers: `{person.id}`. */
export function capturesIn(url: unknown): readonly string[] {
  return typeof url === 'string'
    ? [...url.matchAll(/\{([^{}]*\.[^{}]*)\}/g)].map(([, name = '']) => name)
    : [];
}

interface Captures {
  readonly names: readonly string[];
  /** Every id, or the name of the first that the answer does not give. */
  readonly read: (opened: Opened) => { readonly captured: Captured } | { readonly missing: string };
}

export function compileCaptures(
  raw: unknown,
  call: string,
  path: Path,
  report: Report,
): Captures | undefined {
  if (!isRecord(raw)) return undefined;
  const places = Object.entries(raw).map(
    ([name, capture]) => [`${call}.${name}`, compileCapture(capture, [...path, name], report)] as const,
  );
  return {
    names: places.map(([name]) => name),
    read: (opened) => {
      const captured: Record<string, string | number> = {};
      for (const [name, place] of places) {
        const id = place(opened);
        if (id === undefined) return { missing: name };
        captured[name] = id;
      }
      return { captured };
    },
  };
}

type Place = (opened: Opened) => string | number | undefined;

/** `$.data.id`, a list of places of which the first that holds an id counts, or {path, after, before}. */
function compileCapture(raw: unknown, path: Path, report: Report): Place {
  const places = (Array.isArray(raw) ? (raw as unknown[]) : [raw]).map((item, index) =>
    compileOne(item, Array.isArray(raw) ? [...path, index] : path, report),
  );
  return (opened) => {
    for (const place of places) {
      const id = place(opened);
      if (id !== undefined) return id;
    }
    return undefined;
  };
}

function compileOne(raw: unknown, path: Path, report: Report): Place {
  const cut = isRecord(raw) ? raw : { path: raw };
  const text = cut['path'];
  const place = placeOf(text, isRecord(raw) ? [...path, 'path'] : path, report, [
    'MAP-653',
    [
      `un identifiant est pris à un endroit de la réponse : ${placeForms[0]}.`,
      `an id is captured from a place of the answer: ${placeForms[1]}.`,
    ],
  ]);
  if (place === undefined) return () => undefined;
  const names = typeof text === 'string' ? (text.match(/[\p{L}_][\p{L}\p{N}_-]*/gu) ?? []) : [];
  const last = names.at(-1) ?? '';
  if (smellsOfPerson(last))
    report.error(isRecord(raw) ? [...path, 'path'] : path, 'MAP-653', [
      `« ${last} » est, par son nom, une donnée de la personne : seuls des identifiants sont pris.`,
      `"${last}" is a person's data by its name: only ids are captured.`,
    ]);
  return (opened) => idOf(cutOut(place, cut)(opened));
}

/** The text behind the last `after` and before the next `before`: an id inside a Location. */
function cutOut(place: Extract, { after, before }: Record<string, unknown>): Extract {
  if (typeof after !== 'string' && typeof before !== 'string') return place;
  return (opened) => {
    const value = place(opened);
    if (typeof value !== 'string') return value;
    let text = value;
    if (typeof after === 'string') {
      const at = text.lastIndexOf(after);
      if (at < 0) return undefined;
      text = text.slice(at + after.length);
    }
    if (typeof before !== 'string') return text;
    const end = text.indexOf(before);
    return end < 0 ? undefined : text.slice(0, end);
  };
}

function idOf(value: unknown): string | number | undefined {
  // Above 2^53 a number is rounded and would name another record; an id written as text is not.
  if (typeof value === 'number') return Number.isSafeInteger(value) && value > 0 ? value : undefined;
  const text = typeof value === 'string' ? value.trim() : '';
  return text !== '0' && safeId.test(text) ? safeReference(text) : undefined;
}

export interface CallsInput extends Compiling {
  readonly action: Action;
  readonly scope: Scope;
  readonly layout: Layout;
  readonly consent: CompiledConsent | undefined;
  readonly connector: ConnectorFacts;
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
  { path, own, base }: { readonly path: Path } & Readonly<Record<'own' | 'base', Record<string, unknown>>>,
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
        near(report, id, [...known.keys()]).error(place, 'MAP-652', [
          `aucun appel antérieur ne donne {${id}}.`,
          `no earlier call captures {${id}}.`,
        ]);
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
