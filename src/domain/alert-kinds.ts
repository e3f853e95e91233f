// Defines every kind of alert: its title, and whether it is a task for a person. alert-advice.ts has the remedies.
// Invariant: a closed list, in the order of docs/operations.md; an alert names destinations and codes, never a lead.

export interface AlertDefinition {
  /** Title for support, French first. */
  readonly title: string;
  /** True when it is listed among the tasks. False when the delivery's own row shows it, or when it ends by itself. */
  readonly isTask: boolean;
}

export const alertDefinitions = {
  destination_held: {
    title: 'Destination en pause automatique / destination held',
    isTask: false,
  },
  destination_reopened: {
    title: 'Destination rétablie / destination reopened',
    isTask: false,
  },
  delivery_failed: {
    title: 'Livraisons en échec définitif / deliveries failed for good',
    isTask: false,
  },
  delivery_expired: {
    title: 'Livraisons expirées / deliveries expired',
    isTask: false,
  },
  bounces_unread: {
    title: 'Retours de courrier illisibles / bounces cannot be read',
    isTask: false,
  },
  bounce_unmatched: {
    title: 'Retours de courrier sans livraison reconnue / bounces of no known delivery',
    isTask: false,
  },
  lead_waits: {
    title: 'Leads en attente au-delà du délai promis / leads wait longer than promised',
    isTask: false,
  },
  file_late: {
    title: 'Fichier non parti à l’heure prévue / file not produced on schedule',
    isTask: true,
  },
  file_unacknowledged: {
    title: 'Accusé de réception manquant / acknowledgement missing',
    isTask: true,
  },
  ack_unreadable: {
    title: 'Accusé de réception illisible / acknowledgement cannot be read',
    isTask: true,
  },
  ack_lines_unknown: {
    title:
      'Lignes d’accusé sans lead correspondant, ou de statut inconnu / acknowledgement lines not understood',
    isTask: true,
  },
  ack_contradicts: {
    title: 'Accusé de réception contradictoire / acknowledgement contradicts an earlier one',
    isTask: true,
  },
  file_gap: {
    title: 'Numéro de fichier manquant / file number missing',
    isTask: true,
  },
  file_held: {
    title: 'Fichier complet retenu : trop de leads en moins / full file held back: too many leads missing',
    isTask: true,
  },
  file_bounced: {
    title: 'Fichier renvoyé par une messagerie / file returned by a mail system',
    isTask: true,
  },
  opt_in_not_kept: {
    title: 'Opt-in non conservé par le destinataire / opt-in not kept by the recipient',
    isTask: true,
  },
  support_decides: {
    title: 'Décision du support attendue / support must decide',
    isTask: false,
  },
  manual_task: {
    title: 'Tâche manuelle / manual task',
    isTask: true,
  },
  right_waits: {
    title: 'Retrait d’opt-in ou effacement pas encore transmis / withdrawal or erasure not passed on yet',
    isTask: true,
  },
  erased_comes_back: {
    title:
      'Lead d’une personne effacée, recueilli avant l’effacement / lead of an erased person, collected before the erasure',
    isTask: true,
  },
  late_arrival: {
    title:
      'Envoi arrivé après un effacement ou une mise à jour / a lead that arrived after its erasure or update',
    isTask: true,
  },
  request_due: {
    title: 'Demande de droits : échéance proche ou dépassée / request close to its term, or past it',
    isTask: true,
  },
  request_recipient: {
    title:
      'Destinataire à prévenir par écrit, ou qui ne répond pas / recipient to be asked in writing, or silent',
    isTask: true,
  },
  intake_failed: {
    title: 'Incident à la réception des leads / intake incident',
    isTask: true,
  },
  intake_refused: {
    title: 'Leads refusés à l’entrée / leads refused at intake',
    isTask: false,
  },
  anomalies_pile_up: {
    title: 'Leads non conformes d’un client / leads of a client that do not conform',
    isTask: true,
  },
  go_live_incomplete: {
    title: 'Mise en service incomplète d’un client / go-live list of a client incomplete',
    isTask: true,
  },
  mapping_unusable: {
    title: 'Format de destination inutilisable / mapping unusable',
    isTask: true,
  },
  internal_error: {
    title:
      'Erreur interne sur une livraison ou une destination / internal error over a delivery or a destination',
    isTask: true,
  },
  bulk_stuck: {
    title: 'Traitement groupé arrêté / bulk run cannot go on',
    isTask: true,
  },
  client_mail_unsent: {
    title: 'E-mail du centre au client non parti / mail to a client not sent',
    isTask: true,
  },
  events_untold: {
    title: 'Outil du centre non prévenu des événements / events not taken by a tool of the centre',
    isTask: true,
  },
  secret_expires: {
    title: 'Certificat bientôt expiré / certificate about to expire',
    isTask: false,
  },
  proofs_not_handed_over: {
    title: 'Preuves de consentement non remises avant suppression / proofs not handed over before a deletion',
    isTask: true,
  },
  retention_kept: {
    title: 'Données gardées sans terme ou au-delà / data kept without an end or past it',
    isTask: true,
  },
  service_away: {
    title: 'Base de données ou Redis indisponible / database or Redis unavailable',
    isTask: false,
  },
  seal_lag: {
    title: 'Journal non scellé / log not sealed in time',
    isTask: false,
  },
  log_altered: {
    title: 'Journal altéré / log altered',
    isTask: true,
  },
} as const satisfies Readonly<Record<string, AlertDefinition>>;

export type AlertKind = keyof typeof alertDefinitions;
export const alertKinds = Object.keys(alertDefinitions) as readonly AlertKind[];
