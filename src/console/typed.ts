// Reads long pasted texts: a mapping, a client's file, a sample.
// Invariant: the checked text is the shown text: an invisible character is reported, not passed on.
import type { FastifyRequest } from 'fastify';
import { lineOfInvisible } from '../privacy/papers/html.ts';
import type { Both } from '../support/words.ts';
import { field } from './forms.ts';
import { mappingWords as words } from './words/mappings.ts';

const most = 100_000;
/** Bytes of a form with three such texts, as browsers encode them. */
export const typedFormBytes = 1_200_000;

export interface TypedText {
  readonly text: string;
  readonly problem: Both | undefined;
}

export function typedText(request: FastifyRequest, name: string): TypedText {
  const whole = field(request, name, most * 2).replaceAll(/\r\n?/g, '\n');
  if (whole.length > most) return { text: whole.slice(0, most), problem: words.tooLong };
  const line = lineOfInvisible(whole);
  return {
    text: whole,
    problem:
      line === undefined
        ? undefined
        : [
            `La ligne ${line} contient un caractère invisible, qui ne peut pas être repris.`,
            `Line ${line} holds a sign that does not show: it cannot be taken over.`,
          ],
  };
}
