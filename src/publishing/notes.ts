// Writes the client's note about a version put in force, or back in force (C48).
// Invariant: in the transaction that puts it in force; a publication that changes nothing writes none.
import { citedInNote, instructionsFor } from '../client-mails/instructions.ts';
import { writeNote } from '../client-mails/notes.ts';
import type { AuthorisationFact, ClientFacts } from '../domain/destination.ts';
import type { Covered } from '../domain/instructions.ts';
import { checkSources, type CheckOptions } from '../mapping/check.ts';
import type { CompiledMapping, MappingSources } from '../mapping/contract.ts';
import { besidesContent, diffMappings, type LineChanges, type SettingChange } from '../mapping/tools/diff.ts';
import type { Sql } from '../store/database.ts';
import type { MappingVersion } from '../store/destinations/mapping-versions.ts';
import type { DataCategory } from '../domain/lead.ts';
import { channelWords, optInWords, purposeWords } from '../domain/lead-values.ts';
import { cellText } from '../mapping/spec/french-consent.ts';
import { categoryWords } from '../mapping/spec/french-parties.ts';
import { countText } from '../domain/counted.ts';
import { sampleLead, leadFromSample } from '../mapping/tools/sample.ts';

/** The state before, read under the lock of the destination. */
interface Publication {
  readonly before: { readonly version: MappingVersion | undefined; readonly facts: ClientFacts | undefined };
  readonly version: MappingVersion;
  readonly mapping: CompiledMapping;
  readonly check: CheckOptions;
  readonly askedBy: string | undefined;
  /** Numbers of the instructions in the client's register that justify it (C53). */
  readonly instructions: readonly number[];
  readonly doneBy: string;
  readonly note: string;
}

/**
 * Returns the note's number; undefined where nothing was changed.
 * @param added authorisations that came with it
 * @throws FIND-001, INSTRUCTION-001 where the client has a register and no instruction covers the addition or change
 */
export async function noteOfPublication(
  tx: Sql,
  publication: Publication,
  added: readonly AuthorisationFact[],
): Promise<number | undefined> {
  const { before, version, mapping, note } = publication;
  const isNew = before.version?.id !== version.id;
  const facts = [
    ...factChanges(before.facts, mapping.client),
    ...added.map(
      ({ recipient, documentRef, categories }) =>
        `Destinataire habilité : ${recipient} (${categoriesText(categories)} ; ${documentRef})`,
    ),
  ];
  if (!isNew && facts.length === 0) return undefined;
  const { destinationId } = mapping;
  const cited = await citedBy(tx, publication, [
    ...(added.length > 0 ? ['recipients' as const] : []),
    ...(changesOptIn(publication) ? ['opt_in' as const] : []),
  ]);
  const changes = isNew ? saidOf(versionLines(publication, tx.now()), facts) : facts;
  return writeNote(tx, {
    ...namesOf(publication, cited),
    kind: isNew ? 'mapping_published' : 'client_facts',
    title: isNew
      ? `format « ${destinationId} » publié, version ${version.version}`
      : `contrat de « ${mapping.client.name} » mis à jour`,
    changes: [...changes, ...cited.lines],
    formerMailboxes: mailboxesOf(before.facts),
    document: note,
  });
}

/** Needs no instruction: it restores what was agreed before. @throws FIND-001 */
export async function noteOfRollback(tx: Sql, publication: Publication): Promise<number> {
  const { before, version, mapping, note } = publication;
  const cited = await citedBy(tx, publication, []);
  return writeNote(tx, {
    ...namesOf(publication, cited),
    kind: 'mapping_rolled_back',
    title: `format « ${mapping.destinationId} » remis en version ${version.version}`,
    changes: [
      ...saidOf(versionLines(publication, tx.now()), factChanges(before.facts, mapping.client)),
      ...cited.lines,
    ],
    formerMailboxes: mailboxesOf(before.facts),
    document: note,
  });
}

const saidOf = (version: readonly string[], facts: readonly string[]): readonly string[] => {
  const lines = [...version, ...facts];
  return lines.length > 1
    ? lines
    : [...lines, 'Aucune différence de contenu ni de réglage : seuls des fichiers annexes changent.'];
};

/** The mailboxes that the contract named before, which a note about their change contains. */
const mailboxesOf = (facts: ClientFacts | undefined): readonly string[] =>
  facts === undefined
    ? []
    : [...facts.mailboxes, ...Object.values(facts.contacts).filter((one) => typeof one === 'string')];

type Cited = ReturnType<typeof citedInNote>;

