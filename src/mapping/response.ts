// The `response` rules: what a recipient's answer means. Ordered, first match wins.
// Invariant: nothing is accepted without a rule that says so; of the recipient's text only a reference and mapped codes are kept.
import type { Action, Answer, Outcome } from '../../connectors/contract.ts';
import { safeCode } from '../domain/delivery.ts';
import { compilePlace, openAnswer } from './answer.ts';
import type { Extract, Opened } from './answer.ts';
import { isRecord } from './document.ts';
import type { Path, Report } from './problems.ts';
import { compileAnswerTest, statusTest } from './response-conditions.ts';
import type { AnswerTest } from './response-conditions.ts';
import { parseDuration } from './time.ts';

export const ruleKinds = ['accepted', 'duplicate', 'pending', 'refused', 'invalid', 'unauthorized', 'throttled', 'unavailable', 'absent'] as const;
export type RuleKind = (typeof ruleKinds)[number];

export type Stage = Action | 'lookup';

interface Rule {
  readonly kind: RuleKind;
  readonly test: AnswerTest;
  readonly stages: ReadonlySet<Stage>;
  readonly reference?: Extract;
  readonly reason?: (opened: Opened) => string;
  readonly after?: (opened: Opened) => number | undefined;
}

export type Classify = (answer: Answer, stage: Stage) => Outcome;

const actionStages: ReadonlySet<Stage> = new Set(['create', 'update', 'erase']);
/** Longest reference kept; a longer one is no reference. */
const maxReference = 191;

/** Compiles the rules. `proves` is false for connectors whose answers the connector itself reads (mail, files). */
export function compileResponse(
  raw: unknown,
  needs: { readonly report: Report; readonly proves: boolean; readonly hasLookup: boolean; readonly now: () => number },
): Classify {
  const { report, now } = needs;
  const list = Array.isArray(raw) ? (raw as unknown[]) : [];
  const rules = list.flatMap((one, index) => compileRule(one, ['response', index], report, now) ?? []);
  if (needs.proves) {
    const kinds = list.flatMap((one) => (isRecord(one) && one['on'] !== 'lookup' ? Object.keys(one) : []));
    if (!kinds.includes('accepted')) {
      report.error(['response'], 'MAP-501', 'no accepted rule: nothing says what proves that the recipient has the lead.', { at: 'key' });
    }
  }
  if (needs.hasLookup && !rules.some((rule) => rule.stages.has('lookup') && rule.kind === 'absent')) {
    report.error(['response'], 'MAP-506', 'send.lookup needs response rules with on: lookup, one of them absent.', { at: 'key' });
  }
  return (answer, stage) => {
    const opened = openAnswer(answer);
    const rule = rules.find((one) => one.stages.has(stage) && one.test(opened));
    return rule === undefined ? lastResort(answer, stage, now) : outcomeOf(rule, opened, now);
  };
}

function compileRule(raw: unknown, path: Path, report: Report, now: () => number): Rule | undefined {
  if (!isRecord(raw)) return undefined;
  const kinds = ruleKinds.filter((kind) => Object.hasOwn(raw, kind));
  const kind = kinds[0];
  if (kind === undefined || kinds.length > 1) {
    report.error(path, 'MAP-106', `a response rule has exactly one of: ${ruleKinds.join(', ')}.`);
    return undefined;
  }
  const conditions = raw[kind];
  if (kind === 'accepted' || kind === 'duplicate') checkProof(kind, conditions, [...path, kind], report);
  const test = compileAnswerTest(conditions, [...path, kind], report);
  const on = raw['on'];
  const stages = on === undefined ? actionStages : new Set((Array.isArray(on) ? on : [on]) as Stage[]);
  const reference = optional(raw, 'reference', path, report);
  const reason = compileReason(raw['reason'], [...path, 'reason'], report);
  const after = compileAfter(raw, path, report, now);
  return {
    ...{ kind, test, stages },
    ...(reference === undefined ? {} : { reference }),
    ...(reason === undefined ? {} : { reason }),
    ...(after === undefined ? {} : { after }),
  };
}

/** Guarantee 5: acceptance is proved. */
function checkProof(kind: 'accepted' | 'duplicate', conditions: unknown, path: Path, report: Report): void {
  if (!isRecord(conditions)) return;
  if (Object.keys(conditions).length === 0) {
    report.error(path, 'MAP-502', `the ${kind} rule has no condition: it would take any answer for a success.`, { at: 'key' });
    return;
  }
  if (kind === 'duplicate') return;
  const test = statusTest(conditions['status']);
  const body = ['json', 'xml', 'text', 'header', 'mediaType'].some((key) => Object.hasOwn(conditions, key));
  if (test !== undefined && [101, 301, 302, 304, 400, 401, 403, 404, 409, 422, 429, 500, 502, 503].some(test)) {
    report.error([...path, 'status'], 'MAP-502', 'the accepted rule takes a status that is no success; only 2xx can be one.');
  } else if (test !== undefined && !body && (test(200) || test(201))) {
    report.warn(path, 'MAP-507', 'the status alone proves acceptance: a maintenance page answers 200 too.', { at: 'key' });
  }
}

