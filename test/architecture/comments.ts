// Reads the sentences of a file's comments.

/** A comment line alone on its line; its text without the marks. */
const commentLine = /^\s*(?:\/\/|\/\*\*?|\*(?!\/))\s?(.*?)\s*(?:\*\/)?$/;

/** Sentences of the comments, each joined over line breaks; a tag of JSDoc begins one. */
export function sentencesOf(text: string): readonly string[] {
  const blocks: string[] = [];
  let isOpen = false;
  for (const line of text.split('\n')) {
    const comment = commentLine.exec(line)?.[1];
    if (comment === undefined) isOpen = false;
    else if (isOpen && comment !== '' && !comment.startsWith('@'))
      blocks.push(`${blocks.pop() ?? ''} ${comment}`);
    else {
      blocks.push(comment.replace(/^@(?:param \S+|\w+) /, ''));
      isOpen = comment !== '';
    }
  }
  return blocks.flatMap((block) => block.split(/(?<=[.:;!?]) +/)).filter((sentence) => sentence !== '');
}

/** Sentences of the texts that people read: literals of several words, without what is put in between. A label has no stop. */
export const sentencesOfTexts = (text: string): readonly string[] =>
  [...text.matchAll(/^(?!\s*(?:\/\/|\*|\/\*)).*$/gm)]
    .flatMap(([line]) => [...line.matchAll(/(['"`])((?:(?!\1)[^\\]|\\.)*)\1/g)])
    .filter(([, , literal = '']) => literal.includes(' '))
    .flatMap(([, , literal = '']) => literal.replaceAll(/\$\{[^}]*\}/g, 'N').split(/(?<=[.:;!?]) +/))
    .filter((sentence) => /[.:;]$/.test(sentence) || saysBadly(sentence));

/** Sentences of a page, without code, tables and headings. */
export const sentencesOfPage = (page: string): readonly string[] =>
  page
    .replaceAll(/```[\s\S]*?```|^[#|].*$|`[^`]*`/gm, '')
    .split(/\n(?=\n| *- | *\d+\. )/)
    .flatMap((block) =>
      block
        .replaceAll(/\s+/g, ' ')
        .replace(/^[- ]*/, '')
        .split(/(?<=[.:;!]) +/),
    )
    .filter((sentence) => sentence !== '' && !sentence.endsWith('?'));

/** A sentence without a subject of the trade: it opens with a pronoun. */
export const opensBadly = (sentence: string): boolean => /^(?:What|Whether|Of|Who)\b/.test(sentence);

/** A word that is not the trade's, outside of names of the code. */
export const saysBadly = (sentence: string): boolean =>
  /\b(?:told|somebody|whoever|rests)\b/i.test(sentence.replaceAll(/`[^`]*`/g, ''));
