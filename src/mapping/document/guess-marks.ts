// Reports the marks that `mapping new` leaves on its guesses, until a person has checked each.
// Invariant: a guess of the opt-in is reported line by line, for it keeps the file from being published (C20).
import { shownFolder } from './yaml.ts';
import type { createProblems } from './problems.ts';

const mark = /\s# guess:/;

export function reportGuesses(
  name: string,
  text: string,
  problems: Pick<ReturnType<typeof createProblems>, 'add'>,
): void {
  const file = `${shownFolder}/${name}`;
  let block = '';
  const others: { readonly line: number; readonly column: number }[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    block = /^([A-Za-z]\w*):/.exec(line)?.[1] ?? block;
    const at = mark.exec(line);
    if (at === null || line.trimStart().startsWith('#')) continue;
    const place = { line: index + 1, column: at.index + 2 };
    if (block !== 'consent') others.push(place);
    else
      problems.add({ file, ...place }, 'warning', 'MAP-904', [
        'cet opt-in est une supposition : comparez-le à ce que dit le client, puis supprimez la marque ; d’ici là il n’est pas publié.',
        'this opt-in is a guess: compare it with what the client says, then delete the mark; until then it is not published.',
      ]);
  }
  const [first] = others;
  if (first === undefined) return;
  problems.add({ file, ...first }, 'warning', 'MAP-903', [
    `${others.length === 1 ? 'cette ligne est une supposition' : `${others.length} lignes à partir d’ici sont des suppositions`} : comparez chacune à ce que dit le client, puis supprimez sa marque.`,
    `${others.length === 1 ? 'this line is a guess' : `${others.length} lines from here on are guesses`}: compare each with what the client says, then delete its mark.`,
  ]);
}
