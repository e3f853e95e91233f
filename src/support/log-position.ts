// A reader's position in the log: a seal, and the last entry of it that was read.
// Invariant: in the order of the seals; ids are assigned before the commit, so that a lower one may become visible later.
import { RelaisError } from '../errors.ts';
import type { Life } from '../store/installation.ts';

export interface Position {
  readonly seal: number;
  /** The last entry of that seal which was read. */
  readonly entry: number;
}

/** Ids that a seal covers after an entry, as ranges: `1-5,7` after 3 gives 4 to 5, 7 to 7. */
export function rangesAfter(entries: string, behind: number): readonly (readonly [number, number])[] {
  return entries.split(',').flatMap((range): readonly (readonly [number, number])[] => {
    const [first = 0, last = first] = range.split('-').map(Number);
    const from = Math.max(first, behind + 1);
    return from > last || range === '' ? [] : [[from, last]];
  });
}

export const lastEntryOf = (entries: string): number => Math.max(...entries.split(/[-,]/).map(Number));

export const beyondTheEnd = (): RelaisError =>
  new RelaisError('USAGE-001', [
    'after est au-delà de la fin du journal : ce n’est pas le `next` d’une réponse de cette installation.',
    'after lies beyond the end of the log: it is not the `next` of an answer of this installation.',
  ]);

/** @param newest sequence of the newest seal. @throws USAGE-001 for a position after it: its reader would miss later entries */
export function withinLog(at: Position, newest: number): Position {
  if (at.seal > newest + 1 || (at.seal === newest + 1 && at.entry > 0)) throw beyondTheEnd();
  return at;
}

export const textOf = ({ seal, entry }: Position): string => `${seal}-${entry}`;

/** @throws USAGE-001 */
export function positionOf(after: string | undefined): Position {
  if (after === undefined) return { seal: 0, entry: 0 };
  const [, seal, entry] = /^(\d{1,15})-(\d{1,15})$/.exec(after) ?? [];
  if (seal === undefined || entry === undefined)
    throw new RelaisError('USAGE-001', [
      'after est le `next` d’une réponse antérieure, ou `now`.',
      'after is the `next` of an earlier answer, or `now`.',
    ]);
  return { seal: Number(seal), entry: Number(entry) };
}

/** A position beside the life of the database that gave it: `9f8e7d6c.900-0`. */
export const inLife = (at: string, lives: readonly Life[]): string => {
  const life = lives.at(-1)?.name;
  return life === undefined ? at : `${life}.${at}`;
};

/**
 * The position in the log as it is now. A restore takes seals back and makes others under their numbers: a position among those becomes
 * the first of the new ones, so that its reader gets all that happened since and misses none.
 * @throws USAGE-001
 */
export function inPresentLife(after: string, lives: readonly Life[]): string {
  const [, life, place = after] = /^(?:([0-9a-f]{8})\.)?(\d.*)$/.exec(after) ?? [];
  const { seal, entry } = positionOf(place);
  // A life that nobody knows ended with a restore; a position without one was given before the first that was noted.
  const known = lives.findIndex(({ name }) => name === life);
  const later = lives.slice(known + 1).flatMap(({ firstSeal }) => firstSeal ?? []);
  if (life !== undefined && known < 0 && later.length === 0) throw beyondTheEnd();
  const first = Math.min(...later);
  return seal > first || (seal === first && entry > 0) ? textOf({ seal: first, entry: 0 }) : place;
}
