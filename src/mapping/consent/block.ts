// Compiles a consent block: the client's own field and value for each of the four states, in every exchange (C16, C20).
// Invariant: the value written is the one the file gives for the recorded state; absence is never an answer.
import { answerToTell, toldAheadMs, type CurrentConsent, isNamedEntity } from '../../domain/consent.ts';
import { pairOf, unchanged, type CompiledMapping, type ConsentSent, type Told } from '../contract.ts';
import type { Path, Report } from '../document/problems.ts';
import type { ConsentNeed } from '../fields/values.ts';
import { type Lead, type ConsentState, consentChannels, consentPurposes } from '../../domain/lead.ts';
import { compileChoices, omitted } from './choices.ts';
import { answersOf, compileProof, pairIndex, valueOf, type AnswerField, type AnswerLine } from './proof.ts';
import { compileConsentEach } from './each.ts';
import { isRecord } from '../document/yaml.ts';
import { compileLineText, type LineOf } from '../fields/lines.ts';
import { channelOf } from '../fields/lints.ts';
import { textOf } from '../fields/source.ts';
import { type Scope, reportNoPreset } from '../scope.ts';
import { lastName, parseTarget, slotKey, type Target } from '../fields/target.ts';

/** A line as the record places it. */
export type ConsentLine = Pick<AnswerLine, 'target' | 'path' | 'line' | 'pairs' | 'write' | 'say' | 'table'>;

export interface CompiledConsent {
  readonly lines: readonly ConsentLine[];
  /** The answers in force, one for each purpose and channel the block names; or those that are missing. */
  readonly answers: (
    lead: Lead,
    now: Date,
  ) => { readonly current: readonly CurrentConsent[] } | { readonly missing: readonly ConsentNeed[] };
  /** The first field whose value for its state is `hold`. */
  readonly held: (current: readonly CurrentConsent[]) => string | undefined;
  readonly freshUntil: (current: readonly CurrentConsent[]) => Date | undefined;
  readonly table: CompiledMapping['consentTable'];
  readonly sheet: (
    current: readonly CurrentConsent[],
  ) => readonly { readonly label: string; readonly value: string }[];
}

/** A phone grant that names another company than the client's or the recipient's proves nothing for them (C16b). */
function answerOf(
  lead: Lead,
  { purpose, channel }: ConsentNeed,
  now: Date,
  entities: ReadonlySet<string>,
): CurrentConsent | undefined {
  const found = answerToTell(lead.consents, purpose, channel, now);
  return found?.state === 'granted' &&
    channel === 'phone' &&
    !isNamedEntity(found.record.legalEntity, entities)
    ? { state: 'refused', record: found.record, lapsed: true }
    : found;
}

/** Compiles a consent block; the file's is mandatory, so an absent one is a problem. */
export function compileConsent(
  raw: unknown,
  scope: Scope,
  path: Path = ['consent'],
): CompiledConsent | undefined {
  const { report } = scope;
  if (!Array.isArray(raw) || raw.length === 0)
    return report.error(path, 'MAP-301', [
      'le bloc consent manque : l’opt-in doit être dans chaque échange (C20).',
      'the consent block is missing: the opt-in must be in every exchange (C20).',
    ]);
  const pairs: ConsentNeed[] = [];
  const lines = raw.flatMap(
    (line: unknown, index) => compileLine(line, [...path, index], scope, pairs) ?? [],
  );
  if (lines.length > 0 && !lines.some((line) => line.answers)) {
    report.error(path, 'MAP-306', [
      'aucune ligne du bloc consent n’a de values : l’opt-in lui-même n’est pas écrit.',
      'no line of the consent block has values: the opt-in itself is not written.',
    ]);
  }
  const byAddress = scope.blocks.has('refusedAtAddress');
  return {
    lines,
    answers: (lead, now) => {
      const current: CurrentConsent[] = [];
      let missing: ConsentNeed[] | undefined;
      for (const pair of pairs) {
        const found = answerOf(lead, pair, now, scope.entities);
        if (found === undefined) (missing ??= []).push(pair);
        else if (byAddress && lead.refusedAtAddress?.has(pairOf(pair)) === true)
          current.push({ ...found, refusedAtAddress: true });
        else current.push(found);
      }
      return missing === undefined ? { current } : { missing };
    },
    held: (current) => {
      for (const line of lines) {
        const field = line.held(current);
        if (field !== undefined) return field;
      }
      return undefined;
    },
    freshUntil: (current) => {
      let earliest: Date | undefined;
      for (const { until } of current) {
        if (until !== undefined && (earliest === undefined || until < earliest)) earliest = until;
      }
      return earliest === undefined ? undefined : new Date(earliest.getTime() - toldAheadMs);
    },
    table: lines.flatMap((line) => line.table),
    sheet: (current) => lines.flatMap((line) => line.sheet(current)),
  };
}

