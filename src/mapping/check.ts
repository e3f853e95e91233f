// Checks and compiles the source files of one destination's mapping; no other code turns text into a mapping that runs.
// Invariant: every mistake of every file is reported at once; a mapping with one error is never returned.
import clientSchema from '../../mappings/schema/client.schema.json' with { type: 'json' };
import mappingSchema from '../../mappings/schema/mapping.schema.json' with { type: 'json' };
import type { Both } from '../../connectors/contract.ts';
import type { ClientFacts } from '../domain/destination.ts';
import { isRelaisError } from '../errors.ts';
import { readClient } from './client.ts';
import { schemasIn } from './formats/client-schema.ts';
import { compileMapping } from './compile.ts';
import type { CheckResult, CompiledMapping, ConnectorFacts, MappingSources, Problem } from './contract.ts';
import { isRecord, readDocument, textAt, shownFolder } from './document/yaml.ts';
import { compileMap, withSharedMaps } from './fields/maps.ts';
import { mergeTrees, withParameters, presetFile, presetNames } from './document/merge.ts';
import { near, createProblems, type Report, type Tree } from './document/problems.ts';
import { reportStructure } from './document/structure.ts';
import { withBases } from './transport/bases.ts';
import { runTests } from './tools/trials.ts';

const mark = /\s# guess:/;

/**
 * Reports the marks that `mapping new` leaves on its guesses, until a person has checked each. A guess of the
 * opt-in is reported line by line, for it keeps the file from being published (C20).
 */
function reportGuesses(
  name: string,
  text: string,
  problems: Pick<ReturnType<typeof createProblems>, 'add'>,
): void {
  const file = `${shownFolder}/${name}`;
  let block = '';
  const others: { readonly line: number; readonly column: number }[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    block = /^([A-Za-z]\w*):/.exec(line)?.[1] ?? block;
    const at = mark.exec(line);
    if (at === null || line.trimStart().startsWith('#')) continue;
    const place = { line: index + 1, column: at.index + 2 };
    if (block !== 'consent') others.push(place);
    else
      problems.add({ file, ...place }, 'warning', 'MAP-904', [
        'cet opt-in est une supposition : comparez-le à ce que dit le client, puis supprimez la marque ; d’ici là il n’est pas publié.',
        'this opt-in is a guess: compare it with what the client says, then delete the mark; until then it is not published.',
      ]);
  }
  const [first] = others;
  if (first === undefined) return;
  problems.add({ file, ...first }, 'warning', 'MAP-903', [
    `${others.length === 1 ? 'cette ligne est une supposition' : `${others.length} lignes à partir d’ici sont des suppositions`} : comparez chacune à ce que dit le client, puis supprimez sa marque.`,
    `${others.length === 1 ? 'this line is a guess' : `${others.length} lines from here on are guesses`}: compare each with what the client says, then delete its mark.`,
  ]);
}

export interface CheckOptions {
  readonly connectors: Readonly<Record<string, ConnectorFacts>>;
  /** Clock for a Retry-After date whose answer has no Date header; epoch ms. */
  readonly now?: () => number;
  /** Runs the file's own tests; true unless a stored version is only being compiled again. */
  readonly tests?: boolean;
}

type Problems = ReturnType<typeof createProblems>;

/**
 * Checks and compiles one destination. An exception is reported as a problem of that destination, so that the check of the
 * others continues.
 */
export function checkSources(sources: MappingSources, options: CheckOptions): CheckResult {
  const problems = createProblems();
  try {
    return checkWhole(sources, options, problems);
  } catch (error) {
    const place = { file: `mappings/${sources.main}`, line: 1, column: 1 };
    const [french, english] = causeOf(error);
    problems.add(place, 'error', 'MAP-011', [
      `la vérification ne vient pas à bout de ce format : ${french}.`,
      `the check cannot get through this mapping: ${english}.`,
    ]);
    return { ok: false, problems: problems.all() };
  } finally {
    problems.close();
  }
}

/** Names the cause of an exception without the words of a library, which may quote a value. */
function causeOf(error: unknown): Both {
  if (error instanceof RangeError)
    return [
      'un élément du fichier, ou de ceux qu’il nomme, est trop long ou trop profondément imbriqué',
      'something in it or its files is nested too deep or too long',
    ];
  if (isRelaisError(error)) {
    const english = error.message.replace(/\.$/, '');
    return [error.french?.replace(/\.$/, '') ?? english, english];
  }
  return error instanceof Error ? [error.name, error.name] : ['une panne inattendue', 'an unexpected fault'];
}

function checkWhole(sources: MappingSources, options: CheckOptions, problems: Problems): CheckResult {
  const text = sources.files[sources.main];
  if (text === undefined) {
    problems.add({ file: `mappings/${sources.main}`, line: 1, column: 1 }, 'error', 'MAP-007', [
      'le fichier du format n’existe pas.',
      'the mapping file does not exist.',
    ]);
    return { ok: false, problems: problems.all() };
  }
  const client = checkClient(sources, problems);
  const tree = readWhole(sources, problems);
  const report = problems.reportIn(tree);
  const mapping = tree.value;
  if (!isRecord(mapping)) return { ok: false, problems: problems.all() };
  reportStructure(mappingSchema, mapping, report);
  reportGuesses(sources.main, text, problems);
  const destination = textAt(mapping, 'destination');
  if (destination !== undefined && destination !== sources.destinationId) {
    report.error(['destination'], 'MAP-409', [
      `c’est le format de « ${sources.destinationId} », le fichier dit « ${destination} ».`,
      `this is the mapping of "${sources.destinationId}", the file says "${destination}".`,
    ]);
  }
  const maps = mapping['maps'];
  for (const [name, map] of Object.entries(isRecord(maps) ? maps : {}))
    compileMap(map, ['maps', name], { report });
  const connector = connectorOf(mapping, options, report);
  const folder = sources.main.slice(0, sources.main.lastIndexOf('/') + 1);
  const compiled = compileMapping({
    mapping,
    report,
    connector,
    client,
    connectors: Object.values(options.connectors),
    schemas: schemasIn(inFolder(sources.files, folder), report),
    clientId: sources.clientId,
    now: options.now ?? Date.now,
  });
  if (compiled !== undefined && options.tests !== false && !hasErrors(problems.all())) {
    runTests(mapping['tests'], compiled, { files: sources.files, folder, problems, report });
  }
  if (compiled?.secretAddress === true) reportUntargeted(compiled, report);
  const all = problems.all();
  if (compiled === undefined || hasErrors(all)) return { ok: false, problems: all };
  return { ok: true, mapping: compiled, warnings: all };
}

