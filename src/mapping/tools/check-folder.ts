// Checks a whole mappings folder: every client and every destination, all problems of all files at once.
// Invariant: a folder without errors holds only mappings that can be published, and no destination id twice.
import type { Both } from '../../../connectors/contract.ts';
import { checkClientText, checkSources, hasErrors, readWhole, type CheckOptions } from '../check.ts';
import type { CompiledMapping, MappingSources, Problem } from '../contract.ts';
import { listAt, readDocument, textAt, isRecord } from '../document/yaml.ts';
import { loadMappings, type LoadedClient, type LoadedFolder } from '../load.ts';
import { createProblems } from '../document/problems.ts';
import { checkSharedMap } from '../fields/maps.ts';
import { suggest } from '../document/suggest.ts';
import type { ClientFacts } from '../../domain/destination.ts';
import { textOf } from '../fields/source.ts';
import { runTests } from './trials.ts';

type Problems = ReturnType<typeof createProblems>;

interface FolderCheck {
  readonly ok: boolean;
  readonly problems: readonly Problem[];
  readonly mappings: readonly { readonly sources: MappingSources; readonly mapping: CompiledMapping }[];
  /** Every mapping file that was checked, with its problems, in whichever file they are. */
  readonly results: readonly { readonly sources: MappingSources; readonly problems: readonly Problem[] }[];
  readonly clients: readonly ClientFacts[];
}

/** Checks every file under `folder`. */
export function checkAll(folder: string, options: CheckOptions): FolderCheck {
  const loaded = loadMappings(folder);
  const problems = createProblems();
  const unread = new Set(loaded.problems.map((problem) => problem.file));
  const clients = loaded.clients.flatMap((client) => checkClient(client, loaded, unread, problems) ?? []);
  // A map that no file uses yet is checked too: the next file would inherit its mistakes.
  for (const [file, text] of Object.entries(loaded.maps))
    if (/\.ya?ml$/.test(file)) checkSharedMap(file, text, problems);
  const found = new Map<string, Problem>();
  const note = (problem: Problem): void => void found.set(JSON.stringify(problem), problem);
  for (const problem of [...loaded.problems, ...problems.all()]) note(problem);
  const mappings: FolderCheck['mappings'][number][] = [];
  const results: FolderCheck['results'][number][] = [];
  const ids = new Set<string>();
  for (const sources of loaded.destinations) {
    const result = checkSources(sources, options);
    const own = (result.ok ? result.warnings : result.problems).filter(
      (problem) => problem.code !== 'MAP-007' || !unread.has(problem.file),
    );
    for (const problem of own) note(problem);
    results.push({ sources, problems: own });
    if (result.ok) mappings.push({ sources, mapping: result.mapping });
    if (ids.has(sources.destinationId)) note(secondOfName(sources));
    ids.add(sources.destinationId);
  }
  for (const problem of sharedNames(mappings)) note(problem);
  const all = [...found.values()].toSorted(
    (a, b) => a.file.localeCompare(b.file) || a.line - b.line || a.column - b.column,
  );
  return { ok: !hasErrors(all), problems: all, mappings, results, clients };
}

/** Undefined where the client has no readable client.yaml. */
function checkClient(
  { clientId, text }: LoadedClient,
  loaded: LoadedFolder,
  unread: ReadonlySet<string>,
  problems: Problems,
): ClientFacts | undefined {
  const name = `${clientId}/client.yaml`;
  const file = `mappings/${name}`;
  if (text === undefined) {
    const message: Both = [
      `le client.yaml de « ${clientId} » n’existe pas.`,
      `client.yaml of "${clientId}" does not exist.`,
    ];
    if (!unread.has(file)) problems.add({ file, line: 1, column: 1 }, 'error', 'MAP-007', message);
    return undefined;
  }
  const client = checkClientText(clientId, text, problems);
  const own = loaded.destinations
    .filter((destination) => destination.clientId === clientId)
    .map((destination) => destination.destinationId);
  const tree = readDocument(name, text, createProblems());
  for (const [index, raw] of listAt(tree.value, 'authorisations').entries()) {
    const destinationId = textAt(raw, 'destination');
    if (destinationId === undefined || own.includes(destinationId)) continue;
    problems.add(
      tree.place(['authorisations', index, 'destination']),
      'error',
      'MAP-410',
      [
        `le client n’a pas de destination « ${destinationId} ».`,
        `the client has no destination "${destinationId}".`,
      ],
      suggest(destinationId, own),
    );
  }
  return client;
}

