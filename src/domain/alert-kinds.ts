// Defines every kind of alert: its title, whether it is a task for a person, and its remedy.
// Invariant: a closed list, in the order of docs/operations.md; an alert names destinations and codes, never a lead.
import type { Both } from '../../connectors/contract.ts';

export interface AlertAdvice {
  /** French first; undefined when the command is enough. */
  readonly words?: Both;
  /** Applies the remedy, or shows more. */
  readonly command?: string;
}

/** The client and destination of an alert; '' for the gateway as a whole. */
interface Concerned {
  readonly destinationId: string;
  readonly clientId: string;
  readonly reason: string;
}
type CommandOf = (about: Concerned) => string;

const ofDestination =
  (command: string, more = ''): CommandOf =>
  ({ destinationId }) =>
    destinationId === ''
      ? `relais ${command}${more}`
      : `relais ${command} --destination ${destinationId}${more}`;
const ofClient =
  (command: string): CommandOf =>
  ({ clientId }) =>
    `relais ${command} ${clientId}`;
const tasks = ofDestination('task list');
const destinations = ofDestination('destination list');
const failed = ofDestination('delivery list', ' --state failed');
const refusals: CommandOf = ({ clientId }) =>
  clientId === '' ? 'relais lead refusals' : `relais lead refusals --client ${clientId}`;
const status = 'relais status';
/** True where planning set changes of leads aside, not intake a row. */
export const isOfPlanning = ({ reason }: Pick<Concerned, 'reason'>): boolean =>
  reason.startsWith('PLANNING:');

interface Definition {
  /** For support, French first. */
  readonly title: string;
  readonly asks: 'task' | 'notice';
  readonly command: CommandOf | string | undefined;
  readonly words: Both | undefined;
}

const kindOf =
  (asks: Definition['asks']) =>
  (title: string, command?: Definition['command'], french?: string, english = ''): Definition => ({
    title,
    asks,
    command,
    words: french === undefined ? undefined : [french, english],
  });
/** Listed among the tasks. */
const task = kindOf('task');
/** Not listed: the delivery's own row shows it, or it ends by itself. */
const notice = kindOf('notice');

