// Keys of ours for one file, by which it is known again where it stands encrypted for its recipient. Pure.
// Invariant: they are kept nowhere: whoever holds the ring computes them, also what was written under an earlier key of it.
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
