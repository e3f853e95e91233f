// Finds the targets of a mapping that can never fit a JSON Schema, from the schema alone, before any lead is written.
// Invariant: a part of the schema that cannot be read here is not judged; the validator decides for each lead.
import type { Both } from '../../../connectors/contract.ts';
import { isRecord } from '../document/yaml.ts';
import type { Target } from '../fields/target.ts';

export interface SchemaGap {
  readonly message: Both;
  /** The target at fault; undefined when one is missing. */
  readonly target?: Target;
}

/** Walks the plain part of a schema: properties, required, additionalProperties. Other keywords are ignored. */
export function gapsIn(
  schema: unknown,
  targets: readonly Target[],
  depth: number,
  prefix: string,
): readonly SchemaGap[] {
  if (!isRecord(schema)) return [];
  const { properties, required } = schema;
  const known = isRecord(properties) ? properties : {};
  const under = Map.groupBy(targets, (target) => target.steps[depth]?.name);
  const missing = (Array.isArray(required) ? (required as unknown[]) : []).flatMap(
    (key): readonly SchemaGap[] =>
      typeof key !== 'string' || under.has(key)
        ? []
        : [
            {
              message: [
                `le schéma demande « ${prefix}${key} », qu’aucun champ n’écrit.`,
                `the schema requires "${prefix}${key}", which no field writes.`,
              ],
            },
          ],
  );
  const closed = schema['additionalProperties'] === false && !Object.hasOwn(schema, 'patternProperties');
  const inner = [...under].flatMap(([key, own]): readonly SchemaGap[] => {
    if (key === undefined) return [];
    if (Object.hasOwn(known, key)) {
      const deeper = own.filter((target) => target.steps.length > depth + 1);
      return deeper.length === 0 ? [] : gapsIn(known[key], deeper, depth + 1, `${prefix}${key}.`);
    }
    return closed
      ? own.map((target) => ({
          target,
          message: [
            `le schéma ne connaît pas « ${prefix}${key} ».`,
            `the schema does not know "${prefix}${key}".`,
          ] as const,
        }))
      : [];
  });
  return [...missing, ...inner];
}