const citedBy = async (
  tx: Sql,
  { mapping, instructions }: Publication,
  matters: readonly Covered[],
): Promise<Cited> =>
  citedInNote(await instructionsFor(tx, { clientId: mapping.clientId, cited: instructions, matters }));

/** True when the opt-in changes: not for a first version, always for one that no longer compiles. */
function changesOptIn({ before, mapping, check }: Publication): boolean {
  const was = compiledAgain(before.version, check);
  if (was === undefined) return false;
  if (was === 'unreadable') return true;
  const { optIn, consent } = besidesContent(was, mapping);
  return optIn.length + consent.removed.length + consent.added.length > 0;
}

const namesOf = ({ mapping, version, askedBy, doneBy }: Publication, cited: Cited) => ({
  clientId: mapping.clientId,
  destinationId: mapping.destinationId,
  mappingVersionId: version.id,
  askedBy: askedBy ?? cited.givenBy,
  instruction: cited.instruction,
  doneBy,
});

function versionLines({ before, version, mapping, check }: Publication, now: Date): readonly string[] {
  const was = before.version;
  return [
    ...(was === undefined ? [] : [`Version ${version.version} à la place de la version ${was.version}`]),
    ...mappingChanges(compiledAgain(was, check), mapping, now),
  ];
}

/** Compiles a version with today's program. */
export function compiledAgain(
  version: MappingVersion | undefined,
  check: CheckOptions,
): CompiledMapping | 'unreadable' | undefined {
  if (version === undefined) return undefined;
  const checked = checkSources(JSON.parse(version.sources) as MappingSources, { ...check, tests: false });
  return checked.ok ? checked.mapping : 'unreadable';
}

// Gives the words of the written note for codes: opt-ins, answers, categories of data, ways of sending.
// Invariant: pure, French, for a client's reader. A code without words is shown unchanged.

const answers: Readonly<Record<string, string>> = {
  granted: 'accordé',
  refused: 'refusé',
  not_asked: 'non demandé',
  withdrawn: 'retiré',
};

const ways: Readonly<Record<string, string>> = {
  webhook: 'requêtes HTTPS (webhook)',
  email: 'e-mail',
  sms: 'SMS',
  flow: 'fichiers',
  pull: 'retrait par votre système',
};

const wayText = (connector: string): string => ways[connector] ?? connector;

export const categoriesText = (categories: readonly DataCategory[]): string =>
  categories.map((category) => categoryWords[category]).join(', ');

const answerText = (state: string): string => answers[state] ?? state;

/** `accordé = OUI, refusé = NON`. */
const answersText = (values: Readonly<Record<string, string>>): string =>
  Object.entries(values)
    .map(([state, value]) => `${answerText(state)} = ${cellText(value)}`)
    .join(', ');

/** `prospection par e-mail`; for all channels where none is named. */
const optInText = (purpose: string, channel: string | undefined): string =>
  channel === undefined
    ? ((purposeWords as Readonly<Record<string, string>>)[purpose] ?? purpose)
    : optInWords(`${purpose}.${channel}`);

const known = (words: Readonly<Record<string, string>>): string => Object.keys(words).join('|');
const named = new RegExp(
  `^(update: )?(.*) \\((${known(purposeWords)}) by (${known(channelWords)})\\) (${known(answers)})$`,
  's',
);

/** The words for an opt-in setting, by the name that the comparison of two versions gives it. */
function optInSetting(name: string): string {
  const [, update, field = '', purpose = '', channel = '', state = ''] = named.exec(name) ?? [];
  if (purpose === '') return name;
  const whose = update === undefined ? '' : ' (mise à jour)';
  return `${field}${whose}, ${optInText(purpose, channel)}, ${answerText(state)}`;
}

// Describes in French, line by line, the changes of a publication for the client's written note (C48).
// Invariant: pure. Names of fields, settings and opt-in values only; no value of a lead, and secrets are names.

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

function cut(lines: readonly string[]): readonly string[] {
  const more = lines.length - mostLines;
  const others = `et ${countText(more, 'fr')} ${more < 2 ? 'autre ligne' : 'autres lignes'}`;
  return more <= 0 ? lines : [...lines.slice(0, mostLines), others];
}

const factNames: readonly (readonly [string, (facts: ClientFacts) => string | undefined])[] = [
  ['Nom du client', (facts) => facts.name],
  ['Entité juridique', (facts) => [facts.legalEntity, ...(facts.legalEntities ?? [])].join(', ')],
  ['Interlocuteur désigné pour les droits', ({ contacts }) => contacts.rights],
  ['Interlocuteur technique', ({ contacts }) => contacts.technical],
  ['Boîte des sceaux quotidiens', ({ contacts }) => contacts.seals],
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
