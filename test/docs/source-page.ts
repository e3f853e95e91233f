// docs/mapping-sources.md from the source model: `npm run docs` writes it, a test holds it to the code.
import { sourceModel } from '../../src/domain/lead.ts';
import type { SourceField } from '../../src/domain/lead.ts';
import { wrapped } from './page-lists.ts';

const categories = {
  identity: 'who the person is (C05)',
  project: 'what they look for (C06)',
  statistical: 'where the request comes from, and what happened on it (C07, C08)',
  financial:
    'their financial situation (C10): only where contract and destination both list it, never in a mail',
  technical: 'the delivery and its parties; needs no authorisation',
} as const;

const rowOf = (field: SourceField, path: string): string =>
  `| \`${path}\` | ${field.type} | ${field.person ? 'yes' : ''} | ${field.description} |`;

/** Below the table, since a row holds a phrase. */
const valuesOf = (field: SourceField, path: string): readonly string[] =>
  field.values === undefined
    ? []
    : [wrapped(`\`${path}\`: ${field.values.map((value) => `\`${value}\``).join(', ')}`, '- ', '  ')];

/** The page, for each category its fields in the order of the model. */
export function sourcePage(): string {
  const sections = (Object.keys(categories) as (keyof typeof categories)[]).map((category) => {
    const own = sourceModel.filter((field) => field.category === category);
    const all = own.flatMap((field) => [
      { field, path: field.path },
      ...(field.element ?? []).map((element) => ({ field: element, path: `${field.path}.${element.path}` })),
    ]);
    const values = all.flatMap(({ field, path }) => valuesOf(field, path));
    return [
      `## ${category}`,
      '',
      `${categories[category]}.`,
      '',
      '| source | type | person | what |',
      '|---|---|---|---|',
      ...all.map(({ field, path }) => rowOf(field, path)),
      '',
      ...(values.length === 0 ? [] : ['What an enum may be:', '', ...values, '']),
    ].join('\n');
  });
  return `# What a mapping can read

Generated from the source model by \`npm run docs\`. This is all there is: a path that is not here is an error, and every
field belongs to one category, which the contract (\`client.yaml\`) and the authorisation of the destination must cover.

A source that is a person's takes no default and no constant (C13): absent stays absent. The fields of a list are read
inside \`each\` by their last name, and outside it as a list that is joined. The opt-in is no source: only the
consent block writes it (C20).

${sections.join('\n')}`;
}
