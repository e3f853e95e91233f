// Fields of where the request comes from (C07): table `lead_origins`.
// Invariant: kept apart from the person, so that anonymising can keep what is nobody's.
import { code, instant, text, textLike, whole } from './field.ts';
import { rules } from './rules.ts';

export const originFields = {
  /** `portal`, `search`, `press`, `radio`, `display`, ...: a code chosen by the centre. */
  type: code(40, {
    column: 'origin_type',
    person: false,
    label: "Type d'origine publicitaire",
    description: 'Type of advertising origin.',
    sample: 'portal',
    guess: /typeorigine|origintype|originetype|utmmedium/,
  }),
  media: text(64, {
    column: 'origin_media',
    stored: 'media',
    person: false,
    label: 'Média',
    description: 'Media.',
    sample: 'seloger',
    guess: /media|portail|portal|utmsource|origine?|provenance|leadsource|^source$/,
  }),
  support: text(120, {
    column: 'origin_support',
    stored: 'support',
    person: false,
    label: 'Support',
    description: 'Support of the advertisement.',
    sample: 'annonce-4411',
    guess: /support|annonce|campagne|campaign/,
  }),
  /** Number or address of the call recording. */
  recording: text(200, {
    column: 'recording',
    person: true,
    label: "Référence de l'enregistrement",
    description: 'Reference of the call recording.',
    sample: 'enr-100001',
    guess: /enregistrement|recording/,
  }),
  commune: textLike(rules.commune, {
    column: 'commune',
    person: true,
    label: "Commune d'origine (code INSEE)",
    description: 'Commune of geographic origin, INSEE code.',
    sample: '69383',
    guess: /insee/,
  }),
  communeName: text(80, {
    column: 'commune_name',
    person: true,
    label: "Commune d'origine",
    description: 'Commune of geographic origin, name.',
    sample: 'Lyon 3e Arrondissement',
    guess: /^commune$/,
  }),
  departement: textLike(rules.departement, {
    column: 'departement',
    person: true,
    label: "Département d'origine",
    description: 'Département of geographic origin.',
    sample: '69',
    guess: /departement/,
  }),
  talkStartedAt: instant({
    column: 'talk_started_at',
    person: false,
    label: "Début de l'entretien",
    description: 'When the conversation began.',
    sample: new Date('2026-11-20T10:08:00+01:00'),
    guess: null,
  }),
  talkDuration: whole(
    { min: 0, max: 86_400, unit: 'seconds' },
    {
      column: 'talk_duration',
      person: false,
      label: "Durée de l'entretien (secondes)",
      description: 'Length of the conversation, seconds.',
      sample: 410,
      guess: /duree|duration/,
    },
  ),
};
