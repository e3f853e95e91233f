// Describes the opt-in that the client signs, in French: its truth table and its proofs.
// Invariant: every line and every state of the file is shown (C20, C51).
import { consentStates } from '../../domain/lead.ts';
import type { CompiledMapping } from '../contract.ts';
import { blockAt, isRecord, listAt } from '../document/yaml.ts';
import { asText } from '../fields/values.ts';
import { channelWords, purposeWords } from '../../domain/lead-values.ts';
import { paragraph, type Block, tableOf, type Raw } from './blocks.ts';
import { gateBlocks, gatedName } from './french-calls.ts';
import { optInType, writesJson } from './fields.ts';

const heads = ['Finalité et canal', 'Accord', 'Refus', 'Non demandé', 'Retiré'];

/** The truth table of the opt-in, its proofs, and the rule for the phone. */
export function consentBlocks(whole: Raw, mapping: CompiledMapping): readonly Block[] {
  const byPhone = mapping.consentTable.some((row) => row.channel === 'phone');
  return [
    paragraph(
      'Chaque lead porte vos champs de consentement, sous vos noms et avec vos valeurs. Si la réponse du prospect n’est pas enregistrée, le lead n’est pas transmis : l’absence de réponse n’est jamais lue comme une réponse.',
    ),
    ...optInBlocks(whole, mapping, whole, mapping.consentTable),
    ...updateBlocks(whole, mapping),
    ...(byPhone
      ? [
          paragraph(
            'L’accord pour le téléphone vaut 365 jours au plus, doit nommer votre société et pouvoir être prouvé (article L223-1 du Code de la consommation) ; échu, sans preuve ou au nom d’une autre société, il est transmis comme un refus. Un quart d’heure avant la fin d’un accord, votre système en est informé.',
          ),
        ]
      : []),
  ];
}

/** One consent block: its truth table, the calls it triggers, its proofs. */
const optInBlocks = (whole: Raw, mapping: CompiledMapping, block: Raw, table: Table): readonly Block[] => [
  ...truthTable(table, block, writesJson(whole, mapping.connectorFacts)),
  ...gateBlocks(table),
  ...proofTable(block),
];

/** The opt-in of an update, where it is written in its own way. */
function updateBlocks(whole: Raw, mapping: CompiledMapping): readonly Block[] {
  const table = mapping.updateConsentTable;
  if (table === undefined) return [];
  return [
    paragraph(
      'Une mise à jour porte ces mêmes consentements dans d\u2019autres champs, ou par d\u2019autres appels :',
    ),
    ...optInBlocks(whole, mapping, blockAt(whole, 'update'), table),
  ];
}

type Table = CompiledMapping['consentTable'];

const cellWords: ReadonlyMap<string, string> = new Map([
  ['(omitted)', '(absent)'],
  ['(held)', '(le lead attend)'],
  ['', '(vide)'],
]);

/** A cell of the truth table, of which some are not values of the client. */
export const cellText = (value: string): string => cellWords.get(value) ?? value;

/** The value of each line of the opt-in for each answer. */
function truthTable(table: Table, block: Raw, typed: boolean): readonly Block[] {
  const rows = table.filter((row) => gatedName(row.field) === undefined);
  if (rows.length === 0) return [];
  const lines = listAt(block, 'consent').filter(isRecord);
  const typeOf = (field: string): string => {
    const line = lines.find((raw) => Object.hasOwn(raw, 'values') && asText(raw['to']) === field);
    return line === undefined ? 'texte' : optInType(line);
  };
  const firstValue = typed ? 3 : 2;
  return [
    tableOf(
      ['Champ', ...(typed ? ['Type JSON'] : []), ...heads],
      rows.map(({ field, purpose, channel, values }) => [
        field,
        ...(typed ? [typeOf(field)] : []),
        `${purposeWords[purpose]} par ${channelWords[channel]}`,
        ...consentStates.map((state) => cellText(values[state])),
      ]),
      [0, ...consentStates.map((_, index) => firstValue + index)],
    ),
  ];
}

/** The fields that prove an answer. */
function proofTable(block: Raw): readonly Block[] {
  const proofs = listAt(block, 'consent')
    .filter(isRecord)
    .filter((raw) => Object.hasOwn(raw, 'proof'));
  if (proofs.length === 0) return [];
  return [
    tableOf(
      ['Champ', 'Preuve', 'Finalité et canal'],
      proofs.map((raw) => [
        asText(raw['to']),
        proofWords[asText(raw['proof'])] ?? asText(raw['proof']),
        pairWords(raw),
      ]),
      [0],
    ),
  ];
}

const proofWords: Readonly<Record<string, string>> = {
  date: 'date de la réponse',
  source: 'formulaire ou agent qui l\u2019a recueillie',
  wording: 'version du texte présenté',
  until: 'fin de validité',
  entity: 'entité juridique nommée',
};

function pairWords(raw: Readonly<Record<string, unknown>>): string {
  const purpose = asText(raw['purpose']) || 'marketing';
  const channel = asText(raw['channel']);
  const named = (words: Readonly<Record<string, string>>, key: string): string => words[key] ?? key;
  return `${named(purposeWords, purpose)} par ${named(channelWords, channel)}`;
}
