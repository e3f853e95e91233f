// Recognises by its name a client's field for an opt-in, an opt-out, a secret, a person or a channel; reports constants that none
// may hold.
// Invariant: a lint warns the integrator; it never changes a record.
import type { ConsentChannel } from '../../domain/lead.ts';
import { isEmptyList, isScalarValue } from './values.ts';
import { isRecord } from '../document/yaml.ts';
import type { Path, Report } from '../document/problems.ts';
import type { Scope } from '../scope.ts';
import { lastName, type Target } from './target.ts';

// Reads the names of secrets in a file.
// Invariant: only a cell that the file itself makes is a secret; a text of the lead that looks like one remains a text.

const reference = /^secret:([A-Za-z_][A-Za-z0-9_]{0,63})$/;

/** `NAME` of `secret:NAME`. */
export const secretIn = (value: unknown): string | undefined =>
  typeof value === 'string' ? reference.exec(value)?.[1] : undefined;

/** True for a text that was meant as a secret, and would be written literally. */
export const speaksOfSecret = (text: string): boolean => /(?:^|[^\p{L}\p{N}_])secret:\S/u.test(text);

// Reports constants of a mapping that are a person's data (C13), an opt-in (C20) or a secret key.
// Invariant: only reports; the values written do not change.

const looksLikeContact = /^\+?\d[\d .-]{8,}$|^[^\s@]+@[^\s@]+\.[^\s@]+$/;

export function checkConstant(value: unknown, path: Path, scope: Scope, target: Target): void {
  const name = lastName(target);
  if (smellsOfPerson(name)) {
    scope.report.error([...path, 'value'], 'MAP-211', [
      `« ${target.text} » est, par son nom, un champ de la personne : une constante l’inventerait (C13).`,
      `"${target.text}" is a person's field by its name: a constant would invent it (C13).`,
    ]);
  } else if (typeof value === 'string' && looksLikeContact.test(value)) {
    scope.report.error([...path, 'value'], 'MAP-211', [
      `la constante de « ${target.text} » ressemble à un téléphone ou à une adresse (C13).`,
      `the constant of "${target.text}" looks like a phone number or an address (C13).`,
    ]);
  } else if (isEmptyList(value)) {
    if (target.steps.at(-1)?.append !== true)
      scope.report.error([...path, 'value'], 'MAP-103', [
        `value: [] est une liste vide : le champ s’écrit « ${target.text}[] ».`,
        `value: [] is an empty list: the target is written "${target.text}[]".`,
      ]);
  } else if (!isScalarValue(value) && value !== null) {
    scope.report.error([...path, 'value'], 'MAP-103', [
      'value est un texte, un nombre ou true / false.',
      'value is a text, a number, or true / false.',
    ]);
  } else if (secretIn(value) !== undefined && scope.bodySecrets) return;
  else if (!checkLiteral(value, [...path, 'value'], scope.report))
    checkKey(name, value, [...path, 'value'], scope.report);
}

/** Reports a literal text that was meant as a place for a value. @returns true when it reported */
export function checkLiteral(value: unknown, path: Path, report: Report): boolean {
  if (typeof value !== 'string') return false;
  const place = /\{\{([^{}]*)\}\}/.exec(value)?.[1]?.trim();
  if (place !== undefined) {
    const instead = value.trim() === `{{${place}}}` ? `from: ${place}` : `template: '${value}'`;
    report.error(path, 'MAP-225', [
      `ceci serait écrit tel quel, accolades comprises : écrivez ${instead}.`,
      `this would be written as it is, braces included: write ${instead}.`,
    ]);
    return true;
  }
  if (!value.startsWith('secret:')) return false;
  reportSecret(value, path, { report });
  return true;
}

/** Reports a secret written where only texts are allowed. */
export function reportSecret(text: string, path: Path, { report }: Pick<Scope, 'report'>): void {
  report.error(path, 'MAP-225', [
    `« ${text} » serait écrit tel quel : un secret est seul, comme valeur d’un champ d’un webhook ({to: token, value: secret:NOM}), dans send.auth ou dans un en-tête.`,
    `"${text}" would be written as it is: a secret is the whole value of a field of a webhook ({to: token, value: secret:NAME}), in send.auth, or in a header.`,
  ]);
}

