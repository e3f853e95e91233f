// Defines every kind of alert: its title, whether it is a task for a person, and its remedy.
// Invariant: a closed list, in the order of docs/operations.md; an alert names destinations and codes, never a lead.
import type { Both } from '../../connectors/contract.ts';

// Gives the remedy for each kind of alert: words, French first, and the command that applies it or shows more.
// Invariant: every kind has an entry; a page shows the words and its own link, a mail and a command show both parts.

export interface AlertAdvice {
  /** Undefined when the command is enough. */
  readonly words?: Both;
  readonly command?: string;
}

const ofDestination = (command: string, destination: string): string =>
  destination === '' ? `relais ${command}` : `relais ${command} --destination ${destination}`;
const failed: Advise = (destination) => ({
  command: `${ofDestination('delivery list', destination)} --state failed`,
});
const tasks = (destination: string): string => ofDestination('task list', destination);
const destinations = (destination: string): string => ofDestination('destination list', destination);

type Advise = (destination: string) => AlertAdvice;
/** The same words for every destination. */
const say =
  (
    fr: string,
    en: string,
    commandOf: (destination: string) => string | undefined = () => undefined,
  ): Advise =>
  (destination) => {
    const command = commandOf(destination);
    return { words: [fr, en], command };
  };
const run =
  (command: string): Advise =>
  () => ({ command });
const status = run('relais status');

