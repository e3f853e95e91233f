// Decides which of several matching rules applies to an answer, and checks rules that hide each other.
// Invariant: a refusal precedes an acceptance, and a rule that takes only a part of another's answers (an exception) precedes it.
import { isRecord } from '../document/yaml.ts';
import type { Report } from '../document/problems.ts';
import { mayTake, statusTest } from './conditions.ts';
import type { ResponseRule, RuleKind } from './rule.ts';
import type { Both } from '../../../connectors/contract.ts';

export const yes: ReadonlySet<RuleKind> = new Set(['accepted', 'duplicate', 'unconfirmed']);

/** For each rule, the later rules that precede it when they match as well. */
export function overriders<R extends ResponseRule>(rules: readonly R[]): ReadonlyMap<R, readonly R[]> {
  return new Map(
    rules.map((rule, index) => [
      rule,
      yes.has(rule.kind) ? rules.slice(index + 1).filter((later) => contradicts(later, rule)) : [],
    ]),
  );
}

function contradicts(later: ResponseRule, rule: ResponseRule): boolean {
  if (yes.has(later.kind) || (within(rule, later) && !within(later, rule))) return false;
  // A code DUPLICATE in a 409 is more precise than the 409.
  return rule.kind !== 'duplicate' || hasBody(later) || !hasBody(rule);
}

/** True when the second rule takes every answer that the first takes. */
function within(rule: ResponseRule, other: ResponseRule): boolean {
  if (![...rule.stages].every((stage) => other.stages.has(stage))) return false;
  const wider = statuses(other);
  if (![...statuses(rule)].every((status) => wider.has(status))) return false;
  return Object.entries(other.conditions).every(
    ([name, wanted]) => name === 'status' || implied(rule.conditions[name], wanted, name),
  );
}

const everyStatus = Array.from({ length: 500 }, (_one, index) => index + 100);
const known = new WeakMap<ResponseRule, ReadonlySet<number>>();

/** Every status a rule may take, found once: rules are compared with each other. */
function statuses(rule: ResponseRule): ReadonlySet<number> {
  const before = known.get(rule);
  if (before !== undefined) return before;
  const { conditions, kind, named, stages } = rule;
  const test = Object.hasOwn(conditions, 'status') ? statusTest(conditions['status']) : () => true;
  const found = new Set(
    everyStatus.filter(
      (status) =>
        test?.(status) === true && [...stages].every((stage) => mayTake(kind, named, status, stage)),
    ),
  );
  known.set(rule, found);
  return found;
}

function implied(own: unknown, wanted: unknown, name: string): boolean {
  if (own === undefined) return false;
  if (['json', 'xml', 'xpath', 'css'].includes(name)) {
    if (!isRecord(own) || !isRecord(wanted)) return false;
    return Object.entries(wanted).every(
      ([place, value]) => Object.hasOwn(own, place) && valueImplied(own[place], value),
    );
  }
  if (name === 'header' && isRecord(own) && isRecord(wanted)) {
    const held = new Map(Object.entries(own).map(([key, value]) => [key.toLowerCase(), value]));
    return Object.entries(wanted).every(
      ([key, value]) => held.has(key.toLowerCase()) && valueImplied(held.get(key.toLowerCase()), value),
    );
  }
  return JSON.stringify(own) === JSON.stringify(wanted);
}

function valueImplied(own: unknown, wanted: unknown): boolean {
  if (JSON.stringify(own) === JSON.stringify(wanted)) return true;
  if (isRecord(wanted)) return wanted['exists'] === true && !(isRecord(own) && own['exists'] === false);
  if (isRecord(own)) return false;
  const among: readonly unknown[] = [wanted].flat();
  return [own].flat().every((value) => among.includes(value));
}

export const hasBody = ({ conditions }: ResponseRule): boolean =>
  ['json', 'xml', 'xpath', 'css', 'text', 'fault'].some((name) => Object.hasOwn(conditions, name));

