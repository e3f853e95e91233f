// A client's written instruction, and what it may be cited for (C35, C53). Pure.
// Invariant: who cites one names what for; an instruction about one operation covers no other.
import type { CivilDate } from './civil-date.ts';

/** `proofs`: the client waives the proofs of phone consent it is handed before a deletion; `contract_end`: its contract ends (C55). */
export const coveredMatters = [
  'retention',
  'proofs',
  'recipients',
  'opt_in',
  'data',
  'contract_end',
] as const;
export type Covered = (typeof coveredMatters)[number];

export interface Instruction {
  readonly clientId: string;
  readonly number: number;
  readonly givenOn: CivilDate;
  /** Who of the client gave it. */
  readonly givenBy: string;
  /** Letter, mail or annex: where it can be read. */
  readonly document: string;
  readonly covers: readonly Covered[];
  /** '': all of the client's. */
  readonly operation: string;
  readonly recordedAt: Date;
  readonly recordedBy: string;
}

/** Whether it may be cited for a matter of an operation; '' is what concerns the client as a whole. */
export const coversMatter = (
  { covers, operation }: Pick<Instruction, 'covers' | 'operation'>,
  matter: Covered,
  of: string,
): boolean => covers.includes(matter) && (operation === '' || operation === of);
