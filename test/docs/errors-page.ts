// The catalogues on docs/errors.md, one entry a code: `npm run docs` writes them, a test holds them to the code.
import { catalogue } from '../../src/errors.ts';
import { mappingProblems } from '../../src/mapping/document/problems.ts';
import { wrapped } from './page-lists.ts';

type Catalogue = Readonly<Record<string, { readonly meaning: string; readonly remedy: string }>>;

export const catalogues: Readonly<Record<string, Catalogue>> = {
  '## Errors of commands': catalogue,
  '## Mistakes in mapping files': mappingProblems,
};

/** `head` names the code and says what it means; an arrow leads to what to do. */
export const entryText = (head: string, remedy: string): string =>
  `${wrapped(head, '- ', '  ')}\n${wrapped(remedy, '  → ', '    ')}`;

/** The page with the lists of its catalogues written anew; all else as it is. */
export function errorsPage(page: string): string {
  let written = page;
  for (const [heading, codes] of Object.entries(catalogues)) {
    const start = written.indexOf(`${heading}\n`);
    const list = written.indexOf('\n- `', start) + 1;
    const end = `${written}\n\n`.indexOf('\n\n', list);
    const entries = Object.entries(codes).map(([code, { meaning, remedy }]) =>
      entryText(`\`${code}\`: ${meaning}`, remedy),
    );
    written = `${written.slice(0, list)}${entries.join('\n')}${written.slice(end)}`;
  }
  return written;
}
