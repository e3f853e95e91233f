// Turns each place of the sample into a line of the mapping: a field, a consent line, or a question.
// Invariant: every line made here is marked as a guess; financial data waits for the contract (C10).
import type { DataCategory } from '../../domain/lead.ts';
import { asText } from '../fields/values.ts';
import type { Path } from '../document/problems.ts';
import { slotProblems } from '../fields/overlaps.ts';
import { findSource } from '../fields/source.ts';
import { parseTarget } from '../fields/target.ts';
import type { Target } from '../fields/target.ts';
import { elementByName, listByName, sourceByName } from './names.ts';
import { guessOptIn, isOptIn } from './opt-in.ts';
import type { SampleFormat, Shape, SampleField } from './shape.ts';
import { looksLikeMail, readsAsPhone, writingOf } from './writing.ts';

export type DraftLine = Readonly<Record<string, unknown>>;

export type Part =
  | { readonly kind: 'field'; readonly line: DraftLine; readonly why: string }
  | { readonly kind: 'consent'; readonly target: string; readonly line: DraftLine; readonly why: string }
  /** Not guessed: its name, the reason, and a line to begin with. */
  | {
      readonly kind: 'open';
      readonly target: string;
      readonly why: string;
      readonly line?: DraftLine;
      readonly optIn?: true;
    };

export function partsOf(shape: Shape, categories: readonly DataCategory[]): readonly Part[] {
  const taken: { readonly target: Target; readonly path: Path }[] = [];
  return shape.slots.flatMap((slot): readonly Part[] => {
    const target = parseTarget(slot.target, shape.format);
    if ('fault' in target) return [{ kind: 'open', target: slot.target, why: target.fault[1] }];
    const [clash] = slotProblems([...taken, { target, path: [] }]);
    if (clash !== undefined) return [{ kind: 'open', target: slot.target, why: clash.message[1] }];
    taken.push({ target, path: [] });
    return partOf(slot, shape.format, categories);
  });
}

function partOf(
  slot: SampleField,
  format: SampleFormat,
  categories: readonly DataCategory[],
): readonly Part[] {
  if (isOptIn(slot)) {
    const { lines, todo } = guessOptIn(slot);
    const open: readonly Part[] =
      todo === undefined
        ? []
        : [{ kind: 'open', target: slot.target, why: `an opt-in by its name; ${todo}`, optIn: true }];
    return [
      ...lines.map(({ line, why }): Part => ({ kind: 'consent', target: asText(line['to']), line, why })),
      ...open,
    ];
  }
  if (slot.element !== undefined) return [groupOf(slot, format)];
  if (slot.texts !== undefined) return [listOf(slot)];
  return [single(slot, format, categories)];
}

function single(slot: SampleField, format: SampleFormat, categories: readonly DataCategory[]): Part {
  const open = (why: string, line?: DraftLine): Part => ({
    kind: 'open',
    target: slot.target,
    why,
    ...(line === undefined ? {} : { line }),
  });
  const named = sourceByName(slot);
  if (named === '(full name)')
    return {
      kind: 'field',
      line: { to: slot.target, template: '{{identity.firstName}} {{identity.lastName}}' },
      why: 'first and last name',
    };
  const byValue = looksLikeMail(slot.value)
    ? 'identity.email'
    : readsAsPhone(slot.value) && named === undefined
      ? 'identity.phone'
      : undefined;
  const from = byValue ?? named;
  if (from === undefined) return open('not recognised');
  const writing = writingOf(from, slot.value, format);
  if ('unfit' in writing && typeof writing.unfit === 'string')
    return open(`${from} by its name, but ${writing.unfit}`, { to: slot.target, from });
  const line = { to: slot.target, from, ...writing };
  const category = findSource(from)?.category;
  if (category !== undefined && category !== 'technical' && !categories.includes(category))
    return open(`${category} data, which the contract in client.yaml does not cover`, line);
  const maps = Object.hasOwn(writing, 'map') ? '; ask for the codes that are missing' : '';
  return { kind: 'field', line, why: `${byValue === undefined ? 'by its name' : 'by its example'}${maps}` };
}

function groupOf(slot: SampleField, format: SampleFormat): Part {
  const each = listByName(slot.name);
  const open: Part = { kind: 'open', target: slot.target, why: 'a repeated group that is not recognised' };
  if (each === undefined) return open;
  const fields = (slot.element ?? []).flatMap((inner): readonly DraftLine[] => {
    const from = inner.element === undefined ? elementByName(each, inner.name) : undefined;
    if (from === undefined || 'fault' in parseTarget(inner.target, format, { nested: true })) return [];
    const writing = writingOf(from, inner.value, format, each);
    // Codes the sample does not show: our own words replace them until the client gives theirs.
    return [{ to: inner.target, from, ...('unfit' in writing ? {} : writing) }];
  });
  if (fields.length === 0) return open;
  return {
    kind: 'field',
    line: { to: slot.target, each, fields },
    why: 'by its name; check each field inside',
  };
}

function listOf(slot: SampleField): Part {
  const [first] = slot.texts ?? [];
  if (listByName(slot.name) === 'identity.phones' || readsAsPhone(first)) {
    const writing = writingOf('identity.phones.number', first, 'json');
    const line = { to: slot.target, from: 'identity.phones.number', ...('unfit' in writing ? {} : writing) };
    return { kind: 'field', line, why: 'all phones' };
  }
  return { kind: 'open', target: slot.target, why: 'a list that is not recognised' };
}
