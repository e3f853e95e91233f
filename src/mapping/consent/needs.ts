// Types of a compiled consent line, and the index of the answers that a block needs.
// Invariant: each purpose and channel has one entry, however many lines write it.
import type { CurrentConsent } from '../../domain/consent.ts';
import type { ConsentChannel, ConsentPurpose } from '../../domain/lead.ts';
import type { ConsentSent } from '../consent-contract.ts';
import type { CompiledMapping } from '../contract.ts';
import type { LineOf } from '../fields/lines.ts';
import type { Path } from '../document/problems.ts';
import type { Target } from '../fields/target.ts';
import type { ConsentNeed, Entry, FieldProblem } from '../fields/values.ts';

export interface AnswerLine {
  readonly target: Target;
  readonly path: Path;
  /** One line of the target's text, among others. */
  readonly line?: LineOf;
  /** It writes the opt-in itself, not only its proof. */
  readonly answers: boolean;
  /** Indices, in the block's list, of the answers that it writes. */
  readonly pairs: readonly number[];
  readonly write: (
    current: readonly CurrentConsent[],
    out: Entry[],
    sent: ConsentSent[],
    problems: FieldProblem[],
  ) => void;
  /** Adds to the log the opt-ins that the line writes. */
  readonly say: (current: readonly CurrentConsent[], sent: ConsentSent[]) => void;
  /** The field whose value for its state is `hold`. */
  readonly held: (current: readonly CurrentConsent[]) => string | undefined;
  readonly table: CompiledMapping['consentTable'];
  readonly sheet: (
    current: readonly CurrentConsent[],
  ) => readonly { readonly label: string; readonly value: string }[];
}

/** Index of a purpose and channel in the block's list; adds it when new. */
export function pairIndex(pairs: ConsentNeed[], purpose: ConsentPurpose, channel: ConsentChannel): number {
  const found = pairs.findIndex((pair) => pair.purpose === purpose && pair.channel === channel);
  return found >= 0 ? found : pairs.push({ purpose, channel }) - 1;
}
