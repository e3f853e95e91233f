// Words the problems of an item of the go-live list, French first (C49 to C52).
// Invariant: names keys of client.yaml, fields and values of mappings; never a person.
import type { Both } from '../../connectors/contract.ts';
import type { AgreedOptIn } from './go-live-facts.ts';

export const noEvidence = (item: string): Both => [
  `client.yaml ne donne aucune preuve sous goLive.${item}`,
  `client.yaml gives no evidence under goLive.${item}`,
];
export const emptyEvidence = (item: string): Both => [
  `goLive.${item}.evidence est vide`,
  `goLive.${item}.evidence is empty`,
];
/** @param date civil, `2026-11-28` */
export const stillToCome = (item: string, date: string): Both => [
  `goLive.${item} est daté du ${date}, qui est encore à venir`,
  `goLive.${item} is dated ${date}, which is still to come`,
];
export const noNumber: Both = [
  'goLive.callerNumber ne dit pas le numéro (number: "+33...", E.164)',
  'goLive.callerNumber does not say the number (number: "+33...", E.164)',
];
export const nothingAgreed: Both = [
  'client.yaml ne liste pas sous optIn les champs et valeurs convenus',
  'client.yaml does not list the agreed fields and values under optIn',
];
export const noMailbox: Both = [
  'contacts.rights ne nomme aucune adresse e-mail',
  'contacts.rights names no mailbox',
];

type OptIn = Pick<AgreedOptIn, 'field' | 'purpose' | 'channel'>;
/** As client.yaml and the mappings write it, so that a reader finds it there. */
const named = ({ field, purpose, channel }: OptIn, by: string): string =>
  `${field} (${purpose}${channel === undefined ? '' : ` ${by} ${channel}`})`;
const french = (line: OptIn): string => named(line, 'par');
const english = (line: OptIn): string => named(line, 'by');

export const writtenNowhere = (agreed: OptIn): Both => [
  `${french(agreed)} est convenu, et aucun format publié ne l’écrit`,
  `${english(agreed)} is agreed, and no published mapping writes it`,
];
export const notWritten = (agreed: OptIn, destination: string): Both => [
  `${french(agreed)} est convenu pour ${destination}, qui ne l’écrit pas`,
  `${english(agreed)} is agreed for ${destination}, which does not write it`,
];
export const notAgreed = (line: OptIn): Both => [
  `écrit ${french(line)}, pour lequel aucun champ du format n’est convenu`,
  `writes ${english(line)}, for which no field of the mapping is agreed`,
];
export const noValueAgreed = (line: OptIn, state: string, written: string): Both => [
  `${french(line)} : aucune valeur n’est convenue pour ${state} (écrite : ${written})`,
  `${english(line)}: no value is agreed for ${state} (written: ${written})`,
];
export const otherValue = (
  line: OptIn,
  state: string,
  { written, agreed }: { readonly written: string; readonly agreed: string },
): Both => [
  `${french(line)} vaut ${written} pour ${state} ; convenu : ${agreed}`,
  `${english(line)} is ${written} when ${state}; agreed: ${agreed}`,
];
export const of = (destination: string, [fr, en]: Both): Both => [
  `${destination} : ${fr}`,
  `${destination}: ${en}`,
];
/** Its mapping has mistakes, and a mapping that cannot be read proves nothing. */
export const notComparable = (destination: string): Both => [
  `le format de ${destination} contient des erreurs, et ne peut pas être comparé`,
  `${destination} has mistakes, and cannot be compared (relais mapping check)`,
];
