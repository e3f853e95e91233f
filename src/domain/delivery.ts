// Defines the words of a delivery: states, reasons, codes and keys.
// Invariant: every state has a reason that support understands; only a replay's new run leaves an end state.
import { ratePeriods } from './rates.ts';

// Lists the codes after which no byte of a lead has left Relais, although its departure was recorded. Pure.
// Invariant: every code of a connection that was never made is listed; a unit test compares it with the guard's list.

const codes: ReadonlySet<string> = new Set([
  'ADDRESS_NOT_ALLOWED',
  'TLS_CERTIFICATE',
  'CLIENT_CERTIFICATE',
  'DNS',
  'CONNECT_REFUSED',
  'CONNECT_RESET',
  'CONNECT_TIMEOUT',
  'UNREACHABLE',
  'TLS_FAILED',
  'CONNECT_ABORTED',
  'CONNECT_FAILED',
  'LEASE_LOST',
  'SECRET_MISSING',
  'SECRET_MALFORMED',
  'DKIM_KEY_UNREADABLE',
  'DKIM_KEY_WEAK',
  'OPENPGP_KEY_UNREADABLE',
  'OPENPGP_KEY_EXPIRED',
  'OPENPGP_KEY_UNUSABLE',
  'OPENPGP_SIGN_KEY_UNUSABLE',
  'HOST_KEY_MISMATCH',
  'FILE_NOT_FINISHED',
]);

/** True when we stopped the sending, whatever the recipient does: its destination was suspended, or closed for the night. */
export const isOwnDoing = (code: string): boolean => code === 'FILE_NOT_FINISHED';

const accessOutcomes: ReadonlySet<string> = new Set(['unauthorized', 'throttled', 'unavailable']);

/** True when a token or a session, without which nothing is sent, could not be fetched. */
export const isAccessNotGot = (outcome: string, code: string): boolean =>
  accessOutcomes.has(outcome) && /^(TOKEN|LOGIN)_/.test(code);

/** True when an outcome proves that nothing left. @param code behind the outcome's reason */
export const saysNothingLeft = (outcome: string, code: string): boolean =>
  codes.has(code) || isAccessNotGot(outcome, code);

// Derives from a log entry the end of a delivery: delivered, failed or withheld.
// Invariant: an entry gives one end or none; a replayed delivery may have several ends, one after the other.

const deliveryEnds = ['delivered', 'failed', 'withheld'] as const;
export type DeliveryEnd = (typeof deliveryEnds)[number];

/** Entries that end a delivery by themselves; for the others the next step decides. */
const byEntry: Readonly<Partial<Record<string, DeliveryEnd>>> = {
  invalid: 'failed',
  expired: 'failed',
  bounced: 'failed',
  withheld: 'withheld',
};
const byStep: Readonly<Partial<Record<string, DeliveryEnd>>> = { done: 'delivered', fail: 'failed' };

export const endingEntries: readonly string[] = Object.keys(byEntry);
export const endingSteps: readonly string[] = Object.keys(byStep);

/** Undefined: the delivery goes on. @param step the next step in the entry */
export const endOf = (entry: string, step: string): DeliveryEnd | undefined => byEntry[entry] ?? byStep[step];

export const deliveryStates = [
  'planned',
  'queued',
  'sending',
  'waiting',
  'withheld',
  'pending',
  'delivered',
  'failed',
  'cancelled',
] as const;
export type DeliveryState = (typeof deliveryStates)[number];

export const endStates: readonly DeliveryState[] = ['delivered', 'failed', 'cancelled'];
export const isEnd = (state: DeliveryState): boolean => endStates.includes(state);

/**
 * Reasons that the gateway itself gives, in words for support (French first, English second).
 * A recipient's reason code follows a colon: `refused:PROGRAMME_CLOSED`.
 */
