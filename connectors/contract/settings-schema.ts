// The parts that schemas of settings are made of.
// Invariant: every part has a description, which the check, editors and the pages show; a key that no block names is a mistake.
import type { JsonSchema } from './connector.ts';

export const blockOf = (
  description: string,
  required: readonly string[],
  properties: Readonly<Record<string, JsonSchema>>,
): JsonSchema => ({ type: 'object', additionalProperties: false, required, description, properties });

export const textOf = (description: string, maxLength: number): JsonSchema => ({
  type: 'string',
  minLength: 1,
  maxLength,
  description,
});

/** @param inFrench how a message of the check names the form */
export const formedText = (description: string, pattern: string, inFrench: string): JsonSchema => ({
  type: 'string',
  pattern,
  'x-forme': inFrench,
  description,
});

/** @param standard holds where the key is absent */
export const oneOf = (description: string, values: readonly string[], standard?: string): JsonSchema => ({
  type: 'string',
  enum: [...values],
  ...(standard === undefined ? {} : { default: standard }),
  description,
});
