// Builds the document a client signs: the content, the transport, the opt-in, and the meaning of answers.
// Invariant: made from the checked mapping alone; the persons in it are invented.
import type { Lead } from '../../domain/lead.ts';
import { callSituations, undoSituations, situationAt } from '../calls/situations.ts';
import type { CompiledMapping, WriteSituation } from '../contract.ts';
import { blockAt, listAt } from '../document/yaml.ts';
import { previewMapping } from '../tools/preview.ts';
import { heading, paragraph, type Block, tableOf } from './blocks.ts';
import { fieldBlocks, writesJson } from './fields.ts';
import { answerBlocks, retryBlocks } from './french-answers.ts';
import {
  actionWords,
  callAnswerBlocks,
  callsOf,
  callWords,
  deliveryWords,
  unknownOf,
} from './french-calls.ts';
import { consentBlocks } from './french-consent.ts';
import { categoryWords, paceRows, partiesBlocks, longDay, type CentreContacts } from './french-parties.ts';
import { acceptsItems, callbackWords, transportRows } from './french-transport.ts';
import type { ClientFacts } from '../../domain/destination.ts';
import { requestFields } from '../../domain/lead-fields/request.ts';

const channelWords: Readonly<Record<string, string>> = requestFields.channel.words ?? {};

/**
 * Shows the information that prospects receive, word for word, in the document a client signs (C14). The texts of
 * client.yaml, unchanged; the document of a client that listed none says so.
 */
const noticeBlocks = ({ notices = [] }: Pick<ClientFacts, 'notices'>): readonly Block[] => [
  heading(3, 'Mentions d’information'),
  notices.length === 0
    ? paragraph(
        'Aucun texte n’est encore enregistré : (à compléter). Chaque lead nomme la version que le prospect a lue ou entendue.',
      )
    : tableOf(
        ['Version', 'Canal', 'En usage à partir du', 'Texte lu ou entendu'],
        notices.map(({ version, channel, from, wording }) => [
          version,
          channelWords[channel] ?? channel,
          longDay(from),
          wording,
        ]),
        [0],
      ),
];

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
  /** First characters of the digest of the files, so that paper and version can be compared. */
  readonly fingerprint: string;
  /** The centre, as the other party. */
  readonly centre: string;
  /** Contacts of the centre for the client. */
  readonly contacts?: CentreContacts;
}

export function specOf(input: SpecInput): { readonly title: string; readonly blocks: readonly Block[] } {
  const { mapping, whole, version, date, fingerprint, author, centre } = input;
  const title = `Transmission des leads à ${mapping.clientName}`;
  const blocks: Block[] = [
    heading(1, title),
    tableOf(
      ['Document', ''],
      [
        ['Client', `${mapping.clientName} (${mapping.client.legalEntity})`],
        ['Destination', mapping.destinationId],
        ['Version', version],
        ['Empreinte', fingerprint],
        ['Date', date],
        ...(author === undefined ? [] : [['Auteur', author]]),
        ['Données transmises', mapping.categories.map((category) => categoryWords[category]).join(', ')],
      ],
    ),
    heading(2, '1. Destinataire et contacts'),
    ...partiesBlocks(mapping, centre, input.contacts ?? {}),
    heading(2, '2. Leads concernés'),
    { kind: 'list', items: acceptsItems(whole) },
    heading(2, '3. Transport, débit et délai promis'),
    tableOf(['Point', 'Convention'], [...transportRows(whole, mapping), ...paceRows(mapping)]),
    heading(2, '4. Consentement (opt-in)'),
    ...consentBlocks(whole, mapping),
    ...noticeBlocks(mapping.client),
    heading(2, '5. Champs'),
    ...contentBlocks(input),
    heading(2, '6. Exemple'),
    ...exampleBlocks(input),
    heading(2, '7. Vos réponses'),
    ...receivedBlocks(input),
    heading(2, '8. Nouveaux essais'),
    ...retryBlocks(mapping),
    heading(2, '9. Corrections, retraits de consentement et effacements'),
    { kind: 'list', items: changeItems(input) },
    heading(2, '10. Accord'),
    paragraph(
      `Ce document décrit la version ci-dessus, telle qu’elle sera en vigueur. Toute modification fait l’objet d’une nouvelle version et d’une note écrite.`,
    ),
    {
      kind: 'signatures',
      parties: [`Pour ${mapping.client.legalEntity || mapping.clientName}`, `Pour ${centre}`],
    },
  ];
  return { title, blocks };
}

/** When a lead counts as delivered: by the file's rules, or by the connector's words. */
function receivedBlocks({ whole, mapping }: SpecInput): readonly Block[] {
  const { delivered } = mapping.connectorFacts.words;
  if (delivered !== undefined) {
    const settings = blockAt(whole, mapping.connectorFacts.settingsKey);
    return [paragraph((typeof delivered === 'function' ? delivered(settings) : delivered)[0])];
  }
  return [...callAnswerBlocks(whole, mapping), ...answerBlocks(whole, unknownOf(whole, mapping))];
}

const situationOf = ({ mapping, sample }: SpecInput): WriteSituation =>
  situationAt(mapping, sample.collectedAt, { action: 'create', key: 'CLE-DU-LEAD' });

