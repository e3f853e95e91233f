// Prints one bulk run: order, progress, results and refusals. French first.
// Invariant: deliveries that need a person are named by their numbers; the others are counted.
import { numbered } from '../domain/counted.ts';
import type { BulkRow } from '../support/bulk-runs.ts';
import { doneWords, isRefusal, refusalWords, type BulkDone } from '../support/bulk-steps.ts';
import { paris } from '../support/paris-time.ts';
import { inLanguage, type Both, type Language } from '../support/words.ts';
import { out, strong } from './terminal.ts';

const kindWords: Readonly<Record<BulkRow['kind'], Both>> = {
  replay: ['rejeu', 'replay'],
  cancel: ['annulation', 'cancel'],
  close: ['classement', 'close'],
  resolve: ['issue à trancher', 'resolve'],
  backfill: ['reprise des leads antérieurs', 'backfill'],
};
const stateWords: Readonly<Record<BulkRow['state'], Both>> = {
  running: ['en cours', 'running'],
  paused: ['en pause', 'paused'],
  done: ['terminé', 'done'],
  cancelled: ['arrêté', 'cancelled'],
};

export function printRun(run: BulkRow, language: Language): void {
  const say = (...both: Both): string => inLanguage(both, language);
  const line = (label: Both, text: string): void => out(`  ${inLanguage(label, language).padEnd(11)}${text}`);
  const { counted, done, refused } = run;
  const title = `${inLanguage(kindWords[run.kind], language)}, ${inLanguage(stateWords[run.state], language)}`;
  out(strong(say(`Traitement groupé ${run.id} : ${title}`, `Bulk run ${run.id}: ${title}`)));
  line(['demandé par', 'asked by'], say(`${run.actor} : ${run.reason}`, `${run.actor}: ${run.reason}`));
  line(['pour', 'for'], `${run.filter}${run.options === '{}' ? '' : ` ${run.options}`}`);
  line(['commencé', 'begun'], paris(run.createdAt));
  line(
    ['avancement', 'progress'],
    say(
      `${done + refused} sur ${counted} : ${done} ${done < 2 ? 'faite' : 'faites'}, ${refused} ${refused < 2 ? 'refusée' : 'refusées'}`,
      `${done + refused} of ${counted}: ${done} done, ${refused} refused`,
    ),
  );
  if (run.state === 'running') {
    line(['maintenant', 'now'], inLanguage(nowWords(run), language));
    if (run.failures > 0) line(['en échec', 'failing'], inLanguage(failingWords(run), language));
  } else if (run.state === 'paused') line(['maintenant', 'now'], inLanguage(pausedWords, language));
  else line(['fini', 'ended'], paris(run.endedAt));
  if (run.state === 'cancelled') {
    const { cancelledBy, cancelReason } = run;
    line(
      ['arrêté', 'cancelled'],
      say(`par ${cancelledBy} : ${cancelReason}`, `by ${cancelledBy}: ${cancelReason}`),
    );
  }
  for (const [result, { count, ids }] of Object.entries(run.results))
    out(`  ${String(count).padStart(6)}  ${wordsOf(result, count, language)}${idsText(result, ids, count)}`);
}

const pausedWords: Both = [
  'il attend qu’on le reprenne : relais bulk resume',
  'it waits to be resumed: relais bulk resume',
];

function nowWords({ isLeased, updatedAt }: BulkRow): Both {
  const when = paris(updatedAt);
  return isLeased
    ? [
        `un processus y travaille ; pris pour la dernière fois le ${when}`,
        `a process has it in work; last taken ${when}`,
      ]
    : [
        `attend un planificateur, ou relais bulk resume ; pris pour la dernière fois le ${when}`,
        `it waits for a planner, or relais bulk resume; last taken ${when}`,
      ];
}

const failingWords = ({ failures, failure }: BulkRow): Both => [
  `${failures} étapes de suite, la dernière par ${failure} ; il est relancé toutes les dix secondes`,
  `${failures} steps in a row, the last with ${failure}; it is taken up every ten seconds`,
];

function wordsOf(result: string, count: number, language: Language): string {
  if (isRefusal(result)) {
    const refused = numbered(count, [
      ['refusée : ', 'refused: '],
      ['refusées : ', 'refused: '],
    ]);
    return `${inLanguage(refused, language)}${inLanguage(refusalWords[result], language)}`;
  }
  return isDone(result) ? inLanguage(numbered(count, doneWords[result]), language) : result;
}

const isDone = (result: string): result is BulkDone => result in doneWords;

/** Only for results that a person has to review. */
const idsText = (result: string, ids: readonly number[], count: number): string =>
  isRefusal(result) || result === 'passed_on_by_hand'
    ? ` (${ids.join(' ')}${count > ids.length ? ' ...' : ''})`
    : '';
