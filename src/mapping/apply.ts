// Writes one lead with a compiled mapping: consent lines first, then the fields; then checks the client's schema.
// Invariant: a lead is written whole or not at all; a refusal names a code and a field, never a value.
import type { Action, SheetSection } from '../../connectors/contract.ts';
import type { ClientFacts } from '../domain/destination.ts';
import type { SchemaCheck } from './formats/client-schema.ts';
import { isUndo } from '../domain/verdict.ts';
import type { CurrentConsent } from '../domain/consent.ts';
import {
  type ApplyResult,
  type CallPlan,
  type CompiledMapping,
  type ConnectorFacts,
  type WriteSituation,
  type WrittenRecord,
  type ConsentSent,
  type Told,
  unchanged,
} from './contract.ts';
import { type CompiledConsent, isQuiet, noteQuiet } from './consent/block.ts';
import type { Layout } from './formats/layout.ts';
import { joinLines } from './fields/lines.ts';
import type { RecordPlan } from './record.ts';
import {
  illFormed,
  isLate,
  isSecret,
  maskOf,
  type Cell,
  type Entry,
  type FieldProblem,
} from './fields/values.ts';
import type { CompiledField, SheetLine } from './fields/each.ts';
import { type Context, consentSection, textOf } from './fields/source.ts';

interface Planned {
  readonly record: RecordPlan;
  readonly plan?: Pick<CallPlan, 'needs'>;
  readonly needs?: readonly string[];
  readonly schema?: SchemaCheck | undefined;
  readonly layout: Pick<Layout, 'lost'>;
}

export interface ApplyParts {
  /** The plan of an action or of one of its calls; the first call when none is named. */
  readonly planOf: (action: Action, call?: string) => Planned | undefined;
  readonly consents: { readonly create: CompiledConsent; readonly update: CompiledConsent };
  readonly client: ClientFacts;
  readonly connector: ConnectorFacts;
  readonly title: ((context: Context) => string | undefined) | undefined;
  /** The content may hold nothing of a person: the opt-in is checked, but not written. */
  readonly impersonal: boolean;
}

export const planKey = (action: Action, call = ''): string => `${action}:${call}`;

const noAnswers: readonly never[] = [];

export function createApply(parts: ApplyParts): CompiledMapping['apply'] {
  const { planOf, consents, client, connector, title, impersonal } = parts;
  return (lead, situation): ApplyResult => {
    const planned = planOf(situation.action, situation.call);
    const plan = planned?.record;
    if (planned === undefined || plan === undefined)
      return { ok: false, why: 'invalid', problems: [{ field: '(action)', code: 'ACTION_NOT_IN_MAPPING' }] };
    for (const category of plan.categories) {
      if (!situation.categories.includes(category))
        return { ok: false, why: 'category_not_authorised', category };
    }
    const needs = planned.plan?.needs ?? planned.needs ?? [];
    const unknown = needs.find((id) => idOf(id, situation) === undefined);
    if (unknown !== undefined) return { ok: false, why: 'capture_missing', capture: unknown };
    const consent = situation.action === 'update' ? consents.update : consents.create;
    const asserts = situation.action !== 'erase' && !isUndo(situation.call ?? '');
    const answers = asserts ? consent.answers(lead, situation.now) : { current: noAnswers };
    if ('missing' in answers) return { ok: false, why: 'opt_in_missing', missing: answers.missing };
    const held = consent.held(answers.current);
    if (held !== undefined) return { ok: false, why: 'opt_in_held', field: held };
    const context: Context = { lead, situation, client };
    const { entries, sent, problems } = writeParts(planned, context, {
      current: answers.current,
      impersonal,
    });
    if (problems.length > 0) return { ok: false, why: 'invalid', problems: unique(problems) };
    const freshUntil = consent.freshUntil(answers.current);
    const line = title?.(context);
    const record: WrittenRecord = {
      key: situation.key,
      values: entries,
      ...(connector.sheet
        ? { sheet: buildSheet(plan.fields, context, impersonal ? [] : consent.sheet(answers.current)) }
        : {}),
      ...(line === undefined ? {} : { title: line }),
      fieldNames: entries.map((entry) => entry.target.text),
      consents: sent,
      ...(freshUntil === undefined ? {} : { freshUntil }),
      // Computed on demand: only the preview reads it.
      get origins() {
        return entries.map((entry) => ({
          field: entry.target.text,
          source: plan.sources.get(entry.target.text) ?? '(consent)',
          value: entryText(entry),
        }));
      },
    };
    return { ok: true, record };
  };
}

