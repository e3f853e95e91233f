// Messages about mistakes in a condition on an answer, French first.
// Invariant: names of places and headers; nothing of an answer.
import type { Both } from '../../../connectors/contract.ts';
import { comparisons } from './comparison.ts';

export const noStatus: Both = [
  'status est un nombre, 2xx, 4xx ou 5xx, une suite comme 500-504, ou une liste de ceux-ci.',
  'status is a number, 2xx, 4xx or 5xx, a range such as 500-504, or a list of these.',
];

export const noWords: Both = [
  'text a besoin des mots à trouver : {contains: "..."}.',
  'text needs the words to find: {contains: "..."}.',
];

export const noHeaders: Both = [
  'header a besoin de noms et de valeurs : {header: {x-result: ok}}.',
  'header needs names and values: {header: {x-result: ok}}.',
];

export const noMediaType: Both = [
  'mediaType est un texte comme application/json.',
  'mediaType is a text such as application/json.',
];

export const noFaultsHere: Both = [
  'seules les réponses de soap, jsonRpc et xmlRpc ont des erreurs (fault).',
  'only answers of soap, jsonRpc and xmlRpc have faults.',
];

export const whatFaultIs: Both = [
  'fault est true pour toute erreur, un code, ou une liste de codes.',
  'fault is true for any fault, a code, or a list of codes.',
];

export const quotedBoolean: Both = [
  'true ou false entre guillemets est un texte, auquel une réponse qui dit true ne répond pas : sans guillemets c’est la valeur.',
  'true or false between quotes is a text, which an answer that says true does not fit: without quotes it is the value.',
];

export const placeNeeds = (place: string): Both => [
  `« ${place} » a besoin de ${comparisons[0]} ; d’une interrogation, {asked: true} aussi.`,
  `"${place}" needs ${comparisons[1]}; of a look-up, {asked: true} too.`,
];

export const headerNeeds = (name: string): Both => [
  `l’en-tête « ${name} » a besoin de ${comparisons[0]}.`,
  `header "${name}" needs ${comparisons[1]}.`,
];

export const alwaysGives = (place: string): Both => [
  `« ${place} » donne toujours une valeur : écrivez la valeur, pas exists.`,
  `"${place}" always gives a value: write the value, not exists.`,
];

export const noDotPath = (place: string): Both => [
  `« ${place} » n’est pas un chemin à points comme error.code.`,
  `"${place}" is no dot path such as error.code.`,
];

export function unreadable(form: 'xpath' | 'css', fault: Both = noXPath): Both {
  const [french, english] =
    form === 'xpath' ? ['l’XPath', 'the XPath'] : ['le sélecteur CSS', 'the CSS selector'];
  return [`${french} ne peut pas être lu : ${fault[0]}.`, `${english} cannot be read: ${fault[1]}.`];
}

export const faultUnread = (leads: string): Both => [
  `aucune règle ne lit une erreur (fault) de ${leads} : elle n’est jamais une acceptation, mais rien ne dit si c’est notre contenu, nos droits ou le moment. Ajoutez {invalid: {fault: true}}, ou une règle par code.`,
  `no rule reads a fault of ${leads}: one is never an acceptance, but nothing says if it is our content, our rights or the moment. Add {invalid: {fault: true}}, or a rule for each code.`,
];

// Messages about mistakes in an XPath or a CSS selector, as the end of a sentence, French first.
// Invariant: names parts of the expression; nothing of an answer.

export const isEmpty: Both = ['il n’y a rien', 'it is empty'];

export const tooLong = (most: number): Both => [
  `plus de ${most} caractères`,
  `it is longer than ${most} characters`,
];

export const walksInWalks: Both = [
  'des conditions qui cherchent dans toute la réponse sont l’une dans l’autre : la lecture n’aurait pas de durée bornée',
  'conditions that search the whole answer stand inside each other: it cannot be read in bounded time',
];

export const noXPath: Both = ['ce n’est pas un XPath', 'it is no XPath'];

export const noVariables: Both = ['il n’y a pas de variables', 'there are no variables'];

export const noPrefixes: Both = [
  'retirez les préfixes : un nom vaut dans tous les espaces de noms',
  'leave prefixes out: a name fits in every namespace',
];

export const noFunction = (name: string): Both => [
  `la fonction « ${name} » n’existe pas`,
  `function "${name}" does not exist`,
];

export function otherArguments(name: string, [least, most]: readonly [number, number], given: number): Both {
  const [french, english] =
    least === most ? [`${most}`, `${most}`] : [`${least} à ${most}`, `${least} to ${most}`];
  return [
    `« ${name} » demande ${french} arguments, et non ${given}`,
    `"${name}" takes ${english} arguments, not ${given}`,
  ];
}

export const noSign = (sign: string): Both => [
  `« ${sign} » n’est pas un caractère de sélecteur`,
  `"${sign}" is no sign of a selector`,
];

export const partMissing: Both = [
  'il manque une partie après son dernier caractère',
  'a part is missing behind its last sign',
];

/** @param english the message of the selector parser */
export const noSelector = (english: string): Both =>
  english === ''
    ? ['ce n’est pas un sélecteur', 'it is no selector']
    : [`ce n’est pas un sélecteur (en anglais : ${english})`, english];

export const tooManyParts = (parts: number, most: number): Both => [
  `il a ${parts} parties, ${most} au plus peuvent être lues`,
  `it has ${parts} parts, ${most} at most can be read`,
];

export const oneElementInside = (name: string): Both => [
  `dans « :${name} » un seul élément peut être regardé : écrivez dehors le chemin qui y mène`,
  `inside ":${name}" only one element can be looked at: write the way to it outside`,
];

export const unboundedPseudo = (name: string, known: readonly string[]): Both => [
  `« :${name} » ne peut pas être lu en une durée bornée ; peuvent l’être ${known.join(', ')}`,
  `":${name}" cannot be read in bounded time; those that can are ${known.join(', ')}`,
];
