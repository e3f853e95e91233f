// The catalogue of mistakes a mapping can hold, and the reporter that places each in its file.
// Invariant: a code keeps its meaning for ever; every message says what is wrong, the catalogue what to do.
import type { Problem } from './contract.ts';

export const mappingProblems = {
  'MAP-001': { meaning: 'The file is not valid YAML 1.2.', remedy: 'Correct the line; indentation is made of spaces, and a text holding ": " or " #" needs quotes.' },
  'MAP-002': { meaning: 'A key is written twice in the same block.', remedy: 'Keep one of the two.' },
  'MAP-003': { meaning: 'The line is indented with a tab.', remedy: 'Use spaces; set your editor to insert spaces in YAML.' },
  'MAP-004': { meaning: 'A value loses its form when read without quotes (0612345678 becomes a number without its zero).', remedy: 'Put the value between quotes.' },
  'MAP-005': { meaning: 'yes, no, on and off mean different things to different readers.', remedy: 'Write true or false for a switch, or put the word between quotes for a text.' },
  'MAP-006': { meaning: 'A key has no value.', remedy: 'Write the value; "" for an empty text, null for a null.' },
  'MAP-007': { meaning: 'A file that is named does not exist.', remedy: 'Correct the name; presets are named from mappings/, samples and schemas from the client\'s folder.' },
  'MAP-008': { meaning: 'The file does not hold one block of keys.', remedy: 'Write one YAML document made of `key: value` lines.' },
  'MAP-101': { meaning: 'The key does not exist in the mapping language.', remedy: 'Correct the spelling; docs/mapping.md lists every key.' },
  'MAP-102': { meaning: 'A key that is needed is missing.', remedy: 'Add it.' },
  'MAP-103': { meaning: 'The value is of another kind than the key needs.', remedy: 'Write the kind the message names.' },
  'MAP-104': { meaning: 'The value is not one of those allowed.', remedy: 'Use one of the values the message lists.' },
  'MAP-105': { meaning: 'The value does not have the form the key needs.', remedy: 'Follow the form the message gives.' },
  'MAP-106': { meaning: 'Keys that exclude each other stand together, or a field has no value to write.', remedy: 'Keep exactly one of from, value, template and each.' },
  'MAP-201': { meaning: 'The source does not exist in the lead.', remedy: 'Use a path of the source model; docs/mapping.md lists them.' },
  'MAP-202': { meaning: 'The formatter does not exist, or its options are wrong.', remedy: 'Use a formatter of docs/mapping.md.' },
  'MAP-203': { meaning: 'The formatter does not fit the kind of value it is given.', remedy: 'Use a formatter for that kind: phone for phones, date for dates, number for numbers.' },
  'MAP-204': { meaning: 'The map does not exist under `maps`.', remedy: 'Correct the name or add the map.' },
  'MAP-205': { meaning: 'The map does not say what to do with a value outside it.', remedy: 'Add else: error, omit, pass or a value.' },
  'MAP-206': { meaning: 'The map has an entry the source can never have.', remedy: 'Correct the entry; the message lists the values.' },
  'MAP-207': { meaning: 'The source has values without an entry in the map.', remedy: 'Add them, or leave them to else on purpose.' },
  'MAP-208': { meaning: 'Two lines write the same target.', remedy: 'Keep one.' },
  'MAP-209': { meaning: 'A target is both a value and a group of values.', remedy: 'Rename one of the two.' },
  'MAP-210': { meaning: "A person's field has a default: that would invent what the person did not say (C13).", remedy: 'Remove the default; absent stays absent.' },
  'MAP-211': { meaning: "A constant stands where a person's data is expected (C13).", remedy: 'Take the value from the lead with from.' },
  'MAP-212': { meaning: 'The condition does not exist or is badly formed.', remedy: 'Use present, blank, equals, in, greater, less, matches, all, any, not.' },
  'MAP-213': { meaning: 'The condition compares with a value the source can never have.', remedy: 'Correct the value.' },
  'MAP-214': { meaning: 'The template is wrong.', remedy: 'Write {{path}} with a path of the source model; a text without any path belongs in value.' },
  'MAP-215': { meaning: 'each needs a list and fields of its elements.', remedy: 'Use each with identity.phones or interactions, and fields named as the list\'s elements.' },
  'MAP-216': { meaning: 'A list is written where one value fits.', remedy: 'Add as: {join: ", "}, first or last, or use each.' },
  'MAP-217': { meaning: 'The target is badly written.', remedy: 'Write names joined by dots; in XML @attribute, #text and #cdata come last.' },
  'MAP-218': { meaning: 'The format cannot hold a repeated group.', remedy: 'Use join, or a JSON or XML format.' },
  'MAP-219': { meaning: 'The source is known only for files.', remedy: 'Use batch.* in a flow destination only.' },
  'MAP-220': { meaning: 'An opt-in is written outside the consent block (C20).', remedy: 'Move the line to consent and write out its four states.' },
  'MAP-301': { meaning: 'The consent block is missing: the opt-in is in every exchange (C20).', remedy: "Add consent with the client's own field names and values." },
  'MAP-302': { meaning: 'A consent line does not say what to write for one of the four states.', remedy: 'Add granted, refused, not_asked and withdrawn; omit and hold are possible.' },
  'MAP-303': { meaning: 'Another state is written like granted: a refusal would read as a consent (C20).', remedy: 'Give granted a value of its own.' },
  'MAP-304': { meaning: 'The target name says opt-out, the line does not say that it knows.', remedy: 'Check the values, then add inverted: confirmed.' },
  'MAP-305': { meaning: 'The values look inverted.', remedy: 'Exchange them; for a field that says opt-out add inverted: confirmed.' },
  'MAP-306': { meaning: 'No consent line writes the opt-in itself.', remedy: 'Add a line with values; proof lines only accompany it.' },
  'MAP-307': { meaning: 'The target name speaks of another channel than the line.', remedy: 'Check channel; a phone opt-in is its own consent (C16b).' },
  'MAP-401': { meaning: "The recipient is not in the client's contract facts (C19).", remedy: 'Correct the address, or have the contract amended and client.yaml with it.' },
  'MAP-402': { meaning: "The category of data is not in the client's contract (C10).", remedy: 'Remove the field, or have the contract amended and client.yaml with it.' },
  'MAP-403': { meaning: 'Financial data would travel by mail (C10).', remedy: 'Remove the field from the mail destination.' },
  'MAP-404': { meaning: 'A secret is written in clear.', remedy: 'Write secret:NAME and give the value to the operator.' },
  'MAP-405': { meaning: 'The connector does not exist.', remedy: 'Use one of the connectors the message lists.' },
  'MAP-406': { meaning: 'A setting of the connector is wrong.', remedy: 'Correct it as the message says.' },
  'MAP-407': { meaning: 'The connector does not know this action.', remedy: 'Remove the block; the change will be asked of the client in writing.' },
  'MAP-408': { meaning: 'The connector cannot carry this format.', remedy: 'Use one of the formats the message lists.' },
  'MAP-409': { meaning: 'Names contradict each other.', remedy: "Make the folder, client.yaml and the mapping agree." },
  'MAP-410': { meaning: 'An authorisation names something that does not exist or goes beyond the contract.', remedy: 'Correct the authorisation, or the contract facts.' },
  'MAP-411': { meaning: 'The preset named by extends cannot be used.', remedy: 'Use one of the presets under mappings/presets, and no circle.' },
  'MAP-501': { meaning: 'No rule says what proves that the recipient accepted the lead.', remedy: 'Add an accepted rule to response.' },
  'MAP-502': { meaning: 'The accepted rule accepts anything, or answers that are no success.', remedy: 'Name a 2xx status and something of the body only a success holds.' },
  'MAP-503': { meaning: 'A reason is taken from the answer without a map with else.', remedy: "Add map with else: a recipient's free text is never kept." },
  'MAP-504': { meaning: 'A condition of a response rule is wrong.', remedy: 'Use status, json, xml, text, header or mediaType as docs/mapping.md shows.' },
  'MAP-505': { meaning: 'A place in the answer is badly written.', remedy: 'Write $.path for JSON, xml:path for XML or header:Name.' },
  'MAP-506': { meaning: 'A look-up is used without being described.', remedy: 'Add send.lookup and response rules with on: lookup, one of them absent.' },
  'MAP-507': { meaning: 'A status alone proves acceptance; a maintenance page answers 200 too.', remedy: 'Add something of the body or the media type to the accepted rule.' },
  'MAP-508': { meaning: 'A reason is not a code.', remedy: 'Write letters, digits, _ . - only, 64 at most.' },
  'MAP-601': { meaning: 'A duration is badly written.', remedy: 'Write a number and s, m, h or d: 30s, 5m, 24h, 10d.' },
  'MAP-602': { meaning: 'The retry schedule is wrong.', remedy: 'Write standard, patient, quick or a list of growing delays: [5s, 30s, 2m].' },
  'MAP-603': { meaning: 'The schedule is not a cron expression.', remedy: 'Write five fields: minute hour day month weekday.' },
  'MAP-604': { meaning: 'A file destination has no schedule.', remedy: 'Add schedule: {cron: "0 7,13 * * 1-6", timezone: Europe/Paris} to file.' },
  'MAP-605': { meaning: 'The time zone does not exist.', remedy: 'Use a name such as Europe/Paris.' },
  'MAP-606': { meaning: 'The retries go on after maxAge.', remedy: 'Lengthen maxAge or shorten the schedule.' },
  'MAP-607': { meaning: 'The slot falls in the hour that is skipped in March and doubled in October.', remedy: 'Choose an hour outside 02:00-02:59.' },
  'MAP-701': { meaning: 'The formula guard would put an apostrophe before a phone that begins with +.', remedy: 'Write the phone as national, or set formulaGuard: false for a machine.' },
  'MAP-703': { meaning: 'An XML prefix is not declared.', remedy: 'Declare it under xml.xmlns.' },
  'MAP-704': { meaning: 'The target does not begin with the record of the XML, or a name is not an XML name.', remedy: 'Begin with the name under xml.record.' },
  'MAP-705': { meaning: "The client's schema cannot be used.", remedy: 'Give a JSON Schema (draft-07 or 2020-12) for a JSON format.' },
  'MAP-706': { meaning: 'A file of many records has no root.', remedy: 'Add xml.root.' },
  'MAP-707': { meaning: "The mapping and the client's schema disagree.", remedy: 'Write the field the schema requires, or remove the one it does not know.' },
  'MAP-801': { meaning: 'A test of the file gives another output than it expects.', remedy: 'Correct the mapping or the expectation.' },
  'MAP-802': { meaning: 'A sample lead does not follow the lead model.', remedy: 'Correct the field the message names.' },
  'MAP-803': { meaning: 'A test answer is read with another outcome than expected.', remedy: 'Correct the response rules or the expectation.' },
  'MAP-804': { meaning: 'A sample lead cannot be written by the mapping.', remedy: 'Correct the sample or the mapping.' },
  'MAP-901': { meaning: 'Evidence for going live is missing (C49-C52).', remedy: 'Add it to goLive with its date.' },
  'MAP-902': { meaning: 'A date is wrong.', remedy: 'Write yyyy-MM-dd.' },
} as const;

