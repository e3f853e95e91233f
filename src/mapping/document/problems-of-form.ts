// Catalogue of mistakes of form: YAML, keys and kinds, times, formats, the client's facts.
// Invariant: a code never changes its meaning.

export const problemsOfForm = {
  'MAP-001': {
    meaning: 'Not valid YAML 1.2.',
    remedy: 'Correct the line: indent with spaces, quote a text with ": " or " #".',
  },
  'MAP-002': {
    meaning: 'A block has a key twice.',
    remedy: 'Keep one.',
  },
  'MAP-003': {
    meaning: 'A line is indented with a tab.',
    remedy: 'Use spaces.',
  },
  'MAP-004': {
    meaning: 'A value loses its form without quotes (0612345678 loses its zero).',
    remedy: 'Quote it.',
  },
  'MAP-005': {
    meaning: 'yes, no, on and off are ambiguous.',
    remedy: 'Write true or false, or quote the word.',
  },
  'MAP-006': {
    meaning: 'A key has no value.',
    remedy: 'Write it; "" for an empty text, null for a null.',
  },
  'MAP-007': {
    meaning: 'A named file does not exist.',
    remedy: "Correct the name; presets are below mappings/, samples and schemas in the client's folder.",
  },
  'MAP-008': {
    meaning: 'The file is not one block of keys.',
    remedy: 'Write one YAML document of `key: value` lines.',
  },
  'MAP-009': {
    meaning: 'Not UTF-8, or a letter was lost.',
    remedy: 'Save as UTF-8; csv and xml give the output another encoding.',
  },
  'MAP-010': {
    meaning: 'The file cannot be read: too large, a folder, or forbidden.',
    remedy: 'Give a readable file of at most 2 MB.',
  },
  'MAP-011': {
    meaning: 'The check could not finish the file.',
    remedy: 'Simplify it: fewer levels, smaller schemas and samples.',
  },
  'MAP-101': {
    meaning: 'The key does not exist.',
    remedy: 'Correct the spelling; docs/mapping.md lists every key.',
  },
  'MAP-102': {
    meaning: 'A key is missing.',
    remedy: 'Add it.',
  },
  'MAP-103': {
    meaning: 'The value is of another kind.',
    remedy: 'Write the kind the message names.',
  },
  'MAP-104': {
    meaning: 'The value is not allowed.',
    remedy: 'Use one that the message lists.',
  },
  'MAP-105': {
    meaning: 'The value has not the form of the key.',
    remedy: 'Follow the form in the message.',
  },
  'MAP-106': {
    meaning: 'Keys exclude each other, or a field writes no value.',
    remedy: 'Keep exactly one of from, value, template and each.',
  },
  'MAP-601': {
    meaning: 'The duration is malformed.',
    remedy: 'Write a number and s, m, h or d: 30s, 5m, 24h, 10d.',
  },
  'MAP-602': {
    meaning: 'The retry schedule is wrong.',
    remedy: 'Write standard, patient, quick or growing delays: [5s, 30s, 2m].',
  },
  'MAP-603': {
    meaning: 'Not a cron expression.',
    remedy: 'Write five fields: minute hour day month weekday.',
  },
  'MAP-604': {
    meaning: 'A file destination has no schedule.',
    remedy: 'Add schedule: {cron: "0 7,13 * * 1-6", timezone: Europe/Paris} to file.',
  },
  'MAP-605': {
    meaning: 'Unknown time zone.',
    remedy: 'Use a name such as Europe/Paris.',
  },
  'MAP-606': {
    meaning: 'The retries exceed maxAge.',
    remedy: 'Lengthen maxAge or shorten the schedule.',
  },
  'MAP-607': {
    meaning: 'The slot is in the hour that a clock change skips or doubles.',
    remedy: 'Choose another; in Paris outside 02:00-02:59.',
  },
  'MAP-608': {
    meaning: 'A time-out is too long.',
    remedy: 'Write an hour at most.',
  },
  'MAP-615': {
    meaning: 'A file without leads could not be recognised.',
    remedy: 'Write empty: skip, or a format with a heading or a root.',
  },
  'MAP-620': {
    meaning: 'The acknowledgement names leads by what the file lacks.',
    remedy: 'Let a field write it whole: from: id for reference, from: delivery.key for key.',
  },
  'MAP-621': {
    meaning: 'A file by mail cannot be looked up.',
    remedy: 'Leave onUnknown out, or write hold: support asks the client.',
  },
  'MAP-622': {
    meaning: 'A file of every current lead has a block for changes or erasures.',
    remedy: 'Remove the block, or write mode: new.',
  },
  'MAP-623': {
    meaning: 'A file of every current lead cannot be written or sent here.',
    remedy:
      'Write to a server, a folder or a storage, in a format of many records, {rows} in the control file.',
  },
  'MAP-624': {
    meaning: 'A file of every current lead is due more than once an hour.',
    remedy: 'Begin the schedule with one minute: "0 7,13 * * 1-6".',
  },
  'MAP-609': {
    meaning: 'Unreadable sending hours.',
    remedy: 'Write open: [mon-fri 09:00-12:30 13:30-18:00, sat 09:00-12:00].',
  },
  'MAP-610': {
    meaning: 'The destination is closed longer than a lead may wait.',
    remedy: 'Lengthen maxAge, or open on more days.',
  },
  'MAP-611': {
    meaning: 'A full hour or day of limits outlasts maxAge.',
    remedy: 'Make maxAge longer than that period, or several of them.',
  },
  'MAP-701': {
    meaning: 'The formula guard would put an apostrophe before a phone with +.',
    remedy: 'Write it as national, or formulaGuard: false for a machine.',
  },
  'MAP-703': {
    meaning: 'An XML prefix is not declared.',
    remedy: 'Declare it under xml.xmlns.',
  },
  'MAP-704': {
    meaning: 'The target does not begin with the XML record, or is no XML name.',
    remedy: 'Begin with the name under xml.record.',
  },
  'MAP-705': {
    meaning: "The client's schema cannot be used.",
    remedy: 'Give JSON Schema (draft-07 or 2020-12) for JSON, XSD 1.0 named .xsd for XML.',
  },
  'MAP-706': {
    meaning: 'A file of many records has no root.',
    remedy: 'Add xml.root.',
  },
  'MAP-707': {
    meaning: "Mapping and client's schema disagree.",
    remedy: 'Write the field it requires, remove the one it lacks.',
  },
  'MAP-708': {
    meaning: "The CSV cannot be read back: the mapping's own text is ambiguous.",
    remedy: 'Change separator, column name or text, or quote all values.',
  },
  'MAP-709': {
    meaning: "The encoding lacks a letter of the mapping's own.",
    remedy: 'Use utf-8, or other names.',
  },
  'MAP-901': {
    meaning: 'Evidence for going live is missing (C49-C52).',
    remedy: 'Add it to goLive with its date.',
  },
  'MAP-902': {
    meaning: 'The date is malformed.',
    remedy: 'Write yyyy-MM-dd.',
  },
  'MAP-903': {
    meaning: 'The draft of `mapping new` has guesses.',
    remedy: "Compare each `# guess:` with the client's words, then delete the mark.",
  },
  'MAP-904': {
    meaning: 'An opt-in is still a guess: not published (C20, C51).',
    remedy: "Compare field and values with the client's words, then delete the mark.",
  },
  'MAP-905': {
    meaning: 'A lead would travel in clear (C38): not published in production.',
    remedy: 'Write https://.',
  },
  'MAP-906': {
    meaning: 'A notice of client.yaml is ambiguous or empty (C14).',
    remedy: 'Give every wording its own version, once for each channel.',
  },
  'MAP-907': {
    meaning: 'The number of outbound calls cannot be called (C50).',
    remedy: 'Write E.164 between quotes: "+33199001000".',
  },
} as const;
