// The opt-in as the client signs it: its truth table, its proofs, in French.
// Invariant: every line and every state of the file is there (C20, C51).
import type { CompiledMapping } from '../contract.ts';
import { isRecord, listAt } from '../document/yaml.ts';
import { asText } from '../fields/formatters.ts';
import { channelWords, purposeWords } from '../fields/french.ts';
import { text } from './blocks.ts';
import type { Block } from './blocks.ts';
import { gateBlocks, gatedName } from './french-calls.ts';
import { optInType, writesJson } from './json-types.ts';

type Raw = Readonly<Record<string, unknown>>;

const heads = ['Finalité et canal', 'Accord', 'Refus', 'Non demandé', 'Retiré'];

/** Cells of the truth table that are no value of the client's. */
const cellWords: Readonly<Record<string, string>> = {
  '(omitted)': '(absent)',
  '(held)': '(la demande attend)',
  '': '(vide)',
};

/** The truth table of the opt-in, its proofs, and what holds for the phone. */
export function consentBlocks(whole: Raw, mapping: CompiledMapping): readonly Block[] {
  const proofs = listAt(whole, 'consent')
    .filter(isRecord)
    .filter((raw) => Object.hasOwn(raw, 'proof'));
  const value = (cell: string): string => cellWords[cell] ?? cell;
  const typed = (cell: string): readonly string[] =>
    writesJson(whole, mapping.connectorFacts) ? [cell] : [];
  const lines = listAt(whole, 'consent').filter(isRecord);
  const typeOf = (field: string): string => {
    const line = lines.find((raw) => Object.hasOwn(raw, 'values') && asText(raw['to']) === field);
    return line === undefined ? 'texte' : optInType(line);
  };
  const written = mapping.consentTable.filter((row) => gatedName(row.field) === undefined);
  return [
    text(
      "Chaque demande porte vos champs de consentement, sous vos noms et avec vos valeurs. Si la réponse du prospect n'est pas enregistrée, la demande n'est pas transmise : l'absence de réponse n'est jamais lue comme une réponse.",
    ),
    ...(written.length === 0
      ? []
      : [
          {
            kind: 'table',
            head: ['Champ', ...typed('Type JSON'), ...heads],
            rows: written.map(({ field, purpose, channel, values }) => [
              field,
              ...typed(typeOf(field)),
              `${purposeWords[purpose]} par ${channelWords[channel]}`,
              ...[values.granted, values.refused, values.not_asked, values.withdrawn].map(value),
            ]),
            exact: [0, ...[2, 3, 4, 5].map((column) => column + typed('').length)],
          } as const,
        ]),
    ...gateBlocks(mapping),
    ...(proofs.length === 0
      ? []
      : [
          {
            kind: 'table',
            head: ['Champ', 'Preuve', 'Finalité et canal'],
            rows: proofs.map((raw) => [
              asText(raw['to']),
              proofWords[asText(raw['proof'])] ?? asText(raw['proof']),
              pairWords(raw),
            ]),
            exact: [0],
          } as const,
        ]),
    ...(mapping.consentTable.some((row) => row.channel === 'phone')
      ? [
          text(
            "L'accord pour le téléphone vaut 365 jours au plus et doit pouvoir être prouvé (article L223-1 du Code de la consommation) ; échu ou sans preuve, il est transmis comme un refus.",
          ),
        ]
      : []),
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