// Compiles one line of the consent block: the client's field with its value in each state, or with a proof of the answer.
// Invariant: a line writes the value that the file gives for the recorded state, and logs it (C16, C20).

/** Compiles one line; undefined after reporting. New pairs of purpose and channel are added to `pairs`. */
function compileLine(raw: unknown, path: Path, scope: Scope, pairs: ConsentNeed[]): AnswerLine | undefined {
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
  if ('fault' in target) return report.error([...path, 'to'], 'MAP-217', target.fault);
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
  if (Object.hasOwn(raw, 'values') === Object.hasOwn(raw, 'proof'))
    return report.error(path, 'MAP-106', [
      `la ligne consent « ${target.text} » a besoin soit de values (l’opt-in), soit de proof (sa date, sa source, son texte, sa fin ou son entité).`,
      `consent line "${target.text}" needs either values (the opt-in) or proof (its date, source, wording, until or entity).`,
    ]);
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
  const byAddress = raw['keptBy'] === 'address';
  if (byAddress) scope.blocks.add('refusedAtAddress');
  // A text of several lines has several opt-ins.
  const field = line === undefined ? target.text : `${target.text} (${line.label})`;
  const label = typeof raw['label'] === 'string' ? `${raw['label']} (${field})` : undefined;
  const need = { purpose, channel };
  return lineOf({ target, path, line, name: field, label, pair, need, choices, proof, byAddress });
}

interface Parts extends AnswerField {
  readonly target: Target;
  readonly path: Path;
  readonly line: LineOf | undefined;
  /** The recipient has one answer for all persons with the address: a refusal of another person precedes a grant. */
  readonly byAddress: boolean;
}

function lineOf({ target, path, line, byAddress, ...field }: Parts): AnswerLine {
  const appends = target.steps.at(-1)?.append === true;
  const answerIn = (answers: readonly CurrentConsent[]): CurrentConsent | undefined => {
    const current = answers[field.pair];
    return byAddress && current?.state === 'granted' && current.refusedAtAddress === true
      ? { ...current, state: 'refused' }
      : current;
  };
  const said = answersOf([field], answerIn);
  return {
    ...said,
    target,
    path,
    pairs: [field.pair],
    answers: field.choices !== undefined,
    line,
    write: (answers, out, sent, problems) => {
      const current = answerIn(answers);
      if (current === undefined) return;
      const value = valueOf(field, current, problems);
      if (value !== undefined && line !== undefined) {
        out.push({ target, kind: 'line', text: line.write(textOf(value)) });
      } else if (value !== undefined) out.push({ target, kind: 'cell', cell: value });
      // Absence from a list is an answer only when the list is written.
      else if (appends) out.push({ target, kind: 'cells', cells: [] });
      said.say(answers, sent);
    },
  };
}

// Checks the separate consent block of an update: its fields, values and calls may differ from the create's, its opt-ins not.
// Invariant: an update writes every opt-in of the create in every state that may follow: no withdrawal is lost (C20).

/** States that an answer can change to, and those of them that end a consent. */
const following: readonly ConsentState[] = ['granted', 'refused', 'withdrawn'];
export const takenBack: readonly ConsentState[] = ['refused', 'withdrawn'];

export function reportUpdate(create: CompiledConsent, update: CompiledConsent, report: Report): void {
  const before = needsOf(create);
  const now = needsOf(update);
  for (const [name, need] of before)
    if (!now.has(name))
      report.atKey.error(['update', 'consent'], 'MAP-309', [
        `la création transmet ${pair(need)}, ce bloc non : le destinataire n’apprendrait pas un retrait (C20).`,
        `the create tells ${words(need)}, this block does not: the recipient would not hear of a withdrawal (C20).`,
      ]);
  for (const [name, need] of now) {
    if (!before.has(name))
      report.atKey.error(['update', 'consent'], 'MAP-309', [
        `ce bloc transmet ${pair(need)}, la création non : ajoutez-y une ligne pour cela, ou retirez celle-ci (C20).`,
        `this block tells ${words(need)}, the create does not: add a line for it there, or remove this one (C20).`,
      ]);
  }
  reportUnsaid({ consent: update, states: following, path: ['update', 'consent'] }, report);
}

