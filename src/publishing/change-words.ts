// Describes in French, line by line, the changes of a publication for the client's written note (C48).
// Invariant: pure. Names of fields, settings and opt-in values only; no value of a lead, and secrets are names.
import { counted, type OneAndSeveral } from '../domain/counted.ts';
import type { ClientFacts } from '../domain/destination.ts';
import type { CompiledMapping } from '../mapping/contract.ts';
import { besidesContent, type LineChanges, type SettingChange } from '../mapping/tools/diff-settings.ts';
import { diffMappings } from '../mapping/tools/diff.ts';
import { sampleLead } from '../mapping/tools/sample-lead.ts';
import { leadFromSample } from '../mapping/tools/sample.ts';
import { answersText, categoriesText, cellText, optInSetting, optInText, wayText } from './note-words.ts';

/** People read a note: beyond this many lines it gives the number of the others. */
const mostLines = 60;

/** @param before undefined: the first version of its destination; `unreadable`: one that no longer compiles */
export function mappingChanges(
  before: CompiledMapping | 'unreadable' | undefined,
  after: CompiledMapping,
  now: Date,
): readonly string[] {
  if (before === undefined) return firstVersion(after);
  if (before === 'unreadable')
    return ['La version précédente ne peut plus être relue : la comparaison manque.', ...firstVersion(after)];
  const beside = besidesContent(before, after);
  const targets = writtenOtherwise(before, after, now);
  const lines = [
    ...(targets.length === 0 ? [] : [`Champs écrits différemment : ${targets.join(', ')}`]),
    ...settings(
      'Opt-in',
      beside.optIn.map(({ name, before: was, after: is }) => ({
        name: optInSetting(name),
        before: cellText(was),
        after: cellText(is),
      })),
    ),
    ...lineChanges('Opt-in', beside.consent),
    ...lineChanges('Leads pris', beside.accepts),
    ...lineChanges('Lecture des réponses', beside.answers),
    ...settings('Réglage', beside.settings),
  ];
  return cut(lines);
}

const firstVersion = (mapping: CompiledMapping): readonly string[] =>
  cut([
    `Premier format de « ${mapping.destinationId} », par ${wayText(mapping.connector)}${mapping.targets.length === 0 ? '' : `, vers ${mapping.targets.join(', ')}`}`,
    ...mapping.consentTable.map(
      ({ field, purpose, channel, values }) =>
        `Opt-in ${field} (${optInText(purpose, channel)}) : ${answersText(values)}`,
    ),
  ]);

/** Targets whose value or position differs, for an invented lead with every field. */
function writtenOtherwise(before: CompiledMapping, after: CompiledMapping, now: Date): readonly string[] {
  const sample = leadFromSample(sampleLead, 'built-in', after.clientId);
  if (!sample.ok) return [];
  return diffMappings(before, after, [sample.lead], 'create', now).targets.map(({ target }) => target);
}

const settings = (title: string, changes: readonly SettingChange[]): readonly string[] =>
  changes.map(({ name, before, after }) => `${title} ${name} : ${before} → ${after}`);

const lineChanges = (title: string, { removed, added, moved }: LineChanges): readonly string[] => [
  ...removed.map((line) => `${title}, retiré : ${line}`),
  ...added.map((line) => `${title}, ajouté : ${line}`),
  ...(moved ? [`${title} : l’ordre change`] : []),
];

const otherLines: OneAndSeveral = [
  ['autre ligne', 'other line'],
  ['autres lignes', 'other lines'],
];

function cut(lines: readonly string[]): readonly string[] {
  return lines.length <= mostLines
    ? lines
    : [...lines.slice(0, mostLines), `et ${counted(lines.length - mostLines, otherLines)[0]}`];
}

const factNames: readonly (readonly [string, (facts: ClientFacts) => string | undefined])[] = [
  ['Nom du client', (facts) => facts.name],
  ['Entité juridique', (facts) => [facts.legalEntity, ...(facts.legalEntities ?? [])].join(', ')],
  ['Interlocuteur désigné pour les droits', ({ contacts }) => contacts.rights],
  ['Interlocuteur technique', ({ contacts }) => contacts.technical],
  ['Hôtes du contrat', ({ hosts }) => hosts.join(', ')],
  ['Boîtes du contrat', ({ mailboxes }) => mailboxes.join(', ')],
  ['Dossiers du contrat', ({ folders }) => folders.join(', ')],
  ['Catégories de données du contrat', ({ categories }) => categoriesText(categories)],
  ['Message d’accueil (C49)', ({ goLive }) => evidence(goLive?.['greeting'])],
  ['Numéro présenté (C50)', ({ goLive }) => evidence(goLive?.['callerNumber'])],
  ['Champ OPTIN convenu (C51)', ({ goLive }) => evidence(goLive?.['optIn'])],
  ['Opt-in convenu (C51)', ({ optIn }) => agreed(optIn)],
  ['Procédure pour les droits (C52)', ({ goLive }) => evidence(goLive?.['rightsProcedure'])],
];

const agreed = (lines: ClientFacts['optIn']): string | undefined =>
  lines
    ?.map(
      ({ field, purpose, channel, destination, values }) =>
        `${field} (${optInText(purpose, channel)}${destination === undefined ? '' : `, ${destination}`}) : ${answersText(values)}`,
    )
    .join(' ; ');

const evidence = (
  item: { readonly evidence: string; readonly date: string; readonly number?: string } | undefined,
): string | undefined =>
  item === undefined
    ? undefined
    : `${item.number === undefined ? '' : `…${item.number.slice(-4)}, `}${item.evidence} (${item.date})`;

/** The changes of client.yaml. @param before undefined: a new client */
export function factChanges(before: ClientFacts | undefined, after: ClientFacts): readonly string[] {
  if (before === undefined) return [];
  // An earlier program stored the facts without the agreed opt-in.
  const known = before.optIn === undefined ? { ...before, optIn: after.optIn ?? [] } : before;
  return factNames.flatMap(([name, read]) => {
    const [was, is] = [read(known) || '(rien)', read(after) || '(rien)'];
    return was === is ? [] : [`${name} : ${was} → ${is}`];
  });
}
