// Catalogue of mistakes in the rules for answers, in `calls:` and in envelopes: a part of problem-catalogue.ts.
// Invariant: a code never changes its meaning.
import { looksLikeRefusal } from '../../../connectors/http-status.ts';

export const problemsOfAnswers = {
  // The rules for the recipient's answers.
  'MAP-501': ['No rule proves acceptance.', 'Add an accepted rule to response.'],
  'MAP-502': [
    'The accepted rule takes anything, or answers that are no success.',
    'Name a 2xx status and something only a success has; of a redirect, its Location.',
  ],
  'MAP-503': [
    'A reason of the answer has no map with else.',
    "Add it: a recipient's free text is never kept.",
  ],
  'MAP-504': [
    'A condition of a response rule is wrong.',
    'Use status, json, xml, xpath, css, text, header, mediaType or fault (docs/mapping.md).',
  ],
  'MAP-505': [
    'A place in the answer is malformed.',
    'Write $.path for JSON, xml:path or xpath:expression for XML, css:selector for HTML, or header:Name.',
  ],
  'MAP-506': [
    'A look-up is not described.',
    'Add send.lookup and rules with on: lookup, one of them absent (accepted, for decisions with onUnknown: hold).',
  ],
  'MAP-507': [
    'A status alone proves acceptance, as of a maintenance page.',
    'Add what only a success has (json: {success: true}), or at least mediaType: application/json.',
  ],
  'MAP-508': ['A reason is not a code.', 'Write letters, digits, _ . - only, 64 at most.'],
  'MAP-509': [
    'A rule for refused content names statuses of wrong credentials or too much speed.',
    `Leave ${looksLikeRefusal.slice(0, -1).join(', ')} and ${looksLikeRefusal.at(-1) ?? ''} out, or name something of the body too.`,
  ],
  'MAP-510': ['A response rule is never reached.', 'Put the narrower rule first, or remove it.'],
  'MAP-511': [
    'Answers of an accepted rule fit a no, and are read as one.',
    'Put the no above, or name what only a success has.',
  ],
  'MAP-512': [
    'The rule compares a JSON value with the text "true" or "false".',
    'Drop the quotes, unless the recipient answers with a text.',
  ],
  'MAP-513': [
    'The words of an accepted rule are in refusals too.',
    'Compare a place (json: {success: true}), or look for the whole sentence.',
  ],
  'MAP-514': [
    'A look-up asks with data of the person or the project.',
    'Ask with id, delivery.key or delivery.reference; else use onUnknown: hold.',
  ],
  'MAP-515': [
    'A look-up names no lead.',
    'Put {reference}, {key} or {leadReference} into its address, or let a field write id, delivery.key or delivery.reference whole. With {since}, the accepted rule asks whose record it is.',
  ],
  'MAP-516': [
    'Nothing reads the response rules.',
    'Remove them: the connector decides. Those for an acknowledgement need file.ack.',
  ],
  // `calls:`, where one delivery takes several calls.
  'MAP-670': ['readBack in a mail, a file or a text message.', 'Take it out; only a webhook can ask.'],
  'MAP-671': [
    'A line of readBack names no consent field, or no place.',
    'Write field as the consent block does, and at as a place.',
  ],
  'MAP-672': [
    'callback where a recipient reports nothing later, or cannot be asked.',
    'Write it into a webhook of one call with send.lookup.',
  ],
  'MAP-673': [
    'The key of a callback is no place of its body.',
    'Write the place of our key (webhook-id), such as $.external_id.',
  ],
  'MAP-651': ['Two calls of an action have the same name.', 'Rename one.'],
  'MAP-652': [
    'An address names an id that no earlier call gives for every lead.',
    'Add it to an earlier capture, or give both calls the same when.',
  ],
  'MAP-653': [
    'An id is captured from no place, or from one with a person.',
    "Write $.path, xml:path, xpath:expression, css:selector or header:Name of the recipient's id.",
  ],
  'MAP-654': [
    'Only a call that some leads leave out carries a consent line (C20).',
    'Put it into a call without when, or let it send the call: to: call:NAME.',
  ],
  'MAP-655': ['A call with an opt-in follows one it does not need.', 'Put it before.'],
  'MAP-656': [
    'A consent line sends an unknown call, or says other than send, omit or hold.',
    'Name a call of every action, and one of these words for each state.',
  ],
  'MAP-657': [
    'A key beside calls belongs into them, or an action has none.',
    'Move it there, or give the action its calls.',
  ],
  'MAP-658': [
    'A GET writes, or reads nothing that a later call needs.',
    'Write POST, PUT or PATCH; a GET has no fields and captures an id.',
  ],
  'MAP-674': [
    'An undo could never leave, or would take back an opt-in.',
    'Give it to a call of the create that others follow and no opt-in sends, named in 19 signs at most.',
  ],
  'MAP-675': [
    'A call with an undo may change an older record.',
    'Undo a call that creates, with a duplicate rule; none where the recipient merges.',
  ],
  // Bodies with an envelope (SOAP, JSON-RPC, XML-RPC), and the rules that read their faults.
  'MAP-520': [
    'No rule reads a fault of SOAP, JSON-RPC or XML-RPC.',
    'Add {invalid: {fault: true}}, or a rule for each code of the recipient.',
  ],
  'MAP-710': [
    'The envelope has no place for a target, or cannot hold a value.',
    "Begin with params (params[0] in XML-RPC), or SOAP's record or header.",
  ],
  'MAP-711': [
    'A parameter has no value: the next would take its place.',
    'Write every place from 0 on; value: null for none.',
  ],
  'MAP-712': [
    'A field names a type, and the format has none.',
    'Remove type: JSON keeps the type of the value, and as changes it.',
  ],
} as const;
