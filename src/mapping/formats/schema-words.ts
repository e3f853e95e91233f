// Messages about a client's schema that cannot be used, French first; a library's own English follows.
// Invariant: names, patterns and references of the schema only; nothing of a lead.
import type { Both } from '../../../connectors/contract.ts';

/** @param why the end of the sentence */
export const unusable = (name: string, [french, english]: Both): Both => [
  `le schéma « ${name} » ne peut pas servir : ${french}.`,
  `the schema "${name}" cannot be used: ${english}.`,
];

export const withoutEnd: Both = [
  'il est imbriqué trop profond, ou renvoie sans fin à lui-même',
  'it is nested too deep, or refers to itself without end',
];

/** @param line where the schema has it, from 1 */
export function inPattern(pattern: string, why: Both, line: number | undefined): Both {
  const [french, english] = line === undefined ? ['', ''] : [`ligne ${line}, `, `line ${line}, `];
  const quoted = JSON.stringify(pattern);
  return [`${french}le motif ${quoted} ${why[0]}`, `${english}the pattern ${quoted} ${why[1]}`];
}

export const tooMuch = (seconds: number): Both => [
  `ses motifs et ses renvois sont plus que ce qui se lit en ${seconds} s`,
  `its patterns and references are more than can be read in ${seconds} s`,
];

export const noJson = (english: string): Both => [
  `ce n’est pas du JSON valable${quoted(english)}`,
  `it is no valid JSON: ${withoutStop(english)}`,
];

export const leadsNowhere = (reference: string, english: string): Both => [
  `le renvoi « ${reference} » ne mène nulle part${quoted(english)}`,
  withoutStop(english),
];

/** @param english the message of libxml2 or ajv */
export const inWordsOfReader = (english: string): Both => [
  `ce n’est pas un schéma que l’on puisse lire${quoted(english)}`,
  withoutStop(english),
];

const withoutStop = (english: string): string => english.trim().replace(/\.$/, '');

const quoted = (english: string): string =>
  english.trim() === '' ? '' : ` (en anglais : ${withoutStop(english)})`;
