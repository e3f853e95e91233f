// Reads the value that an opt-in writes in each of the four states.
// Invariant: all four states are given, and no other state reads like granted (C16, C20).
import { consentStates, type ConsentState } from '../../domain/lead.ts';
import { checkLiteral, readsAs, smellsOfOptOut } from '../fields/lints.ts';
import { isRecord } from '../document/yaml.ts';
import type { Path, Report } from '../document/problems.ts';
import type { Scope } from '../scope.ts';
import { lastName, type Target } from '../fields/target.ts';
import { isScalarValue, type Scalar } from '../fields/values.ts';

/** The choice for one state: write a value, leave the field out, or withhold the delivery. */
export type Choice =
  | { readonly do: 'write'; readonly value: Scalar | null }
  | { readonly do: 'omit' }
  | { readonly do: 'hold' };

export type Choices = Readonly<Record<ConsentState, Choice>>;

export const omitted = '(omitted)';

/** Reads `values:` of a line; undefined after reporting. */
export function compileChoices(
  raw: Record<string, unknown>,
  path: Path,
  scope: Scope,
  target: Target,
  /** Name of the field; the label of its line where the target is a text of lines. */
  name: string = lastName(target),
): Choices | undefined {
  const values = raw['values'];
  if (!isRecord(values)) return undefined;
  const { report } = scope;
  const at: Path = [...path, 'values'];
  const choices: Partial<Record<ConsentState, Choice>> = {};
  for (const state of consentStates) {
    if (!Object.hasOwn(values, state)) {
      report.atKey.error(at, 'MAP-302', [
        `« ${target.text} » ne dit pas quoi écrire quand l’opt-in est ${state} : ajoutez ${state}, ou ${state}: omit / hold.`,
        `"${target.text}" does not say what to write when consent is ${state}: add ${state}, or ${state}: omit / hold.`,
      ]);
      continue;
    }
    const value = values[state];
    checkLiteral(value, [...at, state], report);
    if (value === 'omit' || value === 'hold') choices[state] = { do: value };
    else if (isScalarValue(value) && scope.csv?.unwritable(value) !== undefined)
      report.error([...at, state], 'MAP-308', [
        `« ${String(value)} » ne peut pas s’écrire dans ce CSV.`,
        `"${String(value)}" cannot be written in this CSV.`,
      ]);
    else if (isScalarValue(value) || value === null) choices[state] = { do: 'write', value };
    else
      report.error([...at, state], 'MAP-103', [
        `la valeur de ${state} est un texte, un nombre, true / false, omit ou hold.`,
        `the value for ${state} is a text, a number, true / false, omit or hold.`,
      ]);
  }
  const { granted } = choices;
  if (granted !== undefined) {
    for (const state of consentStates) {
      const other = choices[state];
      if (state === 'granted' || other === undefined || asWritten(other, scope) !== asWritten(granted, scope))
        continue;
      report.error([...at, state], 'MAP-303', [
        `« ${target.text} » écrit ${state} comme granted (${asWritten(granted, scope)}) : le client ne reconnaîtrait pas un accord (C20).`,
        `"${target.text}" writes ${state} like granted (${asWritten(granted, scope)}): the client could not tell a consent (C20).`,
      ]);
    }
    checkPolarity({ raw, path, target, name }, granted, scope.report);
  }
  const { granted: g, refused, not_asked: notAsked, withdrawn } = choices;
  if (g === undefined || refused === undefined || notAsked === undefined || withdrawn === undefined)
    return undefined;
  return { granted: g, refused, not_asked: notAsked, withdrawn };
}

/** Compares choices as the recipient sees them: letter case, types, and a CSV's empty cell included. */
function asWritten(choice: Choice, scope: Scope): string {
  if (choice.do === 'hold') return 'held';
  const flat = scope.format === 'csv' || scope.format === 'form' || scope.format === 'none';
  if (choice.do === 'omit') return flat ? 'empty' : 'nothing';
  if (choice.value === null || choice.value === '') return flat || choice.value === '' ? 'empty' : 'null';
  const text = scope.csv === undefined ? String(choice.value) : scope.csv.cellText(choice.value);
  return text.trim().toLowerCase();
}

function checkPolarity(
  {
    raw,
    path,
    target,
    name,
  }: {
    readonly raw: Record<string, unknown>;
    readonly path: Path;
    readonly target: Target;
    readonly name: string;
  },
  granted: Choice,
  report: Report,
): void {
  const inverted = raw['inverted'] === 'confirmed';
  const optOut = smellsOfOptOut(name) || smellsOfOptOut(target.text);
  if (optOut && !inverted) {
    report.error([...path, 'to'], 'MAP-304', [
      `« ${target.text} » est, par son nom, un opt-out : vérifiez les valeurs, puis ajoutez inverted: confirmed.`,
      `"${target.text}" is an opt-out by its name: check the values, then add inverted: confirmed.`,
    ]);
    return;
  }
  const reads = granted.do === 'write' ? readsAs(granted.value) : undefined;
  if (reads === (inverted ? 'yes' : 'no')) {
    const value = granted.do === 'write' ? String(granted.value) : '';
    report.error([...path, 'values', 'granted'], 'MAP-305', [
      `« ${target.text} » écrit ${value} quand l’accord est donné : les valeurs semblent inversées.`,
      `"${target.text}" writes ${value} when consent is granted: the values look inverted.`,
    ]);
  }
}

export function tableRow(choices: Choices): Readonly<Record<ConsentState, string>> {
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
