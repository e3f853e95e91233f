// Gives the words of the written note for codes: opt-ins, answers, categories of data, ways of sending.
// Invariant: pure, French, for a client's reader. A code without words is shown unchanged.
import type { DataCategory } from '../domain/lead.ts';
import { channelWords, optInWords, purposeWords } from '../domain/opt-in-words.ts';
import { categoryWords } from '../mapping/spec/french-parties.ts';

const answers: Readonly<Record<string, string>> = {
  granted: 'accordé',
  refused: 'refusé',
  not_asked: 'non demandé',
  withdrawn: 'retiré',
};

/** Cells of an opt-in line that are not values of the client. */
const cells: ReadonlyMap<string, string> = new Map([
  ['(omitted)', '(absent)'],
  ['(held)', '(le lead attend)'],
  ['', '(vide)'],
]);

const ways: Readonly<Record<string, string>> = {
  webhook: 'requêtes HTTPS (webhook)',
  email: 'e-mail',
  sms: 'SMS',
  flow: 'fichiers',
  pull: 'retrait par votre système',
};

export const wayText = (connector: string): string => ways[connector] ?? connector;

export const categoriesText = (categories: readonly DataCategory[]): string =>
  categories.map((category) => categoryWords[category]).join(', ');

const answerText = (state: string): string => answers[state] ?? state;

/** `accordé = OUI, refusé = NON`. */
export const answersText = (values: Readonly<Record<string, string>>): string =>
  Object.entries(values)
    .map(([state, value]) => `${answerText(state)} = ${cells.get(value) ?? value}`)
    .join(', ');

/** `prospection par e-mail`; for all channels where none is named. */
export const optInText = (purpose: string, channel: string | undefined): string =>
  channel === undefined
    ? ((purposeWords as Readonly<Record<string, string>>)[purpose] ?? purpose)
    : optInWords(`${purpose}.${channel}`);

const known = (words: Readonly<Record<string, string>>): string => Object.keys(words).join('|');
const named = new RegExp(
  `^(update: )?(.*) \\((${known(purposeWords)}) by (${known(channelWords)})\\) (${known(answers)})$`,
  's',
);

/** The words for an opt-in setting, by the name that the comparison of two versions gives it. */
export function optInSetting(name: string): string {
  const [, update, field = '', purpose = '', channel = '', state = ''] = named.exec(name) ?? [];
  if (purpose === '') return name;
  const whose = update === undefined ? '' : ' (mise à jour)';
  return `${field}${whose}, ${optInText(purpose, channel)}, ${answerText(state)}`;
}

/** The words for a value of the opt-in in that comparison. */
export const cellText = (value: string): string => cells.get(value) ?? value;