const advice: Readonly<Record<AlertKind, Advise>> = {
  destination_held: run('relais destination list'),
  destination_reopened: say(
    'Rien : ce qui attendait part automatiquement.',
    'Nothing: what waited leaves by itself.',
  ),
  delivery_failed: failed,
  delivery_expired: failed,
  bounces_unread: say(
    'Vérifier RELAIS_BOUNCES_URL et la boîte des retours, ou l’abonnement SNS (SNS_UNSUBSCRIBED).',
    'See to RELAIS_BOUNCES_URL and the mailbox of bounces, or to the SNS subscription (SNS_UNSUBSCRIBED).',
  ),
  bounce_unmatched: say(
    'Lire les messages restés dans la boîte des retours.',
    'Read the messages that stay in the mailbox of bounces.',
  ),
  lead_waits: status,
  file_late: say(
    'Voir ce qui retient le fichier : la page de la destination le dit.',
    'See what keeps the file back: the page of the destination says so.',
    destinations,
  ),
  file_unacknowledged: say(
    'Demander au client s’il a reçu le fichier, et pourquoi il n’en accuse pas réception.',
    'Ask the client whether they have the file, and why they do not acknowledge it.',
    destinations,
  ),
  ack_unreadable: say(
    'Demander au client un accusé conforme au format convenu, sous le même nom ; il est relu automatiquement.',
    'Ask the client for an acknowledgement as agreed, under the same name; it is read again by itself.',
  ),
  ack_lines_unknown: say(
    'Demander au client de quels leads il parle, et ce que veut dire son statut.',
    'Ask the client which leads they speak of, and what their status means.',
  ),
  ack_contradicts: say(
    'Demander au client lequel des deux accusés vaut ; s’il n’a pas le lead, rejouer la livraison.',
    'Ask the client what holds; where they lack the lead, replay it.',
    tasks,
  ),
  file_gap: say(
    'Prévenir le client que ce numéro n’arrivera pas (annulé), ou pas avant les suivants.',
    'Tell the client that this number will not come (voided), or not before the next ones.',
  ),
  file_held: say(
    'Chercher pourquoi des leads manquent ; si c’est juste, laisser partir le fichier, sinon l’abandonner.',
    'Find out why leads are missing; if that is right, let the file leave, else give it up.',
    (destination) => `relais destination release-file ${destination} ou discard-file ${destination}`,
  ),
  file_bounced: say(
    'Réparer l’adresse avec le client, puis rejouer les livraisons de ce fichier.',
    'Repair the address with the client, then replay the deliveries of this file.',
    destinations,
  ),
  opt_in_not_kept: say(
    'Écrire au client : sa fiche ne porte pas la réponse transmise, ou n’a pas pu être relue.',
    'Write to the client: their record lacks the answer that was sent, or could not be read back.',
    tasks,
  ),
  support_decides: (destination) => ({ command: tasks(destination) }),
  manual_task: say(
    'Écrire à l’interlocuteur du client pour les droits, puis classer avec sa réponse.',
    'Write to the client’s contact for rights, then close with their answer.',
    tasks,
  ),
  right_waits: say(
    'Voir pourquoi : la destination ne le reçoit pas, ou la ligne qui le disait a été refusée à l’entrée et doit être corrigée.',
    'See why: the destination does not take it, or the row that said it was refused at intake and must be corrected.',
    tasks,
  ),
  erased_comes_back: say(
    'Décision de la délégation à la protection des données : supprimer la ligne, ou la reprendre si la personne l’a redemandé.',
    'The data protection officer decides: erase the row, or take it in if the person asked for it again.',
    () => 'relais lead refusals',
  ),
  moved_rows: say(
    'Faire écrire ces lignes dans la nouvelle installation du client ; celles qui attendent ici y passent par la commande.',
    'Have these rows sent to the client’s new installation; the command carries over those that wait here.',
    () => 'relais instance move',
  ),
  late_arrival: say(
    'Si l’effacement ou la mise à jour repart, en suivre la livraison ; sinon, demander au client ce que son système a gardé.',
    'If the erasure or update leaves again, follow its delivery; else ask the client what their system has kept.',
    tasks,
  ),
  request_due: say(
    'Ouvrir la demande de droits, sous « Droits » : elle dit ce qui manque pour la clore.',
    'Open the request, under “Rights”: it says what is missing before it is closed.',
    () => 'relais request list --open, puis relais request show NUMÉRO',
  ),
  request_recipient: say(
    'Envoyer au destinataire la lettre que la demande de droits propose, puis noter ce qu’il répond.',
    'Send the recipient the letter that the request offers, then note what they answer.',
    () => 'relais request show NUMÉRO --letter DESTINATION, puis relais request acknowledge',
  ),
  intake_failed: say(
    'Prévenir l’exploitation : des leads reçus n’ont pas pu être enregistrés ou préparés.',
    'Tell operations: leads that came in could not be stored or planned.',
    () => 'relais status',
  ),
  intake_refused: run('relais lead refusals'),
  anomalies_pile_up: say(
    'Voir de quel formulaire ou agent ils viennent, et le faire corriger.',
    'See which form or agent they come from, and have it corrected.',
    () => 'relais client anomalies CLIENT',
  ),
  go_live_incomplete: say(
    'Compléter la liste de mise en service avec le client.',
    'Complete the go-live list with the client.',
    () => 'relais client check CLIENT',
  ),
  mapping_unusable: say(
    'Corriger le format et le publier ; rien ne part à cette destination avant.',
    'Correct the mapping and publish it; nothing leaves to this destination before.',
    () => 'relais mapping check',
  ),
  internal_error: say(
    'Transmettre à l’équipe technique le motif et la ligne delivery.broken du journal.',
    'Give the technical team the reason and the line delivery.broken of the log.',
    tasks,
  ),
  bulk_stuck: say(
    'Prévenir l’équipe technique ; le travail continue automatiquement une fois la cause réparée.',
    'Tell the technical team; the run goes on by itself once the cause is repaired.',
    () => 'relais bulk list --state running',
  ),
  client_mail_unsent: say(
    'Vérifier l’adresse de l’interlocuteur du client et notre serveur d’envoi ; l’e-mail sera renvoyé automatiquement.',
    'See to the address of the client’s contact and to our mail server; the mail is tried again.',
    () => 'relais mail list --unsent',
  ),
  events_untold: say(
    'Rétablir l’outil derrière RELAIS_EVENTS_WEBHOOK : la suite part automatiquement.',
    'Repair the tool behind RELAIS_EVENTS_WEBHOOK: the rest leaves by itself.',
  ),
  secret_expires: say(
    'Demander un certificat et déposer les deux secrets, puis tester la destination.',
    'Ask for a certificate and provide both secrets, then test the destination.',
    (destination) => `relais destination test ${destination}`,
  ),
  proofs_not_handed_over: say(
    'Vérifier RELAIS_PHONE_PROOFS_DIR, puis relancer la conservation.',
    'See to RELAIS_PHONE_PROOFS_DIR, then run the retention again.',
    () => 'relais retention run',
  ),
  retention_kept: say(
    'Terminer ce qui retient les données (droit ouvert, limitation), ou enregistrer la fin de l’opération, avant la date indiquée.',
    'Settle what keeps the data (an open right, a restriction), or record the end of the operation, by the day that is named.',
    () => 'relais retention plan',
  ),
  service_away: say(
    'Le motif dit lequel : disque plein, lecture seule, plus de connexion, ou injoignable. Rien n’est perdu.',
    'The reason says which: disk full, read-only, no connection left, or out of reach. Nothing is lost.',
  ),
  backup_late: say(
    'Lancer une sauvegarde et lire ce qu’elle répond ; vérifier le minuteur.',
    'Run a backup and read what it says; see to the timer.',
    () => 'relais backup run',
  ),
  backup_failed: say(
    'Lire le motif, corriger, puis relancer la sauvegarde.',
    'Read the reason, correct it, then run the backup again.',
    () => 'relais backup run',
  ),
  statistics_withdrawn: say(
    'Sur la machine des statistiques, supprimer la part de ce client : elle n’est pas recomptée.',
    'On the host of the statistics delete this client’s part: nothing is counted again.',
    () => 'relais statistics remove',
  ),
  ledger_late: say(
    'Vérifier le dossier RELAIS_ERASURE_LEDGER_DIR : existence, droits, place.',
    'See to the folder RELAIS_ERASURE_LEDGER_DIR: existence, rights, room.',
  ),
  seal_lag: status,
  log_altered: say(
    'Vérifier le journal ; ne toucher à rien, prévenir l’exploitation.',
    'Verify the log; touch nothing, tell operations.',
    () => 'relais log verify',
  ),
};

