// Compares one version of a mapping with another: their settings, and their rendering of received leads.
// Invariant: a person's value is shown by its form alone (C39); nothing of a lead but its reference leaves this file.
import type { Lead } from '../../domain/lead.ts';
import { checkSources, type CheckOptions } from '../../mapping/check.ts';
import type { CompiledMapping, MappingSources } from '../../mapping/contract.ts';
import { type BesidesContent, diffMappings, type OutcomeChange } from '../../mapping/tools/diff.ts';
import { maskForm } from '../masking.ts';
import { inClear, targetsOf, type TargetPairs } from './diff-words.ts';
import { samplesOf } from './samples.ts';

export interface FileChange {
  readonly file: string;
  readonly change: 'added' | 'removed' | 'changed';
}

export interface Difference extends BesidesContent {
  readonly files: readonly FileChange[];
  /** How many leads were compared. */
  readonly leads: number;
  /** False: no lead came yet, and invented ones were compared. */
  readonly areReal: boolean;
  /** Leads with another rendering or routing. */
  readonly differing: number;
  readonly targets: readonly TargetPairs[];
  /** Leads that leave on one side only, or fail otherwise. */
  readonly outcomes: readonly OutcomeChange[];
  /** Leads that one side only takes. */
  readonly routing: readonly OutcomeChange[];
  /** Leads whose values are the same in another order or encoding. */
  readonly layout: readonly string[];
}

/** @param before leads: the newest of the destination; none: the client's samples are compared. Undefined: it does not compile any more */
export function differenceOf(
  before: { readonly sources: MappingSources; readonly leads: readonly Lead[] },
  after: { readonly sources: MappingSources; readonly mapping: CompiledMapping },
  options: CheckOptions & { readonly now: () => number },
): Difference | undefined {
  const was = checkSources(before.sources, { ...options, tests: false });
  if (!was.ok) return undefined;
  const areReal = before.leads.length > 0;
  const leads = areReal ? before.leads : samplesOf(after.sources);
  const found = diffMappings(was.mapping, after.mapping, leads, 'create', new Date(options.now()));
  const { optIn, settings, answers, accepts, consent, differing, outcomes, routing, layout } = found;
  return {
    optIn,
    settings,
    answers,
    accepts,
    consent,
    differing,
    outcomes,
    routing,
    layout,
    files: filesBetween(before.sources.files, after.sources.files),
    leads: found.leads,
    areReal,
    targets: targetsOf(found, areReal ? maskForm : inClear),
  };
}

type Files = MappingSources['files'];

export const filesBetween = (before: Files, after: Files): readonly FileChange[] =>
  [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted().flatMap((file) => {
    if (before[file] === after[file]) return [];
    const change = before[file] === undefined ? 'added' : after[file] === undefined ? 'removed' : 'changed';
    return [{ file, change } as const];
  });
