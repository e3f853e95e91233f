// Messages about mistakes in a condition on an answer, French first.
// Invariant: names of places and headers; nothing of an answer.
import type { Both } from '../../../connectors/contract.ts';
import { comparisons } from './comparison.ts';
import { noXPath } from './expression-words.ts';

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
