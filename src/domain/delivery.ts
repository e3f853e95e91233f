// Defines the words of a delivery: states, reasons, codes and keys.
// Invariant: every state has a reason that support understands; only a replay's new run leaves an end state.
import type { Action, Both } from '../../connectors/contract.ts';
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

/** True when the recipient has, or may have, what this delivery wrote there. */
export const mayBeHeld = ({
  action,
  state,
  maybeReceived,
}: {
  readonly action: Action;
  readonly state: DeliveryState;
  readonly maybeReceived: boolean;
}): boolean => action !== 'erase' && (state === 'delivered' || maybeReceived);

/**
 * Reasons that the gateway itself gives, in words for support (French first, English second).
 * A recipient's reason code follows a colon: `refused:PROGRAMME_CLOSED`.
 */
export const reasons = {
  '': ['', ''],
  // waiting
  retry: ['nouvel essai prévu', 'next try due'],
  broken: [
    'erreur interne sur cette livraison, nouvel essai prévu',
    'an internal error over this delivery, next try due',
  ],
  throttled: ['le destinataire demande de ralentir', 'the recipient asks to slow down'],
  destination_held: [
    'retenue par sa destination (incident, réglage à corriger, ou rythme ralenti)',
    'held back by its destination (an incident, a setting to repair, or a slower pace)',
  ],
  destination_suspended: ['destination suspendue par le support', 'destination suspended by support'],
  outside_hours: [
    'hors des horaires d’envoi de la destination',
    'outside the sending hours of its destination',
  ],
  waits_for_create: ['attend la fin de la création', 'waits for the create to settle'],
  next_call: ['appel suivant en cours', 'its next call is under way'],
  undoing: [
    'un appel a été refusé : les précédents sont retirés',
    'a call was refused: earlier ones are taken back',
  ],
  slot: ['attend le prochain fichier', 'waits for the next file'],
  file_held: [
    'fichier complet retenu : décision du support attendue',
    'a full file is held back: support decides',
  ],
  unknown_hold: ['issue inconnue : décision du support attendue', 'unknown outcome: support decides'],
  unknown_lookup: ['issue inconnue : le CRM va être interrogé', 'unknown outcome: the CRM will be asked'],
  outcome_unknown: ['l’envoi s’est interrompu, issue inconnue', 'the send was cut off, outcome unknown'],
  // withheld
  opt_in_missing: ['opt-in non enregistré', 'opt-in not recorded'],
  opt_in_held: ['retenue par la règle opt-in du client', "held by the client's opt-in rule"],
  recipient_not_authorised: ['destinataire non habilité', 'recipient not authorised'],
  category_not_authorised: ['catégorie de données hors de l’habilitation', 'data category not authorised'],
  inactive: ['aucun signe du prospect depuis deux ans', 'no sign of the prospect for two years'],
  go_live_incomplete: [
    'mise en service incomplète du client (accueil ou numéro présenté)',
    'go-live list incomplete',
  ],
  mapping_missing: ['aucun format publié pour la destination', 'no mapping published'],
  restricted: [
    'traitement limité à la demande de la personne',
    'processing restricted at the request of the person',
  ],
  create_unsettled: [
    'la création a échoué et son issue reste à trancher',
    'the create failed and is undecided',
  ],
  // pending
  recipient_decides: ['le destinataire décide plus tard', 'the recipient decides later'],
  // delivered
  accepted: ['accepté par le destinataire', 'accepted by the recipient'],
  duplicate: ['déjà connu du destinataire', 'already known to the recipient'],
  unproved: ['remis, sans preuve de réception', 'handed over, arrival not proved'],
  // failed
  refused: ['refusé par le destinataire', 'refused by the recipient'],
  invalid: ['ne respecte pas le format du client', "does not fit the client's format"],
  bounced: [
    'renvoyé par la messagerie du destinataire après la remise',
    "returned by the recipient's mail system after the hand-over",
  ],
  exhausted: ['tous les essais ont échoué', 'every try failed'],
  expired: ['délai maximal dépassé', 'past its maximum age'],
  manual_erasure_required: [
    'effacement à demander par écrit au client',
    'erasure must be requested in writing',
  ],
  manual_update_required: [
    'modification à transmettre par écrit au client',
    'update must be sent in writing',
  ],
  undo_failed: [
    'refusée, et les appels précédents n’ont pas pu être retirés',
    'refused, and earlier calls could not be taken back',
  ],
  reference_missing: ['référence du destinataire inconnue', "the recipient's reference is unknown"],
  // cancelled
  superseded: ['remplacée par une version plus récente', 'superseded by a newer revision'],
  erased: ['données effacées', 'lead erased'],
  purged: ['données supprimées au terme de l’opération', 'deleted at the end of its operation'],
  anonymised: ['lead anonymisé à son terme', 'anonymised when its time had come'],
  contract_ended: ['le contrat du client a pris fin', "the client's contract has ended"],
  by_support: ['annulée par le support', 'cancelled by support'],
  not_accepted: ['ce lead ne va pas à cette destination', 'this lead does not go here'],
  create_not_delivered: [
    'la création n’a pas abouti : rien à modifier chez le destinataire',
    'the create was not delivered: nothing to update there',
  ],
  not_needed: ['sans objet : rien n’a été transmis', 'not needed: nothing was sent'],
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
const ownLimits: Readonly<Record<string, Both>> = {
  ...Object.fromEntries(ratePeriods.map(({ refusal, words }) => [refusal, words])),
  'throttled:CONCURRENCY': [
    'notre limite d’envois simultanés vers cette destination est atteinte (limits.concurrency)',
    'our own limit of sends at once for this destination is reached (limits.concurrency)',
  ],
};

/** True when the delivery waits for a limit of its mapping. */
export const isOwnLimit = (stored: string): boolean => Object.hasOwn(ownLimits, stored);

/** Words for support for a stored reason. */
export function reasonText(stored: string, language: 'fr' | 'en' = 'fr'): string {
  const at = language === 'fr' ? 0 : 1;
  const own = ownLimits[stored];
  if (own !== undefined) return own[at];
  const { base, code } = splitReason(stored);
  const text = (reasons[base] as Both | undefined)?.[at] ?? base;
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

// Decides whether a recipient's reference of a record may be stored: it is used in addresses, and must never name a person
// (guarantee 7).
// Invariant: letters, digits and a few marks; no mail address, no phone number, nothing that needs escaping.

const longest = 128;
const plain = /^[A-Za-z0-9._~:/#=$|{}()[\]-]+$/;
/** A French number as dialled, or any with its country code after two zeros: ids of a CRM have no such start. */
const phone = /^0[1-9][._-]?(?:\d[._-]?){8}$|^00[1-9][\d._-]{7,}$/;

/** The reference as stored; undefined when it may name or contain a person. */
export function safeReference(value: unknown): string | undefined {
  // Above 2^53 a number is rounded, and would name another record.
  if (typeof value === 'number' && Math.abs(value) > Number.MAX_SAFE_INTEGER) return undefined;
  const text = typeof value === 'number' ? String(value) : typeof value === 'string' ? value.trim() : '';
  return text !== '' && text.length <= longest && plain.test(text) && !phone.test(text) ? text : undefined;
}
