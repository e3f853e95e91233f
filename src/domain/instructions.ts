// Defines a client's written instruction and the matters for which it may be cited (C35, C53). Pure.
// Invariant: a citation names its matter; an instruction about one operation covers no other.
import type { CivilDate } from './civil-date.ts';

/**
 * `proofs`: the client waives the proofs of phone consent before a deletion; `contract_end`: its contract ends (C55); `statistics`: it
 * authorises statistics (C26); `statistics_end`: it withdraws that; `hosting`: an
 * installation of its own, or no longer (C36).
 */
export const coveredMatters = [
  'retention',
  'proofs',
  'recipients',
  'opt_in',
  'data',
  'contract_end',
  'statistics',
  'statistics_end',
  'hosting',
] as const;
export type Covered = (typeof coveredMatters)[number];

export interface Instruction {
  readonly clientId: string;
  readonly number: number;
  readonly givenOn: CivilDate;
  /** Author at the client. */
  readonly givenBy: string;
  /** Letter, mail or annex that contains it. */
  readonly document: string;
  readonly covers: readonly Covered[];
  /** '': all operations of the client. */
  readonly operation: string;
  readonly recordedAt: Date;
  readonly recordedBy: string;
}

/** True when it may be cited for a matter of an operation; '' is the client as a whole. */
export const coversMatter = (
  { covers, operation }: Pick<Instruction, 'covers' | 'operation'>,
  matter: Covered,
  of: string,
): boolean => covers.includes(matter) && (operation === '' || operation === of);

/**
 * The day from which a client authorises statistics (C26): that of its first such instruction after its last withdrawal. Requests of
 * earlier days are not counted. undefined: it authorises none.
 * @param given the client's instructions in the order of their numbers
 */
export function statisticsFrom(
  given: readonly Pick<Instruction, 'covers' | 'givenOn'>[],
): CivilDate | undefined {
  const end = given.findLastIndex(({ covers }) => covers.includes('statistics_end'));
  return given.slice(end + 1).find(({ covers }) => covers.includes('statistics'))?.givenOn;
}
