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