/** Reports a constant key of an API: it would appear in the file, in every preview and in every version. */
export function checkKey(name: string, value: unknown, path: Path, report: Report): void {
  if (!isScalarValue(value) || value === '' || typeof value === 'boolean' || !smellsOfSecret(name)) return;
  report.error(path, 'MAP-404', [
    `« ${name} » contient une clé en clair : écrivez secret:NOM, comme valeur d’un champ d’un webhook ({to: token, value: secret:NOM}), dans send.auth ou dans un en-tête.`,
    `"${name}" holds a key in clear: write secret:NAME, as the value of a field of a webhook ({to: token, value: secret:NAME}), in send.auth, or in a header.`,
  ]);
}

/** Values that a field may write whatever the lead: its constant, its default, the entries of its map, the words of its formatter. */
function ownAnswers(raw: Record<string, unknown>, maps: Scope['maps']): readonly unknown[] {
  const map = typeof raw['map'] === 'string' ? maps[raw['map']] : raw['map'];
  const steps: unknown[] = Array.isArray(raw['as']) ? raw['as'] : [raw['as']];
  return [
    raw['value'],
    raw['default'],
    ...(isRecord(map) ? Object.values(map) : []),
    ...steps.flatMap((step) =>
      isRecord(step) && Array.isArray(step['boolean']) ? (step['boolean'] as unknown[]) : [],
    ),
  ];
}

const bareNumber = /^[01]$/;
/** With one of these words a name is that of a code: `code_partenaire: N`. */
const nameWords = new Set([
  'code',
  'type',
  'source',
  'campagne',
  'campaign',
  'ref',
  'reference',
  'id',
  'numero',
]);
const isCode = (name: string): boolean => wordsIn(name).some((word) => nameWords.has(word));

/** Reports an opt-in outside the consent block, by its name, or by a vague name and a yes or no that the mapping writes (C20). */
export function checkOptInOutside(
  raw: Record<string, unknown>,
  path: Path,
  scope: Pick<Scope, 'report' | 'maps'>,
  target: Target,
): void {
  const own = lastName(target);
  const names = [own, ...target.steps.map((step) => step.name)];
  const answers = ownAnswers(raw, scope.maps).filter((answer) => readsAs(answer) !== undefined);
  // `prospection: 1` may be a count as well as a yes.
  const spoken = answers.filter((answer) => !bareNumber.test(String(answer)));
  const answersLikeOptIn =
    (answers.length > 0 && names.some((name) => smellsOfOptIn(name) || smellsOfOptOut(name))) ||
    (spoken.length > 0 && names.some(speaksOfAgreement)) ||
    // A constant yes is reported under a vaguer name, too: `marketing: OUI`.
    (Object.hasOwn(raw, 'value') && spoken.length > 0 && names.some(mayBeOptIn) && !names.some(isCode));
  if (!smellsOfOptIn(own) && !answersLikeOptIn) return;
  scope.report.error(
    [...path, 'to'],
    'MAP-220',
    answersLikeOptIn && !smellsOfOptIn(own)
      ? [
          `« ${target.text} » se lit comme un opt-in, et le format répond lui-même ${String(answers[0])} : seul le bloc consent peut l’écrire (C20).`,
          `"${target.text}" reads as an opt-in, and the mapping itself answers ${String(answers[0])}: only the consent block may write it (C20).`,
        ]
      : [
          `« ${target.text} » est, par son nom, un opt-in : seul le bloc consent peut l’écrire (C20).`,
          `"${target.text}" is an opt-in by its name: only the consent block may write it (C20).`,
        ],
  );
}

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
const speaksOfAgreement = (name: string): boolean =>
  wordsIn(name).some((word) => /^(accord|autoris|cnil|abonn|subscri|prospection)/.test(word));

const keyWords = new Set(['secret', 'token', 'password', 'passwd', 'passphrase', 'pwd', 'mdp', 'bearer']);

/** apiKey, access_token, mot_de_passe, cle_api ...: a constant in such a field is a secret in clear. */
const smellsOfSecret = (name: string): boolean =>
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
