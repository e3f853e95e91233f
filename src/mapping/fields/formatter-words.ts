// What exactly is wrong with the options of a formatter. French first.
// Invariant: an example is what may be written as it stands.
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
