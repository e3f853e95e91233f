// The figures of a storm: what is counted, and by name what must be 0.
// Invariant: `npm run faults -- --help` prints each, and a forged ledger turns each red.

export interface Figures {
  readonly leads: number;
  readonly deliveries: number;
  readonly attempts: number;
  readonly received: number;
  /** Received again under the same key: allowed, a recipient recognises it. */
  readonly duplicates: number;
  readonly unknownOutcomes: number;
  readonly lateOutcomes: number;
  readonly retried: number;
  readonly withheld: number;
  readonly files: number;
  /** Requests of prospects carried out, leads they reached, what was held back under a restriction, recipients listed to be told. */
  readonly requests: number;
  readonly requestLeads: number;
  readonly heldRestricted: number;
  readonly requestRecipients: number;
  /** Leads that retention took while they were being sent. */
  readonly takenInFlight: number;
  /** Acts that reached nobody: what looks at them proves nothing. */
  readonly provesNothing: readonly string[];
  /** Must be 0, each with what it concerns. */
  readonly faults: Readonly<Record<string, readonly string[]>>;
}

/** The figures that must be 0, by name. */
export const zeros = {
  lost: 'lost: handed in, and no delivery for a destination it was owed to',
  unsettled: 'a delivery that reached no end',
  givenUp: 'given up though the recipient was well at the end',
  unlogged: 'sent but not logged',
  neverReceived: 'logged as delivered but never received',
  erased: 'departed after erasure',
  withdrawn: 'departed with a consent withdrawn before',
  revoked: 'departed under an authorisation revoked before',
  notFollowed: 'erasure not followed to a recipient that had it',
  notTold: 'withdrawal that a recipient with the grant never learnt',
  twoAtOnce: 'two deliveries of one lead in flight to one destination',
  limits: 'limit exceeded',
  unanswered: 'an attempt without an outcome',
  settledTwice: 'an attempt with two outcomes: a worker without its lease settled',
  neverDeparted: 'an outcome of an attempt that never departed',
  twice: 'one lead created twice at one destination',
  otherContent: 'another content under a key the recipient may know',
  brokenLog: 'the log does not verify',
  otherKey: 'one delivery and content under two keys',
  toAnother: 'received by somebody it was not for',
  corrections: 'correction that a recipient with the lead never learnt',
  takenBack: 'a grant sent again that the person took back with another lead',
  leftStanding: 'a row handed in that nobody took or refused',
  hostile: 'a hostile row that did not end as a visible refusal',
  madeTwice: 'a record made twice at a recipient that is asked first',
  stoodStill: 'a process that stood still or ended by itself',
  inTwoFiles: 'one row in two files, none of which was voided',
  spoiltFiles: 'a file that took the place of another, or is not whole',
  exposed: 'a token or a secret in clear',
  restricted: 'departed while its processing was restricted',
  objected: 'an objection that a lead of its person does not say',
  untold: 'a request carried out, and a recipient that had the lead not told',
  reachedNobody:
    'requests of which none reached a lead, or an act that reached nobody in a storm of full length: proves nothing',
  formerAddress: 'a request by a former address that did not reach its lead',
  refusals: 'a planner that called itself ready, or nobody alerted, while a service took nothing',
  afterPurge: 'something departed after its lead was deleted by retention',
  kept: 'kept though its time was over, or gone before it',
  cameBack: 'taken in though its operation was over',
  posted: 'a posted lead answered accepted and lost',
  answers: 'another answer under one Idempotency-Key, an act done twice, or an answer of 500',
  yes: 'a yes of a client that comes for its leads lost, or twice in the log',
  feed: 'an event of the feed missed, told twice or out of order',
  shutOut: 'a page that a session does not open any more when all is well',
  broughtBack: 'a person who is gone brought back by a restore',
  remains: 'something left in a table of a person who is gone',
} as const;
