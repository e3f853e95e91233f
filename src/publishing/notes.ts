// Writes the client's note about a version put in force, or back in force (C48).
// Invariant: in the transaction that puts it in force; a publication that changes nothing writes none.
import { citedInNote, instructionsFor } from '../client-mails/instructions.ts';
import { writeNote } from '../client-mails/notes.ts';
import type { AuthorisationFact, ClientFacts } from '../domain/destination.ts';
import type { Covered } from '../domain/instructions.ts';
import { checkSources, type CheckOptions } from '../mapping/check.ts';
import type { CompiledMapping, MappingSources } from '../mapping/contract.ts';
import { besidesContent } from '../mapping/tools/diff-settings.ts';
import type { Sql } from '../store/database.ts';
import type { MappingVersion } from '../store/mapping-versions.ts';
import { factChanges, mappingChanges } from './change-words.ts';
import { categoriesText } from './note-words.ts';

/** The state before, read under the lock of the destination. */
export interface Before {
  readonly version: MappingVersion | undefined;
  readonly facts: ClientFacts | undefined;
}

export interface Publication {
  readonly before: Before;
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
