// Catalogue of mistakes in the rules for the recipient's answers.
// Invariant: a code never changes its meaning.
import { looksLikeRefusal } from '../../../connectors/http-status.ts';

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
