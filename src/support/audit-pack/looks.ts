// Writes the look-ups and exports of persons, from the log entries in the pack (C39, C58).
// Invariant: numbers of the staff and of leads; no name, no person.
import { stringify } from 'csv-stringify/sync';
import { entryOf } from './journal.ts';
import type { PackFile } from './place.ts';

const kinds: ReadonlySet<string> = new Set(['looked_up', 'revealed', 'person_exported', 'exported']);
const titles = ['Entrée', 'Date (UTC)', 'Acte', 'Par', 'Lead n°', 'Détail', 'Motif'];

const csv = (rows: readonly (readonly string[])[], bom = false): string =>
  stringify(
    rows.map((row) => [...row]),
    { bom, delimiter: ';', escape_formulas: true },
  );

/** @returns `see` is called with every entry of the log, before `file` is read */
export function looksFile(): { readonly see: (text: string) => void; readonly file: PackFile } {
  const rows: (readonly string[])[] = [];
  return {
    see: (text) => {
      const value = entryOf(text);
      if (!kinds.has(value('entry'))) return;
      rows.push([
        value('id'),
        `${value('at').slice(0, 23)}Z`,
        value('entry'),
        value('actor'),
        value('lead_id') === '0' ? '' : value('lead_id'),
        value('reason'),
        value('purpose'),
      ]);
    },
    file: {
      name: 'consultations.csv',
      about:
        'qui a recherché ou dévoilé une personne, remis un dossier ou exporté une liste : tiré du journal ci-dessus (C39, C58)',
      content: async function* () {
        yield await Promise.resolve(csv([titles], true));
        for (let start = 0; start < rows.length; start += 1_000) yield csv(rows.slice(start, start + 1_000));
      },
    },
  };
}