function secondOfName({ main, files, destinationId }: MappingSources): Problem {
  const { place } = readDocument(main, files[main] ?? '', createProblems());
  return {
    ...place(['destination']),
    code: 'MAP-409',
    severity: 'error',
    message: `another file has the destination "${destinationId}".`,
    french: `un autre fichier a la destination « ${destinationId} ».`,
  };
}

/** Files of one name in one place: a warning, because two servers may have the same host name inside two networks. */
function sharedNames(mappings: FolderCheck['mappings']): readonly Problem[] {
  const firsts = new Map<string, string>();
  return mappings.flatMap(({ sources: { main, files }, mapping }) => {
    const { connectorFacts, actions, clientId: client, destinationId: destination } = mapping;
    const names = connectorFacts.fileNames?.(actions.create?.settings, { client, destination }) ?? [];
    const first = names.map((name) => firsts.get(name)).find((id) => id !== undefined);
    for (const name of names) if (!firsts.has(name)) firsts.set(name, destination);
    if (first === undefined) return [];
    const { place } = readDocument(main, files[main] ?? '', createProblems());
    return {
      ...place(['file', 'name']),
      code: 'MAP-409',
      severity: 'warning',
      message: `"${first}" writes files of this name into the same folder: one overwrites the other, or waits for it. Write {destination} in the name, or another folder.`,
      french: `« ${first} » écrit des fichiers de ce nom dans le même dossier : l’un écrase l’autre, ou l’attend. Écrivez {destination} dans le nom, ou un autre dossier.`,
    };
  });
}

// Runs the tests of one file and reports each with its name and result.
// Invariant: the same tests, run the same way, as in every check.

interface TestRun {
  readonly name: string;
  readonly line: number;
  /** Empty when it passed. */
  readonly problems: readonly Problem[];
}

type TestReport =
  | { readonly ok: true; readonly runs: readonly TestRun[] }
  /** The mapping itself has errors: no test could run. */
  | { readonly ok: false; readonly problems: readonly Problem[] };

export function testReport(sources: MappingSources, options: CheckOptions): TestReport {
  const checked = checkSources(sources, { ...options, tests: false });
  if (!checked.ok)
    return { ok: false, problems: checked.problems.filter((problem) => problem.severity === 'error') };
  const tree = readWhole(sources, createProblems());
  const tests = listAt(tree.value, 'tests');
  const folder = sources.main.slice(0, sources.main.lastIndexOf('/') + 1);
  const runs = tests.map((test, index): TestRun => {
    const problems = createProblems();
    const setting = { files: sources.files, folder, problems, report: problems.reportIn(tree) };
    // One at a time, at its own index.
    runTests(
      tests.map((candidate, at) => (at === index ? candidate : undefined)),
      checked.mapping,
      setting,
    );
    return { name: nameOf(test), line: tree.place(['tests', index]).line, problems: problems.all() };
  });
  return { ok: true, runs };
}

function nameOf(test: unknown): string {
  if (!isRecord(test)) return '?';
  const action = textAt(test, 'action');
  const lead = textAt(test, 'lead');
  if (lead !== undefined) {
    const outcome = textAt(test, 'withheld');
    return `${lead}${action === undefined ? '' : `, ${action}`}${outcome === undefined ? '' : ` → ${outcome}`}`;
  }
  const response = isRecord(test['response']) ? test['response'] : {};
  const on = textAt(test, 'on');
  return `answer ${textOf(response['status'])}${on === undefined ? '' : `, ${on}`} → ${textOf(test['outcome'])}`;
}
