// Checks the mapping of files that hold every current lead each time (`mode: full`).
// Invariant: such a file is one, is complete, and itself shows what changed and what was removed.
import { defaultGuard } from '../../domain/full-file.ts';
import type { CompiledMapping } from '../contract.ts';
import type { Report } from '../document/problems.ts';
import { blockAt, textAt } from '../document/yaml.ts';

interface Written {
  /** Absent where a file cannot be written in parts. */
  readonly writePart: CompiledMapping['writePart'];
  /** The transport takes a file of any length. */
  readonly inParts: boolean;
}

/** Undefined where files contain new leads alone. */
export function fullFiles(
  mapping: Record<string, unknown>,
  { writePart, inParts }: Written,
  report: Report,
): Pick<CompiledMapping, 'full'> {
  const file = blockAt(mapping, 'file');
  if (file['mode'] !== 'full') return {};
  for (const action of ['update', 'erase'] as const)
    if (Object.hasOwn(mapping, action))
      report.error(
        [action],
        'MAP-622',
        [
          `file.mode est full : le fichier suivant dit de lui-même ce qui ${action === 'update' ? 'a changé' : 'a été effacé'}, et cela n’a pas de fichier à soi.`,
          `file.mode is full: the next file says what ${action === 'update' ? 'has changed' : 'was erased'} by itself, and there is no file of its own for it.`,
        ],
        { at: 'key' },
      );
  if (!inParts)
    report.error(['file', 'mode'], 'MAP-623', [
      'un e-mail contient un nombre limité de leads, et les autres de l’heure partent dans d’autres : aucun ne les contiendrait tous.',
      'a mail holds so many leads at most, and the others of the hour leave in further mails: no mail would hold all of them.',
    ]);
  else if (writePart === undefined)
    report.error(['file', 'mode'], 'MAP-623', [
      'ces enregistrements ne s’écrivent pas par parties (batch.rows dans un champ, ou un enregistrement par fichier) : plusieurs fichiers partiraient, et aucun ne contiendrait tous les leads.',
      'these records cannot be written in parts (batch.rows in a field, or one record in a file): several files would leave, and none would hold all leads.',
    ]);
  const [minute = ''] = (textAt(file['schedule'], 'cron') ?? '').trim().split(/\s+/);
  if (!/^\d+$/.test(minute))
    report.error(['file', 'schedule', 'cron'], 'MAP-624', [
      'chaque lead repart avec chaque fichier : une fois par heure au plus, donc le premier champ est une minute fixe.',
      'every lead leaves again with each file: once an hour is the most, so the first field is one minute.',
    ]);
  const { shrink, fewest } = blockAt(file, 'guard');
  return {
    full: {
      shrink: typeof shrink === 'number' ? shrink : defaultGuard.shrink,
      fewest: typeof fewest === 'number' ? fewest : defaultGuard.fewest,
    },
  };
}
