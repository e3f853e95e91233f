// An invented lead with every field, for previews of clients that have no samples yet.
// Invariant: reserved phone ranges and domains only; the person does not exist.
import { leadFields } from '../../domain/lead-fields/columns.ts';
import { isField, type Fields } from '../../domain/lead-fields/field.ts';

const samplesOf = (fields: Fields): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(fields).map(([name, entry]) => [name, isField(entry) ? entry.sample : samplesOf(entry)]),
  );

const recordedAt = '2026-11-20T10:15:00+01:00';
const source = 'form-7';

/** In the form of a sample file. */
export const sampleLead = JSON.stringify(
  {
    reference: 'SAMPLE-000001',
    ...samplesOf(leadFields),
    consents: [
      {
        channel: 'email',
        state: 'granted',
        recordedAt,
        wordingVersion: 'w3',
        legalEntity: 'EXEMPLE SAS',
        source,
      },
      { channel: 'phone', state: 'refused', recordedAt, source },
      { channel: 'sms', state: 'not_asked', recordedAt, source },
      { channel: 'post', state: 'withdrawn', recordedAt, source },
      { purpose: 'newsletter', channel: 'email', state: 'granted', recordedAt, source },
      { purpose: 'partners', channel: 'email', state: 'refused', recordedAt, source },
      { purpose: 'profiling', channel: 'email', state: 'refused', recordedAt, source },
    ],
    interactions: [
      { kind: 'web_form', at: '2026-11-20T10:15:00+01:00', voluntary: true },
      { kind: 'failed_callback', at: '2026-11-20T11:00:00+01:00', duration: 25 },
    ],
  },
  null,
  2,
);
