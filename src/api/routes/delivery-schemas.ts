// Schemas of a delivery, its story and its entries of the log.
import { deliveryStates } from '../../domain/delivery.ts';
import * as s from '../schemas.ts';

export const deliverySchema = s.called(
  'Delivery',
  s.object({
    id: s.whole(),
    key: s.text('`webhook-id` of what was sent'),
    client: s.text(),
    destination: s.text(),
    lead: s.text("the centre's reference of the lead"),
    erased: s.flag('the person has been erased'),
    revision: s.whole('of the lead, when it was planned'),
    action: s.oneOf(['create', 'update', 'erase']),
    state: s.oneOf(deliveryStates),
    reason: s.text('`base` or `base:CODE`'),
    run: s.whole('1, and one more for each replay'),
    attempt: s.whole(),
    departures: s.whole(),
    createdAt: s.moment(),
    dueAt: s.moment(),
    expiresAt: s.moment(),
    settledAt: s.orNull(s.moment()),
  }),
);

export const storySchema = s.called(
  'Story',
  s.object({
    title: s.bothWords,
    facts: s.list(
      s.object({
        name: s.text(),
        label: s.bothWords,
        value: s.bothWords,
        because: s.orNull(s.bothWords),
      }),
    ),
    nothingLeft: s.orNull(s.bothWords),
    events: s.list(
      s.object({ at: s.moment(), entry: s.text(), words: s.bothWords, details: s.list(s.bothWords) }),
    ),
    advice: s.list(s.bothWords, 'what can be done; empty for a client'),
    contact: s.orNull(
      s.text('whom of the client to write to, where its recipient can be told in no other way'),
    ),
  }),
);

const optIn = s.called(
  'OptIn',
  s.object({
    field: s.text(),
    value: s.text(),
    purpose: s.text(),
    channel: s.text(),
    state: s.text(),
  }),
);

export const entrySchema = s.called(
  'LogEntry',
  s.object({
    id: s.whole(),
    at: s.moment(),
    entry: s.text(),
    run: s.whole(),
    attempt: s.whole(),
    actor: s.text('empty for a client'),
    purpose: s.text('empty for a client'),
    call: s.text(),
    recipient: s.text(),
    target: s.text(),
    connector: s.text(),
    mappingVersion: s.whole(),
    leadRevision: s.whole(),
    authorisation: s.whole(),
    document: s.orNull(s.text('what the authorisation rests on')),
    fields: s.list(s.text(), 'names of fields; no value'),
    consents: s.list(optIn, "the opt-in under the client's own names and values"),
    digest: s.orNull(s.text('SHA-256 of what was sent')),
    bytes: s.whole(),
    file: s.text(),
    outcome: s.text(),
    reason: s.text(),
    status: s.whole(),
    durationMs: s.whole(),
    nextStep: s.text(),
  }),
);

/** Options of a replay, of one delivery or of many. */
export const replayFlags = {
  anew: s.flag('what waits with the content of an earlier version is written by the one in force'),
  acceptDoubles: s.flag(
    'what a recipient may hold already (unknown_hold) is sent all the same; the reason says why a double is accepted',
  ),
  again: s.flag(
    'a delivery that is delivered already is sent a second time, and one that stopped at a field here is tried again under a mapping that has not changed; without it both are refused',
  ),
};
export interface ReplayAsked {
  readonly anew?: boolean;
  readonly acceptDoubles?: boolean;
  readonly again?: boolean;
}
