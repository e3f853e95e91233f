// Runs the tests of a mapping file: a sample lead with its expected fields, an answer with its expected meaning.
// Invariant: a test that fails is an error at its own line; a mapping whose tests fail cannot be published.
import type { Action, Outcome, Both } from '../../../connectors/contract.ts';
import type { Lead } from '../../domain/lead.ts';
import { callNames, callSituations, situationAt } from '../calls/situations.ts';
import { decode, charsetIn } from '../formats/encoding.ts';
import { isRecord, textAt } from '../document/yaml.ts';
import { near, type createProblems, type Path, type Report } from '../document/problems.ts';
import { answerOf } from '../response/recorded-answers.ts';
import { textOf } from '../fields/source.ts';
import { leadFromSample } from './sample.ts';
import { type Entry, entryValue } from '../fields/values.ts';
import { type CompiledMapping, type WriteSituation, pairOf } from '../contract.ts';

interface Setting {
  readonly files: Readonly<Record<string, string>>;
  /** The client's folder, with its slash. */
  readonly folder: string;
  readonly problems: ReturnType<typeof createProblems>;
  readonly report: Report;
}

export function runTests(raw: unknown, mapping: CompiledMapping, setting: Setting): void {
  for (const [index, test] of (Array.isArray(raw) ? (raw as unknown[]) : []).entries()) {
    if (!isRecord(test)) continue;
    const path: Path = ['tests', index];
    if (Object.hasOwn(test, 'lead')) runLead(test, path, mapping, setting);
    else if (Object.hasOwn(test, 'response')) runAnswer(test, path, mapping, setting.report);
    else
      setting.report.error(path, 'MAP-106', [
        'un essai a un lead et ce qui est attendu, ou une réponse et son issue.',
        'a test has a lead and what to expect, or a response and its outcome.',
      ]);
  }
}

/** The sample's file among the sources. */
function sampleFile(
  files: Readonly<Record<string, string>>,
  folder: string,
  name: string,
): string | undefined {
  return [name, `${name}.yaml`, `${name}.json`]
    .map((path) => `${folder}${path}`)
    .find((path) => Object.hasOwn(files, path));
}

function runLead(
  test: Record<string, unknown>,
  path: Path,
  mapping: CompiledMapping,
  setting: Setting,
): void {
  const { files, folder, report } = setting;
  const sample = sampleLead(test, path, mapping, setting);
  if (sample === undefined) return;
  const action = test['action'] === 'update' || test['action'] === 'erase' ? test['action'] : 'create';
  const at = new Date(textAt(test, 'now') ?? sample.collectedAt);
  const plain = situationAt(mapping, at, { action, key: 'dlv_test', recipientReference: 'REF-TEST' });
  const { lead, situation: stood } =
    test['optIn'] === 'unchanged'
      ? withAcceptedOptIn(mapping, sample, plain)
      : { lead: sample, situation: plain };
  const situation = situationOf(test, path, lead, stood, { mapping, report });
  if (situation === undefined) return;
  const result = mapping.apply(lead, situation);
  const withheld = textAt(test, 'withheld');
  if (!result.ok) {
    if (withheld === result.why) return;
    const detail =
      result.why === 'invalid'
        ? `: ${result.problems.map((problem) => `${problem.field} ${problem.code}`).join(', ')}`
        : '';
    report.error([...path, 'lead'], 'MAP-804', [
      `l’exemple ne s’écrit pas, ${result.why}${detail}.`,
      `the sample is not written, ${result.why}${detail}.`,
    ]);
    return;
  }
  if (withheld !== undefined) {
    report.error([...path, 'withheld'], 'MAP-801', [
      `l’exemple s’écrit ; l’essai attend ${withheld}.`,
      `the sample is written; the test expects ${withheld}.`,
    ]);
    return;
  }
  const expect = test['expect'];
  const entries = result.record.values as readonly Entry[];
  for (const [field, wanted] of Object.entries(isRecord(expect) ? expect : {}))
    compareField(field, wanted, entries, [...path, 'expect', field], report);
  const output = textAt(test, 'output');
  if (output === undefined) return;
  const golden = files[`${folder}${output}`];
  const body = mapping.write([result.record], action, { sequence: 1, slot: at, rows: 1 }, situation.call);
  const place = [...path, 'output'];
  if (golden === undefined)
    report.error(place, 'MAP-007', [
      `le fichier « ${output} » n’existe pas dans le dossier du client.`,
      `the file "${output}" does not exist in the client's folder.`,
    ]);
  else if (decode(body.bytes, charsetIn(body.mediaType)) !== golden)
    report.error(place, 'MAP-801', [
      `les octets écrits diffèrent de « ${output} ».`,
      `the bytes written differ from "${output}".`,
    ]);
}

