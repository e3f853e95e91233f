// Reports constants of a mapping that are a person's data (C13), an opt-in (C20) or a secret key.
// Invariant: only reports; the values written do not change.
import { isRecord } from '../document/yaml.ts';
import { secretIn } from './secret-cells.ts';
import { isEmptyList, isScalarValue } from './values.ts';
import {
  mayBeOptIn,
  readsAs,
  smellsOfOptIn,
  smellsOfOptOut,
  smellsOfPerson,
  smellsOfSecret,
  speaksOfAgreement,
  wordsIn,
} from './lints.ts';
import type { Path, Report } from '../document/problems.ts';
import type { Scope } from '../scope.ts';
import { lastName } from './target.ts';
import type { Target } from './target.ts';

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
      `this would be written as it stands, braces included: write ${instead}.`,
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
    `"${text}" would be written as it stands: a secret stands alone as the value of a field of a webhook ({to: token, value: secret:NAME}), in send.auth, or in a header.`,
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
