// Catalogue of mistakes in bodies with an envelope (SOAP, JSON-RPC, XML-RPC), and in the rules that read their faults.
// Invariant: a code never changes its meaning.

export const problemsOfProtocols = {
  'MAP-520': {
    meaning: 'No rule reads a fault, which SOAP, JSON-RPC and XML-RPC say with any status.',
    remedy: 'Add a rule such as {invalid: {fault: true}}, or one for each code of the recipient.',
  },
  'MAP-710': {
    meaning: 'A target stands where the envelope has no place for it, or the envelope holds what it cannot.',
    remedy: 'Begin with params (params[0] in XML-RPC), or with the record or the header of SOAP.',
  },
  'MAP-711': {
    meaning: 'A parameter has no value: the next one would be read in its place.',
    remedy: 'Write every place from 0 on; a parameter without a value is value: null.',
  },
  'MAP-712': {
    meaning: 'A field names a type, and the format has none.',
    remedy: 'Remove type: JSON keeps the type of the value, and as changes it.',
  },
} as const;
