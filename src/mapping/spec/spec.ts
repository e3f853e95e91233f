// The document a client signs: what is sent, how, with which opt-in, and what its answers mean.
// Invariant: made from the checked mapping alone; the persons in it are invented.
import type { Lead } from '../../domain/lead.ts';
import { callSituations } from '../call-situations.ts';
import type { CompiledMapping, WriteSituation } from '../contract.ts';
import { isRecord, listAt } from '../document.ts';
import { asText } from '../formatters.ts';
import { channelWords, purposeWords } from '../french.ts';
import { previewMapping } from '../preview.ts';
import { heading, text } from './blocks.ts';
import type { Block } from './blocks.ts';
import { fieldBlocks } from './fields.ts';
import { answerBlocks, retryBlocks } from './french-answers.ts';
import {
  actionWords,
  callAnswerBlocks,
  callsOf,
  callWords,
  deliveryWords,
  gateBlocks,
  gatedName,
  unknownOf,
} from './french-calls.ts';
import { acceptsItems, transportRows } from './french-transport.ts';

export interface SpecInput {
  readonly mapping: CompiledMapping;
  /** The file as data, presets included. */
  readonly whole: Readonly<Record<string, unknown>>;
  /** An invented lead. */
  readonly sample: Lead;
  /** `version 3`, `projet, non publié`. */
  readonly version: string;
  readonly date: string;
  readonly author?: string;
  /** First signs of the digest of the files, so that paper and version can be compared. */
  readonly fingerprint: string;
  /** The centre, as the other party. */
  readonly centre: string;
}

const categoryWords = {
  identity: 'identité',
  project: 'projet',
  statistical: 'statistiques',
  financial: 'situation financière',
} as const;

export function specOf(input: SpecInput): { readonly title: string; readonly blocks: readonly Block[] } {
  const { mapping, whole, version, date, fingerprint, author, centre } = input;
  const title = `Transmission des demandes à ${mapping.clientName}`;
  const blocks: Block[] = [
    heading(1, title),
    {
      kind: 'table',
      head: ['Document', ''],
      rows: [
        ['Client', `${mapping.clientName} (${mapping.client.legalEntity})`],
        ['Destination', mapping.destinationId],
        ['Version', version],
        ['Empreinte', fingerprint],
        ['Date', date],
        ...(author === undefined ? [] : [['Auteur', author]]),
        ['Données transmises', mapping.categories.map((one) => categoryWords[one]).join(', ')],
      ],
    },
    heading(2, '1. Demandes concernées'),
    { kind: 'list', items: acceptsItems(whole) },
    heading(2, '2. Transport'),
    { kind: 'table', head: ['Point', 'Convention'], rows: transportRows(whole, mapping) },
    heading(2, '3. Consentement (opt-in)'),
    ...consentBlocks(input),
    heading(2, '4. Champs'),
    ...contentBlocks(input),
    heading(2, '5. Exemple'),
    ...exampleBlocks(input),
    heading(2, '6. Vos réponses'),
    ...(mapping.connector === 'webhook'
      ? [...callAnswerBlocks(whole, mapping), ...answerBlocks(whole, unknownOf(whole, mapping))]
      : [
          text(
            mapping.connector === 'email'
              ? "Un message pris en charge par votre serveur de messagerie vaut remise ; sa lecture n'est pas prouvée."
              : 'Un fichier déposé, relu et renommé vaut remise.',
          ),
        ]),
    heading(2, '7. Nouveaux essais'),
    ...retryBlocks(mapping),
    heading(2, '8. Corrections, retraits de consentement et effacements'),
    { kind: 'list', items: changeItems(input) },
    heading(2, '9. Accord'),
    text(
      `Ce document décrit la version ci-dessus, telle qu'elle sera en vigueur. Toute modification fait l'objet d'une nouvelle version et d'une note écrite.`,
    ),
    {
      kind: 'signatures',
      parties: [`Pour ${mapping.client.legalEntity || mapping.clientName}`, `Pour ${centre}`],
    },
  ];
  return { title, blocks };
}

