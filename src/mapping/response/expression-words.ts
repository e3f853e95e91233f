// Messages about mistakes in an XPath or a CSS selector, as the end of a sentence, French first.
// Invariant: names parts of the expression; nothing of an answer.
import type { Both } from '../../../connectors/contract.ts';

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
