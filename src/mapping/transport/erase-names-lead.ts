// Checks that an erasure names its lead, and finds the references by which a request does.
// Invariant: no request of an erase that passes here could mean none of the recipient's leads, or all of them.
import type { ConnectorFacts } from '../contract.ts';
import { textAt, isRecord } from '../document/yaml.ts';
import type { Path, Report } from '../document/problems.ts';
import type { CompiledField } from '../fields/each.ts';
import { findSource } from '../fields/source.ts';

/** An erasure has its own key, unknown to the recipient. An address in a secret may contain a placeholder. */
function namesByAddress(settings: unknown): boolean {
  const url = textAt(settings, 'url')?.replaceAll('{key}', '');
  return url !== undefined && (url.includes('{') || url.startsWith('secret:'));
}

/** References written by the fields that the recipient knows. @param lines of the file that the fields were compiled from */
const namesWritten = ({ fields }: Erasing['record'], lines: readonly unknown[]): readonly string[] =>
  referencesWritten(fields, lines).filter((source) => source !== 'delivery.key');

/** A mail contains our reference by itself, and so does a lead that is fetched. */
const bearsReference = ({ sheet, fetched }: Pick<ConnectorFacts, 'sheet' | 'fetched'>): boolean =>
  sheet || fetched !== undefined;

interface Erasing {
  readonly settings: unknown;
  readonly record: { readonly fields: readonly WrittenField[]; readonly columns: readonly string[] };
  readonly lines: readonly unknown[];
}

/** True where one request names the lead. */
export const namesLead = (
  { settings, record, lines }: Erasing,
  connector: Pick<ConnectorFacts, 'sheet' | 'fetched'>,
): boolean =>
  namesByAddress(settings) ||
  (bearsReference(connector) ? record.columns.length > 0 : namesWritten(record, lines).length > 0);

/** True where a request writes anything: a call may prepare the one that names the lead. */
export const saysAnything = ({ settings, record }: Erasing): boolean =>
  namesByAddress(settings) || record.columns.length > 0;

/** True where only the recipient's own reference names the lead: without it nothing is sent. */
export const needsReference = (
  { settings, record, lines }: Erasing,
  connector: Pick<ConnectorFacts, 'sheet' | 'fetched'>,
): boolean =>
  !namesByAddress(settings) &&
  !bearsReference(connector) &&
  namesWritten(record, lines).every((source) => source === 'delivery.reference');

export function reportNameless(settings: unknown, path: Path, report: Report): void {
  report.atKey.error(
    path,
    'MAP-414',
    textAt(settings, 'url') === undefined
      ? [
          'cet effacement ne nomme aucun lead : listez un champ par lequel le destinataire le connaît, comme id.',
          'this erasure names no lead: list a field that the recipient knows it by, such as id.',
        ]
      : [
          'cet effacement ne nomme aucun lead : mettez {reference} ou {leadReference} dans son adresse, ou un champ par lequel le destinataire le connaît, comme id.',
          'this erasure names no lead: put {reference} or {leadReference} into its address, or list a field that the recipient knows it by, such as id.',
        ],
  );
}

/** The key of an undo is unknown to the recipient: its answer "not found" would be read as done. */
export function reportNamelessUndo(path: Path, report: Report): void {
  report.atKey.error(path, 'MAP-414', [
    'ce undo ne nomme aucune fiche : mettez dans son adresse un identifiant que l’appel prend, comme {person.id}, ou {leadReference}, ou un champ par lequel le destinataire la connaît.',
    'this undo names no record: put an id that the call captures, such as {person.id}, or {leadReference} into its address, or list a field that the recipient knows it by.',
  ]);
}

/** Reports required fields of the person: once an erasure is sent, the person is already erased here, and it would be invalid. */
export function reportGone({ record, lines }: Omit<Erasing, 'settings'>, report: Report): void {
  for (const { path, source } of goneWithThePerson(record.fields, lines))
    report.error([...path, 'required'], 'MAP-420', [
      `« ${source} » est déjà effacé chez nous quand l’effacement part : avec required, aucun ne partirait. Désignez le lead par id ou par la référence du destinataire.`,
      `"${source}" is erased here by the time an erasure leaves: with required none would leave. Name the lead by id or by the recipient's reference.`,
    ]);
}

// Finds the references by which a request names its lead.
// Invariant: a field that may write less than its reference, or another value in its place, does not count.

/** True for a source by which the recipient, or Relais, knows a lead or a delivery. */
export const isReference = (source: string): boolean =>
  ['id', 'delivery.key', 'delivery.reference'].includes(source) || source.startsWith('calls.');

const mayLack = (raw: Record<string, unknown>): boolean =>
  Object.hasOwn(raw, 'when') ||
  Object.hasOwn(raw, 'map') ||
  ['truncate', 'omit'].includes(textAt(raw['max'], 'on') ?? '');

/** The parts of a written field that these functions read. */
type WrittenField = Pick<CompiledField, 'path' | 'source'>;

/** References that these fields write whole. @param lines of the file that the fields were compiled from */
export const referencesWritten = (
  fields: readonly WrittenField[],
  lines: readonly unknown[],
): readonly string[] =>
  fields.flatMap(({ path, source }) => {
    const raw = lines[Number(path.at(-1))];
    return isRecord(raw) && mayLack(raw) ? [] : source.split(', ').filter(isReference);
  });

/** Required fields that hold only data of the person; they are never written for an erased person. */
const goneWithThePerson = (
  fields: readonly WrittenField[],
  lines: readonly unknown[],
): readonly WrittenField[] =>
  fields.filter(({ path, source }) => {
    const raw = lines[Number(path.at(-1))];
    return (
      isRecord(raw) &&
      raw['required'] === true &&
      source.split(', ').every((name) => findSource(name)?.person === true)
    );
  });
