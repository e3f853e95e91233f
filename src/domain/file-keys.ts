// Derives our keys for one file, by which we recognise the file after it was encrypted for its recipient. Pure.
// Invariant: they are stored nowhere: they are derived from the ring, also for files written under an earlier key.
import type { KeyRing } from './key-ring.ts';
import { derived } from './keyed.ts';

export const fileKeysOf =
  ({ current, keys }: KeyRing) =>
  (file: string): readonly Uint8Array[] => {
    const writing = current();
    return [writing, ...keys.filter((key) => key !== writing)].map((key) =>
      derived(key.bytes, `file:${file}`),
    );
  };
