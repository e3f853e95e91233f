// Prints the story of one delivery on a terminal, for relais delivery show.
// Invariant: adds no fact and no word of its own but the headings.
import { adviceLine } from '../support/advice.ts';
import { paris } from '../support/paris-time.ts';
import type { Story } from '../support/story.ts';
import { inLanguage, type Both, type Language } from '../support/words.ts';
import { out, strong } from './terminal.ts';

const headings = {
  happened: ['Ce qui s’est passé', 'What happened'],
  advice: ['Ce que vous pouvez faire', 'What you can do'],
  all: [' ; --json les donne tous', '; --json gives them all'],
  contact: ['Interlocuteur pour les droits :', 'Contact for rights:'],
} as const satisfies Readonly<Record<string, Both>>;

export function printStory(story: Story, language: Language): void {
  const words = (both: Both): string => inLanguage(both, language);
  out(strong(words(story.title)));
  for (const { name, label, value, because } of story.facts) {
    const shown = name === 'state' ? strong(words(value)) : words(value);
    out(`  ${words(label).padEnd(18)} ${shown}${because === undefined ? '' : ` — ${words(because)}`}`);
  }
  out(`\n${strong(words(headings.happened))}`);
  if (story.nothingLeft !== undefined) out(`  ${words(story.nothingLeft)}`);
  for (const event of story.events) {
    const more = event.isFolded === true ? words(headings.all) : '';
    out(`  ${paris(event.at)}  ${words(event.words)}${more}`);
    for (const detail of event.details) out(`${' '.repeat(23)}${words(detail)}`);
  }
  out(`\n${strong(words(headings.advice))}`);
  for (const line of story.advice) out(`  ${words(adviceLine(line))}`);
  if (story.contact !== undefined) out(`  ${words(headings.contact)} ${story.contact}`);
}
