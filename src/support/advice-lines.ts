// Defines a piece of advice: words, with the command at the terminal and the act in the console. Each face shows its own half.
// Invariant: no face takes a sentence apart.
import type { ListedDelivery } from '../store/delivery-lists.ts';
import { inBoth, inLanguage, type Both } from './words.ts';

/** Acts with a button or a page in the console. */
export type AdvisedAct =
  | 'replay'
  | 'cancel'
  | 'close'
  | 'received'
  | 'not_received'
  | 'resume'
  | 'test'
  | 'send_file'
  | 'release_file'
  | 'discard_file'
  | 'publish'
  | 'authorise'
  | 'see_lead'
  | 'see_deliveries'
  | 'see_requests';

export interface Advice {
  /** The remedy, or that none is needed. */
  readonly words: Both;
  /** Command of the terminal for it. */
  readonly command?: string;
  readonly act?: AdvisedAct;
  /** The consequence, or the alternative. */
  readonly next?: Both;
}

/** The advice as one line of the terminal. */
export const adviceLine = ({ words, command, next }: Advice): Both =>
  inBoth((language) => {
    const line = command === undefined ? [words] : [words, [` : ${command}`, `: ${command}`] as const];
    const end: Both = next === undefined ? ['', ''] : [` ; ${next[0]}`, `; ${next[1]}`];
    return [...line, end].map((part) => inLanguage(part, language)).join('');
  });

/** The option that every act needs. */
export const reason = '--reason "..."';
export const nothing = (fr: string, en: string): Advice => ({ words: [fr, en] });
export const replay = (row: ListedDelivery, fr: string, en: string, how = ''): Advice => ({
  words: [fr, en],
  command: `relais replay ${row.id} ${how}${reason}`,
  act: 'replay',
});
const verbs = {
  resume: 'resume',
  send_file: 'send-file',
  release_file: 'release-file',
  discard_file: 'discard-file',
} as const;
export const onDestination = (act: keyof typeof verbs, row: ListedDelivery, words: Both): Advice => ({
  words,
  act,
  command: `relais destination ${verbs[act]} ${row.destinationId} ${reason}`,
});
export const publish = (row: ListedDelivery, fr: string, en: string): Advice => ({
  words: [fr, en],
  act: 'publish',
  command: `relais mapping publish ${row.destinationId} --note "..."`,
});
