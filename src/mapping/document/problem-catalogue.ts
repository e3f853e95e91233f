// Catalogue of the mistakes in mapping files: by code, its meaning and its remedy. A test compares docs/errors.md with it.
// Invariant: a code never changes its meaning.
import { problemsOfAnswers } from './problems-of-answers.ts';

export const mappingProblems = {
  // Form: YAML, keys and kinds, times, formats, the client's facts.
  'MAP-001': ['Not valid YAML 1.2.', 'Correct the line: indent with spaces, quote a text with ": " or " #".'],
  'MAP-002': ['A block has a key twice.', 'Keep one.'],
  'MAP-003': ['A line is indented with a tab.', 'Use spaces.'],
  'MAP-004': ['A value loses its form without quotes (0612345678 loses its zero).', 'Quote it.'],
  'MAP-005': ['yes, no, on and off are ambiguous.', 'Write true or false, or quote the word.'],
  'MAP-006': ['A key has no value.', 'Write it; "" for an empty text, null for a null.'],
  'MAP-007': [
    'A named file does not exist.',
    "Correct the name; presets are below mappings/, samples and schemas in the client's folder.",
  ],
  'MAP-008': ['The file is not one block of keys.', 'Write one YAML document of `key: value` lines.'],
  'MAP-009': [
    'Not UTF-8, or a letter was lost.',
    'Save as UTF-8; csv and xml give the output another encoding.',
  ],
  'MAP-010': [
    'The file cannot be read: too large, a folder, or forbidden.',
    'Give a readable file of at most 2 MB.',
  ],
  'MAP-011': [
    'The check could not finish the file.',
    'Simplify it: fewer levels, smaller schemas and samples.',
  ],
  'MAP-101': ['The key does not exist.', 'Correct the spelling; docs/mapping.md lists every key.'],
  'MAP-102': ['A key is missing.', 'Add it.'],
  'MAP-103': ['The value is of another kind.', 'Write the kind the message names.'],
  'MAP-104': ['The value is not allowed.', 'Use one that the message lists.'],
  'MAP-105': ['The value has not the form of the key.', 'Follow the form in the message.'],
  'MAP-106': [
    'Keys exclude each other, or a field writes no value.',
    'Keep exactly one of from, value, template and each.',
  ],
  'MAP-601': ['The duration is malformed.', 'Write a number and s, m, h or d: 30s, 5m, 24h, 10d.'],
  'MAP-602': [
    'The retry schedule is wrong.',
    'Write standard, patient, quick or growing delays: [5s, 30s, 2m].',
  ],
  'MAP-603': ['Not a cron expression.', 'Write five fields: minute hour day month weekday.'],
  'MAP-604': [
    'A file destination has no schedule.',
    'Add schedule: {cron: "0 7,13 * * 1-6", timezone: Europe/Paris} to file.',
  ],
  'MAP-605': ['Unknown time zone.', 'Use a name such as Europe/Paris.'],
  'MAP-606': ['The retries exceed maxAge.', 'Lengthen maxAge or shorten the schedule.'],
  'MAP-607': [
    'The slot is in the hour that a clock change skips or doubles.',
    'Choose another; in Paris outside 02:00-02:59.',
  ],
  'MAP-608': ['A time-out is too long.', 'Write an hour at most.'],
  'MAP-615': [
    'A file without leads could not be recognised.',
    'Write empty: skip, or a format with a heading or a root.',
  ],
  'MAP-620': [
    'The acknowledgement names leads by what the file lacks.',
    'Let a field write it whole: from: id for reference, from: delivery.key for key.',
  ],
  'MAP-621': [
    'A file by mail cannot be looked up.',
    'Leave onUnknown out, or write hold: support asks the client.',
  ],
  'MAP-622': [
    'A file of every current lead has a block for changes or erasures.',
    'Remove the block, or write mode: new.',
  ],
  'MAP-623': [
    'A file of every current lead cannot be written or sent here.',
    'Write to a server, a folder or a storage, in a format of many records, {rows} in the control file.',
  ],
  'MAP-624': [
    'A file of every current lead is due more than once an hour.',
    'Begin the schedule with one minute: "0 7,13 * * 1-6".',
  ],
  'MAP-609': ['Unreadable sending hours.', 'Write open: [mon-fri 09:00-12:30 13:30-18:00, sat 09:00-12:00].'],
  'MAP-610': [
    'The destination is closed longer than a lead may wait.',
    'Lengthen maxAge, or open on more days.',
  ],
  'MAP-611': [
    'A full hour or day of limits outlasts maxAge.',
    'Make maxAge longer than that period, or several of them.',
  ],
  'MAP-701': [
    'The formula guard would put an apostrophe before a phone with +.',
    'Write it as national, or formulaGuard: false for a machine.',
  ],
  'MAP-703': ['An XML prefix is not declared.', 'Declare it under xml.xmlns.'],
  'MAP-704': [
    'The target does not begin with the XML record, or is no XML name.',
    'Begin with the name under xml.record.',
  ],
  'MAP-705': [
    "The client's schema cannot be used.",
    'Give JSON Schema (draft-07 or 2020-12) for JSON, XSD 1.0 named .xsd for XML.',
  ],
  'MAP-706': ['A file of many records has no root.', 'Add xml.root.'],
  'MAP-707': [
    "Mapping and client's schema disagree.",
    'Write the field it requires, remove the one it lacks.',
  ],
  'MAP-708': [
    "The CSV cannot be read back: the mapping's own text is ambiguous.",
    'Change separator, column name or text, or quote all values.',
  ],
  'MAP-709': ["The encoding lacks a letter of the mapping's own.", 'Use utf-8, or other names.'],
  'MAP-901': ['Evidence for going live is missing (C49-C52).', 'Add it to goLive with its date.'],
  'MAP-902': ['The date is malformed.', 'Write yyyy-MM-dd.'],
  'MAP-903': [
    'The draft of `mapping new` has guesses.',
    "Compare each `# guess:` with the client's words, then delete the mark.",
  ],
  'MAP-904': [
    'An opt-in is still a guess: not published (C20, C51).',
    "Compare field and values with the client's words, then delete the mark.",
  ],
  'MAP-905': ['A lead would travel in clear (C38): not published in production.', 'Write https://.'],
  'MAP-906': [
    'A notice of client.yaml is ambiguous or empty (C14).',
    'Give every wording its own version, once for each channel.',
  ],
  'MAP-907': [
    'The number of outbound calls cannot be called (C50).',
    'Write E.164 between quotes: "+33199001000".',
  ],
  'MAP-908': [
    'A text kept for ever holds a mail address or phone number.',
    'Name the document by number or date.',
  ],
  // Meaning: sources and fields, consent, recipients, calls, answers, tests.
  'MAP-201': ['The source does not exist.', 'Use a path of docs/mapping-sources.md.'],
  'MAP-202': ['The formatter does not exist, or has wrong options.', 'Use a formatter of docs/mapping.md.'],
  'MAP-203': [
    'The formatter does not fit the value.',
    'Use phone for phones, date for dates, number for numbers.',
  ],
  'MAP-204': ['No such map under `maps`.', 'Correct the name or add the map.'],
  'MAP-205': ['The map lacks else.', 'Add else: error, omit, pass or a value.'],
  'MAP-206': ['The map has an entry the source never has.', 'Correct it; the message lists the values.'],
  'MAP-207': ['Values of the source have no entry.', 'Add them, or leave them to else on purpose.'],
  'MAP-208': ['Two lines write the same target.', 'Keep one.'],
  'MAP-209': ['A target is both a value and a group.', 'Rename one.'],
  'MAP-210': ["A person's field has a default (C13).", 'Remove it; absent stays absent.'],
  'MAP-211': ["A constant replaces a person's data (C13).", 'Take the value from the lead with from.'],
  'MAP-212': [
    'The condition is wrong.',
    'Use present, blank, equals, in, greater, less, matches, all, any, not.',
  ],
  'MAP-213': ['The condition compares with a value the source never has.', 'Correct the value.'],
  'MAP-214': ['The template is wrong.', 'Write {{path}}; a text without a path belongs in value.'],
  'MAP-215': [
    'each lacks a list or fields of its elements.',
    'Use identity.phones or interactions, and their fields.',
  ],
  'MAP-216': ['A list is written where one value fits.', 'Add as: {join: ", "}, first or last, or use each.'],
  'MAP-217': [
    'The target is malformed.',
    'Write names joined by dots; in XML @attribute, #text and #cdata come last.',
  ],
  'MAP-218': ['The format has no repeated group.', 'Use join, or a JSON or XML format.'],
  'MAP-219': ['The source exists for files only.', 'Use batch.* in a flow destination.'],
  'MAP-220': ['An opt-in is outside the consent block (C20).', 'Move it to consent, with its four states.'],
  'MAP-221': ['The line of a text is wrong.', 'Write line: "Nom : {value}", on one line, with {value} once.'],
  'MAP-222': [
    'The format cannot write an absent value so.',
    'Use omit or "" in CSV and forms; keep and null need JSON or XML.',
  ],
  'MAP-223': [
    'Truncated, the value would be another one (C13).',
    'Truncate texts only; else use on: error or on: omit.',
  ],
  'MAP-224': [
    'A text of the lead beside an opt-in could read as one (C20).',
    'Give the field a map, or a line of its own.',
  ],
  'MAP-225': [
    'A literal text has {{...}} or names a secret.',
    "Use from or template; a secret is a whole value of a webhook's field, or under send.",
  ],
  'MAP-301': ['The consent block is missing (C20).', "Add consent with the client's own names and values."],
  'MAP-302': [
    'A consent line lacks one of the four states.',
    'Add granted, refused, not_asked and withdrawn; omit and hold are possible.',
  ],
  'MAP-303': ['Another state is written like granted (C20).', 'Give granted its own value.'],
  'MAP-304': [
    'The target says opt-out, the line does not.',
    'Check the values, then add inverted: confirmed.',
  ],
  'MAP-305': ['The values look inverted.', 'Exchange them; for an opt-out field add inverted: confirmed.'],
  'MAP-306': [
    'No consent line writes the opt-in itself.',
    'Add a line with values; proof lines only accompany it.',
  ],
  'MAP-307': [
    'The target names another channel than the line.',
    'Check channel; a phone opt-in is its own consent (C16b).',
  ],
  'MAP-309': [
    'Update and create write different opt-ins (C20).',
    'Give both a line for each purpose and channel.',
  ],
  'MAP-310': [
    'An update could leave an opt-in out (C20).',
    'Write a value for granted, refused and withdrawn, or send a call in each.',
  ],
  'MAP-311': [
    'With optIn: changed a field left out would read as an answer.',
    'Take optIn out: mails and CSV rows always have the opt-in.',
  ],
  'MAP-312': [
    'An update by PUT leaves out an unchanged yes.',
    'optIn: always where PUT replaces the record, else changed.',
  ],
  'MAP-313': [
    'A field with an opt-in and other values is always written.',
    'Give update its own fields without it, or write optIn: always.',
  ],
  'MAP-308': [
    'The file cannot encode the value of a state.',
    'Use letters of the encoding, and no unquoted delimiter.',
  ],
  'MAP-401': [
    'The recipient is not in the contract facts (C19).',
    'Correct the address, or have contract and client.yaml amended.',
  ],
  'MAP-402': [
    'The category of data is not in the contract (C10).',
    'Remove the field, or have contract and client.yaml amended.',
  ],
  'MAP-403': ['Financial data would travel by mail, or another open way (C10).', 'Remove the field.'],
  'MAP-404': ['A secret is in clear.', 'Write secret:NAME and give the value to the operator.'],
  'MAP-405': ['No such connector.', 'Use one that the message lists.'],
  'MAP-406': ['A setting of the connector is wrong.', 'Correct it as the message says.'],
  'MAP-407': [
    'The connector does not know this action.',
    'Remove the block; the change is asked of the client in writing.',
  ],
  'MAP-408': ['The connector cannot carry this format.', 'Use one that the message lists.'],
  'MAP-409': ['Names contradict each other.', 'Make folder, client.yaml and mappings agree.'],
  'MAP-410': [
    'An authorisation names something unknown or beyond the contract.',
    'Correct it, or the contract facts.',
  ],
  'MAP-411': ['The preset of extends cannot be used.', 'Use one under mappings/presets, and no circle.'],
  'MAP-412': [
    "The sandbox has production's address.",
    "Write the client's sandbox address, or delete the block: a local recipient replaces it.",
  ],
  'MAP-413': [
    'The address is a secret, and an authorisation has no targets.',
    'Name the host under targets, unless all hosts are meant.',
  ],
  'MAP-414': [
    'The erasure names no lead: the recipient could erase none, or all.',
    "Put {reference} or {leadReference} into its address, or let a field write id, delivery.reference or a call's id whole.",
  ],
  'MAP-415': ['An address begins with / and has no host.', 'Add send.base, or write the whole address.'],
  'MAP-416': [
    'A setting proves too little: a wrong password might pass, or no library verifies a signature.',
    'Name under proof what only a good login fills, or its statuses under accepted; sign UTF-8 only.',
  ],
  'MAP-419': [
    'A field or an action of a notice would carry a person.',
    'Take the field out; let every action say the same content.',
  ],
  'MAP-420': [
    "A required field under erase has only the person's data, erased by then.",
    "Take out `required`; name the lead by id or the recipient's reference.",
  ],
  'MAP-425': [
    'A parameter does not exist, or nothing uses it.',
    "Correct the name: the preset's `parameters` lists them.",
  ],
  'MAP-426': [
    'A parameter has no value: each client gives its own.',
    "Write it under `parameters` in the client's file, as the preset's page says.",
  ],
  'MAP-801': ["A test's output differs.", 'Correct the mapping or the expectation.'],
  'MAP-802': ['A sample lead does not follow the lead model.', 'Correct the field the message names.'],
  'MAP-803': ['A test answer has another outcome.', 'Correct the response rules or the expectation.'],
  'MAP-804': ['The mapping cannot write a sample lead.', 'Correct the sample or the mapping.'],
  ...problemsOfAnswers,
} as const satisfies Readonly<Record<string, readonly [meaning: string, remedy: string]>>;
