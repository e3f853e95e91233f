// Words for the findings when a record was read back at its recipient.
// Invariant: names of fields only.
import { codeWords } from './code-words.ts';
import type { StoryEntry } from '../store/delivery-lists.ts';

export function readBackText(
  { outcome, fields, reason }: Pick<StoryEntry, 'outcome' | 'fields' | 'reason'>,
  say: (fr: string, en: string) => string,
): string {
  switch (outcome) {
    case 'accepted':
      return say('opt-in conservé', 'opt-in kept');
    case 'absent':
      return say('fiche introuvable', 'record not found');
    case 'refused':
      return say(
        `opt-in non conservé (${(fields ?? '').replaceAll(' ', ', ')})`,
        `opt-in not kept (${(fields ?? '').replaceAll(' ', ', ')})`,
      );
    default:
      return notReadable(reason, say);
  }
}

/** Reason in words, or its code where it has none. */
function notReadable(reason: string, say: (fr: string, en: string) => string): string {
  const words = codeWords(reason);
  return words === undefined
    ? say(`illisible (${reason})`, `not readable (${reason})`)
    : say(`illisible : ${words[0]}`, `not readable: ${words[1]}`);
}
