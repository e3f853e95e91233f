// Checks that an erasure names its lead.
// Invariant: no request of an erase that passes here could mean none of the recipient's leads, or all of them.
import type { ConnectorFacts } from '../contract.ts';
import { textAt } from '../document/yaml.ts';
import type { Path, Report } from '../document/problems.ts';
import { goneWithThePerson, referencesWritten, type WrittenField } from '../fields/naming.ts';

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

export interface Erasing {
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
  report.error(
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
    { at: 'key' },
  );
}

/** The key of an undo is unknown to the recipient: its answer "not found" would be read as done. */
export function reportNamelessUndo(path: Path, report: Report): void {
  report.error(
    path,
    'MAP-414',
    [
      'ce undo ne nomme aucune fiche : mettez dans son adresse un identifiant que l’appel prend, comme {person.id}, ou {leadReference}, ou un champ par lequel le destinataire la connaît.',
      'this undo names no record: put an id that the call captures, such as {person.id}, or {leadReference} into its address, or list a field that the recipient knows it by.',
    ],
    { at: 'key' },
  );
}

/** Reports required fields of the person: once an erasure is sent, the person is already erased here, and it would be invalid. */
export function reportGone({ record, lines }: Omit<Erasing, 'settings'>, report: Report): void {
  for (const { path, source } of goneWithThePerson(record.fields, lines))
    report.error([...path, 'required'], 'MAP-420', [
      `« ${source} » est déjà effacé chez nous quand l’effacement part : avec required, aucun ne partirait. Désignez le lead par id ou par la référence du destinataire.`,
      `"${source}" is erased here by the time an erasure leaves: with required none would leave. Name the lead by id or by the recipient's reference.`,
    ]);
}
