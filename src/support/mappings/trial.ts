// Tries a mapping: the check's messages, and the full rendering of one lead.
// Invariant: pure; nothing is stored, sent or logged, and no secret is needed.
import type { Action, Connector } from '../../../connectors/contract.ts';
import type { Lead } from '../../domain/lead.ts';
import { checkSources, hasErrors, type CheckOptions } from '../../mapping/check.ts';
import type { CheckResult, CompiledMapping, MappingSources } from '../../mapping/contract.ts';
import { composedPreview, type ComposedCall } from '../../mapping/tools/composed-preview.ts';
import type { Preview } from '../../mapping/tools/preview.ts';
import { leadFromSample, sampleLead } from '../../mapping/tools/sample.ts';
import { contentShown, headLines, whyNotWritten, inClear, targetsOf } from './diff-words.ts';
import { reasonWords } from '../words.ts';
import { basename } from 'node:path';
import { diffMappings } from '../../mapping/tools/diff.ts';
import { maskForm } from '../masking.ts';

export interface TrialAsked {
  readonly sources: MappingSources;
  /** One invented lead in YAML or JSON; absent: nothing is rendered, only the files are checked. */
  readonly sample?: SampleText;
  /** Sources to compare it with, over these leads. */
  readonly against?: { readonly sources: MappingSources; readonly leads: readonly Lead[] };
  /** The moment at which consent is read. */
  readonly now: Date;
}

export type TrialCall = ReturnType<typeof callOf>;

export interface TrialPreview {
  readonly action: Action;
  /** Empty where the destination takes the lead; else the deciding key of `accepts`. */
  readonly notTaken: string;
  readonly calls: readonly TrialCall[];
  readonly consentTable: Preview['consentTable'];
}

export type Trial = ReturnType<typeof tryMapping>;

const actions: readonly Action[] = ['create', 'update', 'erase'];
/** Most characters of one content on a page. */
const mostShown = 40_000;

export function tryMapping(
  { sources, sample, against, now }: TrialAsked,
  connectors: Readonly<Record<string, Connector>>,
) {
  const options = { connectors, now: () => now.getTime() };
  const checked = checkSources(sources, options);
  const problems = checked.ok ? checked.warnings : checked.problems;
  const read = sample === undefined ? undefined : leadFromSample(sample.text, sample.name, sources.clientId);
  // A preview helps most where a test of the file fails: like the terminal's, it skips the tests.
  const whole: CheckResult = checked.ok ? checked : checkSources(sources, { ...options, tests: false });
  return {
    problems,
    /** Without an error: it could be published, as far as the check covers it. */
    isSound: !hasErrors(problems),
    sampleProblems: read === undefined || read.ok ? [] : read.problems,
    /** Undefined where nothing is compared, or one of the two cannot be compiled. */
    difference:
      against !== undefined && whole.ok
        ? differenceOf(against, { sources, mapping: whole.mapping }, options)
        : undefined,
    /** One for each action the destination takes; none where mapping or sample cannot be read. */
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

function callOf(mapping: CompiledMapping, { name, applies, result, composed }: ComposedCall) {
  const nothing = { target: '', head: [], content: '', bytes: 0, sheet: [], origins: [] };
  if (!applies) return { ...nothing, name, applies, whyNot: [] };
  if (!result.ok)
    return { ...nothing, name, applies, whyNot: [reasonWords(result.why), ...whyNotWritten(result)] };
  const { text, bytes } = contentShown(mapping, result, composed);
  return {
    /** Empty where the delivery is one call. */
    name,
    applies,
    bytes,
    /** Reasons why nothing would leave; empty where it would. */
    whyNot: [],
    target: composed?.target ?? mapping.destinationId,
    head: headLines(composed),
    content: text.slice(0, mostShown),
    sheet: result.sheet ?? [],
    /** Lead field, the recipient's field, value. */
    origins: result.origins,
  };
}

// Invented leads to try a mapping on: the client's samples, else the built-in one with every field.
// Invariant: no real person's data.

export interface SampleText {
  /** Its file; `built-in` for the built-in one. */
  readonly name: string;
  readonly text: string;
}

export const builtIn: SampleText = { name: 'built-in', text: sampleLead };

/** `horizon/samples/durand.yaml` is called `durand`. */
export const sampleName = ({ name }: SampleText): string => basename(name).replace(/\.ya?ml$/, '');

/** The client's own samples by their files; empty where it has none. */
export const ownSamples = ({ files }: Pick<MappingSources, 'files'>): readonly SampleText[] =>
  Object.entries(files).flatMap(([name, text]) =>
    /\/samples\/.*\.ya?ml$/.test(name) ? [{ name, text }] : [],
  );

/** Every sample of the client that can be read; the built-in invented lead when there is none. */
export function samplesOf(sources: MappingSources): readonly Lead[] {
  const own = ownSamples(sources);
  return (own.length === 0 ? [builtIn] : own).flatMap(({ name, text }) => {
    const sample = leadFromSample(text, name, sources.clientId);
    return sample.ok ? [sample.lead] : [];
  });
}

// Compares one version of a mapping with another: their settings, and their rendering of received leads.
// Invariant: a person's value is shown by its form alone (C39); nothing of a lead but its reference leaves this file.

export type Difference = NonNullable<ReturnType<typeof differenceOf>>;

/** @param before leads: the newest of the destination; none: the client's samples are compared. Undefined: it does not compile any more */
export function differenceOf(
  before: { readonly sources: MappingSources; readonly leads: readonly Lead[] },
  after: { readonly sources: MappingSources; readonly mapping: CompiledMapping },
  options: CheckOptions & { readonly now: () => number },
) {
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
    /** Leads with another rendering or routing. */
    differing,
    /** Leads that leave on one side only, or fail otherwise. */
    outcomes,
    /** Leads that one side only takes. */
    routing,
    /** Leads whose values are the same in another order or encoding. */
    layout,
    files: filesBetween(before.sources.files, after.sources.files),
    /** How many leads were compared. */
    leads: found.leads,
    /** False: no lead came yet, and invented ones were compared. */
    areReal,
    targets: targetsOf(found, areReal ? maskForm : inClear),
  };
}

type Files = MappingSources['files'];

const filesBetween = (before: Files, after: Files) =>
  [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted().flatMap((file) => {
    if (before[file] === after[file]) return [];
    const change = before[file] === undefined ? 'added' : after[file] === undefined ? 'removed' : 'changed';
    return [{ file, change } as const];
  });
