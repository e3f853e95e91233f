// Compiles the `response` rules, which give a recipient's answer its meaning: the first match counts, but a refusal before an acceptance.
// Invariant: an answer is accepted only by a rule and when it was read whole; only a reference and mapped codes of the
// recipient's text are kept.
import type { Action, Answer, Both, Copy, Outcome } from '../../../connectors/contract.ts';
import {
  leavesOpen,
  looksLikeRefusal,
  outcomeOfStatus,
  retryAfterMs,
} from '../../../connectors/http-status.ts';
import { tooComplexReason } from './answer-budget.ts';
import { openAnswer, understand, type Opened } from './answer.ts';
import { isRecord, blockAt } from '../document/yaml.ts';
import { faultReason, foreignReason, isNotRead, notReadReason, type FaultsOf, type Said } from './faults.ts';
import type { FaultFormat, ConnectorFacts } from '../contract.ts';
import {
  isAnothers,
  isOurs,
  compileRule,
  stagesOf,
  type ResponseRule,
  type RuleKind,
  type Stage,
} from './rule.ts';
import { safeReference } from '../../domain/delivery.ts';
import type { Path, Report } from '../document/problems.ts';
import { mayTake, saysNothingOfTheLead } from './conditions.ts';
import { hasBody, overriders, reportOrder, yes } from './order.ts';

// Handles answers that no rule reads, and reports rules that no answer reaches.
// Invariant: an answer that is not read is unknown: never an acceptance.

/** The judge of answers that belong to no call: their outcome is unknown. */
export const unread: Judge = ({ answer }) => ({ kind: 'unknown', reason: `UNMATCHED_${answer.status}` });

/** Reports rules that are never read, because the connector reads its answers itself or the look-up is missing. */
export function reportUnread(
  mapping: Record<string, unknown>,
  { type, settingsKey, lookupKey }: ConnectorFacts,
  report: Report,
): void {
  if (!Object.hasOwn(mapping, 'response')) return;
  const why: Both =
    lookupKey === undefined
      ? [
          `le connecteur ${type} sait de lui-même ce qu’une réponse veut dire. Retirez-les.`,
          `the connector ${type} knows by itself what an answer means. Remove them.`,
        ]
      : Object.hasOwn(blockAt(mapping, settingsKey), lookupKey)
        ? [
            `les lignes de ${settingsKey}.${lookupKey} le disent pour chaque lead. Retirez-les.`,
            `the lines of ${settingsKey}.${lookupKey} say it for each lead. Remove them.`,
          ]
        : [
            `elles sont pour les réponses à ${settingsKey}.${lookupKey}, qui n’est pas là. Ajoutez-le, ou retirez-les.`,
            `they are for the answers to ${settingsKey}.${lookupKey}, which is not there. Add it, or remove them.`,
          ];
  report.atKey.warn(['response'], 'MAP-516', [
    `rien ne lit ces règles : ${why[0]}`,
    `nothing reads these rules: ${why[1]}`,
  ]);
}

export type Judge = (opened: Opened, stage: Stage) => Outcome;

/** For tools: blocks while XPath runs. */
export const judgeNow = (judge: Judge, answer: Answer, stage: Stage): Outcome =>
  withCopies(judge, openAnswer(answer), stage);

/** For deliveries: slow reading does not block the event loop. */
export const judgeBeside = (judge: Judge, answer: Answer, stage: Stage): Promise<Outcome> =>
  understand(answer, (opened) => withCopies(judge, opened, stage));

/** Records of one lead that are read from one answer, at most. */
const mostCopies = 200;

/** An answer to a look-up may show several records with our reference: each is judged by the same rules. */
function withCopies(judge: Judge, opened: Opened, stage: Stage): Outcome {
  const outcome = judge(opened, stage);
  if (stage !== 'lookup' || (outcome.kind !== 'accepted' && outcome.kind !== 'duplicate')) return outcome;
  const copies: Copy[] = [];
  let last = JSON.stringify(copyOf(outcome));
  while (copies.length < mostCopies) {
    const next = judge(opened.readBeside(copies.length + 1), stage);
    if (next.kind !== outcome.kind) break;
    const copy = copyOf(next);
    // Equal to the last: the answer shows one record, and no list.
    if (JSON.stringify(copy) === last) break;
    last = JSON.stringify(copy);
    copies.push(copy);
  }
  return copies.length === 0 ? outcome : { ...outcome, copies };
}