function consentBlocks({ mapping, whole }: SpecInput): readonly Block[] {
  const proofs = listAt(whole, 'consent')
    .filter(isRecord)
    .filter((raw) => Object.hasOwn(raw, 'proof'));
  const value = (one: string): string =>
    one === '(omitted)' ? '(absent)' : one === '(held)' ? '(la demande attend)' : one === '' ? '(vide)' : one;
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
            head: ['Champ', 'Finalité et canal', 'Accord', 'Refus', 'Non demandé', 'Retiré'],
            rows: written.map(({ field, purpose, channel, values }) => [
              ...[field, `${purposeWords[purpose]} par ${channelWords[channel]}`],
              ...[values.granted, values.refused, values.not_asked, values.withdrawn].map(value),
            ]),
            exact: [0, 2, 3, 4, 5],
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

function situationOf({ mapping, sample }: SpecInput): WriteSituation {
  const at = sample.collectedAt;
  return {
    ...{ action: 'create', key: 'CLE-DE-LA-DEMANDE', writtenAt: at, now: at },
    categories: mapping.client.categories,
  };
}

/** The fields of the one message, or of each call. */
function contentBlocks(input: SpecInput): readonly Block[] {
  const { whole, mapping, sample } = input;
  const examplesOf = (situation: WriteSituation): ReadonlyMap<string, string> => {
    const result = mapping.apply(sample, situation);
    return new Map(result.ok ? result.record.origins.map(({ field, value }) => [field, value]) : []);
  };
  const calls = callsOf(whole, mapping);
  if (calls.length === 0)
    return fieldBlocks({ whole, block: whole, examples: examplesOf(situationOf(input)) });
  const situations = callSituations(mapping, sample, situationOf(input));
  return [
    text(deliveryWords(calls.length)),
    ...calls.flatMap((call, index): readonly Block[] => [
      heading(3, `Appel ${index + 1} : ${call.plan.name}`),
      ...callWords(mapping, call).map(text),
      ...(listAt(call.raw, 'fields').length === 0
        ? []
        : fieldBlocks({
            ...{ whole, block: call.raw },
            examples: examplesOf(situations[index]?.situation ?? situationOf(input)),
          })),
    ]),
  ];
}

function exampleBlocks(input: SpecInput): readonly Block[] {
  const { mapping, sample } = input;
  const situation = situationOf(input);
  const calls = callSituations(mapping, sample, situation);
  return [
    text('Une personne inventée ; les valeurs sont celles qui seraient transmises.'),
    ...(calls.length === 0 ? [exampleOf(input, situation)] : []),
    ...calls.flatMap(({ call, situation: own, applies }) => [
      heading(3, `Appel : ${call.name}`),
      applies ? exampleOf(input, own) : text("Pour cette personne, cet appel n'est pas fait."),
    ]),
  ];
}

function exampleOf({ mapping, sample }: SpecInput, situation: WriteSituation): Block {
  const { result } = previewMapping(mapping, sample, situation);
  if (!result.ok) return text(`Cet exemple ne serait pas transmis (${result.why}).`);
  const sheet = (result.sheet ?? []).map((section) =>
    [section.title, ...section.lines.map((line) => `  ${line.label} : ${line.value}`)].join('\n'),
  );
  const body = [...sheet, ...(result.text === '' ? [] : [pretty(result.text)])].join('\n\n');
  return body === '' ? text("Cet appel n'a pas de contenu.") : { kind: 'code', text: body };
}

/** JSON indented for readers; anything else as it is. */
function pretty(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), undefined, 2);
  } catch {
    return body.trimEnd();
  }
}

function changeItems({ mapping, whole }: SpecInput): readonly string[] {
  const { update, erase } = mapping.actions;
  const where = (action: 'update' | 'erase'): string => actionWords(whole, mapping, action);
  const on = mapping.updateOn.map((one) => (one === 'corrected' ? 'une correction' : 'un nouvel échange'));
  return [
    update === undefined
      ? "Mise à jour : non prévue. Un changement de consentement ou une correction vous est signalé par écrit, à charge pour vous de l'appliquer."
      : `Mise à jour${where('update')} : à chaque changement de consentement${on.length === 0 ? '' : `, et pour ${on.join(', ')}`}.`,
    erase === undefined
      ? "Effacement : non prévu. Toute demande d'effacement vous est transmise par écrit, à charge pour vous de l'appliquer."
      : `Effacement${where('erase')} : à la demande du prospect.`,
  ];
}
