// What a bug is that the account of ten years must notice.
// Invariant: as in test/lab/faults/plants.ts: the product holds no switch for them, and a text that is not found any more is an error.
import type { Patch } from '../faults/plants.ts';
import type { Zero } from './figures.ts';

export interface YearsPlant {
  readonly name: string;
  readonly patches: readonly Patch[];
  /** One of these must turn red. */
  readonly red: readonly Zero[];
  /** Only by findings that say this; by any when absent. */
  readonly like?: RegExp;
  /** Those of one letter are lived together: nothing that one of them turns red may count for another. */
  readonly company: string;
}

export const one = (file: string, find: string, put: string): readonly Patch[] => [{ file, find, put }];
