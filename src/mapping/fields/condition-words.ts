// Messages about mistakes in a condition on the lead, French first.
// Invariant: names of sources and closed lists of values; never a value of a lead.
import type { Both } from '../../../connectors/contract.ts';

export const notABlock = (names: readonly string[]): Both => [
  `une condition est un bloc avec l’un de : ${names.join(', ')}.`,
  `a condition is a block with one of: ${names.join(', ')}.`,
];

export const noSuchCondition = (name: string): Both => [
  `la condition « ${name} » n’existe pas.`,
  `condition "${name}" does not exist.`,
];

export const listNeeded = (name: string): Both => [
  `${name} a besoin d’une liste de conditions.`,
  `${name} needs a list of conditions.`,
];

export const pairNeeded = (name: string): Both => [
  `${name} a besoin d’une source et d’une valeur : {${name}: {channel: web_form}}.`,
  `${name} needs a source and a value: {${name}: {channel: web_form}}.`,
];

export const numbersNeeded = (name: string): Both => [
  `${name} compare un nombre du lead à un nombre.`,
  `${name} compares a number of the lead with a number.`,
];

export const valuesNeeded = (name: string): Both =>
  name === 'in'
    ? ['in a besoin d’une liste de valeurs.', 'in needs a list of values.']
    : [`${name} a besoin d’une valeur.`, `${name} needs one value.`];

export const neverOneOf = (path: string, word: string, values: readonly string[]): Both => [
  `« ${path} » n’est jamais « ${word} » : c’est l’un de ${values.join(', ')}.`,
  `"${path}" is never "${word}": it is one of ${values.join(', ')}.`,
];

export const notInAccepts = (key: string): Both => [
  `accepts ne peut pas lire « ${key} ».`,
  `accepts cannot read "${key}".`,
];
