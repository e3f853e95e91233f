// Compiles one line of the consent block: the client's field with its value in each state, or with a proof of the answer.
// Invariant: a line writes the value that the file gives for the recorded state, and logs it (C16, C20).
import type { CurrentConsent } from '../../domain/consent.ts';
import { consentChannels, consentPurposes } from '../../domain/lead.ts';
import { compileChoices, omitted, tableRow } from './choices.ts';
import type { Choices } from './choices.ts';
import { compileProof } from './proof.ts';
import type { Proof } from './proof.ts';
import { compileConsentEach } from './each.ts';
import { pairIndex } from './needs.ts';
import type { AnswerLine } from './needs.ts';
import { isRecord } from '../document/yaml.ts';
import { compileLineText } from '../fields/lines.ts';
import type { LineOf } from '../fields/lines.ts';
import { channelOf } from '../fields/lints.ts';
import type { Path } from '../document/problems.ts';
import { textOf } from '../fields/rendering.ts';
import { reportNoPreset } from '../scope.ts';
import type { Scope } from '../scope.ts';
import { lastName, parseTarget } from '../fields/target.ts';
import type { Target } from '../fields/target.ts';
import type { ConsentNeed, FieldProblem, Scalar } from '../fields/values.ts';

/** Compiles one line; undefined after reporting. New pairs of purpose and channel are added to `pairs`. */
export function compileLine(
  raw: unknown,
  path: Path,
  scope: Scope,
  pairs: ConsentNeed[],
): AnswerLine | undefined {
  if (!isRecord(raw)) return undefined;
  const { report } = scope;
  if (Object.hasOwn(raw, 'preset')) reportNoPreset(path, scope);
  else if (!Object.hasOwn(raw, 'to'))
    report.error(path, 'MAP-102', [
      'la clé « to » manque : quel champ du client est-ce ?',
      'key "to" is missing: which field of the client is it?',
    ]);
  if (typeof raw['to'] !== 'string') return undefined;
  const target = parseTarget(raw['to'], scope.format);
  if ('fault' in target) {
    report.error([...path, 'to'], 'MAP-217', target.fault);
    return undefined;
  }
  if (Object.hasOwn(raw, 'each')) return compileConsentEach(raw, path, scope, pairs, target);
  const line = compileLineText(raw['line'], [...path, 'line'], report);
  // `call:blacklist` has the name of the call it triggers.
  const name = line === undefined ? lastName(target).replace(/^call:/, '') : line.label;
  const purpose = consentPurposes.find((known) => known === (raw['purpose'] ?? 'marketing'));
  const channel = consentChannels.find((known) => known === raw['channel']);
  const choices = Object.hasOwn(raw, 'values') ? compileChoices(raw, path, scope, target, name) : undefined;
  const proof = Object.hasOwn(raw, 'proof') ? compileProof(raw, path, scope) : undefined;
  if (!Object.hasOwn(raw, 'channel'))
    report.error(path, 'MAP-102', [
      `la clé « channel » manque : quel opt-in « ${target.text} » dit-il ?`,
      `key "channel" is missing: which consent does "${target.text}" tell?`,
    ]);
  if (Object.hasOwn(raw, 'values') === Object.hasOwn(raw, 'proof')) {
    report.error(path, 'MAP-106', [
      `la ligne consent « ${target.text} » a besoin soit de values (l’opt-in), soit de proof (sa date, sa source, son texte, sa fin ou son entité).`,
      `consent line "${target.text}" needs either values (the opt-in) or proof (its date, source, wording, until or entity).`,
    ]);
    return undefined;
  }
  if (purpose === undefined || channel === undefined || (choices === undefined && proof === undefined))
    return undefined;
  const spoken = channelOf(name);
  if (spoken !== undefined && spoken !== channel) {
    report.warn([...path, 'channel'], 'MAP-307', [
      `« ${name} » parle, par son nom, de ${spoken} ; la ligne lit l’opt-in de ${channel}.`,
      `"${name}" speaks of ${spoken} by its name, the line reads the consent for ${channel}.`,
    ]);
  }
  const pair = pairIndex(pairs, purpose, channel);
  const label = typeof raw['label'] === 'string' ? raw['label'] : undefined;
  const byAddress = raw['keptBy'] === 'address';
  if (byAddress) scope.blocks.add('refusedAtAddress');
  return lineOf({ target, path, line, label, pair, need: { purpose, channel }, choices, proof, byAddress });
}

interface Parts {
  readonly target: Target;
  readonly path: Path;
  readonly line: LineOf | undefined;
  readonly label: string | undefined;
  readonly pair: number;
  readonly need: ConsentNeed;
  readonly choices: Choices | undefined;
  readonly proof: Proof | undefined;
  /** The recipient has one answer for all persons with the address: a refusal of another person precedes a grant. */
  readonly byAddress: boolean;
}

function lineOf({ target, path, line, label, pair, need, choices, proof, byAddress }: Parts): AnswerLine {
  /** Name in the log and the truth table: a text of several lines has several opt-ins. */
  const field = line === undefined ? target.text : `${target.text} (${line.label})`;
  const appends = target.steps.at(-1)?.append === true;
  const valueOf = (current: CurrentConsent, problems: FieldProblem[]): Scalar | null | undefined => {
    if (proof !== undefined) return proof(current, field, problems);
    const choice = choices?.[current.state];
    return choice?.do === 'write' ? choice.value : undefined;
  };
  const answerIn = (answers: readonly CurrentConsent[]): CurrentConsent | undefined => {
    const current = answers[pair];
    return byAddress && current?.state === 'granted' && current.refusedAtAddress === true
      ? { ...current, state: 'refused' }
      : current;
  };
  const say: AnswerLine['say'] = (answers, sent) => {
    const current = answerIn(answers);
    if (current === undefined || choices === undefined) return;
    const choice = choices[current.state];
    const value = choice.do === 'write' ? choice.value : undefined;
    const written = value === undefined ? omitted : value === null ? 'null' : textOf(value);
    sent.push({ ...need, state: current.state, field, value: written });
  };
  return {
    target,
    path,
    pairs: [pair],
    answers: choices !== undefined,
    say,
    ...(line === undefined ? {} : { line }),
    write: (answers, out, sent, problems) => {
      const current = answerIn(answers);
      if (current === undefined) return;
      const value = valueOf(current, problems);
      if (value !== undefined && line !== undefined) {
        out.push({ target, kind: 'line', text: line.write(textOf(value)) });
      } else if (value !== undefined) out.push({ target, kind: 'cell', cell: value });
      // Absence from a list is an answer only when the list is written.
      else if (appends) out.push({ target, kind: 'cells', cells: [] });
      say(answers, sent);
    },
    held: (answers) => {
      const state = answerIn(answers)?.state;
      return state !== undefined && choices?.[state].do === 'hold' ? field : undefined;
    },
    table: choices === undefined ? [] : [{ field, ...need, values: tableRow(choices) }],
    sheet: (answers) => {
      const current = answerIn(answers);
      const value = current === undefined ? undefined : valueOf(current, []);
      if (value === undefined) return [];
      const named = label === undefined ? field : `${label} (${field})`;
      return [{ label: named, value: value === null ? '' : textOf(value) }];
    },
  };
}
