// The catalogues on docs/errors.md, one entry a code: `npm run docs` writes them, a test holds them to the code.
import { catalogue } from '../../src/errors.ts';
import { mappingProblems } from '../../src/mapping/document/problem-catalogue.ts';
import { wrapped } from './page-lists.ts';

type Catalogue = Readonly<Record<string, readonly [meaning: string, remedy: string]>>;

/** The program prints an error of a command with its remedy; of a mapping file it prints code and message. */
export const catalogues: Readonly<
  Record<string, { readonly codes: Catalogue; readonly withRemedy: boolean }>
> = {
  '## Errors of commands': { codes: catalogue, withRemedy: false },
  '## Mistakes in mapping files': { codes: mappingProblems, withRemedy: true },
};

/** The page with the lists of its catalogues written anew; all else as it is. */
export function errorsPage(page: string): string {
  let written = page;
  for (const [heading, { codes, withRemedy }] of Object.entries(catalogues)) {
    const start = written.indexOf(`${heading}\n`);
    if (start < 0) throw new Error(`docs/errors.md has no ${heading}`);
    const list = written.indexOf('\n- `', start) + 1;
    const end = `${written}\n\n`.indexOf('\n\n', list);
    const entries = Object.entries(codes).map(([code, [meaning, remedy]]) =>
      wrapped(withRemedy ? `\`${code}\`: **${meaning}** ${remedy}` : `\`${code}\`: ${meaning}`, '- ', '  '),
    );
    written = `${written.slice(0, list)}${entries.join('\n')}${written.slice(end)}`;
  }
  return written;
}
