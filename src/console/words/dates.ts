// Words of the fields that ask for a date. French first.
import type { Both } from '../../support/words.ts';

export const dateWords = {
  // A browser in another language draws the month first, and shows these letters.
  day: ['jj/mm/aaaa ; mm/dd : mois d’abord', 'dd/mm/yyyy; mm/dd: month first'],
  month: ['Mois et année ; sans calendrier : 2027-03', 'Month and year; without a calendar: 2027-03'],
} as const satisfies Readonly<Record<string, Both>>;
