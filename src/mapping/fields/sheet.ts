// Builds the lead sheet of a mail: sections of label and value, the opt-in emphasised.
// Invariant: the opt-in is on every sheet under the client's own field name and value (C20).
import type { SheetSection } from '../../../connectors/contract.ts';
import type { CompiledField, SheetLine } from './each.ts';
import { consentSection } from './french.ts';
import type { Context } from './source.ts';

/** Sections in the order their first line appears; the opt-in last, emphasised. */
export function buildSheet(
  fields: readonly Pick<CompiledField, 'sheet'>[],
  context: Context,
  consents: readonly { readonly label: string; readonly value: string }[],
): readonly SheetSection[] {
  const lines: SheetLine[] = [];
  for (const field of fields) field.sheet(context, lines);
  const sections = new Map<
    string,
    { readonly label: string; readonly value: string; readonly emphasis?: boolean }[]
  >();
  const into = (
    section: string,
    line: { readonly label: string; readonly value: string; readonly emphasis?: boolean },
  ): void => {
    const own = sections.get(section);
    if (own === undefined) sections.set(section, [line]);
    else own.push(line);
  };
  for (const { section, label, value } of lines) into(section, { label, value });
  for (const consent of consents) into(consentSection, { ...consent, emphasis: true });
  return [...sections].map(([title, own]) => ({ title, lines: own }));
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
