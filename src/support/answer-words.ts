// Words of the outcome of an attempt: the kinds of outcome, faults of our own set-up, self-explanatory statuses.
// Invariant: every kind of outcome has its words in both languages.
import { isAccessNotGot, splitReason } from '../domain/delivery.ts';
import type { OutcomeKind } from '../../connectors/contract.ts';
import { meaningOf } from '../../connectors/http-status.ts';
import { undoneBy } from '../domain/verdict.ts';
import { codeWordsBehind } from './code-words.ts';
import { inBoth, inLanguage, reasonWords, type Both, type Language } from './words.ts';

const outcomeWords: Readonly<Record<OutcomeKind, Both>> = {
  accepted: ['accepté', 'accepted'],
  duplicate: ['déjà connu', 'already known'],
  pending: ['décision plus tard', 'decides later'],
  unconfirmed: ['remis, sans preuve de réception', 'handed over, arrival not proved'],
  refused: ['refusé', 'refused'],
  invalid: ['contenu jugé invalide', 'content judged invalid'],
  unauthorized: ['accès refusé', 'access refused'],
  throttled: ['trop rapide', 'too fast'],
  unavailable: ['indisponible', 'unavailable'],
  unknown: ['issue inconnue', 'unknown outcome'],
  absent: ['inconnu du destinataire', 'not known to the recipient'],
};

/** Codes of an attempt that our own set-up ended, without the recipient. */
const ownFaults: Readonly<Record<string, Both>> = {
  SECRET_MISSING: [
    'réglage de la passerelle : le secret que nomme le format n’est pas déposé',
    'our own set-up: the secret that the mapping names is not there',
  ],
  SECRET_MALFORMED: [
    'réglage de la passerelle : le secret que nomme le format est illisible',
    'our own set-up: the secret that the mapping names cannot be used',
  ],
  DKIM_KEY_UNREADABLE: [
    'réglage de la passerelle : la clé DKIM n’est pas une clé privée RSA lisible',
    'our own set-up: the DKIM key is no private RSA key that can be read',
  ],
  OPENPGP_KEY_UNREADABLE: [
    'réglage de la passerelle : la clé OpenPGP du client est illisible',
    "our own set-up: the client's OpenPGP key cannot be read",
  ],
  OPENPGP_KEY_EXPIRED: [
    'réglage de la passerelle : la clé OpenPGP du client a expiré, demandez-lui la nouvelle',
    "our own set-up: the client's OpenPGP key is over, ask for the new one",
  ],
  OPENPGP_KEY_UNUSABLE: [
    'réglage de la passerelle : la clé OpenPGP du client ne permet pas de chiffrer',
    "our own set-up: the client's OpenPGP key cannot encrypt",
  ],
  OPENPGP_SIGN_KEY_UNUSABLE: [
    'réglage de la passerelle : notre clé OpenPGP de signature est inutilisable',
    'our own set-up: our OpenPGP signing key cannot be used',
  ],
  DKIM_KEY_WEAK: [
    'réglage de la passerelle : la clé DKIM est trop courte (1 024 bits au moins)',
    'our own set-up: the DKIM key is too short (1,024 bits at least)',
  ],
  CLIENT_CERTIFICATE: [
    'le destinataire refuse notre certificat client, ou en demande un',
    'the recipient refuses our client certificate, or asks for one',
  ],
  ADDRESS_NOT_ALLOWED: [
    'réglage de la passerelle : elle n’a pas le droit de joindre cette adresse',
    'our own set-up: this address may not be reached (RELAIS_ALLOWED_RANGES)',
  ],
};

/** Words of a failed token or session, which the recipient of the lead did not refuse itself. */
function accessWords(outcome: string, code: string): Both | undefined {
  const asked = code.replace(/^RENEWAL_/, '');
  if (!isAccessNotGot(outcome, asked)) return undefined;
  const isToken = asked.startsWith('TOKEN_');
  if (outcome === 'unauthorized')
    return isToken
      ? ['le serveur de jetons refuse nos identifiants', 'the token endpoint refuses our credentials']
      : ['la connexion est refusée : identifiant ou mot de passe', 'the login is refused: user or password'];
  return isToken
    ? ['le serveur de jetons est indisponible', 'the token endpoint is unavailable']
    : ['le serveur de connexion est indisponible', 'the login is unavailable'];
}

/** Where the code needs no further words. A status outside the mapping's rules is explained by the table of statuses. */
function wholeWords(outcome: string, code: string): Both | undefined {
  const whole = ownFaults[code] ?? accessWords(outcome, code);
  if (whole !== undefined) return whole;
  const meaning = meaningOf(Number(/^HTTP_(\d{3})$/.exec(code)?.[1] ?? 0));
  return meaning?.outcome === outcome ? meaning.support : undefined;
}

export function outcomeText(outcome: string, code: string, language: Language): string {
  const words =
    wholeWords(outcome, code) ?? Object.entries(outcomeWords).find(([kind]) => kind === outcome)?.[1];
  return words === undefined ? outcome : inLanguage(words, language);
}

const moreWords = (outcome: string, code: string): Both | undefined =>
  wholeWords(outcome, code) === undefined ? codeWordsBehind(outcome, code) : undefined;

/** Reason of an outcome in the log: a code of ours in words with the code, any other unchanged. */
export function whyText(outcome: string, reason: string, language: Language): string {
  const code = splitReason(reason).code ?? reason;
  const words = moreWords(outcome, code);
  return words === undefined
    ? inLanguage(reasonWords(reason), language)
    : `${inLanguage(words, language)} (${code})`;
}

/** Outcome and reason of an attempt, in one sentence without the code. */
export const endWords = (outcome: string, code: string): Both =>
  inBoth((language) => {
    const words = moreWords(outcome, code);
    const colon = inLanguage([' : ', ': '], language);
    return (
      outcomeText(outcome, code, language) +
      (words === undefined ? '' : `${colon}${inLanguage(words, language)}`)
    );
  });

/** The call of an entry, or the call that it undoes; empty where the delivery is one call. */
export function callText(name: string, language: Language): string {
  const undone = undoneBy(name);
  if (undone !== undefined) return inLanguage([` (retrait de ${undone})`, ` (undo of ${undone})`], language);
  return name === '' ? '' : inLanguage([` (appel ${name})`, ` (call ${name})`], language);
}