interface ToldByUpdate {
  readonly consent: CompiledConsent;
  readonly states: readonly ConsentState[];
  readonly path: Path;
}

/** Reports opt-ins that an update leaves out in these states: the recipient would keep the old value. */
export function reportUnsaid({ consent, states, path }: ToldByUpdate, report: Report): void {
  for (const need of needsOf(consent).values())
    for (const state of states)
      if (!isTold(consent, need, state))
        report.atKey.error(path, 'MAP-310', [
          `une mise à jour n’écrit rien quand ${pair(need)} est ${state} : le destinataire garderait ce qu’il a. Écrivez une valeur, ou commandez un appel, dans cet état.`,
          `an update writes nothing when ${words(need)} is ${state}: the recipient would keep what it has. Write a value, or send a call, in that state.`,
        ]);
}

const words = ({ purpose, channel }: ConsentNeed): string => `${purpose} by ${channel}`;
const pair = ({ purpose, channel }: ConsentNeed): string => `${purpose}.${channel}`;

const needsOf = ({ table }: CompiledConsent): ReadonlyMap<string, ConsentNeed> =>
  new Map(table.map((row) => [words(row), row]));

function isTold({ lines }: CompiledConsent, need: ConsentNeed, state: ConsentState): boolean {
  return lines.some(({ table, target }) =>
    table.some(
      (row) =>
        words(row) === words(need) &&
        // A list is written even where this answer is absent from it.
        (row.values[state] !== omitted || target.steps.at(-1)?.append === true),
    ),
  );
}

// Decides which opt-ins an update leaves out: grants that the recipient acknowledged and that were not given again since. A
// correction must not subscribe again a person who unsubscribed in the recipient's own system.
// Invariant: a field is left out whole, where each of its answers is as acknowledged and one of them is granted; a refusal
// or withdrawal is always written (C20).

/** For each line that may be left out, the indices of all answers that its field holds. */
export type Quietable = ReadonlyMap<ConsentLine, readonly number[]>;

type Part = { readonly field: { readonly target: Target } } | { readonly consent: ConsentLine };

/** A field with other content is written with each update, and so is a place in a list: without it the next would move up. */
export function quietableLines(parts: readonly Part[]): Quietable {
  const shared = new Set(parts.flatMap((part) => ('field' in part ? [slotKey(part.field.target)] : [])));
  const lines = parts.flatMap((part) => ('consent' in part ? [part.consent] : []));
  const alone = lines.filter(
    ({ target }) => !shared.has(slotKey(target)) && (target.steps.at(-1)?.places.length ?? 0) === 0,
  );
  const bySlot = Map.groupBy(alone, ({ target }) => slotKey(target));
  return new Map(
    [...bySlot.values()].flatMap((slot) => {
      const pairs = [...new Set(slot.flatMap((line) => line.pairs))];
      return slot.map((line) => [line, pairs] as const);
    }),
  );
}

/** True when the recipient acknowledged all these answers, a grant among them. */
export function isQuiet(
  pairs: readonly number[] | undefined,
  current: readonly CurrentConsent[],
  told: Told,
): boolean {
  if (pairs === undefined) return false;
  const answers = pairs.map((pair) => current[pair]);
  return (
    answers.some((answer) => answer?.state === 'granted') &&
    answers.every((answer) => answer !== undefined && isKnown(answer, told))
  );
}

/** A lapsed grant counts as a refusal, which the recipient has not received. */
function isKnown({ record, lapsed }: CurrentConsent, told: Told): boolean {
  const since = told.get(pairOf(record));
  return !lapsed && since !== undefined && record.leadRevision !== undefined && record.leadRevision <= since;
}

/** The log entries of a line that is left out: each opt-in with the value `(unchanged)`. */
export function noteQuiet(line: ConsentLine, current: readonly CurrentConsent[]): readonly ConsentSent[] {
  const sent: ConsentSent[] = [];
  line.say(current, sent);
  return sent.map((consent) => ({ ...consent, value: unchanged }));
}
