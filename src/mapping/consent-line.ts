// One line of the consent block: the client's field, its value in each state, or a proof of the answer.
// Invariant: all four states are written out, and no other state reads like granted (C16, C20).
import type { CurrentConsent } from '../domain/consent.ts';
import { consentChannels, consentPurposes, consentStates } from '../domain/lead.ts';
import type { ConsentChannel, ConsentPurpose, ConsentState } from '../domain/lead.ts';
import { isRecord } from './document.ts';
import { compileFormat, isScalarValue } from './formatters.ts';
import { channelOf, readsAs, smellsOfOptOut } from './lints.ts';
import type { Path } from './problems.ts';
import { emptyPolicy } from './scope.ts';
import type { Scope } from './scope.ts';
import { lastName, parseTarget } from './target.ts';
import type { Target } from './target.ts';
import type { ConsentNeed, Scalar } from './values.ts';

/** What to do in one state: write a value, leave the field out, or keep the delivery back. */
export type Choice =
  { readonly do: 'write'; readonly value: Scalar | null } | { readonly do: 'omit' } | { readonly do: 'hold' };

export interface Line {
  readonly target: Target;
  readonly path: Path;
  readonly label?: string;
  /** Which of the block's purpose-and-channel pairs it reads. */
  readonly pair: number;
  readonly choices?: Readonly<Record<ConsentState, Choice>>;
  readonly proof?: (current: CurrentConsent) => Scalar | null | undefined;
}

export const omitted = '(omitted)';

/** Compiles one line; undefined after reporting. New pairs of purpose and channel are added to `pairs`. */
export function compileLine(raw: unknown, path: Path, scope: Scope, pairs: ConsentNeed[]): Line | undefined {
  if (!isRecord(raw) || typeof raw['to'] !== 'string') return undefined;
  const { report } = scope;
  const target = parseTarget(raw['to'], scope.format);
  if (typeof target === 'string') {
    report.error([...path, 'to'], 'MAP-217', target);
    return undefined;
  }
  const purpose = consentPurposes.find((one) => one === (raw['purpose'] ?? 'marketing'));
  const channel = consentChannels.find((one) => one === raw['channel']);
  const choices = Object.hasOwn(raw, 'values') ? compileChoices(raw, path, scope, target) : undefined;
  const proof = Object.hasOwn(raw, 'proof') ? compileProof(raw, path, scope) : undefined;
  if (Object.hasOwn(raw, 'values') === Object.hasOwn(raw, 'proof')) {
    report.error(
      path,
      'MAP-106',
      `consent line "${target.text}" needs either values (the opt-in) or proof (its date, source, wording, until or entity).`,
    );
    return undefined;
  }
  if (purpose === undefined || channel === undefined || (choices === undefined && proof === undefined))
    return undefined;
  const spoken = channelOf(lastName(target));
  if (spoken !== undefined && spoken !== channel) {
    report.warn(
      [...path, 'channel'],
      'MAP-307',
      `"${target.text}" speaks of ${spoken} by its name, the line reads the consent for ${channel}.`,
    );
  }
  return {
    target,
    path,
    pair: pairIndex(pairs, purpose, channel),
    ...(typeof raw['label'] === 'string' ? { label: raw['label'] } : {}),
    ...(choices === undefined ? {} : { choices }),
    ...(proof === undefined ? {} : { proof }),
  };
}

function pairIndex(pairs: ConsentNeed[], purpose: ConsentPurpose, channel: ConsentChannel): number {
  const found = pairs.findIndex((pair) => pair.purpose === purpose && pair.channel === channel);
  return found >= 0 ? found : pairs.push({ purpose, channel }) - 1;
}

