// The consent block: the client's own field and value for each of the four states, in every exchange (C16, C20).
// Invariant: what is written is the value the file gives for the recorded state; absence is never an answer.
import { currentConsent } from '../domain/consent.ts';
import type { CurrentConsent } from '../domain/consent.ts';
import type { ConsentState, Lead } from '../domain/lead.ts';
import { compileLine, omitted } from './consent-line.ts';
import type { Choice, Line } from './consent-line.ts';
import type { CompiledMapping, ConsentSent } from './contract.ts';
import type { Path } from './problems.ts';
import { textOf } from './rendering.ts';
import type { Scope } from './scope.ts';
import type { Target } from './target.ts';
import type { ConsentNeed, Entry, Scalar } from './values.ts';

export interface ConsentLine {
  readonly target: Target;
  readonly path: Path;
  readonly write: (current: readonly CurrentConsent[], out: Entry[], sent: ConsentSent[]) => void;
}

export interface CompiledConsent {
  readonly lines: readonly ConsentLine[];
  /** The answers in force, one for each purpose and channel the block names; or those that are missing. */
  readonly answers: (
    lead: Lead,
    now: Date,
  ) => { readonly current: readonly CurrentConsent[] } | { readonly missing: readonly ConsentNeed[] };
  /** The first field whose state says hold. */
  readonly held: (current: readonly CurrentConsent[]) => string | undefined;
  readonly freshUntil: (current: readonly CurrentConsent[]) => Date | undefined;
  readonly table: CompiledMapping['consentTable'];
  readonly sheet: (
    current: readonly CurrentConsent[],
  ) => readonly { readonly label: string; readonly value: string }[];
}

/** Compiles the consent block; it is mandatory, so an absent one is a problem. */
export function compileConsent(raw: unknown, scope: Scope): CompiledConsent | undefined {
  const { report } = scope;
  if (!Array.isArray(raw) || raw.length === 0) {
    report.error(
      ['consent'],
      'MAP-301',
      'the consent block is missing: the opt-in must be in every exchange (C20).',
    );
    return undefined;
  }
  const pairs: ConsentNeed[] = [];
  const lines = raw.flatMap(
    (one: unknown, index) => compileLine(one, ['consent', index], scope, pairs) ?? [],
  );
  if (lines.length > 0 && !lines.some((line) => line.choices !== undefined)) {
    report.error(
      ['consent'],
      'MAP-306',
      'no line of the consent block has values: the opt-in itself is not written.',
    );
  }
  const pairOf = (line: Line): ConsentNeed => pairs[line.pair] ?? { purpose: 'marketing', channel: 'email' };
  return {
    lines: lines.map((line) => ({ target: line.target, path: line.path, write: writer(line, pairOf(line)) })),
    answers: (lead, now) => {
      const current: CurrentConsent[] = [];
      const missing: ConsentNeed[] = [];
      for (const pair of pairs) {
        const found = currentConsent(lead.consents, pair.purpose, pair.channel, now);
        if (found === undefined) missing.push(pair);
        else current.push(found);
      }
      return missing.length > 0 ? { missing } : { current };
    },
    held: (current) =>
      lines.find((line) => {
        const state = current[line.pair]?.state;
        return state !== undefined && line.choices?.[state].do === 'hold';
      })?.target.text,
    freshUntil: (current) => {
      let earliest: Date | undefined;
      for (const { until } of current) {
        if (until !== undefined && (earliest === undefined || until < earliest)) earliest = until;
      }
      return earliest;
    },
    table: lines.flatMap((line) =>
      line.choices === undefined
        ? []
        : [{ field: line.target.text, ...pairOf(line), values: tableRow(line.choices) }],
    ),
    sheet: (current) =>
      lines.flatMap((line) => {
        const answer = current[line.pair];
        const value = answer === undefined ? undefined : valueOf(line, answer);
        if (value === undefined) return [];
        const label = line.label === undefined ? line.target.text : `${line.label} (${line.target.text})`;
        return [{ label, value: value === null ? '' : textOf(value) }];
      }),
  };
}

/** What a line writes for an answer: a value, null, or nothing. */
function valueOf(line: Line, current: CurrentConsent): Scalar | null | undefined {
  if (line.proof !== undefined) return line.proof(current);
  const choice = line.choices?.[current.state];
  return choice?.do === 'write' ? choice.value : undefined;
}

function writer(line: Line, pair: ConsentNeed): ConsentLine['write'] {
  const { target } = line;
  return (answers, out, sent) => {
    const current = answers[line.pair];
    if (current === undefined) return;
    const value = valueOf(line, current);
    if (value !== undefined) out.push({ target, kind: 'cell', cell: value });
    if (line.choices === undefined) return;
    const written = value === undefined ? omitted : value === null ? 'null' : textOf(value);
    sent.push({ ...pair, state: current.state, field: target.text, value: written });
  };
}

function tableRow(choices: Readonly<Record<ConsentState, Choice>>): Readonly<Record<ConsentState, string>> {
  const text = (choice: Choice): string =>
    choice.do === 'hold'
      ? '(held)'
      : choice.do === 'omit'
        ? omitted
        : choice.value === null
          ? 'null'
          : String(choice.value);
  const { granted, refused, not_asked: notAsked, withdrawn } = choices;
  return {
    granted: text(granted),
    refused: text(refused),
    not_asked: text(notAsked),
    withdrawn: text(withdrawn),
  };
}
