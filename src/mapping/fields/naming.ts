// Finds the references by which a request names its lead.
// Invariant: a field that may write less than its reference, or another value in its place, does not count.
import { isRecord, textAt } from '../document/yaml.ts';
import type { CompiledField } from './each.ts';
import { findSource } from './source.ts';

/** True for a source by which the recipient, or Relais, knows a lead or a delivery. */
export const isReference = (source: string): boolean =>
  ['id', 'delivery.key', 'delivery.reference'].includes(source) || source.startsWith('calls.');

const mayLack = (raw: Record<string, unknown>): boolean =>
  Object.hasOwn(raw, 'when') ||
  Object.hasOwn(raw, 'map') ||
  ['truncate', 'omit'].includes(textAt(raw['max'], 'on') ?? '');

/** The parts of a written field that these functions read. */
export type WrittenField = Pick<CompiledField, 'path' | 'source'>;

/** References that these fields write whole. @param lines of the file that the fields were compiled from */
export const referencesWritten = (
  fields: readonly WrittenField[],
  lines: readonly unknown[],
): readonly string[] =>
  fields.flatMap(({ path, source }) => {
    const raw = lines[Number(path.at(-1))];
    return isRecord(raw) && mayLack(raw) ? [] : source.split(', ').filter(isReference);
  });

/** Required fields that hold only data of the person; they are never written for an erased person. */
export const goneWithThePerson = (
  fields: readonly WrittenField[],
  lines: readonly unknown[],
): readonly WrittenField[] =>
  fields.filter(({ path, source }) => {
    const raw = lines[Number(path.at(-1))];
    return (
      isRecord(raw) &&
      raw['required'] === true &&
      source.split(', ').every((name) => findSource(name)?.person === true)
    );
  });
