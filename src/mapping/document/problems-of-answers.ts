// Catalogue of mistakes in the rules for the recipient's answers.
// Invariant: a code never changes its meaning.
import { looksLikeRefusal } from '../../../connectors/http-status.ts';

export const problemsOfAnswers = {
  'MAP-501': {
    meaning: 'No rule says what proves that the recipient accepted the lead.',
    remedy: 'Add an accepted rule to response.',
  },
  'MAP-502': {
    meaning: 'The accepted rule accepts anything, or answers that are no success.',
    remedy:
      'Name a 2xx status and something of the body only a success holds; of a redirect, what its Location holds.',
  },
  'MAP-503': {
    meaning: 'A reason is taken from the answer without a map with else.',
    remedy: "Add map with else: a recipient's free text is never kept.",
  },
  'MAP-504': {
    meaning: 'A condition of a response rule is wrong.',
    remedy: 'Use status, json, xml, xpath, css, text, header, mediaType or fault as docs/mapping.md shows.',
  },
  'MAP-505': {
    meaning: 'A place in the answer is badly written.',
    remedy:
      'Write $.path for JSON, xml:path or xpath:expression for XML, css:selector for HTML, or header:Name.',
  },
  'MAP-506': {
    meaning: 'A look-up is used without being described.',
    remedy:
      'Add send.lookup and response rules with on: lookup, one of them absent (accepted, where onUnknown: hold asks about decisions alone).',
  },
  'MAP-507': {
    meaning: 'A status alone proves acceptance; a maintenance page answers 200 too.',
    remedy:
      'Add what only a success holds (json: {success: true}), or at least mediaType: application/json, to the accepted rule.',
  },
  'MAP-508': { meaning: 'A reason is not a code.', remedy: 'Write letters, digits, _ . - only, 64 at most.' },
  'MAP-509': {
    meaning: 'A rule for refused content names answers that mean wrong credentials or too much speed.',
    remedy: `Leave ${looksLikeRefusal.slice(0, -1).join(', ')} and ${looksLikeRefusal.at(-1) ?? ''} to what they mean without a rule, or name something of the body too.`,
  },
  'MAP-510': {
    meaning: 'A response rule is never reached: another rule takes all its answers.',
    remedy: 'Put the narrower rule first, or remove it.',
  },
  'MAP-511': {
    meaning: 'Answers fit an accepted rule and a rule that says no; they are taken for a no.',
    remedy: 'Put the rule that says no above, or name in the accepted rule what only a success holds.',
  },
  'MAP-512': {
    meaning: 'The rule compares a JSON value with the text "true" or "false".',
    remedy: 'Write true or false without quotes, unless the recipient really answers with a text.',
  },
  'MAP-513': {
    meaning: 'The words that an accepted rule looks for stand in answers that say no, too.',
    remedy: 'Compare a place of the answer (json: {success: true}), or look for the whole sentence.',
  },
  'MAP-514': {
    meaning: 'A look-up asks with something of the person or the project.',
    remedy:
      'Ask with your own reference or the recipient\u2019s (id, delivery.key, delivery.reference): a person found by their mail may have come by another lead. Without such a field, use onUnknown: hold.',
  },
  'MAP-515': {
    meaning: 'A look-up names no lead: whatever it found would be taken for this one.',
    remedy:
      'Put {reference}, {key} or {leadReference} into its address, or let a field write id, delivery.key or delivery.reference whole, without when and map. Of a list that is asked for with {since}, the accepted rule asks whose record it is.',
  },
  'MAP-516': {
    meaning: 'The file has response rules that nothing reads.',
    remedy:
      'Remove them: of a mail, a text message or a file the connector says what became of it. Those for the acknowledgement of a file need file.ack.',
  },
} as const;
