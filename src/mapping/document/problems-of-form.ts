// Catalogue of mistakes of form: YAML, keys and kinds, times, formats, the client's facts.
// Invariant: a code never changes its meaning.

export const problemsOfForm = {
  'MAP-001': {
    meaning: 'The file is not valid YAML 1.2.',
    remedy: 'Correct the line; indentation is made of spaces, and a text holding ": " or " #" needs quotes.',
  },
  'MAP-002': { meaning: 'A key is written twice in the same block.', remedy: 'Keep one of the two.' },
  'MAP-003': {
    meaning: 'The line is indented with a tab.',
    remedy: 'Use spaces; set your editor to insert spaces in YAML.',
  },
  'MAP-004': {
    meaning:
      'A value loses its form when read without quotes (0612345678 becomes a number without its zero).',
    remedy: 'Put the value between quotes.',
  },
  'MAP-005': {
    meaning: 'yes, no, on and off mean different things to different readers.',
    remedy: 'Write true or false for a switch, or put the word between quotes for a text.',
  },
  'MAP-006': {
    meaning: 'A key has no value.',
    remedy: 'Write the value; "" for an empty text, null for a null.',
  },
  'MAP-007': {
    meaning: 'A file that is named does not exist.',
    remedy:
      "Correct the name; presets are named from mappings/, samples and schemas from the client's folder.",
  },
  'MAP-008': {
    meaning: 'The file does not hold one block of keys.',
    remedy: 'Write one YAML document made of `key: value` lines.',
  },
  'MAP-009': {
    meaning: 'The file is not UTF-8, or a letter in it was lost.',
    remedy: 'Save it as UTF-8; in the output another encoding is asked for with csv or xml.',
  },
  'MAP-010': {
    meaning: 'The file is there and cannot be read: too large, a folder, or forbidden.',
    remedy: 'Give a readable file of at most 2 MB.',
  },
  'MAP-011': {
    meaning: 'The check could not get through the file.',
    remedy: 'Make it simpler: fewer levels, smaller schemas and samples.',
  },
  'MAP-101': {
    meaning: 'The key does not exist in the mapping language.',
    remedy: 'Correct the spelling; docs/mapping.md lists every key.',
  },
  'MAP-102': { meaning: 'A key that is needed is missing.', remedy: 'Add it.' },
  'MAP-103': {
    meaning: 'The value is of another kind than the key needs.',
    remedy: 'Write the kind the message names.',
  },
  'MAP-104': {
    meaning: 'The value is not one of those allowed.',
    remedy: 'Use one of the values the message lists.',
  },
  'MAP-105': {
    meaning: 'The value does not have the form the key needs.',
    remedy: 'Follow the form the message gives.',
  },
  'MAP-106': {
    meaning: 'Keys that exclude each other stand together, or a field has no value to write.',
    remedy: 'Keep exactly one of from, value, template and each.',
  },
  'MAP-601': {
    meaning: 'A duration is badly written.',
    remedy: 'Write a number and s, m, h or d: 30s, 5m, 24h, 10d.',
  },
  'MAP-602': {
    meaning: 'The retry schedule is wrong.',
    remedy: 'Write standard, patient, quick or a list of growing delays: [5s, 30s, 2m].',
  },
  'MAP-603': {
    meaning: 'The schedule is not a cron expression.',
    remedy: 'Write five fields: minute hour day month weekday.',
  },
  'MAP-604': {
    meaning: 'A file destination has no schedule.',
    remedy: 'Add schedule: {cron: "0 7,13 * * 1-6", timezone: Europe/Paris} to file.',
  },
  'MAP-605': { meaning: 'The time zone does not exist.', remedy: 'Use a name such as Europe/Paris.' },
  'MAP-606': {
    meaning: 'The retries go on after maxAge.',
    remedy: 'Lengthen maxAge or shorten the schedule.',
  },
  'MAP-607': {
    meaning: 'The slot falls in the hour that a change of the clocks skips in spring and doubles in autumn.',
    remedy: 'Choose another hour; in Paris one outside 02:00-02:59.',
  },
  'MAP-608': {
    meaning: 'A time-out is longer than anybody waits for an answer.',
    remedy: 'Write seconds or minutes; an hour at most.',
  },
  'MAP-615': {
    meaning: 'A file without leads could not be recognised as one.',
    remedy: 'Write empty: skip, or a format with a heading or a root.',
  },
  'MAP-620': {
    meaning: 'The lines of an acknowledgement name leads by something that the file does not hold.',
    remedy: 'Let a field write it whole: from: id for reference, from: delivery.key for key.',
  },
  'MAP-621': {
    meaning:
      'The file goes by mail, and nobody can be asked whether a mail arrived: sent again it would be there twice.',
    remedy: 'Leave onUnknown out, or write onUnknown: hold: support asks the client.',
  },
  'MAP-622': {
    meaning: 'The file holds every current lead each time, and has a block for changes or erasures besides.',
    remedy: 'Take the block out, or write mode: new.',
  },
  'MAP-623': {
    meaning: 'Every current lead should stand in one file, and such a file cannot be written or sent here.',
    remedy:
      'Write to a server, a folder or a storage, in a format of many records; the number of leads goes into the control file ({rows}).',
  },
  'MAP-624': {
    meaning: 'A file of every current lead is due more often than once an hour.',
    remedy: 'Begin the schedule with one minute: "0 7,13 * * 1-6".',
  },
  'MAP-609': {
    meaning: 'The sending hours cannot be read.',
    remedy: 'Write days and times: open: [mon-fri 09:00-12:30 13:30-18:00, sat 09:00-12:00].',
  },
  'MAP-610': {
    meaning: 'The destination is closed for longer in a row than a lead may wait.',
    remedy: 'Lengthen maxAge, or open on more days.',
  },
  'MAP-611': {
    meaning: 'A lead may wait no longer than a full hour or day of limits lasts.',
    remedy: 'Make maxAge longer than that period: several of them, where leads come faster than they leave.',
  },
  'MAP-701': {
    meaning: 'The formula guard would put an apostrophe before a phone that begins with +.',
    remedy: 'Write the phone as national, or set formulaGuard: false for a machine.',
  },
  'MAP-703': { meaning: 'An XML prefix is not declared.', remedy: 'Declare it under xml.xmlns.' },
  'MAP-704': {
    meaning: 'The target does not begin with the record of the XML, or a name is not an XML name.',
    remedy: 'Begin with the name under xml.record.',
  },
  'MAP-705': {
    meaning: "The client's schema cannot be used.",
    remedy: 'Give a JSON Schema (draft-07 or 2020-12) for JSON, an XSD 1.0 named .xsd for XML.',
  },
  'MAP-706': { meaning: 'A file of many records has no root.', remedy: 'Add xml.root.' },
  'MAP-707': {
    meaning: "The mapping and the client's schema disagree.",
    remedy: 'Write the field the schema requires, or remove the one it does not know.',
  },
  'MAP-708': {
    meaning:
      'A CSV could not be read back: a separator, a column name or a text of the mapping itself means something else there.',
    remedy: 'Choose another delimiter or decimal sign, quote all values, or change the text.',
  },
  'MAP-709': {
    meaning: 'The encoding cannot hold what the mapping writes there.',
    remedy: 'Use utf-8, or names in letters of the encoding.',
  },
  'MAP-901': {
    meaning: 'Evidence for going live is missing (C49-C52).',
    remedy: 'Add it to goLive with its date.',
  },
  'MAP-902': { meaning: 'A date is wrong.', remedy: 'Write yyyy-MM-dd.' },
  'MAP-903': {
    meaning: 'The draft of `mapping new` still holds guesses.',
    remedy: 'Compare each line marked `# guess:` with what the client says, then delete the mark.',
  },
  'MAP-904': {
    meaning: 'An opt-in was guessed and nobody has confirmed it: such a file is not published (C20, C51).',
    remedy: "Compare field and values with the client's own words, then delete the mark of the line.",
  },
  'MAP-905': {
    meaning: 'A lead would travel in clear (C38): such a file is not published in production.',
    remedy: 'Write https://.',
  },
  'MAP-906': {
    meaning: 'A notice of client.yaml cannot be told from another, or has no words (C14).',
    remedy: 'Give every wording a version of its own, once for each channel.',
  },
  'MAP-907': {
    meaning: 'The number that outbound calls show cannot be called (C50).',
    remedy: 'Write it in E.164 between quotes: "+33199001000".',
  },
} as const;
