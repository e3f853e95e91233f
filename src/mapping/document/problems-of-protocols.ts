// Catalogue of mistakes in bodies with an envelope (SOAP, JSON-RPC, XML-RPC), and in the rules that read their faults.
// Invariant: a code never changes its meaning.

export const problemsOfProtocols = {
  'MAP-520': {
    meaning: 'No rule reads a fault of SOAP, JSON-RPC or XML-RPC.',
    remedy: 'Add {invalid: {fault: true}}, or a rule for each code of the recipient.',
  },
  'MAP-710': {
    meaning: 'The envelope has no place for a target, or cannot hold a value.',
    remedy: "Begin with params (params[0] in XML-RPC), or SOAP's record or header.",
  },
  'MAP-711': {
    meaning: 'A parameter has no value: the next would take its place.',
    remedy: 'Write every place from 0 on; value: null for none.',
  },
  'MAP-712': {
    meaning: 'A field names a type, and the format has none.',
    remedy: 'Remove type: JSON keeps the type of the value, and as changes it.',
  },
} as const;
