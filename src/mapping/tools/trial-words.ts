// Messages about differences between a test of a mapping and its result, French first.
// Invariant: values of samples, which are invented persons, and codes.
import type { Both } from '../../../connectors/contract.ts';

const listed = (names: readonly string[], none: string): string => names.join(', ') || none;

const json = (value: unknown, none: string): string => JSON.stringify(value) ?? none;

export const notWritten = (why: string): Both => [
  `l’exemple ne s’écrit pas, ${why}.`,
  `the sample is not written, ${why}.`,
];

export const writtenThough = (withheld: string): Both => [
  `l’exemple s’écrit ; l’essai attend ${withheld}.`,
  `the sample is written; the test expects ${withheld}.`,
];

export const otherCalls = (leaving: readonly string[], wanted: readonly string[]): Both => [
  `l’exemple fait les appels ${listed(leaving, 'aucun')}, l’essai attend ${listed(wanted, 'aucun')}.`,
  `the sample makes the calls ${listed(leaving, 'none')}, the test expects ${listed(wanted, 'none')}.`,
];

export const callOneOf = (names: readonly string[]): Both => [
  `« call » est l’un de : ${listed(names, 'aucun, il n’y a pas d’appels')}.`,
  `"call" is one of: ${listed(names, 'none, there are no calls')}.`,
];

export const otherOutcome = (kind: string, wanted: string): Both => [
  `la réponse se lit ${kind}, l’essai attend ${wanted}.`,
  `the answer is read as ${kind}, the test expects ${wanted}.`,
];

export const partRead = {
  reason: ['le motif lu', 'the reason read'],
  reference: ['la référence lue', 'the reference read'],
} as const satisfies Readonly<Record<string, Both>>;

/** @param what begins the sentence: the part of the answer that was read */
export const readOtherwise = ([french, english]: Both, actual: unknown, wanted: unknown): Both => [
  `${french} : ${json(actual, 'aucun')} ; l’essai attend ${JSON.stringify(wanted)}.`,
  `${english} is ${json(actual, 'none')}, the test expects ${JSON.stringify(wanted)}.`,
];

export const noFile = (output: string): Both => [
  `le fichier « ${output} » n’existe pas dans le dossier du client.`,
  `the file "${output}" does not exist in the client's folder.`,
];

export const otherBytes = (output: string): Both => [
  `les octets écrits diffèrent de « ${output} ».`,
  `the bytes written differ from "${output}".`,
];

export const noSample = (name: string): Both => [
  `l’exemple « ${name} » n’existe pas.`,
  `the sample "${name}" does not exist.`,
];
