// Writes a value without a formatter: plainly for machines, in French for people.
// Invariant: machine formats keep the value's type; people read words, local time and grouped digits.
import { compileFormat } from './formatters.ts';
import { frenchLabel, type Source } from './source.ts';
import { type Formatted, plainNumber } from './formatter-parts.ts';
import type { Mode } from '../contract.ts';

const sheetFormats: Readonly<Record<string, unknown>> = {
  date: { date: 'dd/MM/yyyy HH:mm' },
  phone: { phone: 'spaced' },
  decimal: { number: { decimal: ',', group: ' ' } },
  integer: 'integer',
  boolean: { boolean: ['Oui', 'Non'] },
};

/** The formatter of a source that has none. */
export function defaultFormat(source: Source, mode: Mode): Formatted {
  const type = source.type;
  const kind = { type, list: source.list };
  const asIs: Formatted = { kind, apply: (value) => value };
  if (mode === 'sheet' && type === 'enum') {
    const label = (value: unknown): unknown => frenchLabel(source.path, value);
    return { kind, apply: source.list ? (value) => (value as readonly unknown[]).map(label) : label };
  }
  const wanted = mode === 'sheet' ? sheetFormats[type] : type === 'date' ? 'iso' : undefined;
  if (wanted === undefined) return asIs;
  const formatted = compileFormat(wanted, kind);
  return 'code' in formatted ? asIs : formatted;
}

/** A written value as a text. */
export function textOf(value: unknown): string {
  if (typeof value === 'number') return plainNumber(value);
  if (typeof value === 'string' || typeof value === 'boolean') return String(value);
  return '';
}
