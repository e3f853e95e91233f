// Compiles what one action writes: its fields and consent lines, in the order of the file.
// Invariant: every create and update holds every consent line (C20); one slot has one writer.
import type { Action } from '../../connectors/contract.ts';
import type { DataCategory } from '../domain/lead.ts';
import { checkColumns, checkRpcTargets, checkXmlTarget } from './formats/check-layout.ts';
import { type CompiledConsent, type ConsentLine, type Quietable, quietableLines } from './consent/block.ts';
import { blockAt, isRecord, listAt } from './document/yaml.ts';
import { reportDuplicates, type CompiledField } from './fields/each.ts';
import { compileField } from './fields/fields.ts';
import { couldForge } from './fields/lines.ts';
import { near, type Path, type Report } from './document/problems.ts';
import type { Scope } from './scope.ts';
import { slotKey, type Target } from './fields/target.ts';

export interface RecordPlan {
  /** Fields and consent lines in output order. */
  readonly parts: readonly ({ readonly field: CompiledField } | { readonly consent: ConsentLine })[];
  readonly fields: readonly CompiledField[];
  /** The lead as a whole, which the client's schema describes; an update or erase with its own fields is a part. */
  readonly whole: boolean;
  readonly targets: readonly { readonly target: Target; readonly path: Path }[];
  /** True when some target is a text made of lines. */
  readonly lines: boolean;
  /** Every target that can be written, in order: the columns of a CSV. */
  readonly columns: readonly string[];
  readonly categories: ReadonlySet<DataCategory>;
  /** Names of the secrets it holds, each once. */
  readonly secrets: readonly string[];
  /** Lines that an update leaves out where nothing in their field has changed. */
  readonly quietable: Quietable;
  /** Target -> the source it reads. */
  readonly sources: ReadonlyMap<string, string>;
}

/** Compiles the fields of an action; `update` has those of the file unless it lists its own, `erase` only its own. */
export function compileRecord(
  mapping: Record<string, unknown>,
  action: Action,
  scope: Scope,
  consent: CompiledConsent | undefined,
  { sharesConsent }: { readonly sharesConsent: boolean },
): RecordPlan {
  const ownBlock = blockAt(mapping, action);
  const own = action !== 'create' && (action === 'erase' || Object.hasOwn(ownBlock, 'fields'));
  const lines = action === 'erase' ? [] : (consent?.lines ?? []);
  const written = listAt(own ? ownBlock : mapping, 'fields');
  const list =
    own || sharesConsent ? written : written.map((raw) => (isElsewhere(raw, lines) ? undefined : raw));
  return compileLines(list, own ? [action, 'fields'] : ['fields'], scope, {
    whole: !own,
    placeable: lines,
    atEnd: lines,
  });
}

/** Compiles a list of fields with the consent lines placed in it, then those that follow it. */
export function compileLines(
  list: readonly unknown[],
  prefix: Path,
  scope: Scope,
  consent: {
    readonly whole: boolean;
    /** Lines a `{consent: NAME}` may place. */
    readonly placeable: readonly ConsentLine[];
    /** Those of them that are written even where no field places them; `{consent: rest}` places these. */
    readonly atEnd: readonly ConsentLine[];
  },
): RecordPlan {
  const waiting = new Set(consent.placeable);
  const rest = new Set(consent.atEnd);
  const parts: RecordPlan['parts'][number][] = [];
  const fields: CompiledField[] = [];
  for (const [index, raw] of list.entries()) {
    const path = [...prefix, index];
    if (isRecord(raw) && Object.hasOwn(raw, 'consent')) {
      if (Object.keys(raw).length > 1)
        scope.report.error(path, 'MAP-106', [
          'consent est seul sur sa ligne : il place une ligne du bloc consent.',
          'consent is alone on its line: it places a line of the consent block.',
        ]);
      for (const line of placed(raw['consent'], path, consent.placeable, { waiting, rest }, scope.report)) {
        waiting.delete(line);
        rest.delete(line);
        parts.push({ consent: line });
      }
      continue;
    }
    const field = compileField(raw, path, scope);
    if (field === undefined) continue;
    fields.push(field);
    parts.push({ field });
  }
  for (const line of rest) parts.push({ consent: line });
  const targets = parts.map((part) => ('field' in part ? part.field : part.consent));
  reportDuplicates(targets, scope);
  reportForgeries(
    fields,
    parts.flatMap((part) => ('consent' in part ? [part.consent] : [])),
    scope,
  );
  for (const { target, path } of targets) checkXmlTarget(target, path, scope);
  checkRpcTargets(targets, scope);
  if (scope.csv !== undefined) checkColumns(targets, scope.csv, scope.report);
  return {
    parts,
    fields,
    whole: consent.whole,
    targets,
    lines: targets.some((target) => target.line !== undefined),
    quietable: quietableLines(parts),
    columns: [...new Set(targets.map(({ target }) => target.text))],
    categories: new Set(fields.flatMap((field) => [...field.categories])),
    secrets: [...new Set(fields.flatMap((field) => field.secrets ?? []))],
    sources: new Map(fields.map((field) => [field.target.text, field.source])),
  };
}

/** Reports a free text of a person in a list or text that also holds an opt-in. */
function reportForgeries(
  fields: readonly CompiledField[],
  lines: readonly ConsentLine[],
  scope: Scope,
): void {
  const shared = new Set(
    lines.flatMap(({ target, line }) =>
      line !== undefined || target.steps.at(-1)?.append === true ? [slotKey(target)] : [],
    ),
  );
  for (const { target, path, free, line } of fields) {
    if (!shared.has(slotKey(target)) || !couldForge(free, line)) continue;
    scope.report.error(path, 'MAP-224', [
      `« ${target.text} » contient aussi un opt-in : un texte du lead pourrait se lire comme un opt-in (C20). Donnez-lui une table, ou une ligne avec un libellé.`,
      `"${target.text}" also holds an opt-in: a text of the lead could read as one (C20). Give it a map, or a line with a label.`,
    ]);
  }
}

/** True when the field places a line that only another consent block has; the check of the create reports an unknown name. */
const isElsewhere = (raw: unknown, lines: readonly ConsentLine[]): boolean =>
  isRecord(raw) &&
  Object.hasOwn(raw, 'consent') &&
  raw['consent'] !== 'rest' &&
  !lines.some((line) => line.target.text === raw['consent']);

/** `{consent: NAME}` places one line, `{consent: rest}` those not placed yet. */
function placed(
  name: unknown,
  path: Path,
  lines: readonly ConsentLine[],
  open: { readonly waiting: ReadonlySet<ConsentLine>; readonly rest: ReadonlySet<ConsentLine> },
  report: Report,
): readonly ConsentLine[] {
  if (name === 'rest') return [...open.rest];
  const found = lines.filter((line) => line.target.text === name && open.waiting.has(line));
  if (found.length === 0 && lines.length > 0) {
    const text = typeof name === 'string' ? name : '';
    const names = lines.map((line) => line.target.text);
    near(report, text, names).error([...path, 'consent'], 'MAP-106', [
      `le bloc consent n’a pas, ou plus, de ligne « ${text} » à placer.`,
      `the consent block has no line "${text}" left to place.`,
    ]);
  }
  return found;
}
