// Compiles `as:` of a field: its steps become one function from a lead's value to the value written.
// Invariant: the options of a step are checked when compiled; a missing value remains missing through every step.
import type { SourceType } from '../../domain/lead.ts';
import { isRecord } from '../document/yaml.ts';
import { suggest } from '../document/suggest.ts';
import { wrong, type Complaint, type Formatted, type Kind, type Step } from './formatter-parts.ts';
import { formatterNames, formatterOf } from './formatters.ts';
import type { Both } from '../../../connectors/contract.ts';

/** The steps as the file has them: none, one or a list. */
export const stepsOf = (as: unknown): readonly unknown[] => {
  if (Array.isArray(as)) return as as unknown[];
  return as === undefined ? [] : [as];
};

/** A step's name and options; undefined where it is neither a name nor one name with its options. */
export function readStep(written: unknown): Pick<Step, 'name' | 'option'> | undefined {
  if (typeof written === 'string') return { name: written, option: undefined };
  if (!isRecord(written) || Object.keys(written).length !== 1) return undefined;
  const [name = ''] = Object.keys(written);
  return { name, option: written[name] };
}

const notAStep: Both = [
  'un formateur est un nom, ou un seul nom avec ses options.',
  'a formatter is a name, or one name with its options.',
];

function compileStep(written: unknown, kind: Kind): Formatted | Complaint {
  const step = readStep(written);
  if (step === undefined) return { code: 'MAP-202', message: notAStep };
  return (
    formatterOf(step.name)?.compile({ ...step, kind }) ??
    wrong(
      [`le formateur « ${step.name} » n’existe pas.`, `formatter "${step.name}" does not exist.`],
      suggest(step.name, formatterNames),
    )
  );
}

/** Compiles the whole of `as:`: one formatter or a list of them. */
export function compileFormat(as: unknown, kind: Kind): Formatted | Complaint {
  const steps = Array.isArray(as) ? (as as unknown[]) : [as];
  let current: Formatted = { kind, apply: (value) => value };
  for (const step of steps) {
    const next = compileStep(step, current.kind);
    if ('code' in next) return next;
    const before = current.apply;
    const after = next.apply;
    current = {
      kind: next.kind,
      apply: (value) => {
        const middle = before(value);
        return middle === undefined ? undefined : after(middle);
      },
    };
  }
  return current;
}

/** True for a phone written with a leading +: E.164, or no formatter. */
export function writesPlus(as: unknown, type: SourceType): boolean {
  if (type !== 'phone') return false;
  const style = stepsOf(as)
    .map((step) => (isRecord(step) ? step['phone'] : undefined))
    .find((item) => item !== undefined);
  return style === undefined || style === 'e164';
}
