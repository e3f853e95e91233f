// Catalogue of mistakes of meaning: sources and fields, consent, recipients, calls, answers, tests.
// Invariant: a code never changes its meaning.
import { looksLikeRefusal } from '../../../connectors/http-status.ts';

export const problemsOfMeaning = {
  'MAP-201': {
    meaning: 'The source does not exist.',
    remedy: 'Use a path of docs/mapping-sources.md.',
  },
  'MAP-202': {
    meaning: 'The formatter does not exist, or has wrong options.',
    remedy: 'Use a formatter of docs/mapping.md.',
  },
  'MAP-203': {
    meaning: 'The formatter does not fit the value.',
    remedy: 'Use phone for phones, date for dates, number for numbers.',
  },
  'MAP-204': {
    meaning: 'No such map under `maps`.',
    remedy: 'Correct the name or add the map.',
  },
  'MAP-205': {
    meaning: 'The map lacks else.',
    remedy: 'Add else: error, omit, pass or a value.',
  },
  'MAP-206': {
    meaning: 'The map has an entry the source never has.',
    remedy: 'Correct it; the message lists the values.',
  },
  'MAP-207': {
    meaning: 'Values of the source have no entry.',
    remedy: 'Add them, or leave them to else on purpose.',
  },
  'MAP-208': {
    meaning: 'Two lines write the same target.',
    remedy: 'Keep one.',
  },
  'MAP-209': {
    meaning: 'A target is both a value and a group.',
    remedy: 'Rename one.',
  },
  'MAP-210': {
    meaning: "A person's field has a default (C13).",
    remedy: 'Remove it; absent stays absent.',
  },
  'MAP-211': {
    meaning: "A constant replaces a person's data (C13).",
    remedy: 'Take the value from the lead with from.',
  },
  'MAP-212': {
    meaning: 'The condition is wrong.',
    remedy: 'Use present, blank, equals, in, greater, less, matches, all, any, not.',
  },
  'MAP-213': {
    meaning: 'The condition compares with a value the source never has.',
    remedy: 'Correct the value.',
  },
  'MAP-214': {
    meaning: 'The template is wrong.',
    remedy: 'Write {{path}}; a text without a path belongs in value.',
  },
  'MAP-215': {
    meaning: 'each lacks a list or fields of its elements.',
    remedy: 'Use identity.phones or interactions, and their fields.',
  },
  'MAP-216': {
    meaning: 'A list is written where one value fits.',
    remedy: 'Add as: {join: ", "}, first or last, or use each.',
  },
  'MAP-217': {
    meaning: 'The target is malformed.',
    remedy: 'Write names joined by dots; in XML @attribute, #text and #cdata come last.',
  },
  'MAP-218': {
    meaning: 'The format has no repeated group.',
    remedy: 'Use join, or a JSON or XML format.',
  },
  'MAP-219': {
    meaning: 'The source exists for files only.',
    remedy: 'Use batch.* in a flow destination.',
  },
  'MAP-220': {
    meaning: 'An opt-in is outside the consent block (C20).',
    remedy: 'Move it to consent, with its four states.',
  },
  'MAP-221': {
    meaning: 'The line of a text is wrong.',
    remedy: 'Write line: "Nom : {value}", on one line, with {value} once.',
  },
  'MAP-222': {
    meaning: 'The format cannot write an absent value so.',
    remedy: 'Use omit or "" in CSV and forms; keep and null need JSON or XML.',
  },
  'MAP-223': {
    meaning: 'Truncated, the value would be another one (C13).',
    remedy: 'Truncate texts only; else use on: error or on: omit.',
  },
  'MAP-224': {
    meaning: 'A text of the lead beside an opt-in could read as one (C20).',
    remedy: 'Give the field a map, or a line of its own.',
  },
  'MAP-225': {
    meaning: 'A literal text has {{...}} or names a secret.',
    remedy: "Use from or template; a secret is a whole value of a webhook's field, or under send.",
  },
  'MAP-301': {
    meaning: 'The consent block is missing (C20).',
    remedy: "Add consent with the client's own names and values.",
  },
  'MAP-302': {
    meaning: 'A consent line lacks one of the four states.',
    remedy: 'Add granted, refused, not_asked and withdrawn; omit and hold are possible.',
  },
  'MAP-303': {
    meaning: 'Another state is written like granted (C20).',
    remedy: 'Give granted its own value.',
  },
  'MAP-304': {
    meaning: 'The target says opt-out, the line does not.',
    remedy: 'Check the values, then add inverted: confirmed.',
  },
  'MAP-305': {
    meaning: 'The values look inverted.',
    remedy: 'Exchange them; for an opt-out field add inverted: confirmed.',
  },
  'MAP-306': {
    meaning: 'No consent line writes the opt-in itself.',
    remedy: 'Add a line with values; proof lines only accompany it.',
  },
  'MAP-307': {
    meaning: 'The target names another channel than the line.',
    remedy: 'Check channel; a phone opt-in is its own consent (C16b).',
  },
  'MAP-309': {
    meaning: 'Update and create write different opt-ins (C20).',
    remedy: 'Give both a line for each purpose and channel.',
  },
  'MAP-310': {
    meaning: 'An update could leave an opt-in out (C20).',
    remedy: 'Write a value for granted, refused and withdrawn, or send a call in each.',
  },
  'MAP-311': {
    meaning: 'With optIn: changed a field left out would read as an answer.',
    remedy: 'Take optIn out: mails and CSV rows always have the opt-in.',
  },
  'MAP-312': {
    meaning: 'An update by PUT leaves out an unchanged yes.',
    remedy: 'optIn: always where PUT replaces the record, else changed.',
  },
  'MAP-313': {
    meaning: 'A field with an opt-in and other values is always written.',
    remedy: 'Give update its own fields without it, or write optIn: always.',
  },
  'MAP-308': {
    meaning: 'The file cannot encode the value of a state.',
    remedy: 'Use letters of the encoding, and no unquoted delimiter.',
  },
  'MAP-401': {
    meaning: 'The recipient is not in the contract facts (C19).',
    remedy: 'Correct the address, or have contract and client.yaml amended.',
  },
  'MAP-402': {
    meaning: 'The category of data is not in the contract (C10).',
    remedy: 'Remove the field, or have contract and client.yaml amended.',
  },
  'MAP-403': {
    meaning: 'Financial data would travel by mail, or another open way (C10).',
    remedy: 'Remove the field.',
  },
  'MAP-404': {
    meaning: 'A secret is in clear.',
    remedy: 'Write secret:NAME and give the value to the operator.',
  },
  'MAP-405': {
    meaning: 'No such connector.',
    remedy: 'Use one that the message lists.',
  },
  'MAP-406': {
    meaning: 'A setting of the connector is wrong.',
    remedy: 'Correct it as the message says.',
  },
  'MAP-407': {
    meaning: 'The connector does not know this action.',
    remedy: 'Remove the block; the change is asked of the client in writing.',
  },
  'MAP-408': {
    meaning: 'The connector cannot carry this format.',
    remedy: 'Use one that the message lists.',
  },
  'MAP-409': {
    meaning: 'Names contradict each other.',
    remedy: 'Make folder, client.yaml and mapping agree.',
  },
  'MAP-410': {
    meaning: 'An authorisation names something unknown or beyond the contract.',
    remedy: 'Correct it, or the contract facts.',
  },
  'MAP-411': {
    meaning: 'The preset of extends cannot be used.',
    remedy: 'Use one under mappings/presets, and no circle.',
  },
  'MAP-412': {
    meaning: "The sandbox has production's address.",
    remedy: "Write the client's sandbox address, or delete the block: a local recipient replaces it.",
  },
  'MAP-413': {
    meaning: 'The address is a secret, and an authorisation has no targets.',
    remedy: 'Name the host under targets, unless all hosts are meant.',
  },
  'MAP-414': {
    meaning: 'The erasure names no lead: the recipient could erase none, or all.',
    remedy:
      "Put {reference} or {leadReference} into its address, or let a field write id, delivery.reference or a call's id whole.",
  },
  'MAP-415': {
    meaning: 'An address begins with / and has no host.',
    remedy: 'Add send.base, or write the whole address.',
  },
  'MAP-416': {
    meaning: 'A setting proves too little: a wrong password might pass, or no library verifies a signature.',
    remedy: 'Name under proof what only a good login fills, or its statuses under accepted; sign UTF-8 only.',
  },
  'MAP-419': {
    meaning: 'A field or an action of a notice would carry a person.',
    remedy: 'Take the field out; let every action say the same content.',
  },
  'MAP-420': {
    meaning: "A required field under erase has only the person's data, erased by then.",
    remedy: "Take out `required`; name the lead by id or the recipient's reference.",
  },
  'MAP-425': {
    meaning: 'A parameter does not exist, or nothing uses it.',
    remedy: "Correct the name: the preset's `parameters` lists them.",
  },
  'MAP-426': {
    meaning: 'A parameter has no value: each client gives its own.',
    remedy: "Write it under `parameters` in the client's file, as the preset's page says.",
  },
  'MAP-801': {
    meaning: "A test's output differs.",
    remedy: 'Correct the mapping or the expectation.',
  },
  'MAP-802': {
    meaning: 'A sample lead does not follow the lead model.',
    remedy: 'Correct the field the message names.',
  },
  'MAP-803': {
    meaning: 'A test answer has another outcome.',
    remedy: 'Correct the response rules or the expectation.',
  },
  'MAP-804': {
    meaning: 'The mapping cannot write a sample lead.',
    remedy: 'Correct the sample or the mapping.',
  },
} as const;

