// Compiles `each: consents`, which writes a list with one record for each purpose and channel that the line names.
// Invariant: every answer it writes is named, recorded and in the truth table, like that of a single line.
import type { CurrentConsent } from '../../domain/consent.ts';
import { consentChannels, consentPurposes } from '../../domain/lead.ts';
import { compileChoices, type Choices } from './choices.ts';
import { answersOf, compileProof, pairIndex, valueOf, type AnswerLine } from './proof.ts';
import { isRecord } from '../document/yaml.ts';
import { channelWords, purposeWords } from '../../domain/lead-values.ts';
import { compileMap, mapNamed } from '../fields/maps.ts';
import { near, type Path } from '../document/problems.ts';
import { textOf } from '../fields/source.ts';
import type { Scope } from '../scope.ts';
import { slotProblems } from '../fields/each.ts';
import { parseTarget, type Target } from '../fields/target.ts';
import {
  isScalarValue,
  type ConsentNeed,
  type Entry,
  type FieldProblem,
  type Scalar,
} from '../fields/values.ts';
import type { Both } from '../../../connectors/contract.ts';

const stateIsWritten: Both = [
  'l’état s’écrit avec values: {granted, refused, not_asked, withdrawn}.',
  'the state is written with values: {granted, refused, not_asked, withdrawn}.',
];

const noSourceHere = (from: string): Both => [
  `la source « ${from} » n’existe pas ici : channel ou purpose.`,
  `source "${from}" does not exist here: channel or purpose.`,
];

interface Inner {
  readonly target: Target;
  readonly path: Path;
  /** Set where it writes the opt-in itself. */
  readonly choices?: Choices;
  /** Its value for one answer; undefined: none is written. */
  readonly cell: (
    name: string,
    answer: CurrentConsent & { readonly need: ConsentNeed },
    problems: FieldProblem[],
  ) => Scalar | null | undefined;
}

/** Compiles the line; undefined after reporting. */
export function compileConsentEach(
  raw: Record<string, unknown>,
  path: Path,
  scope: Scope,
  pairs: ConsentNeed[],
  target: Target,
): AnswerLine | undefined {
  const { report } = scope;
  if (raw['each'] !== 'consents')
    return report.error([...path, 'each'], 'MAP-215', [
      'each d’une ligne consent prend consents.',
      'each of a consent line takes consents.',
    ]);
  if (scope.format !== 'json' && scope.format !== 'xml')
    return report.error([...path, 'each'], 'MAP-218', [
      `${scope.format} n’a pas de groupes répétés : écrivez une ligne pour chacun.`,
      `${scope.format} has no repeated groups: write one line each.`,
    ]);
  const channels = consentChannels.filter((channel) => listed(raw['channels'], channel));
  const purposes = consentPurposes.filter((purpose) => listed(raw['purposes'] ?? ['marketing'], purpose));
  const needs = purposes.flatMap((purpose) => channels.map((channel) => ({ purpose, channel })));
  if (needs.length === 0) {
    report.error(path, 'MAP-102', [
      `la clé « channels » manque : quels opt-in « ${target.text} » liste-t-il ? channels: [email, phone].`,
      `key "channels" is missing: which consents does "${target.text}" list? channels: [email, phone].`,
    ]);
  }
  const lines = Array.isArray(raw['fields']) ? (raw['fields'] as unknown[]) : [];
  const inner = lines.flatMap((line, index) => compileInner(line, [...path, 'fields', index], scope) ?? []);
  for (const problem of slotProblems(inner)) report.error(problem.path, problem.code, problem.message);
  if (!inner.some(({ choices }) => choices !== undefined))
    return report.error(path, 'MAP-306', [
      `each de « ${target.text} » n’a aucun champ avec values : l’opt-in lui-même n’est pas écrit.`,
      `each of "${target.text}" has no field with values: the opt-in itself is not written.`,
    ]);
  const rows = needs.map((need) => ({ need, pair: pairIndex(pairs, need.purpose, need.channel) }));
  return lineOf(target, path, rows, inner);
}

