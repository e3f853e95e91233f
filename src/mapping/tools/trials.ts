// Runs the tests of a mapping file: a sample lead with its expected fields, an answer with its expected meaning.
// Invariant: a test that fails is an error at its own line; a mapping whose tests fail cannot be published.
import type { Action, Outcome } from '../../../connectors/contract.ts';
import type { Lead } from '../../domain/lead.ts';
import type { CompiledMapping, WriteSituation } from '../contract.ts';
import { callNames, callSituations } from '../calls/situations.ts';
import { decode } from '../formats/decode.ts';
import { isRecord, textAt } from '../document/yaml.ts';
import { charsetIn } from '../formats/encoding.ts';
import type { createProblems, Path, Report } from '../document/problems.ts';
import { answerOf } from '../response/recorded-answers.ts';
import { textOf } from '../fields/rendering.ts';
import { leadFromSample } from './sample.ts';
import { suggest } from '../document/suggest.ts';
import { compareField } from './trial-fields.ts';
import { withAcceptedOptIn } from './unchanged-opt-in.ts';
import type { Entry } from '../fields/values.ts';
import * as says from './trial-words.ts';

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
export function sampleFile(
  files: Readonly<Record<string, string>>,
  folder: string,
  name: string,
): string | undefined {
  return [name, `${name}.yaml`, `${name}.json`]
    .map((path) => `${folder}${path}`)
    .find((path) => Object.hasOwn(files, path));
}

/** The fixed situation in which tests write a sample. */
export function testSituation(action: Action, mapping: CompiledMapping, at: Date): WriteSituation {
  return {
    action,
    key: 'dlv_test',
    recipientReference: 'REF-TEST',
    writtenAt: at,
    now: at,
    categories: mapping.client.categories,
  };
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
  const plain = testSituation(action, mapping, at);
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
    report.error([...path, 'lead'], 'MAP-804', says.notWritten(`${result.why}${detail}`));
    return;
  }
  if (withheld !== undefined) {
    report.error([...path, 'withheld'], 'MAP-801', says.writtenThough(withheld));
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
  if (golden === undefined) report.error(place, 'MAP-007', says.noFile(output));
  else if (decode(body.bytes, charsetIn(body.mediaType)) !== golden)
    report.error(place, 'MAP-801', says.otherBytes(output));
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
    report.error([...path, 'lead'], 'MAP-007', says.noSample(name), {
      suggestion: suggest(name, known),
    });
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
    report.error([...path, 'calls'], 'MAP-801', says.otherCalls(leaving, wanted.map(textOf)));
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
  report.error([...path, 'call'], 'MAP-104', says.callOneOf(names), {
    suggestion: suggest(name, names),
  });
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
        says.readOtherwise([`l’identifiant ${name} lu`, `the id ${name} read`], actual, wanted),
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
    report.error([...path, 'outcome'], 'MAP-803', says.otherOutcome(outcome.kind, textOf(test['outcome'])));
  }
  for (const key of ['reason', 'reference'] as const) {
    if (!Object.hasOwn(test, key)) continue;
    const actual = key in outcome ? (outcome as Readonly<Record<string, unknown>>)[key] : undefined;
    if (actual !== test[key]) {
      report.error([...path, key], 'MAP-803', says.readOtherwise(says.partRead[key], actual, test[key]));
    }
  }
}