const definitions = {
  destination_held: notice('Destination en pause automatique / destination held', 'relais destination list'),
  destination_reopened: notice(
    'Destination rétablie / destination reopened',
    undefined,
    'Rien : ce qui attendait part automatiquement.',
    'Nothing: what waited leaves by itself.',
  ),
  delivery_failed: notice('Livraisons en échec définitif / deliveries failed for good', failed),
  delivery_expired: notice('Livraisons expirées / deliveries expired', failed),
  bounces_unread: notice(
    'Retours de courrier illisibles / bounces cannot be read',
    undefined,
    'Vérifier RELAIS_BOUNCES_URL et la boîte des retours, l’abonnement SNS (SNS_UNSUBSCRIBED), ou le fournisseur dont un envoi n’a pas pu être lu (NOT_UNDERSTOOD).',
    'See to RELAIS_BOUNCES_URL and the mailbox of bounces, the SNS subscription (SNS_UNSUBSCRIBED), or the provider whose report could not be read (NOT_UNDERSTOOD).',
  ),
  bounce_unmatched: notice(
    'Retours de courrier sans livraison reconnue / bounces of no known delivery',
    undefined,
    'Lire les messages restés dans la boîte des retours.',
    'Read the messages that stay in the mailbox of bounces.',
  ),
  lead_waits: notice('Leads en attente au-delà du délai promis / leads wait longer than promised', status),
  file_late: task(
    'Fichier non parti à l’heure prévue / file not produced on schedule',
    destinations,
    'Voir ce qui retient le fichier : la page de la destination le dit.',
    'See what keeps the file back: the page of the destination says so.',
  ),
  file_unacknowledged: task(
    'Accusé de réception manquant / acknowledgement missing',
    destinations,
    'Demander au client s’il a reçu le fichier, et pourquoi il n’en accuse pas réception.',
    'Ask the client whether they have the file, and why they do not acknowledge it.',
  ),
  ack_unreadable: task(
    'Accusé de réception illisible / acknowledgement cannot be read',
    undefined,
    'Demander au client un accusé conforme au format convenu, sous le même nom ; il est relu automatiquement.',
    'Ask the client for an acknowledgement as agreed, under the same name; it is read again by itself.',
  ),
  ack_lines_unknown: task(
    'Lignes d’accusé sans lead correspondant, ou de statut inconnu / acknowledgement lines not understood',
    undefined,
    'Demander au client de quels leads il parle, et ce que veut dire son statut.',
    'Ask the client which leads they speak of, and what their status means.',
  ),
  ack_contradicts: task(
    'Accusé de réception contradictoire / acknowledgement contradicts an earlier one',
    tasks,
    'Demander au client lequel des deux accusés vaut ; s’il n’a pas le lead, rejouer la livraison.',
    'Ask the client what holds; where they lack the lead, replay it.',
  ),
  file_gap: task(
    'Numéro de fichier manquant / file number missing',
    undefined,
    'Prévenir le client que ce numéro n’arrivera pas (annulé), ou pas avant les suivants.',
    'Tell the client that this number will not come (voided), or not before the next ones.',
  ),
  file_held: task(
    'Fichier complet retenu : trop de leads en moins / full file held back: too many leads missing',
    ({ destinationId }) => `relais destination release-file ${destinationId}, discard-file ${destinationId}`,
    'Chercher pourquoi des leads manquent ; si c’est juste, laisser partir le fichier, sinon l’abandonner.',
    'Find out why leads are missing; if that is right, let the file leave, else give it up.',
  ),
  file_bounced: task(
    'Fichier renvoyé par une messagerie / file returned by a mail system',
    destinations,
    'Réparer l’adresse avec le client, puis rejouer les livraisons de ce fichier.',
    'Repair the address with the client, then replay the deliveries of this file.',
  ),
  opt_in_not_kept: task(
    'Opt-in non conservé par le destinataire / opt-in not kept by the recipient',
    tasks,
    'Écrire au client : sa fiche ne porte pas la réponse transmise, ou n’a pas pu être relue.',
    'Write to the client: their record lacks the answer that was sent, or could not be read back.',
  ),
  support_decides: notice('Décision du support attendue / support must decide', tasks),
  manual_task: task(
    'Tâche manuelle / manual task',
    tasks,
    'Écrire à l’interlocuteur du client pour les droits, puis classer avec sa réponse.',
    'Write to the client’s contact for rights, then close with their answer.',
  ),
  right_waits: task(
    'Retrait d’opt-in ou effacement pas encore transmis / withdrawal or erasure not passed on yet',
    (about) => (about.destinationId === '' ? refusals : tasks)(about),
    'Voir pourquoi : la destination ne le reçoit pas, ou la ligne qui le disait a été refusée à l’entrée et doit être corrigée.',
    'See why: the destination does not take it, or the row that said it was refused at intake and must be corrected.',
  ),
  erased_comes_back: task(
    'Lead d’une personne effacée, recueilli avant l’effacement / lead of an erased person, collected before the erasure',
    refusals,
    'Décision de la délégation à la protection des données : supprimer la ligne, ou la reprendre si la personne l’a redemandé.',
    'The data protection officer decides: erase the row, or take it in if the person asked for it again.',
  ),
  moved_rows: task(
    'Lignes d’un client passé à une autre installation / rows of a client that has moved',
    'relais instance move',
    'Faire écrire ces lignes dans la nouvelle installation du client ; celles qui attendent ici y passent par la commande.',
    'Have these rows sent to the client’s new installation; the command carries over those that wait here.',
  ),
  moved_reports: task(
    'Décisions ou retours de courrier d’un client passé à une autre installation / decisions or bounces of a client that has moved',
    undefined,
    'Donner l’adresse de la nouvelle installation aux destinataires du client et au service d’e-mail : ici, ils sont remis à plus tard.',
    'Give the client’s recipients and mail provider the address of the new installation: here they are put off.',
  ),
  late_arrival: task(
    'Envoi arrivé après un effacement ou une mise à jour / a lead that arrived after its erasure or update',
    tasks,
    'Si l’effacement ou la mise à jour repart, en suivre la livraison ; sinon, demander au client ce que son système a gardé.',
    'If the erasure or update leaves again, follow its delivery; else ask the client what their system has kept.',
  ),
  request_due: task(
    'Demande de droits : échéance proche ou dépassée / request close to its term, or past it',
    'relais request list --open, relais request show N',
    'Ouvrir la demande de droits, sous « Droits » : elle dit ce qui manque pour la clore.',
    'Open the request, under “Rights”: it says what is missing before it is closed.',
  ),
  request_recipient: task(
    'Destinataire à prévenir par écrit, ou qui ne répond pas / recipient to be asked in writing, or silent',
    'relais request show N --letter DESTINATION, relais request acknowledge N',
    'Envoyer au destinataire la lettre que la demande de droits propose, puis noter ce qu’il répond.',
    'Send the recipient the letter that the request offers, then note what they answer.',
  ),
  intake_failed: task(
    'Incident à la réception des leads / intake incident',
    (about) => {
      if (about.clientId === '') return status;
      return isOfPlanning(about) ? `relais lead replan --client ${about.clientId}` : refusals(about);
    },
    'Prévenir l’exploitation ; la cause réparée, reprendre ce que Relais a mis de côté : la ligne refusée, ou la préparation des leads.',
    'Tell operations; when the cause is repaired, take in again what Relais set aside: the refused row, or the planning of the leads.',
  ),
  intake_refused: notice('Leads refusés à l’entrée / leads refused at intake', refusals),
  anomalies_pile_up: task(
    'Leads non conformes d’un client / leads of a client that do not conform',
    ofClient('client anomalies'),
    'Voir de quel formulaire ou agent ils viennent, et le faire corriger.',
    'See which form or agent they come from, and have it corrected.',
  ),
  go_live_incomplete: task(
    'Mise en service incomplète d’un client / go-live list of a client incomplete',
    ofClient('client check'),
    'Compléter la liste de mise en service avec le client.',
    'Complete the go-live list with the client.',
  ),
  mapping_unusable: task(
    'Format de destination inutilisable / mapping unusable',
    'relais mapping check',
    'Corriger le format et le publier ; rien ne part à cette destination avant.',
    'Correct the mapping and publish it; nothing leaves to this destination before.',
  ),
  internal_error: task(
    'Erreur interne sur une livraison ou une destination / internal error over a delivery or a destination',
    tasks,
    'Transmettre à l’équipe technique le motif et la ligne delivery.broken ou callback.failed du journal.',
    'Give the technical team the reason and the line delivery.broken or callback.failed of the log.',
  ),
  bulk_stuck: task(
    'Traitement groupé arrêté / bulk run cannot go on',
    'relais bulk list --state running',
    'Prévenir l’équipe technique ; le travail continue automatiquement une fois la cause réparée.',
    'Tell the technical team; the run continues by itself once the cause is repaired.',
  ),
  client_mail_unsent: task(
    'E-mail du centre au client non parti / mail to a client not sent',
    'relais mail list --unsent',
    'Vérifier l’adresse de l’interlocuteur du client et notre serveur d’envoi ; l’e-mail sera renvoyé automatiquement.',
    'See to the address of the client’s contact and to our mail server; the mail is tried again.',
  ),
  events_untold: task(
    'Outil du centre non prévenu des événements / events not taken by a tool of the centre',
    undefined,
    'Rétablir l’outil derrière RELAIS_EVENTS_WEBHOOK : la suite part automatiquement.',
    'Repair the tool behind RELAIS_EVENTS_WEBHOOK: the rest leaves by itself.',
  ),
  secret_expires: notice(
    'Certificat bientôt expiré / certificate about to expire',
    ({ destinationId }) => `relais destination test ${destinationId}`,
    'Demander un certificat et déposer les deux secrets, puis tester la destination.',
    'Ask for a certificate and provide both secrets, then test the destination.',
  ),
  proofs_not_handed_over: task(
    'Preuves de consentement non remises avant suppression / proofs not handed over before a deletion',
    'relais retention run',
    'Vérifier RELAIS_PHONE_PROOFS_DIR, puis relancer la conservation.',
    'See to RELAIS_PHONE_PROOFS_DIR, then run the retention again.',
  ),
  retention_kept: task(
    'Données gardées sans terme ou au-delà / data kept without an end or past it',
    'relais retention plan',
    'Terminer ce qui retient les données (droit ouvert, limitation), ou enregistrer la fin de l’opération, avant la date indiquée.',
    'Settle what keeps the data (an open right, a restriction), or record the end of the operation, by the day that is named.',
  ),
  service_away: notice(
    'Base de données ou Redis indisponible / database or Redis unavailable',
    undefined,
    'Le motif dit lequel : disque plein, lecture seule, plus de connexion, ou injoignable. Rien n’est perdu.',
    'The reason says which: disk full, read-only, no connection left, or out of reach. Nothing is lost.',
  ),
  backup_late: notice(
    'Pas de sauvegarde depuis 26 heures / no backup for 26 hours',
    'relais backup run',
    'Lancer une sauvegarde et lire ce qu’elle répond ; vérifier le minuteur.',
    'Run a backup and read what it says; see to the timer.',
  ),
  backup_failed: notice(
    'Sauvegarde en échec / backup failed',
    'relais backup run',
    'Lire le motif, corriger, puis relancer la sauvegarde.',
    'Read the reason, correct it, then run the backup again.',
  ),
  statistics_withdrawn: task(
    'Statistiques à purger d’un client / statistics to lose a client',
    'relais statistics remove',
    'Sur la machine des statistiques, supprimer la part de ce client : elle n’est pas recomptée.',
    'On the host of the statistics delete this client’s part: nothing is counted again.',
  ),
  ledger_late: notice(
    'Registre des effacements en retard / ledger of erasures behind',
    undefined,
    'Vérifier le dossier RELAIS_ERASURE_LEDGER_DIR : existence, droits, place.',
    'See to the folder RELAIS_ERASURE_LEDGER_DIR: existence, rights, room.',
  ),
  seal_lag: notice('Journal non scellé / log not sealed in time', status),
  log_altered: task(
    'Journal altéré / log altered',
    'relais log verify',
    'Vérifier le journal ; ne toucher à rien, prévenir l’exploitation.',
    'Verify the log; touch nothing, tell operations.',
  ),
} as const satisfies Readonly<Record<string, Definition>>;

export type AlertKind = keyof typeof definitions;
export const alertKinds = Object.keys(definitions) as readonly AlertKind[];

/** A kind may be one that this release does not know. */
const known: Readonly<Partial<Record<string, Definition>>> = definitions;

interface AlertAbout extends Concerned {
  readonly kind: AlertKind;
}

/** Empty for a kind that this release does not know. */
export function alertAdvice(alert: AlertAbout): AlertAdvice {
  const { words, command } = known[alert.kind] ?? {};
  return { words, command: typeof command === 'function' ? command(alert) : command };
}

/** One line in French, for a mail and for the HTTP interface. */
export function whatToDo(alert: AlertAbout): string {
  const { words, command } = alertAdvice(alert);
  return [words?.[0], command].filter((part) => part !== undefined).join(' — ');
}

export const alertTitle = (kind: AlertKind): string => known[kind]?.title ?? kind;

/** True also for a kind that this release does not know. */
export const isTask = (kind: AlertKind): boolean => known[kind]?.asks !== 'notice';
