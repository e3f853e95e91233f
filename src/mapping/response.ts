// The `response` rules: what a recipient's answer means. Ordered, first match wins.
// Invariant: nothing is accepted without a rule that says so; of the recipient's text only a reference and mapped codes are kept.
import type { Answer, Outcome } from '../../connectors/contract.ts';
import { openAnswer } from './answer.ts';
import type { Opened } from './answer.ts';
import { isRecord } from './document.ts';
import type { Path, Report } from './problems.ts';
import { statusTest } from './response-conditions.ts';
import { compileRule, waitOf } from './response-rule.ts';
import type { Rule, Stage } from './response-rule.ts';

export type Classify = (answer: Answer, stage: Stage) => Outcome;

/** Longest reference kept; a longer one is no reference. */
const maxReference = 191;

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
): Classify {
  const { report, now, proves, own } = needs;
  const placed = (rules: unknown, path: Path): { readonly rule: unknown; readonly path: Path }[] =>
    Array.isArray(rules) ? (rules as unknown[]).map((rule, index) => ({ rule, path: [...path, index] })) : [];
  const list = [...(own === undefined ? [] : placed(own.raw, own.path)), ...placed(raw, ['response'])];
  const at: Path = own?.path ?? ['response'];
  const rules = list.flatMap((one) => compileRule(one.rule, one.path, report, now) ?? []);
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
  reportShadowed(list, report);
  return (answer, stage) => {
    const opened = openAnswer(answer);
    const rule = rules.find((one) => one.stages.has(stage) && one.test(opened));
    return rule === undefined ? lastResort(answer, stage, now) : outcomeOf(rule, opened, now);
  };
}

/** A rule for all of 4xx before those for 401 and 429: a wrong password would read as a wrong lead, lead after lead. */
function reportShadowed(
  list: readonly { readonly rule: unknown; readonly path: Path }[],
  report: Report,
): void {
  const repairable = new Set([401, 403, 429]);
  for (const { rule, path } of list) {
    if (!isRecord(rule)) continue;
    for (const [kind, conditions] of Object.entries(rule)) {
      if (!isRecord(conditions)) continue;
      const takes = statusTest(conditions['status']);
      if (takes === undefined) continue;
      const alone = Object.keys(conditions).length === 1;
      const taken = [...repairable].filter(takes);
      if ((kind === 'invalid' || kind === 'refused') && alone && taken.length > 0) {
        report.warn(
          [...path, kind, 'status'],
          'MAP-509',
          `${taken.join(', ')} would be read as ${kind}: put rules for unauthorized and throttled before this one.`,
        );
      }
      if (alone) for (const status of taken) repairable.delete(status);
    }
  }
}

function evidenceOf(answer: Answer): { readonly status: number; readonly answerBytes: number } {
  return { status: answer.status, answerBytes: Buffer.byteLength(answer.text) };
}

function referenceOf(value: unknown): { readonly reference?: string } {
  const text = typeof value === 'number' ? String(value) : typeof value === 'string' ? value.trim() : '';
  return text !== '' && text.length <= maxReference && /^[\x21-\x7e]+$/.test(text) ? { reference: text } : {};
}

function outcomeOf(rule: Rule, opened: Opened, now: () => number): Outcome {
  const { answer } = opened;
  const evidence = evidenceOf(answer);
  const reason = rule.reason?.(opened) ?? `HTTP_${answer.status}`;
  const afterMs =
    rule.after === undefined ? waitOf(answer.headers['retry-after'], answer, now) : rule.after(opened);
  const after = afterMs === undefined ? {} : { afterMs };
  switch (rule.kind) {
    case 'accepted':
    case 'duplicate':
    case 'pending':
      return { kind: rule.kind, ...referenceOf(rule.reference?.(opened)), evidence };
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

/**
 * Answers no rule of the file knows. Never accepted: 401 and 403 hold the destination, 429 waits, 408 and 5xx are retried,
 * everything else (2xx included) is unknown.
 */
function lastResort(answer: Answer, stage: Stage, now: () => number): Outcome {
  const { status } = answer;
  const evidence = evidenceOf(answer);
  const reason = `HTTP_${status}`;
  const afterMs = waitOf(answer.headers['retry-after'], answer, now);
  const after = afterMs === undefined ? {} : { afterMs };
  if (status === 401 || status === 403) return { kind: 'unauthorized', reason, evidence };
  if (status === 429) return { kind: 'throttled', reason, ...after, evidence };
  if (status === 408 || status >= 500)
    return { kind: 'unavailable', reason, maybeReceived: stage !== 'lookup', ...after, evidence };
  return { kind: 'unknown', reason: `UNMATCHED_${status}`, evidence };
}