/** The fields of the one message, or of each call. */
function contentBlocks(input: SpecInput): readonly Block[] {
  const { whole, mapping, sample } = input;
  const examplesOf = (situation: WriteSituation): ReadonlyMap<string, string> => {
    const result = mapping.apply(sample, situation);
    return new Map(result.ok ? result.record.origins.map(({ field, value }) => [field, value]) : []);
  };
  const calls = callsOf(whole, mapping);
  const json = writesJson(whole, mapping.connectorFacts);
  if (calls.length === 0)
    return fieldBlocks({ whole, block: whole, json, examples: examplesOf(situationOf(input)) });
  const situations = callSituations(mapping, sample, situationOf(input));
  return [
    paragraph(deliveryWords(calls.length)),
    ...calls.flatMap((call, index): readonly Block[] => [
      heading(3, `Appel ${index + 1} : ${call.plan.name}`),
      ...callWords(mapping, call).map(paragraph),
      ...(listAt(call.raw, 'fields').length === 0
        ? []
        : fieldBlocks({
            whole,
            block: call.raw,
            json,
            examples: examplesOf(situations[index]?.situation ?? situationOf(input)),
          })),
      ...undoFieldBlocks(input, call, json, examplesOf),
    ]),
  ];
}

/** The fields of the undo of a call, where it has a body. */
function undoFieldBlocks(
  { whole, mapping, sample, ...input }: SpecInput,
  { raw, plan }: ReturnType<typeof callsOf>[number],
  json: boolean,
  examplesOf: (situation: WriteSituation) => ReadonlyMap<string, string>,
): readonly Block[] {
  const block = blockAt(raw, 'undo');
  const situation = situationOf({ whole, mapping, sample, ...input });
  const own = undoSituations(mapping, sample, situation).find(({ call }) => call.name === plan.undo?.name);
  if (own === undefined || listAt(block, 'fields').length === 0) return [];
  return [
    heading(3, `Retrait de ${plan.name}`),
    ...fieldBlocks({ whole, block, json, examples: examplesOf(own.situation) }),
  ];
}

function exampleBlocks(input: SpecInput): readonly Block[] {
  const { mapping, sample } = input;
  const situation = situationOf(input);
  const calls = callSituations(mapping, sample, situation);
  return [
    paragraph('Une personne inventée ; les valeurs sont celles qui seraient transmises.'),
    ...(calls.length === 0 ? [exampleOf(input, situation)] : []),
    ...calls.flatMap(({ call, situation: own, applies }) => [
      heading(3, `Appel : ${call.name}`),
      applies ? exampleOf(input, own) : paragraph('Pour cette personne, cet appel n’est pas envoyé.'),
    ]),
  ];
}

function exampleOf({ mapping, sample }: SpecInput, situation: WriteSituation): Block {
  const { result } = previewMapping(mapping, sample, situation);
  if (!result.ok) return paragraph(`Cet exemple ne serait pas transmis (${result.why}).`);
  const sheet = (result.sheet ?? []).map((section) =>
    [section.title, ...section.lines.map((line) => `  ${line.label} : ${line.value}`)].join('\n'),
  );
  const body = [...sheet, ...(result.text === '' ? [] : [pretty(result.text)])].join('\n\n');
  return body === '' ? paragraph('Cet appel n’a pas de contenu.') : { kind: 'code', text: body };
}

/** JSON indented for readers; any other text unchanged. */
function pretty(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), undefined, 2);
  } catch {
    return body.trimEnd();
  }
}

/** Words on updates: if they repeat a grant. */
const againWords = ({ optInOnUpdate }: SpecInput['mapping']): string =>
  optInOnUpdate === 'always'
    ? 'Chaque mise à jour reprend l’opt-in en entier, l’accord compris : une personne qui se serait désinscrite chez vous entre-temps serait réinscrite par une simple correction ; il vous appartient de conserver la désinscription la plus récente.'
    : 'Un accord que vous avez déjà accepté n’est pas répété tant que la personne ne l’a pas donné de nouveau : une correction ne réinscrit personne. Un refus, un retrait ou l’absence de question figurent dans chaque mise à jour.';

/** Words on the read-back after an acceptance. */
const readBackWords = ({ readBack, connectorFacts }: SpecInput['mapping']): readonly string[] =>
  readBack === undefined
    ? []
    : [
        `Relecture : après chaque acceptation nous relisons votre fiche${askedAt(readBack.settings, connectorFacts)} et comparons ${readBack.fields.join(', ')} avec ce que nous avons transmis. Rien n’est envoyé de nouveau ; un champ que vous n’avez pas conservé vous est signalé par écrit.`,
      ];

const askedAt = (settings: unknown, { words }: SpecInput['mapping']['connectorFacts']): string => {
  const address = words.address?.(settings)[0]?.replace(/^[A-Z]+ /, 'GET ');
  return address === undefined ? '' : ` (${address})`;
};

function changeItems({ mapping, whole }: SpecInput): readonly string[] {
  const { update, erase } = mapping.actions;
  const where = (action: 'update' | 'erase'): string => actionWords(whole, mapping, action);
  const on = mapping.updateOn.map((change) =>
    change === 'corrected' ? 'une correction' : 'un nouvel échange',
  );
  return [
    update === undefined
      ? 'Mise à jour : non prévue. Un changement de consentement ou une correction vous est signalé par écrit, à charge pour vous de l’appliquer.'
      : `Mise à jour${where('update')} : à chaque changement de consentement${on.length === 0 ? '' : `, et pour ${on.join(', ')}`}. ${againWords(mapping)}`,
    erase === undefined
      ? 'Effacement : non prévu. Toute demande d’effacement vous est transmise par écrit, à charge pour vous de l’appliquer.'
      : `Effacement${where('erase')} : à la demande du prospect.`,
    ...callbackWords(whole, mapping),
    ...readBackWords(mapping),
  ];
}
