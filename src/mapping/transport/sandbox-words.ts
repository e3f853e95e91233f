// Messages about mistakes in the sandbox of a mapping, French first.
// Invariant: names of calls, keys and connectors, and an address that the file contains.
import type { Both } from '../../../connectors/contract.ts';

export const setBy = (type: string, key: string): Both => [
  `le connecteur ${type} se règle par « ${key} ».`,
  `connector ${type} is set by "${key}".`,
];

export const noCalls: Both = [
  'ce fichier n’a pas d’appels : écrivez sandbox.send.',
  'this file has no calls: write sandbox.send.',
];

export const noSuchCall = (name: string): Both => [
  `il n’y a pas d’appel « ${name} » dans calls.`,
  `there is no call "${name}" in calls.`,
];