/** Empty for a kind that this release does not know. @param destination '' for the gateway as a whole */
export const alertAdvice = (kind: AlertKind, destination: string): AlertAdvice =>
  (advice as Readonly<Partial<Record<string, Advise>>>)[kind]?.(destination) ?? {};

/** One line in French, for a mail and for the HTTP interface. */
export function whatToDo(kind: AlertKind, destination: string): string {
  const { words, command } = alertAdvice(kind, destination);
  return [words?.[0], command].filter((part) => part !== undefined).join(' — ');
}

/** A `task` is listed among the tasks. A `notice` is not: the delivery's own row shows it, or it ends by itself. */
const alertDefinitions = {
  destination_held: ['Destination en pause automatique / destination held', 'notice'],
  destination_reopened: ['Destination rétablie / destination reopened', 'notice'],
  delivery_failed: ['Livraisons en échec définitif / deliveries failed for good', 'notice'],
  delivery_expired: ['Livraisons expirées / deliveries expired', 'notice'],
  bounces_unread: ['Retours de courrier illisibles / bounces cannot be read', 'notice'],
  bounce_unmatched: ['Retours de courrier sans livraison reconnue / bounces of no known delivery', 'notice'],
  lead_waits: ['Leads en attente au-delà du délai promis / leads wait longer than promised', 'notice'],
  file_late: ['Fichier non parti à l’heure prévue / file not produced on schedule', 'task'],
  file_unacknowledged: ['Accusé de réception manquant / acknowledgement missing', 'task'],
  ack_unreadable: ['Accusé de réception illisible / acknowledgement cannot be read', 'task'],
  ack_lines_unknown: [
    'Lignes d’accusé sans lead correspondant, ou de statut inconnu / acknowledgement lines not understood',
    'task',
  ],
  ack_contradicts: [
    'Accusé de réception contradictoire / acknowledgement contradicts an earlier one',
    'task',
  ],
  file_gap: ['Numéro de fichier manquant / file number missing', 'task'],
  file_held: [
    'Fichier complet retenu : trop de leads en moins / full file held back: too many leads missing',
    'task',
  ],
  file_bounced: ['Fichier renvoyé par une messagerie / file returned by a mail system', 'task'],
  opt_in_not_kept: ['Opt-in non conservé par le destinataire / opt-in not kept by the recipient', 'task'],
  support_decides: ['Décision du support attendue / support must decide', 'notice'],
  manual_task: ['Tâche manuelle / manual task', 'task'],
  right_waits: [
    'Retrait d’opt-in ou effacement pas encore transmis / withdrawal or erasure not passed on yet',
    'task',
  ],
  erased_comes_back: [
    'Lead d’une personne effacée, recueilli avant l’effacement / lead of an erased person, collected before the erasure',
    'task',
  ],
  moved_rows: ['Lignes d’un client passé à une autre installation / rows of a client that has moved', 'task'],
  late_arrival: [
    'Envoi arrivé après un effacement ou une mise à jour / a lead that arrived after its erasure or update',
    'task',
  ],
  request_due: [
    'Demande de droits : échéance proche ou dépassée / request close to its term, or past it',
    'task',
  ],
  request_recipient: [
    'Destinataire à prévenir par écrit, ou qui ne répond pas / recipient to be asked in writing, or silent',
    'task',
  ],
  intake_failed: ['Incident à la réception des leads / intake incident', 'task'],
  intake_refused: ['Leads refusés à l’entrée / leads refused at intake', 'notice'],
  anomalies_pile_up: ['Leads non conformes d’un client / leads of a client that do not conform', 'task'],
  go_live_incomplete: [
    'Mise en service incomplète d’un client / go-live list of a client incomplete',
    'task',
  ],
  mapping_unusable: ['Format de destination inutilisable / mapping unusable', 'task'],
  internal_error: [
    'Erreur interne sur une livraison ou une destination / internal error over a delivery or a destination',
    'task',
  ],
  bulk_stuck: ['Traitement groupé arrêté / bulk run cannot go on', 'task'],
  client_mail_unsent: ['E-mail du centre au client non parti / mail to a client not sent', 'task'],
  events_untold: [
    'Outil du centre non prévenu des événements / events not taken by a tool of the centre',
    'task',
  ],
  secret_expires: ['Certificat bientôt expiré / certificate about to expire', 'notice'],
  proofs_not_handed_over: [
    'Preuves de consentement non remises avant suppression / proofs not handed over before a deletion',
    'task',
  ],
  retention_kept: ['Données gardées sans terme ou au-delà / data kept without an end or past it', 'task'],
  service_away: ['Base de données ou Redis indisponible / database or Redis unavailable', 'notice'],
  backup_late: ['Pas de sauvegarde depuis 26 heures / no backup for 26 hours', 'notice'],
  backup_failed: ['Sauvegarde en échec / backup failed', 'notice'],
  statistics_withdrawn: ['Statistiques à purger d’un client / statistics to lose a client', 'task'],
  ledger_late: ['Registre des effacements en retard / ledger of erasures behind', 'notice'],
  seal_lag: ['Journal non scellé / log not sealed in time', 'notice'],
  log_altered: ['Journal altéré / log altered', 'task'],
} as const satisfies Readonly<Record<string, readonly [title: string, asks: 'task' | 'notice']>>;

export type AlertKind = keyof typeof alertDefinitions;
export const alertKinds = Object.keys(alertDefinitions) as readonly AlertKind[];

const known: Readonly<Partial<Record<string, readonly [title: string, asks: 'task' | 'notice']>>> =
  alertDefinitions;

/** For support, French first. */
export const alertTitle = (kind: AlertKind): string => known[kind]?.[0] ?? kind;

/** True also for a kind that this release does not know. */
export const isTask = (kind: AlertKind): boolean => known[kind]?.[1] !== 'notice';
