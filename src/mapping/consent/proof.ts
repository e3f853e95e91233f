// Compiles `proof:`, which writes the date, source, wording, end or entity of an answer into the client's own field.
// Invariant: a proof is the one recorded with the answer, or absent; it never replaces the answer itself.
import type { CurrentConsent } from '../../domain/consent.ts';
import {
  consentStates,
  type ConsentState,
  type ConsentChannel,
  type ConsentPurpose,
} from '../../domain/lead.ts';
import { compileFormat } from '../fields/formatters.ts';
import { omitted, tableRow, type Choices } from './choices.ts';
import { textOf } from '../fields/source.ts';
import { compileMap, mapNamed } from '../fields/maps.ts';
import { hinting, type Path } from '../document/problems.ts';
import { emptyPolicy, type Scope } from '../scope.ts';
import type { FieldProblem, Scalar, ConsentNeed, Entry } from '../fields/values.ts';
import type { ConsentSent, CompiledMapping } from '../contract.ts';
import type { LineOf } from '../fields/lines.ts';
import type { Target } from '../fields/target.ts';

/** Gives the value of the proof for an answer; undefined: none is written. */
export type Proof = (
  current: CurrentConsent,
  field: string,
  problems: FieldProblem[],
) => Scalar | null | undefined;

const proofs: Readonly<Record<string, (current: CurrentConsent) => string | Date | undefined>> = {
  date: ({ record }) => record.recordedAt,
  source: ({ record }) => record.source,
  wording: ({ record }) => record.wordingVersion,
  until: ({ until, record }) => until ?? record.validUntil,
  entity: ({ record }) => record.legalEntity,
};

/** Compiles `proof:` with as, map, states and empty; undefined after reporting. */
export function compileProof(raw: Record<string, unknown>, path: Path, scope: Scope): Proof | undefined {
  const name = raw['proof'];
  const read = typeof name === 'string' && Object.hasOwn(proofs, name) ? proofs[name] : undefined;
  if (read === undefined) return undefined;
  const dated = name === 'date' || name === 'until';
  const fallback = dated ? (scope.sheet ? { date: 'dd/MM/yyyy HH:mm' } : 'iso') : 'text';
  const format = compileFormat(raw['as'] ?? fallback, { type: dated ? 'date' : 'text', list: false });
  if ('code' in format)
    return hinting(scope.report, format.suggestion).error([...path, 'as'], format.code, format.message);
  const map = compileProofMap(raw, path, scope, dated);
  if (map === undefined) return undefined;
  const states = statesOf(raw['states']);
  const empty = emptyPolicy(raw['empty'], 'omit');
  const none = empty === 'omit' ? undefined : empty === 'null' ? null : '';
  return (current, field, problems) => {
    const value = states.has(current.state) ? read(current) : undefined;
    const mapped = typeof value === 'string' ? map(value) : undefined;
    if (mapped === 'error') problems.push({ field, code: 'NOT_IN_MAP' });
    const result = mapped === undefined ? value : typeof mapped === 'object' ? mapped.value : undefined;
    return result === undefined ? none : (format.apply(result) as Scalar);
  };
}

const statesOf = (raw: unknown): ReadonlySet<ConsentState> =>
  new Set(Array.isArray(raw) ? consentStates.filter((state) => raw.includes(state)) : consentStates);

function compileProofMap(
  raw: Record<string, unknown>,
  path: Path,
  scope: Scope,
  dated: boolean,
): ReturnType<typeof compileMap> {
  if (!Object.hasOwn(raw, 'map')) return (value) => ({ value });
  const at: Path = [...path, 'map'];
  if (dated)
    return scope.report.atKey.error(at, 'MAP-203', [
      'une table a besoin de codes, pas de dates : utilisez as: {date: ...}.',
      'a map needs codes, not dates: use as: {date: ...}.',
    ]);
  const named = raw['map'];
  if (typeof named !== 'string') return compileMap(named, at, scope);
  const shared = mapNamed(named, at, scope);
  return shared && compileMap(shared.raw, shared.path, scope);
}

// Types of a compiled consent line, and the index of the answers that a block needs.
// Invariant: each purpose and channel has one entry, however many lines write it.

export interface AnswerLine {
  readonly target: Target;
  readonly path: Path;
  /** One line of the target's text, among others. */
  readonly line?: LineOf;
  /** It writes the opt-in itself, not only its proof. */
  readonly answers: boolean;
  /** Indices, in the block's list, of the answers that it writes. */
  readonly pairs: readonly number[];
  readonly write: (
    current: readonly CurrentConsent[],
    out: Entry[],
    sent: ConsentSent[],
    problems: FieldProblem[],
  ) => void;
  /** Adds to the log the opt-ins that the line writes. */
  readonly say: (current: readonly CurrentConsent[], sent: ConsentSent[]) => void;
  /** The field whose value for its state is `hold`. */
  readonly held: (current: readonly CurrentConsent[]) => string | undefined;
  readonly table: CompiledMapping['consentTable'];
  readonly sheet: (
    current: readonly CurrentConsent[],
  ) => readonly { readonly label: string; readonly value: string }[];
}

/** Index of a purpose and channel in the block's list; adds it when new. */
export function pairIndex(pairs: ConsentNeed[], purpose: ConsentPurpose, channel: ConsentChannel): number {
  const found = pairs.findIndex((pair) => pair.purpose === purpose && pair.channel === channel);
  return found >= 0 ? found : pairs.push({ purpose, channel }) - 1;
}

/** A field of the client that writes one answer, or the proof of it. */
export interface AnswerField {
  /** Name in the log and the truth table. */
  readonly name: string;
  /** Name in a sheet, where it is another. */
  readonly label?: string | undefined;
  readonly need: ConsentNeed;
  readonly pair: number;
  readonly choices?: Choices | undefined;
  readonly proof?: Proof | undefined;
}

export function valueOf(
  { name, choices, proof }: Pick<AnswerField, 'name' | 'choices' | 'proof'>,
  current: CurrentConsent,
  problems: FieldProblem[],
): Scalar | null | undefined {
  if (proof !== undefined) return proof(current, name, problems);
  const choice = choices?.[current.state];
  return choice?.do === 'write' ? choice.value : undefined;
}

/** The log entries, the truth table and the sheet of such fields. */
export function answersOf(
  fields: readonly AnswerField[],
  answerIn = (answers: readonly CurrentConsent[], pair: number): CurrentConsent | undefined => answers[pair],
): Pick<AnswerLine, 'say' | 'held' | 'table' | 'sheet'> {
  return {
    say: (answers, sent) => {
      for (const { name, need, pair, choices } of fields) {
        const state = answerIn(answers, pair)?.state;
        if (state === undefined || choices === undefined) continue;
        const choice = choices[state];
        const value =
          choice.do === 'write' ? (choice.value === null ? 'null' : textOf(choice.value)) : omitted;
        sent.push({ ...need, state, field: name, value });
      }
    },
    held: (answers) => {
      for (const { name, pair, choices } of fields) {
        const state = answerIn(answers, pair)?.state;
        if (state !== undefined && choices?.[state].do === 'hold') return name;
      }
      return undefined;
    },
    table: fields.flatMap(({ name, need, choices }) =>
      choices === undefined ? [] : [{ field: name, ...need, values: tableRow(choices) }],
    ),
    sheet: (answers) =>
      fields.flatMap((field) => {
        const current = answerIn(answers, field.pair);
        const value = current === undefined ? undefined : valueOf(field, current, []);
        return value === undefined ? [] : [{ label: field.label ?? field.name, value: textOf(value) }];
      }),
  };
}
