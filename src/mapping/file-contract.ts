// What the rest of Relais knows of a mapping that writes files: its frame, and its hours.
// Invariant: data only.
import type { FullGuard } from '../domain/full-file.ts';

/** What a file is made of besides its records: a frame alone is a file without any. */
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
  /** What a slot without leads makes: no file, or one with its frame alone. */
  readonly empty: 'skip' | 'header';
  /** A file that has not left by then is reported, ms. */
  readonly lateMs: number;
  /** An acknowledgement that has not come by then is reported, ms; undefined where none is awaited, or no time is said. */
  readonly ackWithinMs?: number;
}

/** Of a mapping that writes files; of another, nothing. */
export interface WhenFilesLeave {
  readonly schedule?: FileSchedule;
  /** Each file holds every current lead, and leaves by itself within these bounds. */
  readonly full?: FullGuard;
}

/** What a file says besides its content, line by line. */
export interface InWords {
  /** In their order; those of a call with its name. */
  readonly answers: readonly string[];
  readonly accepts: readonly string[];
  readonly consent: readonly string[];
}
