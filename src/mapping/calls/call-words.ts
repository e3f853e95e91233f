// Messages about mistakes in the calls of an action, French first.
// Invariant: names of calls and connectors only.
import type { Both } from '../../../connectors/contract.ts';

export const fieldsBeside: Both = [
  'les champs sont dans chacun des appels, pas à côté.',
  'fields stand in each of the calls, not beside them.',
];

export const ownCalls: Both = [
  'la création est faite d’appels : donnez à update ses propres appels, ou ses propres send et fields.',
  'the create is made of calls: give update its own calls, or its own send and fields.',
];

export const noCallsBy = (type: string): Both => [
  `le connecteur ${type} ne fait pas d’appels : seul un webhook en fait.`,
  `connector ${type} makes no calls: only a webhook does.`,
];

export const lookupBeside: Both = [
  'une interrogation est dans le send de l’appel sur lequel elle porte.',
  'a look-up stands in the send of the call it asks about.',
];

export const schemaBeside: Both = [
  'un schéma décrit un seul corps : écrivez-le dans l’appel dont c’est le corps.',
  'a schema describes one body: write it into the call whose body it is.',
];

export const twoNamed = (name: string): Both => [
  `deux appels s’appellent « ${name} ».`,
  `two calls are named "${name}".`,
];

export const notLookedUp = (action: string): Both => [
  `les appels de ${action} ne sont pas interrogés.`,
  `the calls of ${action} are not looked up.`,
];