// Catalogue of mistakes in `calls:`, where one delivery takes several calls.
// Invariant: a code never changes its meaning.

export const problemsOfCalls = {
  'MAP-670': {
    meaning: 'readBack in a mail, a file or a text message.',
    remedy: 'Take it out; only a webhook can ask.',
  },
  'MAP-671': {
    meaning: 'A line of readBack names no consent field, or no place.',
    remedy: 'Write field as the consent block does, and at as a place.',
  },
  'MAP-672': {
    meaning: 'callback where a recipient reports nothing later, or cannot be asked.',
    remedy: 'Write it into a webhook of one call with send.lookup.',
  },
  'MAP-673': {
    meaning: 'The key of a callback is no place of its body.',
    remedy: 'Write the place of our key (webhook-id), such as $.external_id.',
  },
  'MAP-651': {
    meaning: 'Two calls of an action have the same name.',
    remedy: 'Rename one.',
  },
  'MAP-652': {
    meaning: 'An address names an id that no earlier call gives for every lead.',
    remedy: 'Add it to an earlier capture, or give both calls the same when.',
  },
  'MAP-653': {
    meaning: 'An id is captured from no place, or from one with a person.',
    remedy: "Write $.path, xml:path, xpath:expression, css:selector or header:Name of the recipient's id.",
  },
  'MAP-654': {
    meaning: 'Only a call that some leads leave out carries a consent line (C20).',
    remedy: 'Put it into a call without when, or let it send the call: to: call:NAME.',
  },
  'MAP-655': {
    meaning: 'A call with an opt-in follows one it does not need.',
    remedy: 'Put it before.',
  },
  'MAP-656': {
    meaning: 'A consent line sends an unknown call, or says other than send, omit or hold.',
    remedy: 'Name a call of every action, and one of these words for each state.',
  },
  'MAP-657': {
    meaning: 'A key beside calls belongs into them, or an action has none.',
    remedy: 'Move it there, or give the action its calls.',
  },
  'MAP-658': {
    meaning: 'A GET writes, or reads nothing that a later call needs.',
    remedy: 'Write POST, PUT or PATCH; a GET has no fields and captures an id.',
  },
  'MAP-674': {
    meaning: 'An undo could never leave, or would take back an opt-in.',
    remedy:
      'Give it to a call of the create that others follow and no opt-in sends, named in 19 signs at most.',
  },
  'MAP-675': {
    meaning: 'A call with an undo may change an older record.',
    remedy: 'Undo a call that creates, with a duplicate rule; none where the recipient merges.',
  },
} as const;