/** Reports rules that are never reached, and answers that two rules read differently. */
export function reportOrder(rules: readonly ResponseRule[], report: Report): void {
  const goesBefore = overriders(rules);
  for (const [index, rule] of rules.entries()) {
    const above = rules.slice(0, index);
    const first = above.find(
      (earlier) => within(rule, earlier) && goesBefore.get(earlier)?.includes(rule) !== true,
    );
    if (first !== undefined) reportUnreached(rule, first, report);
    else reportBare(rule, above, report);
    // The same conditions on a refusal: the acceptance above never applies.
    for (const earlier of above)
      if (within(earlier, rule) && goesBefore.get(earlier)?.includes(rule) === true)
        reportUnreached(earlier, rule, report);
  }
}

function reportUnreached(rule: ResponseRule, first: ResponseRule, report: Report): void {
  // A repeated rule with the same meaning, as a preset's below the file's, changes nothing.
  if (rule.kind === first.kind && rule.reason === undefined && rule.reference === undefined) return;
  const severity = rule.kind === 'accepted' && first.kind !== 'accepted' ? 'error' : 'warn';
  report.atKey[severity]([...rule.path, rule.kind], 'MAP-510', [
    `cette règle n’est jamais atteinte : une réponse comme ${exampleOf(rule, rule)} est prise pour ${first.kind} par une autre.`,
    `this rule is never reached: an answer such as ${exampleOf(rule, rule)} is taken for ${first.kind} by another rule.`,
  ]);
}

/** Reports an acceptance without a condition on the body, above a rule with one: both match the same answers. */
function reportBare(rule: ResponseRule, above: readonly ResponseRule[], report: Report): void {
  const bare = above.find(
    (earlier) =>
      yes.has(earlier.kind) &&
      earlier.kind !== rule.kind &&
      !hasBody(earlier) &&
      hasBody(rule) &&
      meet(earlier, rule),
  );
  if (bare === undefined) return;
  const isYes = yes.has(rule.kind);
  const taken = isYes ? bare.kind : rule.kind;
  const because: Both = isYes
    ? ['la première des deux compte', 'the first of the two counts']
    : ['un refus l’emporte sur une acceptation', 'a no precedes a yes'];
  report.atKey.warn([...bare.path, bare.kind], 'MAP-511', [
    `une réponse comme ${exampleOf(bare, rule)} va à cette règle et à celle de ${rule.kind} plus bas : elle est prise pour ${taken}, ${because[0]}. Mettez celle-là plus haut.`,
    `an answer such as ${exampleOf(bare, rule)} fits this rule and the one for ${rule.kind} below: it is taken for ${taken}, ${because[1]}. Put that one above.`,
  ]);
}

const meet = (rule: ResponseRule, other: ResponseRule): boolean =>
  [...rule.stages].some((stage) => other.stages.has(stage)) &&
  [...statuses(rule)].some((status) => statuses(other).has(status));

/** An answer both rules take, as short as it can be written. */
function exampleOf(rule: ResponseRule, other: ResponseRule): string {
  const status = [...statuses(rule)].find((code) => statuses(other).has(code)) ?? 200;
  const words = [...new Set([...wordsOf(rule), ...wordsOf(other)])].join(', ');
  return words === '' ? String(status) : `${status} with ${words}`;
}

function wordsOf({ conditions }: ResponseRule): readonly string[] {
  return Object.entries(conditions).flatMap(([name, wanted]): readonly string[] => {
    if (name === 'status') return [];
    if (!isRecord(wanted)) return [`${name} ${JSON.stringify(wanted)}`];
    return Object.entries(wanted).map(([place, value]) =>
      isRecord(value) || place === 'contains' ? `${place} ${shown(value)}` : `${place}: ${shown(value)}`,
    );
  });
}

function shown(value: unknown): string {
  if (!isRecord(value)) return JSON.stringify([value].flat()[0]) ?? '';
  if (value['exists'] === true) return 'there';
  if (value['exists'] === false) return 'absent';
  const [name = '', words] = Object.entries(value)[0] ?? [];
  return `${name === 'matches' ? 'like' : 'with'} ${JSON.stringify([words].flat()[0]) ?? ''}`;
}