const copyOf = ({ reference, captures }: Copy): Copy => ({
  ...(reference === undefined ? {} : { reference }),
  ...(captures === undefined ? {} : { captures }),
});

interface ResponseNeeds {
  readonly report: Report;
  /** False for connectors whose answers the connector itself reads (mail, files). */
  readonly proves: boolean;
  readonly hasLookup: boolean;
  /** Actions whose answers these rules read. */
  readonly actions: readonly Action[];
  /** True with `onUnknown: hold`: the look-up then only asks for pending decisions. */
  readonly holds?: boolean;
  readonly now: () => number;
  readonly faults: FaultsOf;
  /** Rules of one call, before those of the file. */
  readonly own?: { readonly raw: unknown; readonly path: Path };
}

type RawRule = ReturnType<typeof rulesOf>[number];

export function compileResponse(raw: unknown, needs: ResponseNeeds): Judge {
  const { report, now, own, faults } = needs;
  const raws = [...(own === undefined ? [] : rulesOf(own.raw, own.path)), ...rulesOf(raw, ['response'])];
  const rules = raws.flatMap(({ rule, path }): readonly Promising[] => {
    const compiled = compileRule(rule, path, { report, now, faults });
    // A rule of the file must give ids only in the call that captures them; in other calls it need not.
    const promises = own === undefined || path[0] !== 'response';
    return compiled === undefined ? [] : [{ ...compiled, promises }];
  });
  reportMissing(raws, rules, needs);
  reportNamed(rules, report);
  reportOrder(rules, report);
  return judgeBy(rules, now, faults);
}

const rulesOf = (list: unknown, path: Path) =>
  Array.isArray(list) ? (list as unknown[]).map((rule, index) => ({ rule, path: [...path, index] })) : [];

const unprovenWords: Readonly<Record<Action, Both>> = {
  create: [
    'aucune règle accepted : rien ne dit ce qui prouve que le destinataire a le lead.',
    'no accepted rule: nothing says what proves that the recipient has the lead.',
  ],
  update: [
    'aucune règle accepted pour une mise à jour (on: update) : aucune ne pourrait aboutir.',
    'no accepted rule for an update (on: update): none could ever be delivered.',
  ],
  erase: [
    'aucune règle accepted pour un effacement (on: erase) : aucun ne pourrait aboutir.',
    'no accepted rule for an erase (on: erase): none could ever be delivered.',
  ],
};

/** Reports missing rules, without which no delivery could be accepted or tried again. */
function reportMissing(raws: readonly RawRule[], rules: readonly ResponseRule[], needs: ResponseNeeds): void {
  const { report, proves, hasLookup, actions } = needs;
  const at: Path = needs.own?.path ?? ['response'];
  const proven = (action: Action): boolean =>
    raws.some(
      ({ rule }) =>
        isRecord(rule) &&
        (Object.hasOwn(rule, 'accepted') || Object.hasOwn(rule, 'unconfirmed')) &&
        stagesOf(rule).has(action),
    );
  const unproven = proves ? actions.find((action) => !proven(action)) : undefined;
  if (unproven !== undefined) report.atKey.error(at, 'MAP-501', unprovenWords[unproven]);
  // A look-up finds out if the recipient has the lead; an acknowledgement file what it decided.
  const onlyDecisions = needs.holds === true && rules.some(({ kind }) => kind === 'pending');
  const answers = proves && !onlyDecisions ? 'absent' : 'accepted';
  if (hasLookup && !rules.some((rule) => rule.stages.has('lookup') && rule.kind === answers)) {
    const asks = proves ? 'send.lookup' : 'file.ack';
    report.atKey.error(at, 'MAP-506', [
      `${asks} a besoin de règles de réponse avec on: lookup, dont une ${answers}.`,
      `${asks} needs response rules with on: lookup, one of them ${answers}.`,
    ]);
  }
  const { leads } = needs.faults;
  if (leads !== undefined && !rules.some(({ readsFault }) => readsFault))
    report.atKey.warn(at, 'MAP-520', [
      `aucune règle ne lit une erreur (fault) de ${leads} : elle n’est jamais une acceptation, mais rien ne dit si c’est notre contenu, nos droits ou le moment. Ajoutez {invalid: {fault: true}}, ou une règle par code.`,
      `no rule reads a fault of ${leads}: one is never an acceptance, but nothing says if it is our content, our rights or the moment. Add {invalid: {fault: true}}, or a rule for each code.`,
    ]);
  for (const { rule, path } of raws) {
    if (hasLookup || !isRecord(rule) || !Object.hasOwn(rule, 'pending')) continue;
    report.error(path, 'MAP-506', [
      'une règle pending a besoin d’un moyen de redemander : send.lookup ou file.ack.',
      'a pending rule needs a way to ask again: send.lookup or file.ack.',
    ]);
  }
}

