// Every kind of alert: what it is called, what its reader does about it, and whether it is a task for a person.
// Invariant: closed, in the order of docs/operations.md; an alert names destinations and codes, never a lead.

export interface AlertDefinition {
  /** What support reads, French first. */
  readonly title: string;
  /** In French; of its destination, '' for the gateway as a whole. */
  readonly whatToDo: (destination: string) => string;
  /** Whether it stands among the tasks. Not where the delivery's own line tells it, or where it ends by itself. */
  readonly isTask: boolean;
}

const ofDestination = (command: string, destination: string): string =>
  destination === '' ? `relais ${command}` : `relais ${command} --destination ${destination}`;
const failedDeliveries = (destination: string): string =>
  `${ofDestination('delivery list', destination)} --state failed`;
const tasks = (destination: string): string => ofDestination('task list', destination);
const status = (): string => 'relais status';

export const alertDefinitions = {
  destination_held: {
    title: 'Destination en pause automatique / destination held',
    whatToDo: () => 'relais destination list',
    isTask: false,
  },
  destination_reopened: {
    title: 'Destination rétablie / destination reopened',
    whatToDo: () => 'Rien : ce qui attendait part de lui-même.',
    isTask: false,
  },
  delivery_failed: {
    title: 'Livraisons en échec définitif / deliveries failed for good',
    whatToDo: failedDeliveries,
    isTask: false,
  },
  delivery_expired: {
    title: 'Livraisons expirées / deliveries expired',
    whatToDo: failedDeliveries,
    isTask: false,
  },
  bounces_unread: {
    title: 'Retours de courrier illisibles / bounces cannot be read',
    whatToDo: () =>
      'Vérifier RELAIS_BOUNCES_URL et la boîte des retours, ou l’abonnement SNS (SNS_UNSUBSCRIBED).',
    isTask: false,
  },
  bounce_unmatched: {
    title: 'Retours de courrier sans livraison reconnue / bounces of no known delivery',
    whatToDo: () => 'Lire les messages restés dans la boîte des retours.',
    isTask: false,
  },
  lead_waits: {
    title: 'Demandes en attente au-delà du délai promis / leads wait longer than promised',
    whatToDo: status,
    isTask: false,
  },
  file_late: {
    title: 'Fichier pas parti à son heure / file not produced on schedule',
    whatToDo: (destination) => ofDestination('destination list', destination),
    isTask: true,
  },
  file_unacknowledged: {
    title: 'Accusé de réception manquant / acknowledgement missing',
    whatToDo: (destination) =>
      `Demander au client s'il a reçu le fichier, et pourquoi il n'en accuse pas réception ; ${ofDestination('destination list', destination)}`,
    isTask: true,
  },
  ack_unreadable: {
    title: 'Accusé de réception illisible / acknowledgement cannot be read',
    whatToDo: () =>
      'Demander au client un accusé conforme au format convenu, sous le même nom ; il est relu de lui-même.',
    isTask: true,
  },
  ack_lines_unknown: {
    title:
      "Lignes d'accusé sans demande du fichier, ou de statut inconnu / acknowledgement lines not understood",
    whatToDo: () => 'Demander au client de quelles demandes il parle, et ce que veut dire son statut.',
    isTask: true,
  },
  ack_contradicts: {
    title: 'Accusé de réception contradictoire / acknowledgement contradicts an earlier one',
    whatToDo: tasks,
    isTask: true,
  },
  file_gap: {
    title: 'Numéro de fichier manquant / file number missing',
    whatToDo: () => "Prévenir le client que ce numéro n'arrivera pas (annulé), ou pas avant les suivants.",
    isTask: true,
  },
  file_held: {
    title: 'Fichier complet retenu : trop de demandes en moins / full file held back: too many leads missing',
    whatToDo: (destination) =>
      `Chercher pourquoi des demandes manquent, puis relais destination release-file ${destination} ou discard-file ${destination}`,
    isTask: true,
  },
  file_bounced: {
    title: 'Fichier renvoyé par une messagerie / file returned by a mail system',
    whatToDo: (destination) =>
      `Réparer l'adresse avec le client, puis rejouer les livraisons de ce fichier ; ${ofDestination('destination list', destination)}`,
    isTask: true,
  },
  opt_in_not_kept: {
    title: 'Opt-in pas conservé par le destinataire / opt-in not kept by the recipient',
    whatToDo: (destination) =>
      `Écrire au client : sa fiche ne porte pas la réponse transmise, ou n'a pas pu être relue ; ${tasks(destination)}`,
    isTask: true,
  },
  support_decides: {
    title: 'Décision du support attendue / support must decide',
    whatToDo: tasks,
    isTask: false,
  },
  manual_task: {
    title: 'Tâche manuelle / manual task',
    whatToDo: (destination) => `Écrire à l'interlocuteur du client pour les droits ; ${tasks(destination)}`,
    isTask: true,
  },
  right_waits: {
    title: "Retrait d'opt-in ou effacement pas encore transmis / withdrawal or erasure not passed on yet",
    whatToDo: tasks,
    isTask: true,
  },
  request_due: {
    title: "Demande d'un prospect proche de son terme, ou au-delà / request close to its term, or past it",
    whatToDo: () => 'relais request list --open ; relais request show NUMÉRO dit ce qui manque.',
    isTask: true,
  },
  request_recipient: {
    title:
      'Destinataire à prévenir par écrit, ou qui ne répond pas / recipient to be asked in writing, or silent',
    whatToDo: () =>
      'relais request show NUMÉRO ; la lettre : --letter DESTINATION ; la réponse : relais request acknowledge',
    isTask: true,
  },
  intake_failed: {
    title: 'Incident à la réception des demandes / intake incident',
    whatToDo: status,
    isTask: true,
  },
  intake_refused: {
    title: "Demandes refusées à l'entrée / leads refused at intake",
    whatToDo: () => 'relais lead refusals',
    isTask: false,
  },
  anomalies_pile_up: {
    title: "Demandes non conformes d'un client / leads of a client that do not conform",
    whatToDo: () => 'relais client anomalies CLIENT',
    isTask: true,
  },
  go_live_incomplete: {
    title: 'Mise en service incomplète d’un client / go-live list of a client incomplete',
    whatToDo: () => 'relais client check CLIENT',
    isTask: true,
  },
  mapping_unusable: {
    title: 'Format de destination inutilisable / mapping unusable',
    whatToDo: () => 'relais mapping check',
    isTask: true,
  },
  internal_error: {
    title:
      'Erreur interne sur une livraison ou une destination / internal error over a delivery or a destination',
    whatToDo: (destination) =>
      `Transmettre à l'équipe technique le motif et la ligne delivery.broken du journal ; ${tasks(destination)}`,
    isTask: true,
  },
  bulk_stuck: {
    title: 'Travail en nombre arrêté / bulk run cannot go on',
    whatToDo: () => 'relais bulk list --state running',
    isTask: true,
  },
  client_mail_unsent: {
    title: 'Courriel du centre au client non parti / mail to a client not sent',
    whatToDo: () => 'relais mail list --unsent',
    isTask: true,
  },
  events_untold: {
    title: 'Outil du centre non prévenu des événements / events not taken by a tool of the centre',
    whatToDo: () => "Rétablir l'outil derrière RELAIS_EVENTS_WEBHOOK : la suite part d'elle-même.",
    isTask: true,
  },
  secret_expires: {
    title: 'Certificat bientôt expiré / certificate about to expire',
    whatToDo: (destination) =>
      `Demander un certificat et déposer les deux secrets, puis relais destination test ${destination}`,
    isTask: false,
  },
  proofs_not_handed_over: {
    title: 'Preuves de consentement non remises avant suppression / proofs not handed over before a deletion',
    whatToDo: () => 'Vérifier RELAIS_PHONE_PROOFS_DIR, puis relais retention run.',
    isTask: true,
  },
  seal_lag: {
    title: 'Journal non scellé / log not sealed in time',
    whatToDo: status,
    isTask: false,
  },
  log_altered: {
    title: 'Journal altéré / log altered',
    whatToDo: () => 'relais log verify',
    isTask: true,
  },
} as const satisfies Readonly<Record<string, AlertDefinition>>;

export type AlertKind = keyof typeof alertDefinitions;
export const alertKinds = Object.keys(alertDefinitions) as readonly AlertKind[];