/** Warns that an authorisation without targets covers every host of the contract: the check cannot read an address in a secret. */
function reportUntargeted(mapping: CompiledMapping, report: Report): void {
  const { client, destinationId } = mapping;
  const { addressKey, settingsKey } = mapping.connectorFacts;
  for (const { recipient, targets, destinationId: named } of client.authorisations ?? []) {
    if (named !== destinationId || targets !== undefined) continue;
    report.warn([settingsKey, addressKey], 'MAP-413', [
      `l’adresse est un secret : l’habilitation de « ${recipient} » ne nomme pas de targets et couvre donc tous les hôtes de client.yaml : ${mapping.covered.join(', ')}.`,
      `the address is a secret: the authorisation of "${recipient}" names no targets, so it covers every host of client.yaml: ${mapping.covered.join(', ')}.`,
    ]);
  }
}

/** The file merged over the presets it extends and the shared maps. */
export function readWhole(sources: MappingSources, problems: Problems): Tree {
  const own = readDocument(sources.main, sources.files[sources.main] ?? '', problems);
  const extended = withPresets(own, sources, problems);
  const whole = withParameters(extended, problems.reportIn(extended));
  const tree = withSharedMaps(whole, sources.files, sources.clientId, problems);
  return withBases(tree, problems.reportIn(tree));
}

/** The merged mapping as plain data, for tools that describe it. */
export function wholeMapping(sources: MappingSources): Readonly<Record<string, unknown>> {
  const { value } = readWhole(sources, createProblems());
  return isRecord(value) ? value : {};
}
const inFolder = (files: MappingSources['files'], folder: string): MappingSources['files'] =>
  Object.fromEntries(
    Object.entries(files).flatMap(([name, text]) =>
      name.startsWith(folder) ? [[name.slice(folder.length), text]] : [],
    ),
  );

export const hasErrors = (problems: readonly Problem[]): boolean =>
  problems.some((problem) => problem.severity === 'error');

/** Reads client.yaml beside the mapping; undefined when it is missing. */
function checkClient(sources: MappingSources, problems: Problems): ClientFacts | undefined {
  const name = `${sources.clientId}/client.yaml`;
  const text = sources.files[name];
  if (text === undefined) {
    problems.add({ file: `mappings/${name}`, line: 1, column: 1 }, 'error', 'MAP-007', [
      `le client.yaml de « ${sources.clientId} » n’existe pas.`,
      `client.yaml of "${sources.clientId}" does not exist.`,
    ]);
    return undefined;
  }
  return checkClientText(sources.clientId, text, problems);
}

export function checkClientText(clientId: string, text: string, problems: Problems): ClientFacts {
  const tree = readDocument(`${clientId}/client.yaml`, text, problems);
  const report = problems.reportIn(tree);
  reportGuesses(`${clientId}/client.yaml`, text, problems);
  if (isRecord(tree.value)) reportStructure(clientSchema, tree.value, report);
  return readClient(tree.value, report, clientId);
}

/** Reads the contract of a stored version without refusing what today's checks would refuse. */
export function clientFactsIn(sources: MappingSources): ClientFacts | undefined {
  const text = sources.files[`${sources.clientId}/client.yaml`];
  return text === undefined ? undefined : checkClientText(sources.clientId, text, createProblems());
}

/** Merges the file over the presets it extends; a preset may extend another. */
function withPresets(
  own: Tree,
  sources: MappingSources,
  problems: Problems,
  seen: readonly string[] = [],
): Tree {
  const name = textAt(own.value, 'extends');
  if (name === undefined) return own;
  const file = presetFile(name, sources.files);
  const report = problems.reportIn(own);
  if (seen.includes(file)) {
    report.error(['extends'], 'MAP-411', [`« ${name} » s’étend lui-même.`, `"${name}" extends itself.`]);
    return own;
  }
  const text = sources.files[file];
  if (text === undefined) {
    near(report, name, presetNames(sources.files)).error(['extends'], 'MAP-411', [
      `le modèle « ${name} » n’existe pas.`,
      `preset "${name}" does not exist.`,
    ]);
    return own;
  }
  const under = withPresets(readDocument(file, text, problems), sources, problems, [...seen, file]);
  return mergeTrees(own, under);
}

function connectorOf(
  mapping: unknown,
  options: CheckOptions,
  report: ReturnType<Problems['reportIn']>,
): ConnectorFacts | undefined {
  const type = textAt(mapping, 'connector');
  if (type === undefined) return undefined;
  if (Object.hasOwn(options.connectors, type)) return options.connectors[type];
  const known = Object.keys(options.connectors);
  near(report, type, known).error(['connector'], 'MAP-405', [
    `le connecteur « ${type} » n’existe pas : ${known.join(', ')}.`,
    `connector "${type}" does not exist: ${known.join(', ')}.`,
  ]);
  return undefined;
}
