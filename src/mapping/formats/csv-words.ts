// Messages about mistakes in a CSV dialect, French first.
// Invariant: names of signs and encodings; nothing of a lead.
import type { Both } from '../../../connectors/contract.ts';

export const lineBreakBetween: Both = [
  'le séparateur est un saut de ligne : un lecteur ne trouverait qu’une colonne.',
  'the delimiter is a line break: a reader would find one column.',
];

export const quoteBetween = (sign: string): Both => [
  `le séparateur contient ${sign}, que ce format emploie pour les guillemets.`,
  `the delimiter holds ${sign}, which this dialect uses for quotes.`,
];

export const letterBetween: Both = [
  'le séparateur contient une lettre ou un chiffre, comme les valeurs ; une tabulation est "\\t" entre guillemets doubles.',
  'the delimiter holds a letter or a digit, as values do; a tab is "\\t" between double quotes.',
];

export const delimiterUnknown = (encoding: string): Both => [
  `${encoding} n’a pas le séparateur.`,
  `${encoding} does not have the delimiter.`,
];

export const noDecimal = (sign: string): Both => [
  `« ${sign} » n’est pas un signe décimal.`,
  `"${sign}" is no decimal sign.`,
];

export const signUnknown = (encoding: string, sign: string): Both => [
  `${encoding} n’a pas « ${sign} ».`,
  `${encoding} does not have "${sign}".`,
];

export const decimalBetween: Both = [
  'le signe décimal est le séparateur et rien n’est entre guillemets : un nombre remplirait deux colonnes.',
  'the decimal sign is the delimiter and nothing is quoted: a number would fill two columns.',
];

export const unwritable = (word: string): Both => [
  `« ${word} » ne peut pas être écrit dans ce CSV.`,
  `"${word}" cannot be written in this CSV.`,
];

export const alike: Both = [
  'vrai et faux seraient écrits de la même façon.',
  'true and false would be written alike.',
];

export const breakUnquoted = (sign: string): Both => [
  `« ${sign} » à la place d’un saut de ligne a besoin de guillemets, et rien n’est entre guillemets.`,
  `"${sign}" in place of a line break needs quotes, and nothing is quoted.`,
];
