// The `response` rules: what a recipient's answer means. The first that fits counts, and of several a no before a yes.
// Invariant: nothing is accepted without a rule that says so and an answer that could be read whole; of the recipient's text
// only a reference and mapped codes are kept.
import type { Answer, Outcome } from '../../../connectors/contract.ts';
import { looksLikeRefusal, retryAfterMs } from '../../../connectors/http-status.ts';
import { tooComplexReason } from './answer-budget.ts';
import { openAnswer, understand } from './answer.ts';
import type { Opened } from './answer.ts';
import { isRecord } from '../document/yaml.ts';
import { safeReference } from '../../domain/reference.ts';
import type { Path, Report } from '../document/problems.ts';
import { hasBody, overriders, reportOrder, yes } from './order.ts';
import { compileRule } from './rule.ts';
import type { Rule, Stage } from './rule.ts';
import { evidenceOf, lastResort, mayTake, saysNothingOfTheLead } from './status.ts';

/** What an opened answer means. */
export type Judge = (opened: Opened, stage: Stage) => Outcome;

/** For the tools: waits for what XPath finds. */
export const judgeNow = (judge: Judge, answer: Answer, stage: Stage): Outcome =>
  judge(openAnswer(answer), stage);

/** For deliveries: what takes time is read beside the event loop. */
export const judgeBeside = (judge: Judge, answer: Answer, stage: Stage): Promise<Outcome> =>
  understand(answer, (opened) => judge(opened, stage));

/** Compiles the rules. `proves` is false for connectors whose answers the connector itself reads (mail, files). */
export function compileResponse(
  raw: unknown,
  needs: {
    readonly report: Report;
    readonly proves: boolean;
    readonly hasLookup: boolean;
    readonly now: () => number;
    /** Rules of one call, before those of the file. */
    readonly own?: { readonly raw: unknown; readonly path: Path };
  },
): Judge {
  const { report, now, proves, own } = needs;
  const placed = (rules: unknown, path: Path): { readonly rule: unknown; readonly path: Path }[] =>
    Array.isArray(rules) ? (rules as unknown[]).map((rule, index) => ({ rule, path: [...path, index] })) : [];
  const list = [...(own === undefined ? [] : placed(own.raw, own.path)), ...placed(raw, ['response'])];
  const at: Path = own?.path ?? ['response'];
  const rules = list.flatMap((rawRule) => {
    const rule = compileRule(rawRule.rule, rawRule.path, report, now);
    // What a file's rule takes from an answer is for the call that gives it: in the others it promises nothing.
    const promises = own === undefined || rawRule.path[0] !== 'response';
    return rule === undefined ? [] : [{ ...rule, promises }];
  });
  if (proves) {
    const kinds = list.flatMap(({ rule }) =>
      isRecord(rule) && rule['on'] !== 'lookup' ? Object.keys(rule) : [],
    );
    if (!kinds.includes('accepted') && !kinds.includes('unconfirmed')) {
      report.error(
        at,
        'MAP-501',
        'no accepted rule: nothing says what proves that the recipient has the lead.',
        { at: 'key' },
      );
    }
  }
  // A question asks whether the recipient has it; an acknowledgement file says what became of it.
  const answers = proves ? 'absent' : 'accepted';
  if (needs.hasLookup && !rules.some((rule) => rule.stages.has('lookup') && rule.kind === answers)) {
    const asks = proves ? 'send.lookup' : 'file.ack';
    report.error(at, 'MAP-506', `${asks} needs response rules with on: lookup, one of them ${answers}.`, {
      at: 'key',
    });
  }
  for (const { rule, path } of list) {
    if (needs.hasLookup || !isRecord(rule) || !Object.hasOwn(rule, 'pending')) continue;
    report.error(path, 'MAP-506', 'a pending rule needs a way to ask again: send.lookup or file.ack.');
  }
  reportNamed(rules, report);
  reportOrder(rules, report);
  const goesBefore = overriders(rules);
  return (opened, stage) => {
    const { answer } = opened;
    const fits = (promising: Promising): boolean =>
      promising.stages.has(stage) &&
      mayTake(promising.kind, promising.named, answer.status, stage) &&
      promising.test(opened);
    const first = rules.find(fits);
    const rule = first === undefined ? undefined : (goesBefore.get(first)?.find(fits) ?? first);
    // What says no may stand behind what was read.
    if (
      rule !== undefined &&
      answer.truncated &&
      yes.has(rule.kind) &&
      [rule, ...(goesBefore.get(rule) ?? [])].some(hasBody)
    )
      return { kind: 'unknown', reason: 'ANSWER_TOO_LARGE', saidYes: true, evidence: evidenceOf(answer) };
    const outcome = rule === undefined ? lastResort(answer, stage, now) : outcomeOf(rule, opened, stage, now);
    if (!opened.tooComplex()) return outcome;
    return saysNothingOfTheLead(answer.status)
      ? lastResort(answer, stage, now)
      : { kind: 'unknown', reason: tooComplexReason, evidence: evidenceOf(answer) };
  };
}

/** A rule that names 401 or 429 as a no to the lead: a wrong password would read as a wrong lead, lead after lead. */
function reportNamed(rules: readonly Rule[], report: Report): void {
  for (const { kind, path, named, conditions } of rules) {
    if (kind !== 'invalid' && kind !== 'refused') continue;
    const taken = looksLikeRefusal.filter((status) => named.has(status));
    if (taken.length === 0 || Object.keys(conditions).length > 1) continue;
    report.warn(
      [...path, kind, 'status'],
      'MAP-509',
      `${taken.join(', ')} would be read as ${kind}: they mean wrong credentials or too fast, and are understood without a rule.`,
    );
  }
}

function referenceOf(value: unknown): { readonly reference?: string } {
  const reference = safeReference(value);
  return reference === undefined ? {} : { reference };
}

type Promising = Rule & { readonly promises: boolean };

/** A create that promises the recipient's reference and does not give it proves nothing; a change needs none. */
const needsReference = (stage: Stage): boolean => stage === 'create' || stage === 'lookup';

function outcomeOf(rule: Promising, opened: Opened, stage: Stage, now: () => number): Outcome {
  const { answer } = opened;
  const evidence = evidenceOf(answer);
  const reason = rule.reason?.(opened) ?? `HTTP_${answer.status}`;
  const afterMs =
    rule.after === undefined
      ? retryAfterMs(answer.headers['retry-after'], answer.headers['date'], now)
      : rule.after(opened);
  const after = afterMs === undefined ? {} : { afterMs };
  switch (rule.kind) {
    case 'accepted':
    case 'duplicate':
    case 'pending': {
      const found = rule.reference?.(opened);
      const missing = rule.reference !== undefined && (found === undefined || found === null || found === '');
      if (rule.kind === 'accepted' && missing && rule.promises && needsReference(stage))
        return { kind: 'unknown', reason: 'REFERENCE_NOT_GIVEN', saidYes: true, evidence };
      return { kind: rule.kind, ...referenceOf(found), evidence };
    }
    case 'unconfirmed':
      return { kind: 'unconfirmed', evidence };
    case 'refused':
    case 'invalid':
    case 'unknown':
    case 'unauthorized':
      return { kind: rule.kind, reason, evidence };
    case 'throttled':
      return { kind: 'throttled', reason, ...after, evidence };
    case 'unavailable':
      return { kind: 'unavailable', reason, maybeReceived: true, ...after, evidence };
    case 'absent':
      return { kind: 'absent', evidence };
  }
}
