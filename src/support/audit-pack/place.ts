// Types of an audit pack: its sources, its order, and a file of it.
import type { Keys } from '../../privacy/keys.ts';
import type { ProofDeps } from '../../privacy/proofs/prove.ts';
import type { Anchor } from '../../privacy/verification.ts';
import type { VerifyPlace } from '../acts/verify-log.ts';

export interface PackPlace extends VerifyPlace {
  /** Sealing keys of the log; the pack is signed with a key derived from the one in force. */
  readonly keys: Pick<Keys, 'seal'>;
  readonly proofs: Pick<ProofDeps, 'contact'>;
  /** Folder of the archives of the log, where months were taken out of MySQL. */
  readonly archives?: string | undefined;
}

export interface PackAsked {
  readonly clientId: string;
  readonly from: Date;
  /** First instant after the period. */
  readonly until: Date;
  readonly actor: string;
  readonly reason: string;
  /** Kept outside the database: with it a cut end of the log is detected too. */
  readonly anchor?: Anchor | undefined;
}

export interface PackFile {
  readonly name: string;
  /** French description of the file, for readers of the pack. */
  readonly about: string;
  /** Read in its turn, piece by piece. */
  readonly content: () => AsyncIterable<string>;
}

/** Number of an actor in the log; names typed before actors had numbers are left out. */
export const actorNumber = (actor: string): string =>
  /^((account|staff|key):\d+|planner|worker|intake|console)$/.test(actor) ? actor : '';
