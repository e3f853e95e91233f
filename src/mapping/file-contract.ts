// Types of a mapping that writes files: the frame of a file, and its schedule.
// Invariant: data only.
import type { FullGuard } from '../domain/full-file.ts';

/** The bytes of a file around its records; the frame alone is a file without records. */
export interface FileFrame {
  readonly open: Uint8Array;
  /** Between two parts. */
  readonly between: Uint8Array;
  readonly close: Uint8Array;
  readonly mediaType: string;
  readonly extension: string;
}

/** When files are due. */
export interface FileSchedule {
  readonly cron: string;
  readonly timezone: string;
  /** A slot without leads makes no file, or a file with its frame alone. */
  readonly empty: 'skip' | 'header';
  /** Delay after which a file that was not sent is reported, ms. */
  readonly lateMs: number;
  /** Delay after which a missing acknowledgement is reported, ms; undefined where none is expected or no delay is given. */
  readonly ackWithinMs?: number;
}

/** Present only in a mapping that writes files. */
export interface WhenFilesLeave {
  readonly schedule?: FileSchedule;
  /** Each file holds every current lead, and is sent without approval within these bounds. */
  readonly full?: FullGuard;
}

/** The mapping in words, line by line, for comparing versions. */
export interface InWords {
  /** In their order; those of a call with its name. */
  readonly answers: readonly string[];
  readonly accepts: readonly string[];
  readonly consent: readonly string[];
}