function judgeBy(rules: readonly Promising[], now: () => number, faultsOf: FaultsOf): Judge {
  const goesBefore = overriders(rules);
  return (opened, stage) => {
    const { answer } = opened;
    const faults = stage === 'lookup' ? faultsOf.questions : faultsOf.leads;
    const said = faults === undefined ? undefined : saidIn(opened, faults, stage);
    const fits = (rule: Promising): boolean =>
      rule.stages.has(stage) &&
      mayTake(rule.kind, rule.named, answer.status, stage) &&
      (said === undefined || mayStand(rule, said)) &&
      rule.test(opened);
    const first = rules.find(fits);
    const chosen = first === undefined ? undefined : (goesBefore.get(first)?.find(fits) ?? first);
    // The unread rest of the answer may contain a refusal.
    if (
      chosen !== undefined &&
      answer.truncated &&
      yes.has(chosen.kind) &&
      [chosen, ...(goesBefore.get(chosen) ?? [])].some(hasBody)
    )
      return { kind: 'unknown', reason: 'ANSWER_TOO_LARGE', saidYes: true, evidence: evidenceOf(answer) };
    const outcome =
      chosen === undefined
        ? withoutRule(answer, { said, faults }, lastResort(answer, stage, now), stage)
        : outcomeOf(chosen, opened, stage, now);
    if (!opened.tooComplex()) return outcome;
    return saysNothingOfTheLead(answer.status)
      ? lastResort(answer, stage, now)
      : { kind: 'unknown', reason: tooComplexReason, evidence: evidenceOf(answer) };
  };
}

/** The protocol's part of an answer; undefined where the answer is empty. */
function saidIn(opened: Opened, faults: FaultFormat, stage: Stage): Said | undefined {
  if (opened.answer.text === '') return undefined;
  const said = opened.said(faults);
  // A look-up may use another protocol than the lead.
  return stage === 'lookup' && said.kind === 'foreign' ? undefined : said;
}

/**
 * Decides if a rule may apply to such an answer. A fault is never an acceptance; a rule must read the fault itself to call
 * a lead known, awaited or absent. An answer that is not of the protocol proves nothing.
 */
function mayStand({ kind, readsFault }: ResponseRule, said: Said): boolean {
  if (said.kind === 'answer') return true;
  if (kind === 'accepted' || kind === 'unconfirmed') return false;
  return !byFaultOnly.has(kind) || (said.kind === 'fault' && readsFault);
}

const byFaultOnly: ReadonlySet<RuleKind> = new Set(['duplicate', 'pending', 'absent']);

/** The outcome of an answer that no rule matches, with the protocol's fault. */
function withoutRule(
  { truncated, status }: Answer,
  { said, faults }: { readonly said: Said | undefined; readonly faults: FaultFormat | undefined },
  outcome: Outcome,
  stage: Stage,
): Outcome {
  if (said === undefined || said.kind === 'answer' || faults === undefined) return outcome;
  // These statuses concern us or the moment: nothing in the body makes them concern the lead.
  if (outcome.kind !== 'unknown' && outcome.kind !== 'unavailable') return outcome;
  if (leavesOpen(status)) return outcome;
  if (said.kind === 'foreign' && outcome.kind === 'unavailable') return outcome;
  // A truncated answer may have been an acceptance: sent again, the lead might exist twice.
  if (said.kind === 'foreign')
    return truncated
      ? { ...outcome, kind: 'unknown', reason: 'ANSWER_TOO_LARGE', saidYes: true }
      : { ...outcome, reason: foreignReason };
  // SOAP reports its faults with a 500; any other 5xx means that the server is down.
  const ofServer = outcome.kind === 'unavailable' && status !== 500;
  if (stage === 'lookup' || ofServer || !isNotRead(faults, said.codes))
    return { ...outcome, reason: faultReason };
  const evidence = outcome.evidence === undefined ? {} : { evidence: outcome.evidence };
  return { kind: 'invalid', reason: notReadReason, ...evidence };
}

