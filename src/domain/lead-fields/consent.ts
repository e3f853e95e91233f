// Defines the fields of one answer of the prospect (C16, C16b): an element of the column `consents`.
// Invariant: no source of a mapping; only the consent block writes the opt-in (C20).
import { consentChannels, consentPurposes, consentStates } from '../lead-values.ts';
import { choice, code, instant, text } from './field.ts';

export const consentFields = {
  purpose: choice(consentPurposes, {
    column: 'purpose',
    presence: 'mandatory',
    label: 'Finalité',
    description: 'The purpose.',
  }),
  channel: choice(consentChannels, {
    column: 'channel',
    presence: 'mandatory',
    label: 'Canal',
    description: 'By which channel.',
  }),
  state: choice(consentStates, {
    column: 'state',
    presence: 'mandatory',
    label: 'Réponse',
    description: 'The answer.',
    note: '`not_asked` records that no question was put',
  }),
  recordedAt: instant({
    column: 'recorded_at',
    presence: 'mandatory',
    label: 'Date de la réponse',
    description: 'When it was given.',
    note: 'not in the future',
  }),
  wordingVersion: code(40, {
    column: 'wording_version',
    label: 'Version du texte',
    description: 'Version of the wording heard or read.',
    note: 'mandatory for a phone grant',
  }),
  legalEntity: text(160, {
    column: 'legal_entity',
    label: 'Personne morale nommée',
    description: 'Legal entity named to the prospect.',
    note: 'mandatory for a phone grant',
  }),
  validUntil: instant({
    column: 'valid_until',
    label: 'Fin de l’accord',
    description: 'End of a grant.',
    note: 'after `recordedAt`, for the phone at most 365 days after it (C16b)',
  }),
  /** A code, never a person's name. */
  source: code(64, {
    column: 'source',
    label: 'Origine de la réponse',
    description: 'Agent or form that recorded it.',
    note: "never a person's name",
  }),
};
