// An erasure says which lead it is about.
// Invariant: no request of an erase that passes here could mean none of the recipient's leads, or all of them.
import { textAt } from '../document/yaml.ts';
import type { Path, Report } from '../document/problems.ts';

/** An address that only its secret knows may hold a placeholder. */
export function reportNameless(
  settings: unknown,
  columns: readonly string[],
  path: Path,
  report: Report,
): void {
  const url = textAt(settings, 'url');
  if (columns.length > 0 || (url !== undefined && (url.includes('{') || url.startsWith('secret:')))) return;
  report.error(
    path,
    'MAP-414',
    url === undefined
      ? [
          'cet effacement ne nomme aucune demande : listez les champs par lesquels le destinataire la connaît.',
          'this erasure names no lead: list the fields that the recipient knows it by.',
        ]
      : [
          'cet effacement ne nomme aucune demande : mettez {reference}, {key} ou {leadReference} dans son adresse, ou un champ par lequel le destinataire la connaît.',
          'this erasure names no lead: put {reference}, {key} or {leadReference} into its address, or list a field that the recipient knows it by.',
        ],
    { at: 'key' },
  );
}

/** Its own key is nothing that the recipient has ever seen: an answer that knows nothing of it would be taken for gone. */
export function reportNamelessUndo(
  settings: unknown,
  columns: readonly string[],
  path: Path,
  report: Report,
): void {
  const url = textAt(settings, 'url')?.replaceAll('{key}', '');
  if (columns.length > 0 || (url !== undefined && (url.includes('{') || url.startsWith('secret:')))) return;
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
