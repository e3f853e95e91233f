// A file written part by part: what a format gives for it.
// Invariant: the parts in their frame are the bytes that writing all at once gives.
import type { FileFrame } from '../file-contract.ts';
import type { Entry } from '../fields/values.ts';

type Batch = { readonly sequence: number; readonly rows: number } | undefined;

/** A format whose files can be written part by part, the frame last; with `write` the same bytes. */
export interface InParts {
  readonly part: (
    columns: readonly string[],
    records: readonly (readonly Entry[])[],
    batch: Batch,
  ) => Uint8Array;
  readonly frame: (columns: readonly string[], batch: Batch) => FileFrame;
}
