// Tries a mapping: the check's messages, and the full rendering of one lead.
// Invariant: pure; nothing is stored, sent or logged, and no secret is needed.
import type { Action, Connector, SheetSection } from '../../../connectors/contract.ts';
import type { Lead } from '../../domain/lead.ts';
import { checkSources, hasErrors } from '../../mapping/check.ts';
import type { CheckResult, CompiledMapping, MappingSources, Problem } from '../../mapping/contract.ts';
import { composedPreview, type ComposedCall } from '../../mapping/tools/composed-preview.ts';
import type { Preview } from '../../mapping/tools/preview.ts';
import { leadFromSample } from '../../mapping/tools/sample.ts';
import { differenceOf, type Difference } from './difference.ts';
import { contentShown, headLines, whyNotWritten } from './preview-words.ts';
import type { SampleText } from './samples.ts';
import { reasonWords, type Both } from '../words.ts';

export interface TrialAsked {
  readonly sources: MappingSources;
  /** One invented lead in YAML or JSON; absent: nothing is rendered, only the files are checked. */
  readonly sample?: SampleText;
  /** Sources to compare it with, over these leads. */
  readonly against?: { readonly sources: MappingSources; readonly leads: readonly Lead[] };
  /** The moment at which consent is read. */
  readonly now: Date;
}

export interface TrialCall {
  /** Empty where the delivery is one call. */
  readonly name: string;
  readonly applies: boolean;
  /** Reasons why nothing would leave; empty where it would. */
  readonly whyNot: readonly Both[];
  readonly target: string;
  readonly head: readonly string[];
  readonly content: string;
  readonly bytes: number;
  readonly sheet: readonly SheetSection[];
  /** Lead field, the recipient's field, value. */
  readonly origins: readonly { readonly field: string; readonly source: string; readonly value: string }[];
}

export interface TrialPreview {
  readonly action: Action;
  /** Empty where the destination takes the lead; else the deciding key of `accepts`. */
  readonly notTaken: string;
  readonly calls: readonly TrialCall[];
  readonly consentTable: Preview['consentTable'];
}

export interface Trial {
  readonly problems: readonly Problem[];
  /** Without an error: it could be published, as far as the check covers it. */
  readonly isSound: boolean;
  readonly sampleProblems: readonly Problem[];
  /** One for each action the destination takes; none where mapping or sample cannot be read. */
  readonly previews: readonly TrialPreview[];
  /** Undefined where nothing is compared, or one of the two cannot be compiled. */
  readonly difference: Difference | undefined;
}

const actions: readonly Action[] = ['create', 'update', 'erase'];
/** Most characters of one content on a page. */
const mostShown = 40_000;

export function tryMapping(
  { sources, sample, against, now }: TrialAsked,
  connectors: Readonly<Record<string, Connector>>,
): Trial {
  const options = { connectors, now: () => now.getTime() };
  const checked = checkSources(sources, options);
  const problems = checked.ok ? checked.warnings : checked.problems;
  const read = sample === undefined ? undefined : leadFromSample(sample.text, sample.name, sources.clientId);
  // A preview helps most where a test of the file fails: like the terminal's, it skips the tests.
  const whole: CheckResult = checked.ok ? checked : checkSources(sources, { ...options, tests: false });
  return {
    problems,
    isSound: !hasErrors(problems),
    sampleProblems: read === undefined || read.ok ? [] : read.problems,
    difference:
      against !== undefined && whole.ok
        ? differenceOf(against, { sources, mapping: whole.mapping }, options)
        : undefined,
    previews: read?.ok === true && whole.ok ? previewsOf(whole.mapping, read.lead, { now, connectors }) : [],
  };
}

const previewsOf = (
  mapping: CompiledMapping,
  lead: Lead,
  at: { readonly now: Date; readonly connectors: Readonly<Record<string, Connector>> },
): readonly TrialPreview[] =>
  actions
    .filter((action) => mapping.actions[action] !== undefined)
    .map((action) => {
      const found = composedPreview(mapping, lead, { ...at, action, key: `dlv_essai_${action}` });
      return {
        action,
        notTaken: found.accepts.yes ? '' : found.accepts.because,
        calls: found.calls.map((call) => callOf(mapping, call)),
        consentTable: found.consentTable,
      };
    });

function callOf(mapping: CompiledMapping, { name, applies, result, composed }: ComposedCall): TrialCall {
  const nothing = { target: '', head: [], content: '', bytes: 0, sheet: [], origins: [] };
  if (!applies) return { ...nothing, name, applies, whyNot: [] };
  if (!result.ok)
    return { ...nothing, name, applies, whyNot: [reasonWords(result.why), ...whyNotWritten(result)] };
  const { text, bytes } = contentShown(mapping, result, composed);
  return {
    name,
    applies,
    bytes,
    whyNot: [],
    target: composed?.target ?? mapping.destinationId,
    head: headLines(composed),
    content: text.slice(0, mostShown),
    sheet: result.sheet ?? [],
    origins: result.origins,
  };
}