/** The lead of a test's sample; undefined after reporting. */
function sampleLead(
  test: Record<string, unknown>,
  path: Path,
  mapping: CompiledMapping,
  { files, folder, problems, report }: Setting,
): Lead | undefined {
  const name = textAt(test, 'lead') ?? '';
  const file = sampleFile(files, folder, name);
  const content = file === undefined ? undefined : files[file];
  if (file === undefined || content === undefined) {
    const known = Object.keys(files).flatMap((path) =>
      path.startsWith(`${folder}samples/`) ? [path.slice(folder.length).replace(/\.(yaml|json)$/, '')] : [],
    );
    near(report, name, known).error([...path, 'lead'], 'MAP-007', [
      `l’exemple « ${name} » n’existe pas.`,
      `the sample "${name}" does not exist.`,
    ]);
    return undefined;
  }
  const sample = leadFromSample(content, file, mapping.clientId);
  if (sample.ok) return sample.lead;
  for (const { line, column, french, message, suggestion } of sample.problems) {
    const place = { file: `mappings/${file}`, line, column };
    problems.add(place, 'error', 'MAP-802', [french, message], suggestion);
  }
  return undefined;
}

/** The call a test is about, the first one when it names none; undefined after reporting. */
function situationOf(
  test: Record<string, unknown>,
  path: Path,
  lead: Lead,
  situation: WriteSituation,
  { mapping, report }: { readonly mapping: CompiledMapping; readonly report: Report },
): WriteSituation | undefined {
  const { action } = situation;
  const ids = Object.entries(isRecord(test['captured']) ? test['captured'] : {}).filter(
    (entry): entry is [string, string | number] =>
      typeof entry[1] === 'string' || typeof entry[1] === 'number',
  );
  const all = callSituations(mapping, lead, { ...situation, captured: Object.fromEntries(ids) });
  const leaving = all.filter((planned) => planned.applies).map((planned) => planned.call.name);
  const wanted = test['calls'];
  if (Array.isArray(wanted) && JSON.stringify(wanted) !== JSON.stringify(leaving))
    report.error([...path, 'calls'], 'MAP-801', otherCalls(leaving, wanted.map(textOf)));
  if (!isKnownCall(test, path, action, mapping, report)) return undefined;
  const name = textAt(test, 'call');
  const chosen = name === undefined ? all[0] : all.find(({ call }) => call.name === name);
  return chosen?.situation ?? situation;
}

function isKnownCall(
  test: Record<string, unknown>,
  path: Path,
  action: Action,
  mapping: CompiledMapping,
  report: Report,
): boolean {
  const name = textAt(test, 'call');
  const names = callNames(mapping, action);
  if (name === undefined || names.includes(name)) return true;
  near(report, name, names).error([...path, 'call'], 'MAP-104', [
    `« call » est l’un de : ${listed(names, 'aucun, il n’y a pas d’appels')}.`,
    `"call" is one of: ${listed(names, 'none, there are no calls')}.`,
  ]);
  return false;
}

function compareCaptures(
  test: Record<string, unknown>,
  path: Path,
  call: string,
  outcome: Outcome,
  report: Report,
): void {
  const captures = 'captures' in outcome ? (outcome.captures ?? {}) : {};
  for (const [name, wanted] of Object.entries(isRecord(test['captures']) ? test['captures'] : {})) {
    const actual = captures[`${call}.${name}`];
    if (actual !== wanted)
      report.error(
        [...path, 'captures', name],
        'MAP-803',
        readOtherwise([`l’identifiant ${name} lu`, `the id ${name} read`], actual, wanted),
      );
  }
}

function runAnswer(
  test: Record<string, unknown>,
  path: Path,
  mapping: CompiledMapping,
  report: Report,
): void {
  const answer = answerOf(test);
  const on = test['on'];
  const stage = on === 'update' || on === 'erase' || on === 'lookup' ? on : 'create';
  const action = stage === 'lookup' ? 'create' : stage;
  if (!isKnownCall(test, path, action, mapping, report)) return;
  const name = textAt(test, 'call') ?? callNames(mapping, action)[0];
  const outcome = mapping.classify(answer, stage, name === undefined ? undefined : { action, name });
  compareCaptures(test, path, name ?? '', outcome, report);
  if (outcome.kind !== test['outcome']) {
    report.error([...path, 'outcome'], 'MAP-803', otherOutcome(outcome.kind, textOf(test['outcome'])));
  }
  for (const key of ['reason', 'reference'] as const) {
    if (!Object.hasOwn(test, key)) continue;
    const actual = key in outcome ? (outcome as Readonly<Record<string, unknown>>)[key] : undefined;
    if (actual !== test[key]) {
      report.error([...path, key], 'MAP-803', readOtherwise(partRead[key], actual, test[key]));
    }
  }
}

