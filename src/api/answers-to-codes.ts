// Maps an error code to its HTTP status and to a remedy for a caller without our terminal.
// Invariant: no remedy names a command, an option or a variable: the catalogue's own remedies are for the operator.
import type { ErrorCode } from '../errors.ts';

interface OverHttp {
  readonly status: number;
  readonly remedy: string;
  /** Replaces a meaning of the catalogue that names a command. */
  readonly meaning?: string;
}

const again = 'Send the request again as Retry-After says: nothing is done twice.';

export const overHttp: Readonly<Partial<Record<ErrorCode, OverHttp>>> = {
  'ACCESS-001': { status: 422, remedy: 'Correct what `detail` names; nothing was changed.' },
  'ACCESS-002': {
    status: 401,
    meaning: 'The key was refused.',
    remedy: 'Send `Authorization: Bearer` with a key in force, from an address it is bound to.',
  },
  'ACCESS-003': {
    status: 403,
    meaning: 'The key may not do this.',
    remedy: 'Ask the centre for a key with the scope that /v1/openapi.json names for this address.',
  },
  'FIND-001': { status: 404, remedy: 'Check the spelling; the lists of /v1/openapi.json show what exists.' },
  'USAGE-001': {
    status: 400,
    meaning: 'The request was not understood.',
    remedy: 'Correct what `detail` names; /v1/openapi.json describes each address.',
  },
  'USAGE-002': {
    status: 400,
    meaning: 'A reason or its evidence is missing.',
    remedy: 'Give the field that `detail` names.',
  },
  'REPLAY-001': {
    status: 409,
    remedy: 'GET /v1/deliveries/{delivery} says in `replay` and in its story what must be repaired first.',
  },
  'REPLAY-002': { status: 409, remedy: 'Only a delivery that waits can be cancelled.' },
  'BULK-001': { status: 409, remedy: 'GET /v1/bulk-runs/{run} says what it did, and who cancelled it.' },
  'BULK-002': {
    status: 409,
    remedy: 'Ask for the plan again, and confirm its `going` as it is now.',
  },
  'TASK-001': {
    status: 409,
    remedy: 'Only a failed delivery or an open alert is closed; GET /v1/tasks shows them.',
  },
  'DEST-001': { status: 409, remedy: 'GET /v1/destinations/{destination} shows its state.' },
  'MAPPING-002': {
    status: 409,
    remedy: 'Ask the centre: nothing leaves for it before a mapping is published.',
  },
  'DB-001': { status: 503, remedy: again },
  'DB-006': { status: 503, remedy: again },
  'DB-007': { status: 503, meaning: 'Relais reads only now.', remedy: again },
  'REDIS-002': { status: 503, remedy: again },
};

/** A code without a meaning for callers is a fault of the gateway. */
export const ours: OverHttp = {
  status: 500,
  remedy: 'Send the request again; where it fails again, give the centre the id of the request.',
};
