// Catalogue of mistakes of meaning: sources and fields, consent, recipients, tests.
// Invariant: a code never changes its meaning.

export const problemsOfMeaning = {
  'MAP-201': {
    meaning: 'The source does not exist in the lead.',
    remedy: 'Use a path of the source model; docs/mapping-sources.md lists them.',
  },
  'MAP-202': {
    meaning: 'The formatter does not exist, or its options are wrong.',
    remedy: 'Use a formatter of docs/mapping.md.',
  },
  'MAP-203': {
    meaning: 'The formatter does not fit the kind of value it is given.',
    remedy: 'Use a formatter for that kind: phone for phones, date for dates, number for numbers.',
  },
  'MAP-204': { meaning: 'The map does not exist under `maps`.', remedy: 'Correct the name or add the map.' },
  'MAP-205': {
    meaning: 'The map does not say what to do with a value outside it.',
    remedy: 'Add else: error, omit, pass or a value.',
  },
  'MAP-206': {
    meaning: 'The map has an entry the source can never have.',
    remedy: 'Correct the entry; the message lists the values.',
  },
  'MAP-207': {
    meaning: 'The source has values without an entry in the map.',
    remedy: 'Add them, or leave them to else on purpose.',
  },
  'MAP-208': { meaning: 'Two lines write the same target.', remedy: 'Keep one.' },
  'MAP-209': { meaning: 'A target is both a value and a group of values.', remedy: 'Rename one of the two.' },
  'MAP-210': {
    meaning: "A person's field has a default: that would invent what the person did not say (C13).",
    remedy: 'Remove the default; absent stays absent.',
  },
  'MAP-211': {
    meaning: "A constant stands where a person's data is expected (C13).",
    remedy: 'Take the value from the lead with from.',
  },
  'MAP-212': {
    meaning: 'The condition does not exist or is badly formed.',
    remedy: 'Use present, blank, equals, in, greater, less, matches, all, any, not.',
  },
  'MAP-213': {
    meaning: 'The condition compares with a value the source can never have.',
    remedy: 'Correct the value.',
  },
  'MAP-214': {
    meaning: 'The template is wrong.',
    remedy: 'Write {{path}} with a path of the source model; a text without any path belongs in value.',
  },
  'MAP-215': {
    meaning: 'each needs a list and fields of its elements.',
    remedy: "Use each with identity.phones or interactions, and fields named as the list's elements.",
  },
  'MAP-216': {
    meaning: 'A list is written where one value fits.',
    remedy: 'Add as: {join: ", "}, first or last, or use each.',
  },
  'MAP-217': {
    meaning: 'The target is badly written.',
    remedy: 'Write names joined by dots; in XML @attribute, #text and #cdata come last.',
  },
  'MAP-218': {
    meaning: 'The format cannot hold a repeated group.',
    remedy: 'Use join, or a JSON or XML format.',
  },
  'MAP-219': {
    meaning: 'The source is known only for files.',
    remedy: 'Use batch.* in a flow destination only.',
  },
  'MAP-220': {
    meaning: 'An opt-in is written outside the consent block (C20).',
    remedy: 'Move the line to consent and write out its four states.',
  },
  'MAP-221': {
    meaning: 'The line of a text is badly written.',
    remedy: 'Write line: "Nom : {value}", on one line, with {value} once.',
  },
  'MAP-222': {
    meaning: 'The format cannot write an absent value that way.',
    remedy: 'Use omit or "" in CSV and forms; keep and null need JSON or XML.',
  },
  'MAP-223': {
    meaning: 'Cut short, the value would be another one (C13).',
    remedy: 'Truncate texts only; for phones, addresses, numbers and codes use on: error or on: omit.',
  },
  'MAP-224': {
    meaning:
      'A list or text shared with an opt-in would hold a text of the lead, which could read as one (C20).',
    remedy: 'Give the field a map, or write it as a line with a label of its own.',
  },
  'MAP-225': {
    meaning: 'A text that is written as it stands holds {{...}} or names a secret.',
    remedy:
      'Use from or template for values of the lead; a secret stands alone as the value of a field of a webhook, or under send.',
  },
  'MAP-301': {
    meaning: 'The consent block is missing: the opt-in is in every exchange (C20).',
    remedy: "Add consent with the client's own field names and values.",
  },
  'MAP-302': {
    meaning: 'A consent line does not say what to write for one of the four states.',
    remedy: 'Add granted, refused, not_asked and withdrawn; omit and hold are possible.',
  },
  'MAP-303': {
    meaning: 'Another state is written like granted: a refusal would read as a consent (C20).',
    remedy: 'Give granted a value of its own.',
  },
  'MAP-304': {
    meaning: 'The target name says opt-out, the line does not say that it knows.',
    remedy: 'Check the values, then add inverted: confirmed.',
  },
  'MAP-305': {
    meaning: 'The values look inverted.',
    remedy: 'Exchange them; for a field that says opt-out add inverted: confirmed.',
  },
  'MAP-306': {
    meaning: 'No consent line writes the opt-in itself.',
    remedy: 'Add a line with values; proof lines only accompany it.',
  },
  'MAP-307': {
    meaning: 'The target name speaks of another channel than the line.',
    remedy: 'Check channel; a phone opt-in is its own consent (C16b).',
  },
  'MAP-309': {
    meaning: 'The update tells other opt-ins than the create (C20).',
    remedy: 'Give both a line for each purpose and channel that one of them names.',
  },
  'MAP-310': {
    meaning:
      'An update would leave an opt-in out in a state that may follow: the recipient keeps what it has (C20).',
    remedy: 'Write a value for granted, refused and withdrawn, or send a call in each of them.',
  },
  'MAP-311': {
    meaning: 'optIn: changed stands where a field that is left out would read as an answer.',
    remedy: 'Take optIn out: mails and rows of a CSV always hold the opt-in.',
  },
  'MAP-312': {
    meaning:
      'An update by PUT leaves out a yes that did not change; a recipient that replaces records would lose it.',
    remedy:
      'Ask the recipient. Write optIn: always where a PUT replaces the record, optIn: changed where it does not.',
  },
  'MAP-313': {
    meaning: 'A field that holds an opt-in besides other values is written with every update, its yes too.',
    remedy: 'Give update fields of its own without it, or write optIn: always once the client agreed.',
  },
  'MAP-308': {
    meaning: 'The value of a state has letters or signs the file cannot hold.',
    remedy: 'Use letters of the encoding, and no delimiter where nothing is quoted.',
  },
  'MAP-401': {
    meaning: "The recipient is not in the client's contract facts (C19).",
    remedy: 'Correct the address, or have the contract amended and client.yaml with it.',
  },
  'MAP-402': {
    meaning: "The category of data is not in the client's contract (C10).",
    remedy: 'Remove the field, or have the contract amended and client.yaml with it.',
  },
  'MAP-403': {
    meaning: 'Financial data would travel by mail, or another way that anybody may read (C10).',
    remedy: 'Remove the field from the mail destination.',
  },
  'MAP-404': {
    meaning: 'A secret is written in clear.',
    remedy: 'Write secret:NAME and give the value to the operator.',
  },
  'MAP-405': {
    meaning: 'The connector does not exist.',
    remedy: 'Use one of the connectors the message lists.',
  },
  'MAP-406': { meaning: 'A setting of the connector is wrong.', remedy: 'Correct it as the message says.' },
  'MAP-407': {
    meaning: 'The connector does not know this action.',
    remedy: 'Remove the block; the change will be asked of the client in writing.',
  },
  'MAP-408': {
    meaning: 'The connector cannot carry this format.',
    remedy: 'Use one of the formats the message lists.',
  },
  'MAP-409': {
    meaning: 'Names contradict each other.',
    remedy: 'Make the folder, client.yaml and the mapping agree.',
  },
  'MAP-410': {
    meaning: 'An authorisation names something that does not exist or goes beyond the contract.',
    remedy: 'Correct the authorisation, or the contract facts.',
  },
  'MAP-411': {
    meaning: 'The preset named by extends cannot be used.',
    remedy: 'Use one of the presets under mappings/presets, and no circle.',
  },
  'MAP-412': {
    meaning: "The sandbox has production's address.",
    remedy: "Write the client's own sandbox address, or delete the block: a local recipient stands in.",
  },
  'MAP-413': {
    meaning:
      'The address is a secret, so the check cannot see which host an authorisation without targets covers.',
    remedy: 'Name the host under targets of the authorisation, unless every host of the contract is meant.',
  },
  'MAP-414': {
    meaning: 'The erasure says nothing of which lead it is about: the recipient could erase none, or all.',
    remedy:
      'Put {reference} or {leadReference} into its address, or list a field under erase that writes id, delivery.reference or the id of a call, without when and map.',
  },
  'MAP-415': {
    meaning: 'An address begins with / and nothing says behind which host it stands.',
    remedy: 'Add send.base, or write the whole address.',
  },
  'MAP-416': {
    meaning:
      'A setting proves less than it seems to: a wrong password might pass for a good one, or no library verifies a signature.',
    remedy: 'Name under proof what only a good login fills, or under accepted its statuses; sign UTF-8 only.',
  },
  'MAP-419': {
    meaning: 'A notice may carry no person, and one of its fields, or one of its actions, would.',
    remedy: 'Take the field out, the lead is read where readAt leads; let every action say the same content.',
  },
  'MAP-420': {
    meaning:
      "A field under erase must be there and says the person's data alone, which are erased here by then: no erasure would leave.",
    remedy: "Take out `required`, and name the lead by id or by the recipient's reference.",
  },
  'MAP-425': {
    meaning: 'A parameter is named that does not exist, or given though nothing uses it.',
    remedy: "Correct the name: the preset's `parameters` lists those it knows.",
  },
  'MAP-426': {
    meaning: 'A parameter has no value: the preset leaves it to each client.',
    remedy:
      "Write it under `parameters` in the client's file; the preset's page says where the client finds it.",
  },
  'MAP-801': {
    meaning: 'A test of the file gives another output than it expects.',
    remedy: 'Correct the mapping or the expectation.',
  },
  'MAP-802': {
    meaning: 'A sample lead does not follow the lead model.',
    remedy: 'Correct the field the message names.',
  },
  'MAP-803': {
    meaning: 'A test answer is read with another outcome than expected.',
    remedy: 'Correct the response rules or the expectation.',
  },
  'MAP-804': {
    meaning: 'A sample lead cannot be written by the mapping.',
    remedy: 'Correct the sample or the mapping.',
  },
} as const;