interface Row {
  readonly need: ConsentNeed;
  readonly pair: number;
}

function lineOf(target: Target, path: Path, rows: readonly Row[], inner: readonly Inner[]): AnswerLine {
  const nameOf = (field: Inner): string => `${target.text}.${field.target.text}`;
  const said = answersOf(
    rows.flatMap(({ need, pair }) =>
      inner.flatMap((field) => {
        const { choices } = field;
        if (choices === undefined) return [];
        const name = nameOf(field);
        const label = `${name}, ${purposeWords[need.purpose]} par ${channelWords[need.channel]}`;
        return [{ name, label, need, pair, choices }];
      }),
    ),
  );
  return {
    ...said,
    target,
    path,
    answers: true,
    pairs: rows.map(({ pair }) => pair),
    write: (current, out, sent, problems) => {
      const written = rows.flatMap(({ need, pair }): readonly (readonly Entry[])[] => {
        const answer = current[pair];
        if (answer === undefined) return [];
        const row: Entry[] = [];
        for (const field of inner) {
          const value = field.cell(nameOf(field), { ...answer, need }, problems);
          if (value !== undefined) row.push({ target: field.target, kind: 'cell', cell: value });
        }
        return [row];
      });
      out.push({ target, kind: 'rows', rows: written });
      said.say(current, sent);
    },
  };
}

const listed = (raw: unknown, name: string): boolean => Array.isArray(raw) && raw.includes(name);

function compileInner(raw: unknown, path: Path, scope: Scope): Inner | undefined {
  if (!isRecord(raw) || typeof raw['to'] !== 'string') return undefined;
  const { report } = scope;
  const target = parseTarget(raw['to'], scope.format, { nested: true });
  if ('fault' in target) return report.error([...path, 'to'], 'MAP-217', target.fault);
  const kinds = ['values', 'proof', 'from', 'value'].filter((key) => Object.hasOwn(raw, key));
  if (kinds.length !== 1)
    return report.error(path, 'MAP-106', [
      `« ${target.text} » a besoin de values, proof, from ou value.`,
      `"${target.text}" needs one of values, proof, from or value.`,
    ]);
  if (kinds[0] === 'values') {
    const choices = compileChoices(raw, path, scope, target);
    const cell: Inner['cell'] = (name, answer, problems) => valueOf({ name, choices }, answer, problems);
    return choices && { target, path, choices, cell };
  }
  if (kinds[0] === 'proof') {
    const proof = compileProof(raw, path, scope);
    return proof && { target, path, cell: (name, answer, problems) => proof(answer, name, problems) };
  }
  if (kinds[0] === 'value') {
    const value = raw['value'];
    return isScalarValue(value) ? { target, path, cell: () => value } : undefined;
  }
  const from = raw['from'];
  if (from !== 'channel' && from !== 'purpose')
    return near(report, from, ['channel', 'purpose']).error(
      [...path, 'from'],
      'MAP-201',
      from === 'state' ? stateIsWritten : noSourceHere(textOf(from)),
    );
  const values: readonly string[] = from === 'channel' ? consentChannels : consentPurposes;
  const named = raw['map'];
  if (named === undefined) return { target, path, cell: (_name, { need }) => need[from] };
  const at: Path = [...path, 'map'];
  const shared = typeof named === 'string' ? mapNamed(named, at, scope) : { raw: named, path: at };
  if (shared === undefined) return undefined;
  const map = compileMap(shared.raw, shared.path, scope, { path: from, type: 'enum', values });
  if (map === undefined) return undefined;
  const cell: Inner['cell'] = (name, { need }, problems) => {
    const mapped = map(need[from]);
    if (mapped === 'error') problems.push({ field: name, code: 'NOT_IN_MAP' });
    return typeof mapped === 'object' ? mapped.value : undefined;
  };
  return { target, path, cell };
}
