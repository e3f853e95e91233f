// Checks the `undo` of calls, and reports one that could delete a record that is not ours.
// Invariant: an undo exists only where a later call can be refused, and never undoes an opt-in by itself.
import { longestUndoable } from '../../domain/undo.ts';
import type { Path, Report } from '../document/problems.ts';
import { blockAt, textAt } from '../document/yaml.ts';
import type { RawCall } from './early.ts';
import type { CallsInput } from './parts.ts';

/** Reports undos that could never be sent, or might delete a record that existed before. */
export function reportUndos(raws: readonly RawCall[], { action, mapping, report }: CallsInput): void {
  for (const [index, { raw, path, name }] of raws.entries()) {
    if (!Object.hasOwn(raw, 'undo')) continue;
    const at: Path = [...path, 'undo'];
    if (action !== 'create')
      report.error(
        at,
        'MAP-674',
        [
          `seul ce que la création a fait peut être retiré : ${action} ne connaît pas l’état d’avant.`,
          `only what the create made can be taken back: ${action} knows no earlier state.`,
        ],
        { at: 'key' },
      );
    else if (index === raws.length - 1)
      report.error(
        at,
        'MAP-674',
        [
          `« ${name} » est le dernier appel : aucun après lui ne peut être refusé.`,
          `"${name}" is the last call: none after it can be refused.`,
        ],
        { at: 'key' },
      );
    if (name.length > longestUndoable)
      report.error([...path, 'name'], 'MAP-674', [
        `un appel avec un undo a un nom de ${longestUndoable} caractères au plus.`,
        `a call with an undo has a name of ${longestUndoable} signs at most.`,
      ]);
    const method = textAt(blockAt(raw, 'send'), 'method') ?? textAt(blockAt(mapping, 'send'), 'method');
    if (action === 'create' && (method === 'PUT' || method === 'PATCH'))
      report.warn(
        at,
        'MAP-675',
        [
          `« ${name} » est un ${method}, qui peut modifier une fiche déjà là : son undo supprimerait celle-là. Ne retirez que ce que cet appel seul a pu faire.`,
          `"${name}" is a ${method}, which may change a record that was there before: its undo would delete that one. Undo only what this call alone can have made.`,
        ],
        { at: 'key' },
      );
  }
}

/** A refusal that was put on a list remains there, whatever happens to the lead. */
export function reportGatedUndo(name: string, path: Path, report: Report): void {
  report.error(
    [...path, 'undo'],
    'MAP-674',
    [
      `l’opt-in commande « ${name} » : ce que la personne a répondu ne se retire pas.`,
      `the opt-in sends "${name}": what the person answered is not taken back.`,
    ],
    { at: 'key' },
  );
}
