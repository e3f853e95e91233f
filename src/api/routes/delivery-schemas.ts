// Schemas of a delivery, its story and its entries of the log.
import { rowColumns } from '../../support/reads/delivery-row.ts';
import * as s from '../schemas.ts';

export const deliverySchema = s.called(
  'Delivery',
  s.object(
    Object.fromEntries(
      rowColumns.map(([name, { schema, help }]) => [
        name,
        help === undefined ? schema : { ...schema, description: help },
      ]),
    ),
  ),
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
