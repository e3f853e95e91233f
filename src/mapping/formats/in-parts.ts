// Type of a writer that writes a file part by part.
// Invariant: the parts inside their frame are the same bytes as the file written at once.
import type { FileFrame } from '../file-contract.ts';
import type { Entry } from '../fields/values.ts';

type Batch = { readonly sequence: number; readonly rows: number } | undefined;

/** A format whose files can be written part by part, the frame last; the bytes are those of `write`. */
export interface InParts {
  readonly part: (
    columns: readonly string[],
    records: readonly (readonly Entry[])[],
    batch: Batch,
  ) => Uint8Array;
  readonly frame: (columns: readonly string[], batch: Batch) => FileFrame;
}
