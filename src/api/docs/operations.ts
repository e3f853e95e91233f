// Names each operation, as clients generated from the document call it, and describes it beyond its summary.
// Invariant: the server does not start with an unnamed address; a published name never changes.

export interface OperationSaid {
  readonly id: string;
  /** Used when the route has a summary only. */
  readonly description?: string;
}

const once = 'With an Idempotency-Key it is done once, however often the request is sent.';
const page = 'A page at a time: give `next` back as `after` until it is null.';

/** By method and path. */
export const operations: Readonly<Record<string, OperationSaid>> = {
  'POST /v1/leads': { id: 'postLeads' },
  'POST /v1/corrections': { id: 'postCorrections' },
  'POST /v1/consents': { id: 'postConsents' },
  'POST /v1/interactions': { id: 'postInteractions' },
  'GET /v1/deliveries': { id: 'listDeliveries', description: page },
  'GET /v1/deliveries/count': { id: 'countDeliveries' },
  'GET /v1/deliveries/{delivery}': {
    id: 'getDelivery',
    description: 'By its number or its key. A key of a client reads neither names nor reasons of the centre.',
  },
  'POST /v1/deliveries/{delivery}/replay': {
    id: 'replayDelivery',
    description: `Consent and authorisation are read again before anything leaves. ${once}`,
  },
  'POST /v1/deliveries/{delivery}/cancel': { id: 'cancelDelivery', description: once },
  'GET /v1/failures': {
    id: 'listFailures',
    description: 'Groups of deliveries that failed or wait for a decision, with advice.',
  },
  'POST /v1/leads/search': {
    id: 'searchLeads',
    description: 'Posted, so that the reference is in no address and in no log of a proxy.',
  },
  'POST /v1/persons/search': { id: 'searchPersons' },
  'GET /v1/leads/{client}/{reference}': {
    id: 'getLead',
    description: 'Values are masked; the consents are those in force at the moment of the answer.',
  },
  'GET /v1/leads/{client}/{reference}/handovers': { id: 'listHandovers', description: page },
  'GET /v1/destinations': {
    id: 'listDestinations',
    description: 'Whether each sends at present, what waits and for how long.',
  },
  'GET /v1/destinations/{destination}': {
    id: 'getDestination',
    description: 'Its durations are of the newest deliveries, from planning to acceptance.',
  },
  'GET /v1/files': { id: 'listFiles', description: page },
  'GET /v1/destinations/{destination}/versions': {
    id: 'listVersions',
    description: 'Every version since the first, with its author and note where the key is the centre’s.',
  },
  'GET /v1/destinations/{destination}/versions/{version}': {
    id: 'getVersion',
    description: 'The files are those that were published, byte for byte.',
  },
  'POST /v1/destinations/{destination}/suspend': { id: 'suspendDestination', description: once },
  'POST /v1/destinations/{destination}/resume': { id: 'resumeDestination', description: once },
  'POST /v1/destinations/{destination}/send-file': { id: 'sendFile' },
  'POST /v1/destinations/{destination}/test': {
    id: 'testDestination',
    description: 'Opens a connection as a delivery would, and ends it before any lead is sent.',
  },
  'GET /v1/tasks': { id: 'listTasks', description: page },
  'GET /v1/alerts': { id: 'listAlerts', description: page },
  'POST /v1/tasks/{task}/close': { id: 'closeTask', description: once },
  'POST /v1/tasks/close': { id: 'closeTasks' },
  'POST /v1/tasks/close/plan': {
    id: 'planCloseTasks',
    description: 'Changes nothing. `going` is the number that the order confirms.',
  },
  'POST /v1/deliveries/replay': { id: 'replayDeliveries' },
  'POST /v1/deliveries/replay/plan': {
    id: 'planReplayDeliveries',
    description: 'Changes nothing. `going` is the number that the order confirms.',
  },
  'POST /v1/deliveries/cancel': { id: 'cancelDeliveries' },
  'POST /v1/deliveries/cancel/plan': {
    id: 'planCancelDeliveries',
    description: 'Changes nothing. `going` is the number that the order confirms.',
  },
  'GET /v1/bulk-runs': { id: 'listBulkRuns', description: page },
  'GET /v1/bulk-runs/{run}': {
    id: 'getBulkRun',
    description: 'Ask again while `state` is running; a run that has ended keeps its results.',
  },
  'POST /v1/bulk-runs/{run}/pause': { id: 'pauseBulkRun', description: once },
  'POST /v1/bulk-runs/{run}/resume': { id: 'resumeBulkRun', description: once },
  'POST /v1/bulk-runs/{run}/cancel': { id: 'cancelBulkRun', description: once },
  'GET /v1/events': { id: 'listEvents' },
  'POST /v1/pull/{destination}': { id: 'pullLeads' },
  'POST /v1/pull/{destination}/answers': { id: 'answerPulledLeads' },
  'POST /v1/contacts': { id: 'askContacts' },
};