function optional(raw: Record<string, unknown>, key: string, path: Path, report: Report): Extract | undefined {
  if (!Object.hasOwn(raw, key)) return undefined;
  const place = compilePlace(raw[key]);
  if (place === undefined) report.error([...path, key], 'MAP-505', `${key} is a place of the answer: $.id, xml:reponse.id or header:X-Id.`);
  return place;
}

const isCode = (value: unknown): value is string => typeof value === 'string' && /^[A-Za-z0-9_.-]{1,64}$/.test(value);

function compileReason(raw: unknown, path: Path, report: Report): Rule['reason'] {
  if (raw === undefined) return undefined;
  if (typeof raw === 'string' && !raw.startsWith('$') && !raw.startsWith('xml:') && !raw.startsWith('header:')) {
    if (isCode(raw)) return () => raw;
    report.error(path, 'MAP-508', 'a reason is a code of letters, digits, _ . - only.');
    return undefined;
  }
  if (!isRecord(raw)) {
    report.error(path, 'MAP-503', "a reason taken from the answer needs {path, map: {..., else}}: a recipient's free text is never kept.");
    return undefined;
  }
  const place = compilePlace(raw['path']);
  if (place === undefined) {
    report.error([...path, 'path'], 'MAP-505', 'path is a place of the answer: $.error.code, xml:erreur.code or header:X-Error.');
  }
  const map = raw['map'];
  if (!isRecord(map) || !Object.hasOwn(map, 'else')) {
    report.error(isRecord(map) ? [...path, 'map'] : path, 'MAP-503', "the reason has no map with else: a recipient's free text is never kept.", { at: 'key' });
    return undefined;
  }
  for (const [key, value] of Object.entries(map)) {
    if (!isCode(value)) report.error([...path, 'map', key], 'MAP-508', 'a reason is a code of letters, digits, _ . - only.');
  }
  const codes = new Map(Object.entries(map));
  codes.delete('else');
  const other = safeCode(map['else']);
  if (place === undefined) return undefined;
  return (opened) => {
    const found = place(opened);
    const code = typeof found === 'string' || typeof found === 'number' || typeof found === 'boolean' ? codes.get(String(found)) : undefined;
    return code === undefined ? other : safeCode(code);
  };
}

function compileAfter(raw: Record<string, unknown>, path: Path, report: Report, now: () => number): Rule['after'] {
  if (!Object.hasOwn(raw, 'after')) return undefined;
  const fixed = parseDuration(raw['after']);
  if (fixed !== undefined) return () => fixed;
  const place = compilePlace(raw['after']);
  if (place === undefined) {
    report.error([...path, 'after'], 'MAP-505', 'after is header:Retry-After, a place of the answer in seconds, or a duration such as 30s.');
    return undefined;
  }
  return (opened) => waitOf(place(opened), opened.answer, now);
}

/** Seconds or an HTTP date, as milliseconds from the answer's own Date, else from our clock. */
function waitOf(value: unknown, answer: Answer, now: () => number): number | undefined {
  const text = typeof value === 'number' ? String(value) : typeof value === 'string' ? value.trim() : '';
  if (/^\d{1,9}(\.\d+)?$/.test(text)) return Math.ceil(Number(text) * 1_000);
  if (!/^[A-Za-z]{3},? /.test(text)) return undefined;
  const until = Date.parse(text);
  const sent = Date.parse(answer.headers['date'] ?? '');
  return Number.isNaN(until) ? undefined : Math.max(0, until - (Number.isNaN(sent) ? now() : sent));
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
  const afterMs = rule.after === undefined ? waitOf(answer.headers['retry-after'], answer, now) : rule.after(opened);
  const after = afterMs === undefined ? {} : { afterMs };
  switch (rule.kind) {
    case 'accepted':
    case 'duplicate':
    case 'pending':
      return { kind: rule.kind, ...referenceOf(rule.reference?.(opened)), evidence };
    case 'refused':
    case 'invalid':
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
  if (status === 408 || status >= 500) return { kind: 'unavailable', reason, maybeReceived: stage !== 'lookup', ...after, evidence };
  return { kind: 'unknown', reason: `UNMATCHED_${status}`, evidence };
}