// Catalogue of mistakes in the rules for the recipient's answers.
// Invariant: a code never changes its meaning.

export const problemsOfAnswers = {
  'MAP-501': {
    meaning: 'No rule proves acceptance.',
    remedy: 'Add an accepted rule to response.',
  },
  'MAP-502': {
    meaning: 'The accepted rule takes anything, or answers that are no success.',
    remedy: 'Name a 2xx status and something only a success has; of a redirect, its Location.',
  },
  'MAP-503': {
    meaning: 'A reason of the answer has no map with else.',
    remedy: "Add it: a recipient's free text is never kept.",
  },
  'MAP-504': {
    meaning: 'A condition of a response rule is wrong.',
    remedy: 'Use status, json, xml, xpath, css, text, header, mediaType or fault (docs/mapping.md).',
  },
  'MAP-505': {
    meaning: 'A place in the answer is malformed.',
    remedy:
      'Write $.path for JSON, xml:path or xpath:expression for XML, css:selector for HTML, or header:Name.',
  },
  'MAP-506': {
    meaning: 'A look-up is not described.',
    remedy:
      'Add send.lookup and rules with on: lookup, one of them absent (accepted, for decisions with onUnknown: hold).',
  },
  'MAP-507': {
    meaning: 'A status alone proves acceptance, as of a maintenance page.',
    remedy: 'Add what only a success has (json: {success: true}), or at least mediaType: application/json.',
  },
  'MAP-508': {
    meaning: 'A reason is not a code.',
    remedy: 'Write letters, digits, _ . - only, 64 at most.',
  },
  'MAP-509': {
    meaning: 'A rule for refused content names statuses of wrong credentials or too much speed.',
    remedy: `Leave ${looksLikeRefusal.slice(0, -1).join(', ')} and ${looksLikeRefusal.at(-1) ?? ''} out, or name something of the body too.`,
  },
  'MAP-510': {
    meaning: 'A response rule is never reached.',
    remedy: 'Put the narrower rule first, or remove it.',
  },
  'MAP-511': {
    meaning: 'Answers of an accepted rule fit a no, and are read as one.',
    remedy: 'Put the no above, or name what only a success has.',
  },
  'MAP-512': {
    meaning: 'The rule compares a JSON value with the text "true" or "false".',
    remedy: 'Drop the quotes, unless the recipient answers with a text.',
  },
  'MAP-513': {
    meaning: 'The words of an accepted rule are in refusals too.',
    remedy: 'Compare a place (json: {success: true}), or look for the whole sentence.',
  },
  'MAP-514': {
    meaning: 'A look-up asks with data of the person or the project.',
    remedy: 'Ask with id, delivery.key or delivery.reference; else use onUnknown: hold.',
  },
  'MAP-515': {
    meaning: 'A look-up names no lead.',
    remedy:
      'Put {reference}, {key} or {leadReference} into its address, or let a field write id, delivery.key or delivery.reference whole. With {since}, the accepted rule asks whose record it is.',
  },
  'MAP-516': {
    meaning: 'Nothing reads the response rules.',
    remedy: 'Remove them: the connector decides. Those for an acknowledgement need file.ack.',
  },
} as const;
