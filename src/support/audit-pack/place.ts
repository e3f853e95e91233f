// What an audit pack is made from, for whom, and what a file of it is.
import type { Keys } from '../../privacy/keys.ts';
import type { ProofDeps } from '../../privacy/proofs/prove.ts';
import type { Anchor } from '../../privacy/verification.ts';
import type { VerifyPlace } from '../acts/verify-log.ts';

export interface PackPlace extends VerifyPlace {
  /** What the log is sealed with; the pack is signed with a key derived from the one in force. */
  readonly keys: Pick<Keys, 'seal'>;
  readonly proofs: Pick<ProofDeps, 'contact'>;
  /** Folder of the archives of the log, where months were taken out of MySQL. */
  readonly archives?: string | undefined;
}

export interface PackAsked {
  readonly clientId: string;
  readonly from: Date;
  /** The first instant that does not belong to the period. */
  readonly until: Date;
  readonly actor: string;
  readonly reason: string;
  /** Kept elsewhere: with it a cut end of the log is seen too. */
  readonly anchor?: Anchor | undefined;
}

export interface PackFile {
  readonly name: string;
  /** French: what it is, for who opens the pack. */
  readonly about: string;
  /** Read when its turn has come, piece by piece. */
  readonly content: () => AsyncIterable<string>;
}

/** As the log names them; what somebody typed before they had numbers is left out. */
export const actorNumber = (actor: string): string =>
  /^((account|staff|key):\d+|planner|worker|intake|console)$/.test(actor) ? actor : '';