export type ProblemCode = keyof typeof mappingProblems;

export type Path = readonly (string | number)[];

export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** A parsed file (or several merged) whose every value knows where it stands. */
export interface Tree {
  readonly value: unknown;
  /** Place of the value at a path, of its key, or of the deepest part that exists. */
  readonly place: (path: Path, what?: 'value' | 'key') => Place;
}

export interface Report {
  readonly error: (path: Path, code: ProblemCode, message: string, more?: ReportMore) => void;
  readonly warn: (path: Path, code: ProblemCode, message: string, more?: ReportMore) => void;
}

export interface ReportMore {
  readonly suggestion?: string | undefined;
  readonly at?: 'key';
}

/** Collects problems, one per place, code and message. */
export function createProblems(): {
  readonly all: () => readonly Problem[];
  readonly add: (place: Place, severity: Problem['severity'], code: ProblemCode, message: string, suggestion?: string) => void;
  readonly reportIn: (tree: Tree) => Report;
} {
  const found = new Map<string, Problem>();
  const add = (place: Place, severity: Problem['severity'], code: ProblemCode, message: string, suggestion?: string): void => {
    const key = `${place.file}:${place.line}:${place.column} ${code} ${message}`;
    if (found.has(key)) return;
    found.set(key, { ...place, code, severity, message, ...(suggestion === undefined ? {} : { suggestion }) });
  };
  return {
    add,
    all: () => [...found.values()].toSorted(byPlace),
    reportIn: (tree) => ({
      error: (path, code, message, more) => add(tree.place(path, more?.at), 'error', code, message, more?.suggestion),
      warn: (path, code, message, more) => add(tree.place(path, more?.at), 'warning', code, message, more?.suggestion),
    }),
  };
}

function byPlace(a: Problem, b: Problem): number {
  return a.file.localeCompare(b.file) || a.line - b.line || a.column - b.column || a.code.localeCompare(b.code);
}

/** One line for a terminal: `file:line:column  CODE  message. Did you mean "x"?` */
export function formatProblem(problem: Problem): string {
  const hint = problem.suggestion === undefined ? '' : ` Did you mean "${problem.suggestion}"?`;
  const level = problem.severity === 'warning' ? 'warning: ' : '';
  return `${problem.file}:${problem.line}:${problem.column}  ${problem.code}  ${level}${problem.message}${hint}`;
}
