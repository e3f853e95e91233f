// Defines the fields of the request itself: table `leads`.
// Invariant: codes and dates of the request, no personal data: an erased lead keeps the fields that are always present, and no more.
import { channels, operationKinds } from '../lead-values.ts';
import { choice, code, instant } from './field.ts';

export const requestFields = {
  channel: choice(channels, {
    column: 'channel',
    presence: 'mandatory',
    category: 'statistical',
    person: false,
    label: 'Canal du contact',
    description: 'How the request reached the centre.',
    sample: 'web_form',
    words: {
      inbound_call: 'Appel entrant',
      callback: 'Demande de rappel',
      requalification: 'Requalification',
      web_form: 'Formulaire internet',
    },
    guess: /canal|channel|typecontact|typedemande/,
  }),
  collectedAt: instant({
    column: 'collected_at',
    presence: 'mandatory',
    category: 'statistical',
    person: false,
    label: 'Date et heure du contact',
    description: 'When the request was collected.',
    note: 'retention counts from it',
    sample: new Date('2026-11-20T10:15:00+01:00'),
    guess:
      /^(date|le|recule|recueLe|horodatage|timestamp|created|createdat|creele|collectedat|submittedat|submitteddate|receivedat)$|^date|date$|recue?le$/,
  }),
  operation: code(64, {
    column: 'operation',
    category: 'project',
    person: false,
    label: 'Code de l’opération',
    description: 'Code of the operation the lead was collected for.',
    sample: 'OPERATION-1',
    guess: /^(operation|codeoperation|operationcode)$/,
  }),
  operationKind: choice(operationKinds, {
    column: 'operation_kind',
    presence: 'defaulted',
    byDefault: 'recurring',
    person: false,
    label: 'Nature de l’opération',
    description: '`recurring` or `one_off`: whether the operation continues or happens once.',
    note: '`recurring` when left out; `one_off` is deleted after the operation ends (C30)',
    source: null,
    sample: 'recurring',
    words: { recurring: 'Récurrente', one_off: 'Ponctuelle' },
  }),
  notice: code(40, {
    column: 'notice',
    person: false,
    label: 'Version de la mention d’information',
    description: 'Version of the information notice heard or shown.',
    note: 'the wording itself is kept with the client (C14)',
    sample: 'web-2026-03',
    guess: null,
  }),
};
