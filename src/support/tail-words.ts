// Words of a log entry about a destination, for the live tail. French first.
// Invariant: the event, without its actor at the centre and without typed text.
import type { Both } from './words.ts';

export const destinationEntryWords: Readonly<Partial<Record<string, Both>>> = {
  circuit_opened: ['Destination en pause automatique', 'Destination held'],
  circuit_closed: ['Destination rétablie', 'Destination reopened'],
  suspended: ['Destination suspendue par le centre', 'Destination suspended by the centre'],
  resumed: ['Destination reprise par le centre', 'Destination resumed by the centre'],
  file_requested: ['Fichier demandé par le centre', 'File asked for by the centre'],
  file_held: ['Fichier retenu : trop de leads en moins', 'File held back: too many leads missing'],
  file_released: ['Fichier retenu : le centre le laisse partir', 'Held file: the centre lets it leave'],
  file_discarded: ['Fichier retenu : le centre l’abandonne', 'Held file: the centre gives it up'],
  file_departed: ['Fichier parti', 'File left'],
  file_outcome: ['Réponse au fichier', 'Answer to the file'],
};

/** An attempt that has begun: the log notes it before anything can leave. */
export const departureWords = ({
  attempt,
  run,
  target,
}: {
  readonly attempt: number;
  readonly run: number;
  readonly target: string;
}): Both => {
  const [rerun, again]: Both = run > 1 ? [`, rejeu ${run - 1}`, `, run ${run}`] : ['', ''];
  return [
    `Passage de relais : tentative ${attempt}${rerun} vers ${target}`,
    `Hand-over: attempt ${attempt}${again} to ${target}`,
  ];
};