// Compares one field that a test expects with the value written, a value of a list included.
// Invariant: typed and whole: "0" is no 0, and a list is never taken for its first value.

const absent = '(absent)';

function compareField(
  field: string,
  wanted: unknown,
  entries: readonly Entry[],
  path: Path,
  report: Report,
): void {
  const own = entries.filter((entry) => entry.target.text === field);
  const actual = own.length === 0 ? placeIn(field, entries) : together(own);
  if (wanted === absent ? actual === undefined : isSame(actual, wanted)) return;
  // `tags[]: web` of a list with one value equals `tags[]: [web]`.
  if (Array.isArray(actual) && actual.length === 1 && isSame(actual[0], wanted)) return;
  // Samples are invented persons: the value may be shown.
  const shown = actual === undefined ? 'nothing' : JSON.stringify(actual);
  const others = actual === undefined && wanted !== absent ? entries.map(({ target }) => target.text) : [];
  near(report, field, others).error(path, 'MAP-801', [
    `« ${field} » s’écrit ${shown}, l’essai attend ${JSON.stringify(wanted)}.`,
    `"${field}" is written as ${shown}, the test expects ${JSON.stringify(wanted)}.`,
  ]);
}

/** All values that lines of one target write: `tags[]` appends to a list, line by line. */
function together(own: readonly Entry[]): unknown {
  const [first] = own;
  if (first === undefined) return undefined;
  if (first.target.steps.at(-1)?.append !== true) return entryValue(first);
  return own.flatMap((entry) => entryValue(entry));
}

/** `tags[1]`, `tels[1].numero`: a value inside a list, from 0. */
function placeIn(field: string, entries: readonly Entry[]): unknown {
  const match = /^(.*?)\[(\d{1,3})\](?:\.(.+))?$/s.exec(field);
  if (match === null) return undefined;
  const [, list = '', place = '', inner] = match;
  const own = entries.filter(({ target }) => target.text === list || target.text === `${list}[]`);
  const value = own.length === 0 ? undefined : together(own);
  const item: unknown = Array.isArray(value) ? (value as unknown[])[Number(place)] : undefined;
  if (inner === undefined) return item;
  return typeof item === 'object' && item !== null && Object.hasOwn(item, inner)
    ? (item as Record<string, unknown>)[inner]
    : undefined;
}

const isSame = (actual: unknown, wanted: unknown): boolean =>
  JSON.stringify(actual) === JSON.stringify(wanted);

const listed = (names: readonly string[], none: string): string => names.join(', ') || none;

const json = (value: unknown, none: string): string => JSON.stringify(value) ?? none;

const otherCalls = (leaving: readonly string[], wanted: readonly string[]): Both => [
  `l’exemple fait les appels ${listed(leaving, 'aucun')}, l’essai attend ${listed(wanted, 'aucun')}.`,
  `the sample makes the calls ${listed(leaving, 'none')}, the test expects ${listed(wanted, 'none')}.`,
];

const otherOutcome = (kind: string, wanted: string): Both => [
  `la réponse se lit ${kind}, l’essai attend ${wanted}.`,
  `the answer is read as ${kind}, the test expects ${wanted}.`,
];

const partRead = {
  reason: ['le motif lu', 'the reason read'],
  reference: ['la référence lue', 'the reference read'],
} as const satisfies Readonly<Record<string, Both>>;

/** @param what begins the sentence: the part of the answer that was read */
const readOtherwise = ([french, english]: Both, actual: unknown, wanted: unknown): Both => [
  `${french} : ${json(actual, 'aucun')} ; l’essai attend ${JSON.stringify(wanted)}.`,
  `${english} is ${json(actual, 'none')}, the test expects ${JSON.stringify(wanted)}.`,
];

// Marks the opt-in of a lead as acknowledged before, so that tests and previews show what a mere correction writes.
// Invariant: pure; with `optIn: always` nothing is marked.

export function withAcceptedOptIn(
  mapping: CompiledMapping,
  lead: Lead,
  situation: WriteSituation,
): { readonly lead: Lead; readonly situation: WriteSituation } {
  if (situation.action !== 'update' || mapping.optInOnUpdate === 'always') return { lead, situation };
  const revision = 1;
  const { consentTable, updateConsentTable = consentTable } = mapping;
  return {
    lead: { ...lead, consents: lead.consents.map((consent) => ({ ...consent, leadRevision: revision })) },
    situation: { ...situation, told: new Map(updateConsentTable.map((row) => [pairOf(row), revision])) },
  };
}
