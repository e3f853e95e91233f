// Recognises by its name a field of a client's CRM for an opt-in, an opt-out, a secret, a person's identity or a contact channel.
// Invariant: a lint warns the integrator; it never changes a record.
import type { ConsentChannel } from '../../domain/lead.ts';

/** The words of a name: `codePostal`, `CODE_POSTAL` and `code-postal` are two, without accents or capitals. */
export const wordsIn = (name: string): readonly string[] =>
  name
    .replaceAll(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
    .normalize('NFD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');

const squeezed = (name: string): string => wordsIn(name).join('');

const optOut =
  /donot|dont(call|mail|email|contact|sms)|optout|optedout|unsubscri|desinscri|desabonn|blacklist|blocklist|listenoire|bloctel|opposition|refus|^no(email|mail|call|sms|phone|contact|marketing)|^(pas|sans)de|stop(sms|mail|email|pub|marketing)|nepas/;
const optIn =
  /optin|optout|optedout|consent|rgpd|gdpr|donot(call|mail|email|contact|sms)|blacklist|newsletter|desinscri|unsubscri/;

/** DoNotCall, OptedOut, blacklist, no_email ...: true in such a field means refused. */
export const smellsOfOptOut = (name: string): boolean => optOut.test(squeezed(name));

/** Only the consent block may write a field with such a name. */
export const smellsOfOptIn = (name: string): boolean => optIn.test(squeezed(name));

const weakOptIn = /accord|autoris|abonn|subscri|prospection|partenaire|partner|marketing|offre|cnil/;

/** A name that may be that of an opt-in when its example says yes or no besides. */
export const mayBeOptIn = (name: string): boolean => weakOptIn.test(squeezed(name));

/** A name that mentions an agreement: `ACCORD_MAIL`, `autorisationTel`; not `raccordement`. */
export const speaksOfAgreement = (name: string): boolean =>
  wordsIn(name).some((word) => /^(accord|autoris|cnil|abonn|subscri|prospection)/.test(word));

const keyWords = new Set(['secret', 'token', 'password', 'passwd', 'passphrase', 'pwd', 'mdp', 'bearer']);

/** apiKey, access_token, mot_de_passe, cle_api ...: a constant in such a field is a secret in clear. */
export const smellsOfSecret = (name: string): boolean =>
  wordsIn(name).some((word) => keyWords.has(word)) ||
  /apikey|accesskey|privatekey|authkey|secretkey|motdepasse|clef?api|apiclef?|^authorization$/.test(
    squeezed(name),
  );

const personNames = new Set(
  [
    'nom prenom civilite genre lastname firstname surname fullname nomcomplet nomfamille email mail',
    'courriel adressemail emailaddress tel telephone telmobile telephonemobile mobile portable gsm',
    'phone mobilephone homephone telfixe adresse address rue street codepostal cp zip zipcode',
    'postcode postalcode ville city commune budget apport commentaire comment',
  ].flatMap((line) => line.split(' ')),
);

/** A field of a person, which may not be a constant (C13). */
export const smellsOfPerson = (name: string): boolean => personNames.has(squeezed(name));

const channelWords: readonly (readonly [ConsentChannel, readonly string[]])[] = [
  ['phone', ['tel', 'telephone', 'phone', 'call', 'appel', 'voice']],
  ['sms', ['sms', 'texto', 'mms']],
  ['email', ['email', 'mail', 'courriel', 'emailing']],
  ['post', ['post', 'postal', 'courrier', 'letter']],
];

/** The channel that a name mentions, if exactly one. */
export function channelOf(name: string): ConsentChannel | undefined {
  const parts = wordsIn(name);
  const found = channelWords.filter(([, own]) => parts.some((part) => own.includes(part)));
  return found.length === 1 ? found[0]?.[0] : undefined;
}

const yes = new Set(
  [
    'true 1 o y oui yes ok vrai granted accepted optin subscribed accord optedin abonne inscrit',
    'actif active',
  ].flatMap((line) => line.split(' ')),
);
const no = new Set(
  [
    'false 0 n non no ko faux refused rejected optout unsubscribed refus stop stopped bloque blocked',
    'blacklist blacklisted desabonne desinscrit optedout inactif inactive',
  ].flatMap((line) => line.split(' ')),
);

/** Reads a value as a yes or a no; undefined when it is neither. */
export function readsAs(value: unknown): 'yes' | 'no' | undefined {
  const text =
    typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
      ? squeezed(String(value))
      : '';
  return yes.has(text) ? 'yes' : no.has(text) ? 'no' : undefined;
}