/** Warns of a rule that reads 401 or 429 as a refusal of the lead: a wrong password would refuse lead after lead. */
function reportNamed(rules: readonly ResponseRule[], report: Report): void {
  for (const { kind, path, named, conditions } of rules) {
    if (kind !== 'invalid' && kind !== 'refused') continue;
    const taken = looksLikeRefusal.filter((status) => named.has(status));
    if (taken.length === 0 || Object.keys(conditions).length > 1) continue;
    report.warn([...path, kind, 'status'], 'MAP-509', [
      `${taken.join(', ')} se lirait comme ${kind} : cela signifie des identifiants refusés ou un envoi trop rapide, et se comprend sans règle.`,
      `${taken.join(', ')} would be read as ${kind}: they mean wrong credentials or too fast, and are understood without a rule.`,
    ]);
  }
}

/** A recipient numbers its records from 1: 0, false or a list is no record. */
const isNumberOrName = (value: unknown): boolean =>
  typeof value === 'number'
    ? value > 0
    : typeof value === 'string' && value.trim() !== '' && value.trim() !== '0';

type Promising = ResponseRule & { readonly promises: boolean };

/** An acceptance of a create without the promised reference proves nothing; a change needs none. */
const needsReference = (stage: Stage): boolean => stage === 'create' || stage === 'lookup';

function outcomeOf(rule: Promising, opened: Opened, stage: Stage, now: () => number): Outcome {
  const { answer } = opened;
  const evidence = evidenceOf(answer);
  const reason = rule.reason?.(opened) ?? `HTTP_${answer.status}`;
  switch (rule.kind) {
    case 'accepted':
    case 'duplicate':
    case 'pending': {
      if (
        stage === 'lookup' &&
        (opened.beside > 0 ? !isOurs(opened, rule.record) : isAnothers(opened, rule.record))
      )
        return { kind: 'unknown', reason: 'REFERENCE_DIFFERS', evidence };
      const found = rule.reference?.(opened);
      const missing = rule.reference !== undefined && !isNumberOrName(found);
      if (rule.kind === 'accepted' && missing && rule.promises && needsReference(stage))
        return { kind: 'unknown', reason: 'REFERENCE_NOT_GIVEN', saidYes: true, evidence };
      const reference = safeReference(found);
      return { kind: rule.kind, ...(reference === undefined ? {} : { reference }), evidence };
    }
    case 'unconfirmed':
      return { kind: 'unconfirmed', evidence };
    case 'refused':
    case 'invalid':
    case 'unknown':
      return { kind: rule.kind, reason, evidence };
    case 'unauthorized':
      return { kind: rule.kind, reason, ...(rule.kept ? { maybeReceived: true as const } : {}), evidence };
    case 'throttled':
      return { kind: 'throttled', reason, ...pauseOf(rule, opened, now), evidence };
    case 'unavailable':
      return {
        kind: 'unavailable',
        reason,
        maybeReceived: stage !== 'lookup',
        ...pauseOf(rule, opened, now),
        evidence,
      };
    case 'absent':
      return { kind: 'absent', evidence };
  }
}

/** The pause that the answer asks for. */
function pauseOf({ after }: Promising, opened: Opened, now: () => number): { readonly afterMs?: number } {
  const { headers } = opened.answer;
  const afterMs =
    after === undefined ? retryAfterMs(headers['retry-after'], headers['date'], now) : after(opened);
  return afterMs === undefined ? {} : { afterMs };
}

function evidenceOf(answer: Answer): { readonly status: number; readonly answerBytes: number } {
  return { status: answer.status, answerBytes: Buffer.byteLength(answer.text) };
}

/** The outcome of an answer that no rule matches: never accepted. */
function lastResort(answer: Answer, stage: Stage, now: () => number): Outcome {
  const { status, headers } = answer;
  const afterMs = retryAfterMs(headers['retry-after'], headers['date'], now);
  const outcome = outcomeOfStatus(status, { asked: stage === 'lookup', afterMs });
  return { ...outcome, evidence: evidenceOf(answer) };
}
