// Options for the file of the answer to a person, shared by `request access` and `person export`.
// Invariant: encrypted for the named receivers, and nothing is overwritten.
import type { Command } from 'commander';
import { collect } from './arguments.ts';

export interface AnswerFile {
  readonly to: string;
  readonly recipient: readonly string[];
  readonly archives?: string;
}

export const answerFileOptions = (command: Command): Command =>
  command
    .requiredOption('--to <file>', 'where to write it; a file that exists is not overwritten')
    .requiredOption('--recipient <key>', 'age1...: whose key opens it; may be repeated', collect)
    .option('--archives <folder>', 'archives of the log, where months were taken out of MySQL');
