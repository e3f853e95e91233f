// What the steps of a run share, and how they fail.
import type { Site } from './site.ts';

export interface Scene {
  readonly site: Site;
  readonly say: (line: string) => void;
  /** References whose row is committed. */
  readonly sent: Set<string>;
  /** The host's journal keeps what containers wrote. */
  readonly journal: boolean;
}

/** @throws with the sentence where it does not hold */
export function must(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}
