// Catalogue of mistakes in `calls:`, where one delivery takes several calls.
// Invariant: a code never changes its meaning.

export const problemsOfCalls = {
  'MAP-670': {
    meaning: 'readBack stands where the recipient cannot be asked: in a mail, a file, a text message.',
    remedy: 'Take readBack out; only a webhook asks what was kept.',
  },
  'MAP-671': {
    meaning: 'A line of readBack names no field of the consent block, or no place of the answer.',
    remedy: 'Write field as the consent block does, and at as a place of the answer.',
  },
  'MAP-672': {
    meaning: 'callback stands where a recipient can tell nothing later, or cannot be asked besides.',
    remedy:
      'Write it into a webhook of one call that has send.lookup; a callback that is lost is made up for by asking.',
  },
  'MAP-673': {
    meaning: 'The key of a callback is read from no place of it.',
    remedy: 'Write the place where the recipient gives our key (webhook-id) back, such as $.external_id.',
  },
  'MAP-651': { meaning: 'Two calls of one action have the same name.', remedy: 'Give each its own name.' },
  'MAP-652': {
    meaning: 'An address names an id that no earlier call gives, or not for every lead.',
    remedy: 'Add the id to the capture of an earlier call, or give both calls the same when.',
  },
  'MAP-653': {
    meaning: 'An id is captured from no place of the answer, or from one that holds a person.',
    remedy:
      'Write $.path, xml:path, xpath:expression, css:selector or header:Name of the id the recipient gives.',
  },
  'MAP-654': {
    meaning: 'A consent line is carried only by a call that some leads leave out (C20).',
    remedy: 'Let a call without when carry the line, or let the line itself send the call: to: call:NAME.',
  },
  'MAP-655': {
    meaning: 'A call that carries an opt-in stands behind one it does not need.',
    remedy: 'Put it before: should a call fail between them, nobody is left there without the opt-in.',
  },
  'MAP-656': {
    meaning:
      'A consent line sends a call that does not exist, or says something else than send, omit or hold.',
    remedy: 'Name a call of every action that carries the opt-in; write send, omit or hold for each state.',
  },
  'MAP-657': {
    meaning: 'Something stands beside calls that belongs into them, or an action has none.',
    remedy: 'Move it into the call, or give the action its calls.',
  },
  'MAP-658': {
    meaning: 'A GET is asked to tell something, or reads nothing that a later call needs.',
    remedy: 'Write POST, PUT or PATCH; a GET is one of several calls, without fields, that captures an id.',
  },
  'MAP-674': {
    meaning: 'An undo stands where it could never leave, or would take back an opt-in.',
    remedy:
      'Give an undo to a call of the create that others follow, and that no opt-in sends; a name of 19 signs at most.',
  },
  'MAP-675': {
    meaning: 'A call with an undo may change a record that was there before.',
    remedy:
      'Undo a call that creates, and let a duplicate rule tell what was there; take the undo out where the recipient merges.',
  },
} as const;
