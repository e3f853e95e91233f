// Words opt-ins in French: purposes, channels, and their change by a right.
// Invariant: every purpose and channel has a word; the words name the right, never a consent that may not have existed.
import type { ConsentChannel, ConsentPurpose } from './lead-values.ts';

export const purposeWords: Readonly<Record<ConsentPurpose, string>> = {
  marketing: 'prospection',
  newsletter: 'lettre d’information',
  partners: 'partenaires',
  profiling: 'profilage',
};
export const channelWords: Readonly<Record<ConsentChannel, string>> = {
  email: 'e-mail',
  sms: 'SMS',
  phone: 'téléphone',
  post: 'courrier',
};

const wordOf = (words: Readonly<Record<string, string>>, name: string): string => words[name] ?? name;

/** `prospection par e-mail` for `marketing.email`; several channels as `marketing.email+sms`. */
export function optInWords(pair: string): string {
  const [purpose = '', channels = ''] = pair.split('.');
  const by = channels.split('+').map((channel) => wordOf(channelWords, channel));
  return channels === '' ? pair : `${wordOf(purposeWords, purpose)} par ${by.join(', ')}`;
}

export const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);

/** The right that withdraws an opt-in. */
export type TakenBackBy = 'objection' | 'withdrawal';

const takenBack: Readonly<Record<TakenBackBy, string>> = {
  objection: 'opposition enregistrée, ne plus solliciter la personne',
  withdrawal: 'retrait enregistré, ne plus solliciter la personne',
};

/** The words after the opt-in and a colon, in a note or a letter. */
export const takenBackWords = (by: TakenBackBy): string => takenBack[by];
