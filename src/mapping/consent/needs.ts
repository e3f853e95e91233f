// What a line of the consent block gives, and which answers the block needs.
// Invariant: each purpose and channel is asked for once, however many lines write it.
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
  /** Places of the answers that it writes, among those the block names. */
  readonly pairs: readonly number[];
  readonly write: (
    current: readonly CurrentConsent[],
    out: Entry[],
    sent: ConsentSent[],
    problems: FieldProblem[],
  ) => void;
  /** What the log says of what it writes. */
  readonly say: (current: readonly CurrentConsent[], sent: ConsentSent[]) => void;
  /** The field whose state says hold. */
  readonly held: (current: readonly CurrentConsent[]) => string | undefined;
  readonly table: CompiledMapping['consentTable'];
  readonly sheet: (
    current: readonly CurrentConsent[],
  ) => readonly { readonly label: string; readonly value: string }[];
}

/** Place of a purpose and channel among those the block names. */
export function pairIndex(pairs: ConsentNeed[], purpose: ConsentPurpose, channel: ConsentChannel): number {
  const found = pairs.findIndex((pair) => pair.purpose === purpose && pair.channel === channel);
  return found >= 0 ? found : pairs.push({ purpose, channel }) - 1;
}
