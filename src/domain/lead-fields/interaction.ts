// Defines the fields of one interaction (C08): an element of the column `interactions`, a row of that table.
// Invariant: the sender gives the initiative or the kind implies it; only the prospect's own is a sign of life (C33).
import { interactionKinds } from '../lead-values.ts';
import { choice, instant, longText, whole, yesNo } from './field.ts';

export const interactionFields = {
  kind: choice(interactionKinds, {
    column: 'kind',
    presence: 'mandatory',
    person: false,
    label: 'Nature de l’échange',
    description: 'Kind of interaction.',
    words: {
      inbound_call: 'Appel entrant',
      failed_callback: 'Tentative de rappel échouée',
      outbound_call: 'Appel sortant',
      web_form: 'Formulaire internet',
      email_sent: 'E-mail envoyé',
      sms_sent: 'SMS envoyé',
      brochure_sent: 'Plaquette envoyée',
      invitation_letter: 'Courrier d’invitation',
      chat: 'Échange par chat',
      social_message: 'Message sur un réseau social',
    },
    guess: /type|nature|kind|action|canal/,
  }),
  at: instant({
    column: 'happened_at',
    presence: 'mandatory',
    person: false,
    label: 'Date et heure de l’échange',
    description: 'When.',
    note: 'not in the future',
    guess: /date|heure|^le$|^at$|time/,
  }),
  duration: whole(
    { min: 0, max: 86_400, unit: 'seconds' },
    {
      column: 'duration',
      person: false,
      label: 'Durée de l’échange (secondes)',
      description: 'Length, seconds.',
      guess: /duree|duration/,
    },
  ),
  voluntary: yesNo({
    column: 'voluntary',
    presence: 'defaulted',
    person: false,
    label: 'À l’initiative du prospect',
    description: 'A voluntary sign of life of the prospect.',
    guess: null,
  }),
  content: longText(10_000, {
    column: 'content',
    category: 'project',
    label: 'Contenu de l’échange',
    description: 'Content.',
    guess: /contenu|content|texte|message|comment/,
  }),
};
