// Defines the fields of a lead's origin (C07): table `lead_origins`.
// Invariant: stored apart from the person, so that anonymising can keep the fields that are not personal.
import { acquisitions, consentProofs } from '../lead-values.ts';
import { choice, code, instant, text, textLike, whole } from './field.ts';
import { rules } from './rules.ts';

export const originFields = {
  /** `portal`, `search`, `press`, `radio`, `display`, ...: a code chosen by the centre. */
  type: code(40, {
    column: 'origin_type',
    person: false,
    label: 'Type d’origine publicitaire',
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
    label: 'Référence de l’enregistrement',
    description: 'Reference of the call recording.',
    sample: 'enr-100001',
    guess: /enregistrement|recording/,
  }),
  commune: textLike(rules.commune, {
    column: 'commune',
    label: 'Commune d’origine (code INSEE)',
    description: 'Commune of geographic origin, INSEE code.',
    sample: '69383',
    guess: /insee/,
  }),
  communeName: text(80, {
    column: 'commune_name',
    label: 'Commune d’origine',
    description: 'Commune of geographic origin, name.',
    sample: 'Lyon 3e Arrondissement',
    guess: /^commune$/,
  }),
  departement: textLike(rules.departement, {
    column: 'departement',
    label: 'Département d’origine',
    description: 'Département of geographic origin.',
    sample: '69',
    guess: /departement/,
  }),
  talkStartedAt: instant({
    column: 'talk_started_at',
    person: false,
    label: 'Début de l’entretien',
    description: 'When the conversation began.',
    sample: new Date('2026-11-20T10:08:00+01:00'),
    guess: null,
  }),
  talkDuration: whole(
    { min: 0, max: 86_400, unit: 'seconds' },
    {
      column: 'talk_duration',
      person: false,
      label: 'Durée de l’entretien (secondes)',
      description: 'Length of the conversation, seconds.',
      sample: 410,
      guess: /duree|duration/,
    },
  ),
  /** Missing answers and notices are counted by this code. */
  collectedBy: code(64, {
    column: 'collected_by',
    person: false,
    label: 'Formulaire ou agent',
    description: 'Form or agent that collected the lead.',
    note: "a code, never a person's name",
    sample: 'form-12',
    guess: null,
  }),
  acquisition: choice(acquisitions, {
    column: 'acquisition',
    person: false,
    label: 'Mode d’acquisition',
    description: 'Collected by the centre, or bought.',
    note: 'C54',
    sample: 'bought',
    words: { collected: 'Collecté par le centre', bought: 'Acheté' },
    guess: null,
  }),
  seller: code(64, {
    column: 'seller',
    person: false,
    label: 'Vendeur du contact',
    description: 'Code of the company that sold the lead.',
    note: 'a lead with a seller counts as bought',
    sample: 'leads-factory',
    guess: null,
  }),
  buyer: code(64, {
    column: 'buyer',
    person: false,
    label: 'Acheteur du contact',
    description: 'Code of the company that bought it.',
    note: 'the centre, the client or another',
    sample: 'centre',
    guess: null,
  }),
  consentProof: choice(consentProofs, {
    column: 'consent_proof',
    person: false,
    label: 'Preuve du consentement',
    description: 'Presence of a proof of consent.',
    sample: 'present',
    words: { present: 'Présente', absent: 'Absente' },
    guess: null,
  }),
  proofReference: text(200, {
    column: 'proof_reference',
    label: 'Référence de la preuve',
    description: 'Where the proof of consent is found.',
    sample: 'preuve-100001',
    guess: null,
  }),
};