function compileChoices(
  raw: Record<string, unknown>,
  path: Path,
  scope: Scope,
  target: Target,
): Line['choices'] {
  const values = raw['values'];
  if (!isRecord(values)) return undefined;
  const { report } = scope;
  const at: Path = [...path, 'values'];
  const choices: Partial<Record<ConsentState, Choice>> = {};
  for (const state of consentStates) {
    if (!Object.hasOwn(values, state)) {
      report.error(
        at,
        'MAP-302',
        `"${target.text}" does not say what to write when consent is ${state}: add ${state}, or ${state}: omit / hold.`,
        { at: 'key' },
      );
      continue;
    }
    const value = values[state];
    if (value === 'omit' || value === 'hold') choices[state] = { do: value };
    else if (isScalarValue(value) || value === null) choices[state] = { do: 'write', value };
    else
      report.error(
        [...at, state],
        'MAP-103',
        `the value for ${state} is a text, a number, true / false, omit or hold.`,
      );
  }
  const { granted } = choices;
  if (granted !== undefined) {
    for (const state of consentStates) {
      const other = choices[state];
      if (state === 'granted' || other === undefined || asWritten(other, scope) !== asWritten(granted, scope))
        continue;
      report.error(
        [...at, state],
        'MAP-303',
        `"${target.text}" writes ${state} like granted (${asWritten(granted, scope)}): the client could not tell a consent (C20).`,
      );
    }
    checkPolarity(raw, path, scope, target, granted);
  }
  const { granted: g, refused, not_asked: notAsked, withdrawn } = choices;
  if (g === undefined || refused === undefined || notAsked === undefined || withdrawn === undefined)
    return undefined;
  return { granted: g, refused, not_asked: notAsked, withdrawn };
}

/** Two choices are alike when the recipient cannot tell them apart: letter case, types, and a CSV's empty cell included. */
function asWritten(choice: Choice, scope: Scope): string {
  if (choice.do === 'hold') return 'held';
  const flat = scope.format === 'csv' || scope.format === 'form' || scope.format === 'none';
  if (choice.do === 'omit') return flat ? 'empty' : 'nothing';
  if (choice.value === null || choice.value === '') return flat || choice.value === '' ? 'empty' : 'null';
  return String(choice.value).trim().toLowerCase();
}

function checkPolarity(
  raw: Record<string, unknown>,
  path: Path,
  scope: Scope,
  target: Target,
  granted: Choice,
): void {
  const inverted = raw['inverted'] === 'confirmed';
  const optOut = smellsOfOptOut(lastName(target)) || smellsOfOptOut(target.text);
  if (optOut && !inverted) {
    scope.report.error(
      [...path, 'to'],
      'MAP-304',
      `"${target.text}" is an opt-out by its name: check the values, then add inverted: confirmed.`,
    );
    return;
  }
  const reads = granted.do === 'write' ? readsAs(granted.value) : undefined;
  if (reads === (inverted ? 'yes' : 'no')) {
    const value = granted.do === 'write' ? String(granted.value) : '';
    scope.report.error(
      [...path, 'values', 'granted'],
      'MAP-305',
      `"${target.text}" writes ${value} when consent is granted: the values look inverted.`,
    );
  }
}

const proofs: Readonly<Record<string, (current: CurrentConsent) => string | Date | undefined>> = {
  date: ({ record }) => record.recordedAt,
  source: ({ record }) => record.source,
  wording: ({ record }) => record.wordingVersion,
  until: ({ until, record }) => until ?? record.validUntil,
  entity: ({ record }) => record.legalEntity,
};

function compileProof(raw: Record<string, unknown>, path: Path, scope: Scope): Line['proof'] {
  const name = raw['proof'];
  const read = typeof name === 'string' && Object.hasOwn(proofs, name) ? proofs[name] : undefined;
  if (read === undefined) return undefined;
  const dated = name === 'date' || name === 'until';
  const fallback = dated ? (scope.sheet ? { date: 'dd/MM/yyyy HH:mm' } : 'iso') : 'text';
  const format = compileFormat(raw['as'] ?? fallback, { type: dated ? 'date' : 'text', list: false });
  if ('code' in format) {
    scope.report.error([...path, 'as'], format.code, format.message, { suggestion: format.suggestion });
    return undefined;
  }
  const empty = emptyPolicy(raw['empty'], 'omit');
  const none = empty === 'omit' ? undefined : empty === 'null' ? null : '';
  return (current) => {
    const value = read(current);
    return value === undefined ? none : (format.apply(value) as Scalar);
  };
}
