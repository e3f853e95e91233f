// Messages about mistakes in the options of a formatter, French first.
// Invariant: an example in a message is valid as written.
import type { Both } from '../../../connectors/contract.ts';

export const noPhoneStyle = (option: unknown, styles: readonly string[]): Both => [
  `le style de téléphone ${JSON.stringify(option)} n’existe pas : ${styles.join(', ')}.`,
  `phone style ${JSON.stringify(option)} does not exist: ${styles.join(', ')}.`,
];

export const noPattern: Both = [
  'date a besoin d’un modèle : {date: dd/MM/yyyy HH:mm}.',
  'date needs a pattern: {date: dd/MM/yyyy HH:mm}.',
];

export const noUnit: Both = [
  'epoch compte des secondes ou des millisecondes : {epoch: s} ou {epoch: ms}.',
  'epoch counts seconds or milliseconds: {epoch: s} or {epoch: ms}.',
];

export const notTwo: Both = [
  'boolean a besoin de deux valeurs, pour vrai et pour faux : {boolean: ["OUI", "NON"]}.',
  'boolean needs two values, for true and for false: {boolean: ["OUI", "NON"]}.',
];

export const bothAlike: Both = [
  'boolean écrit vrai et faux de la même façon.',
  'boolean writes true and false alike.',
];

export const noSeparator = (formatter: string, example: string): Both => [
  `${formatter} a besoin d’un séparateur : {${formatter}: ${example}}.`,
  `${formatter} needs a separator: {${formatter}: ${example}}.`,
];

export const noSeparators: Both = [
  'number a besoin de ses séparateurs : {number: {decimal: ",", group: " ", decimals: 2}}.',
  'number needs its separators: {number: {decimal: ",", group: " ", decimals: 2}}.',
];

export const noNumberOption = (option: string, known: readonly string[]): Both => [
  `number n’a pas d’option « ${option} » : ${known.join(', ')}.`,
  `number has no option "${option}": ${known.join(', ')}.`,
];

export const separatorsAreTexts: Both = [
  'decimal et group de number sont des textes.',
  'decimal and group of number are texts.',
];

export const decimalOfItsOwn: Both = [
  'decimal de number est un seul caractère.',
  'decimal of number must be a sign of its own.',
];

export const noDecimals: Both = [
  'decimals de number est un nombre entier de 0 à 6.',
  'decimals of number is a whole number from 0 to 6.',
];

export const emptyPattern: Both = ['le modèle de date est vide.', 'the date pattern is empty.'];

export const minutesForMonth = (pattern: string, instead: string): Both => [
  `« ${pattern} » écrit les minutes (mm) à la place du mois : écrivez ${instead}.`,
  `"${pattern}" writes minutes (mm) for the month: write ${instead}.`,
];

export const monthForMinutes = (pattern: string, instead: string): Both => [
  `« ${pattern} » écrit le mois (MM) à la place des minutes : écrivez ${instead}.`,
  `"${pattern}" writes the month (MM) for the minutes: write ${instead}.`,
];

export const unknownLetter = (letter: string, pattern: string): Both => [
  `« ${letter} » du modèle de date « ${pattern} » n’existe pas : employez yyyy yy MM dd HH mm ss, et un 'texte' entre apostrophes.`,
  `"${letter}" in the date pattern "${pattern}" is unknown: use yyyy yy MM dd HH mm ss, and 'text' between apostrophes.`,
];

export const nothingToRemove: Both = [
  'remove a besoin de ce qu’il retire : emoji, control, 4bytes, des caractères comme "<>", ou une liste de ceux-ci.',
  'remove needs what is taken out: emoji, control, 4bytes, signs such as "<>", or a list of these.',
];

export const notRemovable = (signs: string, known: readonly string[]): Both => [
  `remove ne peut pas retirer « ${signs} » : lettres, chiffres et espaces portent un sens. Il retire ${known.join(', ')}, ou des caractères comme "<>".`,
  `remove cannot take "${signs}" out: letters, digits and blanks say something. It takes ${known.join(', ')}, or signs such as "<>".`,
];