export const reasons = {
  '': { fr: '', en: '' },
  // waiting
  retry: { fr: 'nouvel essai prévu', en: 'next try due' },
  broken: {
    fr: 'erreur interne sur cette livraison, nouvel essai prévu',
    en: 'an internal error over this delivery, next try due',
  },
  throttled: { fr: 'le destinataire demande de ralentir', en: 'the recipient asks to slow down' },
  destination_held: {
    fr: 'retenue par sa destination (incident, réglage à corriger, ou rythme ralenti)',
    en: 'held back by its destination (an incident, a setting to repair, or a slower pace)',
  },
  destination_suspended: {
    fr: 'destination suspendue par le support',
    en: 'destination suspended by support',
  },
  outside_hours: {
    fr: 'hors des horaires d’envoi de la destination',
    en: 'outside the sending hours of its destination',
  },
  waits_for_create: { fr: 'attend la fin de la création', en: 'waits for the create to settle' },
  next_call: { fr: 'appel suivant en cours', en: 'its next call is under way' },
  undoing: {
    fr: 'un appel a été refusé : les précédents sont retirés',
    en: 'a call was refused: earlier ones are taken back',
  },
  slot: { fr: 'attend le prochain fichier', en: 'waits for the next file' },
  file_held: {
    fr: 'fichier complet retenu : décision du support attendue',
    en: 'a full file is held back: support decides',
  },
  unknown_hold: {
    fr: 'issue inconnue : décision du support attendue',
    en: 'unknown outcome: support decides',
  },
  unknown_lookup: {
    fr: 'issue inconnue : le CRM va être interrogé',
    en: 'unknown outcome: the CRM will be asked',
  },
  outcome_unknown: {
    fr: 'l’envoi s’est interrompu, issue inconnue',
    en: 'the send was cut off, outcome unknown',
  },
  // withheld
  opt_in_missing: { fr: 'opt-in non enregistré', en: 'opt-in not recorded' },
  opt_in_held: { fr: 'retenue par la règle opt-in du client', en: "held by the client's opt-in rule" },
  recipient_not_authorised: { fr: 'destinataire non habilité', en: 'recipient not authorised' },
  category_not_authorised: {
    fr: 'catégorie de données hors de l’habilitation',
    en: 'data category not authorised',
  },
  inactive: {
    fr: 'aucun signe du prospect depuis deux ans',
    en: 'no sign of the prospect for two years',
  },
  go_live_incomplete: {
    fr: 'mise en service incomplète du client (accueil ou numéro présenté)',
    en: 'go-live list incomplete',
  },
  mapping_missing: { fr: 'aucun format publié pour la destination', en: 'no mapping published' },
  restricted: {
    fr: 'traitement limité à la demande de la personne',
    en: 'processing restricted at the request of the person',
  },
  create_unsettled: {
    fr: 'la création a échoué et son issue reste à trancher',
    en: 'the create failed and is undecided',
  },
  // pending
  recipient_decides: { fr: 'le destinataire décide plus tard', en: 'the recipient decides later' },
  // delivered
  accepted: { fr: 'accepté par le destinataire', en: 'accepted by the recipient' },
  duplicate: { fr: 'déjà connu du destinataire', en: 'already known to the recipient' },
  unproved: { fr: 'remis, sans preuve de réception', en: 'handed over, arrival not proved' },
  // failed
  refused: { fr: 'refusé par le destinataire', en: 'refused by the recipient' },
  invalid: { fr: 'ne respecte pas le format du client', en: "does not fit the client's format" },
  bounced: {
    fr: 'renvoyé par la messagerie du destinataire après la remise',
    en: "returned by the recipient's mail system after the hand-over",
  },
  exhausted: { fr: 'tous les essais ont échoué', en: 'every try failed' },
  expired: { fr: 'délai maximal dépassé', en: 'past its maximum age' },
  manual_erasure_required: {
    fr: 'effacement à demander par écrit au client',
    en: 'erasure must be requested in writing',
  },
  manual_update_required: {
    fr: 'modification à transmettre par écrit au client',
    en: 'update must be sent in writing',
  },
  undo_failed: {
    fr: 'refusée, et les appels précédents n’ont pas pu être retirés',
    en: 'refused, and earlier calls could not be taken back',
  },
  reference_missing: { fr: 'référence du destinataire inconnue', en: "the recipient's reference is unknown" },
  // cancelled
  superseded: { fr: 'remplacée par une version plus récente', en: 'superseded by a newer revision' },
  erased: { fr: 'données effacées', en: 'lead erased' },
  purged: {
    fr: 'données supprimées au terme de l’opération',
    en: 'deleted at the end of its operation',
  },
  anonymised: { fr: 'lead anonymisé à son terme', en: 'anonymised when its time had come' },
  contract_ended: { fr: 'le contrat du client a pris fin', en: "the client's contract has ended" },
  by_support: { fr: 'annulée par le support', en: 'cancelled by support' },
  not_accepted: { fr: 'ce lead ne va pas à cette destination', en: 'this lead does not go here' },
  create_not_delivered: {
    fr: 'la création n’a pas abouti : rien à modifier chez le destinataire',
    en: 'the create was not delivered: nothing to update there',
  },
  not_needed: { fr: 'sans objet : rien n’a été transmis', en: 'not needed: nothing was sent' },
} as const;

export type Reason = keyof typeof reasons;

/** `base` or `base:CODE`, as stored in `deliveries.reason`. */
export function reasonWith(base: Reason, code?: string): string {
  return code === undefined || code === '' ? base : `${base}:${code}`.slice(0, 80);
}

/** The two halves of a stored reason. */
export function splitReason(stored: string): { readonly base: Reason; readonly code?: string } {
  const at = stored.indexOf(':');
  const base = (at < 0 ? stored : stored.slice(0, at)) as Reason;
  return at < 0 ? { base } : { base, code: stored.slice(at + 1) };
}

/** Reasons whose code changes the words: our own limit slows the delivery down. */
const ownLimits: Readonly<Record<string, { readonly fr: string; readonly en: string }>> = {
  ...Object.fromEntries(ratePeriods.map(({ refusal, words }) => [refusal, words])),
  'throttled:CONCURRENCY': {
    fr: 'notre limite d’envois simultanés vers cette destination est atteinte (limits.concurrency)',
    en: 'our own limit of sends at once for this destination is reached (limits.concurrency)',
  },
};

/** True when the delivery waits for a limit of its mapping. */
export const isOwnLimit = (stored: string): boolean => Object.hasOwn(ownLimits, stored);

/** Words for support for a stored reason. */
export function reasonText(stored: string, language: 'fr' | 'en' = 'fr'): string {
  const own = ownLimits[stored];
  if (own !== undefined) return own[language];
  const { base, code } = splitReason(stored);
  const text = (reasons[base] as { fr: string; en: string } | undefined)?.[language] ?? base;
  return code === undefined ? text : `${text} (${code})`;
}

/**
 * `[A-Z0-9_.-]{1,64}` in either case; any other value of a recipient becomes `OTHER`, and so does a possible phone number
 * (guarantee 7).
 */
export function safeCode(value: unknown): string {
  const text = typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
  return typeof text === 'string' && /^[A-Za-z0-9_.-]{1,64}$/.test(text) && !phoneLike.test(text)
    ? text
    : 'OTHER';
}

/** Eight or more digits with nothing but separators. */
const phoneLike = /^[_.-]*(?:\d[_.-]*){8,}$/;

/** Idempotency key of a run: the delivery's key, with the run added once a definite refusal opened a new one (guarantee 4). */
export function idempotencyKey(key: string, keyRun: number): string {
  return keyRun <= 1 ? key : `${key}.r${keyRun}`;
}
