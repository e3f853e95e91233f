// Rows to send. Invented persons only, phones of the ranges kept for fiction.
import type { IntakeValues } from '../../src/store/intake/intake.ts';

export const now = new Date('2026-11-24T12:00:00.000Z');

export const grant = (more: object = {}): object => ({
  ...{
    purpose: 'marketing',
    channel: 'email',
    state: 'granted',
    recordedAt: '2026-11-24T10:15:00+01:00',
    wordingVersion: 'v3',
    source: 'form-12',
  },
  ...more,
});

/** The smallest lead that is complete enough to be judged. */
export const lead = (reference: string, more: IntakeValues = {}): IntakeValues => ({
  ...{
    client_id: 'acme',
    reference,
    channel: 'web_form',
    collected_at: new Date('2026-11-24T09:15:00Z'),
    last_name: 'Dupont-Test',
  },
  ...more,
});

/** A row about an existing lead. */
export const about = (reference: string, rowReference: string, more: IntakeValues): IntakeValues => ({
  ...{ client_id: 'acme', reference, row_reference: rowReference },
  ...more,
});

/** A lead with every column filled. */
export const fullLead = (reference: string, more: IntakeValues = {}): IntakeValues =>
  lead(reference, {
    ...{
      operation: 'OP-2026-1',
      operation_kind: 'one_off',
      notice: 'n4',
      civility: 'ms',
      first_name: 'Élodie',
      email: 'elodie@example.test',
    },
    ...{
      mobile: '+33639981234',
      landline: '+33199001234',
      address_line1: '12 rue des Lilas',
      address_line2: 'Bât. B',
      postcode: '33000',
    },
    ...{
      city: 'Bordeaux',
      country: 'FR',
      programme: 'Les Jardins',
      housing_type: 'apartment',
      rooms: 3,
      surface_min: 55.5,
      surface_max: 80,
    },
    ...{
      housing_use: 'main_residence',
      budget_min: 250000,
      budget_max: 310000.5,
      location: 'Bordeaux Caudéran',
      comment: 'Rappeler\naprès 18 h',
    },
    ...{
      origin_type: 'portal',
      origin_media: 'SeLoger',
      origin_support: 'Annonce 12',
      recording: 'rec-1',
      commune: '33063',
    },
    ...{
      commune_name: 'Bordeaux',
      departement: '33',
      talk_started_at: new Date('2026-11-24T09:10:00Z'),
      talk_duration: 240,
    },
    ...{ contribution: 50000, resale: 0, reference_tax_income: 42000, rent: 900.5, tax_bracket: 30 },
    consents: JSON.stringify([
      grant(),
      grant({ channel: 'phone', legalEntity: 'Acme Promotion SAS', validUntil: '2027-11-01T00:00:00Z' }),
      grant({ channel: 'sms', state: 'not_asked' }),
    ]),
    interactions: JSON.stringify([
      { kind: 'web_form', at: '2026-11-24T09:15:00Z' },
      { kind: 'email_sent', at: '2026-11-24T09:20:00Z', content: 'Merci' },
    ]),
    ...more,
  });