interface Written {
  readonly entries: readonly Entry[];
  readonly sent: readonly ConsentSent[];
  readonly problems: readonly FieldProblem[];
}

/**
 * Writes the fields and consent lines and checks them. When the client's schema refuses a record without the unchanged
 * opt-ins, it is written with them.
 */
function writeParts(planned: Planned, context: Context, answers: Answers): Written {
  const { told } = context.situation;
  const written = writeOnce(planned, context, answers, told);
  const isRefused = planned.schema !== undefined && written.problems.length > 0;
  return isRefused && written.sent.some(({ value }) => value === unchanged)
    ? writeOnce(planned, context, answers, undefined)
    : written;
}

interface Answers {
  readonly current: readonly CurrentConsent[];
  readonly impersonal: boolean;
}

function writeOnce(
  { record: plan, layout, schema }: Planned,
  context: Context,
  { current, impersonal }: Answers,
  told: Told | undefined,
): Written {
  const written: Entry[] = [];
  const problems: FieldProblem[] = [];
  const sent: ConsentSent[] = [];
  for (const part of plan.parts) {
    if (!('consent' in part)) part.field.write(context, written, problems);
    else if (impersonal) continue;
    else if (told !== undefined && isQuiet(plan.quietable.get(part.consent), current, told))
      sent.push(...noteQuiet(part.consent, current));
    else part.consent.write(current, written, sent, problems);
  }
  const entries = plan.lines ? joinLines(written) : written;
  problems.push(...illFormed(entries), ...(layout.lost?.(plan.columns, entries) ?? []));
  if (schema !== undefined && problems.length === 0)
    problems.push(...withoutSecrets(schema.check(entries), plan));
  return { entries, sent, problems };
}

/** A masked secret fits no pattern, so the schema does not check the fields of secrets. */
const withoutSecrets = (
  problems: readonly FieldProblem[],
  { fields, secrets }: RecordPlan,
): readonly FieldProblem[] =>
  secrets.length === 0
    ? problems
    : problems.filter(
        ({ field }) =>
          !fields.some(({ target, secrets: own = [] }) => own.length > 0 && target.text === field),
      );

const idOf = (id: string, situation: WriteSituation): string | number | undefined =>
  id === 'reference' ? situation.recipientReference : situation.captured?.[id];

function unique(problems: readonly FieldProblem[]): readonly FieldProblem[] {
  return [...new Map(problems.map((problem) => [`${problem.field}\u0000${problem.code}`, problem])).values()];
}

function entryText(entry: Entry): string {
  const cellText = (cell: Cell): string =>
    isLate(cell) ? `(${cell.late})` : isSecret(cell) ? maskOf(cell) : cell === null ? 'null' : textOf(cell);
  switch (entry.kind) {
    case 'cell':
      return cellText(entry.cell);
    case 'cells':
      return entry.cells.map(cellText).join(', ');
    case 'line':
      return entry.text;
    case 'rows':
      return entry.rows
        .map((row) => row.map((inner) => `${inner.target.text}=${entryText(inner)}`).join(' '))
        .join('; ');
  }
}

// Builds the lead sheet of a mail: sections of label and value, the opt-in emphasised.
// Invariant: the opt-in is on every sheet under the client's own field name and value (C20).

/** Sections in the order their first line appears; the opt-in last, emphasised. */
function buildSheet(
  fields: readonly Pick<CompiledField, 'sheet'>[],
  context: Context,
  consents: readonly { readonly label: string; readonly value: string }[],
): readonly SheetSection[] {
  const lines: SheetLine[] = [];
  for (const field of fields) field.sheet(context, lines);
  const all: readonly (SheetLine & { readonly emphasis?: boolean })[] = [
    ...lines,
    ...consents.map((consent) => ({ ...consent, section: consentSection, emphasis: true })),
  ];
  return [...Map.groupBy(all, ({ section }) => section)].map(([title, own]) => ({
    title,
    lines: own.map(({ section: _section, ...line }) => line),
  }));
}

/** Longest title; mail subjects are cut by readers anyway. */
const maxTitle = 80;

/** One line for a subject: no control characters, no data of a person. */
export function safeTitle(text: string): string {
  return text
    .replaceAll(/[\p{C}\s]+/gu, ' ')
    .trim()
    .slice(0, maxTitle);
}
