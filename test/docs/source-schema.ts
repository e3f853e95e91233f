// What an editor offers after `from:` and says of `as:`, in mappings/schema/mapping.schema.json: `npm run docs` writes it,
// a test holds it.
import { sourceModel } from '../../src/domain/lead.ts';
import { formatterNames } from '../../src/mapping/fields/formatters.ts';
import { rewritten } from './page-lists.ts';

/** Every path with its words, in the order of the model; inside `each` fields are named without their list. */
export const offeredSources = (): readonly (readonly [path: string, words: string])[] =>
  sourceModel.flatMap(({ path, type, description, element = [] }) => [
    ...(type === 'list' ? [] : [[path, description] as const]),
    ...element.map((field) => [field.path, `${path}: ${field.description}`] as const),
    ...element.map((field) => [`${path}.${field.path}`, field.description] as const),
  ]);

/** What an editor says of `as:`, wherever it may stand. */
export const formatterWords = `How the value is written: a formatter, or a list of formatters. ${formatterNames.join(', ')}.`;

/** The schema with its lists of sources and formatters written anew; all else as it is. */
export function sourceSchema(schema: string): string {
  const list = (texts: readonly string[]): string =>
    `[\n${texts.map((text) => `            ${JSON.stringify(text)}`).join(',\n')}\n          ]`;
  const offered = offeredSources();
  const formatted = rewritten(
    schema,
    /("as": \{\s*"description": )"[^"\n]*"/g,
    (key) => key + JSON.stringify(formatterWords),
  );
  return rewritten(
    formatted,
    /("source": \{\s*(?:"[^\n]*",\s*)+"anyOf": \[\s*\{\s*"enum": )\[[^\]]*\](,\s*"enumDescriptions": )\[\n(?:\s*"[^\n]*\n)*\s*\]/,
    (enumKey, wordsKey) =>
      enumKey + list(offered.map(([path]) => path)) + wordsKey + list(offered.map(([, words]) => words)),
  );
}
