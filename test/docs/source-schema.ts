// What an editor offers after `from:`, in mappings/schema/mapping.schema.json: `npm run docs` writes it, a test holds it.
import { sourceModel } from '../../src/domain/lead.ts';

/** Every path with its words, in the order of the model; inside `each` fields are named without their list. */
export const offeredSources = (): readonly (readonly [path: string, words: string])[] =>
  sourceModel.flatMap(({ path, type, description, element = [] }) => [
    ...(type === 'list' ? [] : [[path, description] as const]),
    ...element.map((field) => [field.path, `${path}: ${field.description}`] as const),
    ...element.map((field) => [`${path}.${field.path}`, field.description] as const),
  ]);

/** The schema with the two lists written anew; all else as it is. */
export function sourceSchema(schema: string): string {
  const list = (texts: readonly string[]): string =>
    `[\n${texts.map((text) => `            ${JSON.stringify(text)}`).join(',\n')}\n          ]`;
  const offered = offeredSources();
  return schema.replace(
    /("source": \{\s*"description": [^\n]*\n\s*"anyOf": \[\s*\{\s*"enum": )\[[^\]]*\](,\s*"enumDescriptions": )\[[^\]]*\]/,
    (_, enumKey: string, wordsKey: string) =>
      enumKey + list(offered.map(([path]) => path)) + wordsKey + list(offered.map(([, words]) => words)),
  );
}
