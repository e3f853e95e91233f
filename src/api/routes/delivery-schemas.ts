// Schemas of a delivery, its story and its entries of the log.
import { entryColumns } from '../../support/reads/delivery.ts';
import { deliveryColumns } from '../../support/reads/delivery-row.ts';
import * as s from '../schemas.ts';

export const deliverySchema = s.called('Delivery', s.object(s.schemasOf(deliveryColumns)));

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

export const entrySchema = s.called('LogEntry', s.object(s.schemasOf(entryColumns)));
