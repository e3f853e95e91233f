// What was found when a record was read back at its recipient, in words.
// Invariant: names of fields only.
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
      return say(`illisible (${reason})`, `not readable (${reason})`);
  }
}
