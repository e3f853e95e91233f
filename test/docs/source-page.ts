// docs/mapping-sources.md from the source model: `npm run docs` writes it, a test holds it to the code.
import { sourceModel } from '../../src/domain/lead.ts';
import type { SourceField } from '../../src/domain/lead.ts';
import { wrapped } from './page-lists.ts';

const categories = {
  identity: 'The person (C05)',
  project: 'The search (C06)',
  statistical: 'Origin of the request, and its history (C07, C08)',
  financial: 'Only where contract and destination both list it, never in a mail (C10)',
  technical: 'The delivery and its parties; needs no authorisation',
} as const;

const squeezed = (text: string): string => text.toLowerCase().replaceAll(/[^a-z]/g, '');

/** `identity.lastName` is the last name: such a description is left out. */
const saysMore = (field: SourceField, path: string): boolean =>
  !squeezed(path).endsWith(squeezed(field.description));

/** An asterisk behind the type marks a field of the person. */
const entryOf = (field: SourceField, path: string): string => {
  const type = `${field.type}${field.person ? '\\*' : ''}`;
  const values = field.values?.map((value) => `\`${value}\``).join(', ');
  const said = [values, saysMore(field, path) ? field.description : undefined].filter(
    (one) => one !== undefined,
  );
  return wrapped(`\`${path}\` (${type})${said.length === 0 ? '' : `: ${said.join('. ')}`}`, '- ', '  ');
};

/** The page, for each category its fields in the order of the model. */
export function sourcePage(): string {
  const sections = (Object.keys(categories) as (keyof typeof categories)[]).map((category) => {
    const own = sourceModel.filter((field) => field.category === category);
    const all = own.flatMap((field) => [
      { field, path: field.path },
      ...(field.element ?? []).map((element) => ({ field: element, path: `${field.path}.${element.path}` })),
    ]);
    return [
      `## ${category}`,
      '',
      `${categories[category]}.`,
      '',
      ...all.map(({ field, path }) => entryOf(field, path)),
      '',
    ].join('\n');
  });
  return `# What a mapping can read

Every source, by category; \`npm run docs\` writes this page from the source model. Contract (\`client.yaml\`) and
authorisation of the destination must cover the category. The opt-in is no source: only the consent block writes it (C20).

\\* A field of the person takes no default and no constant (C13). The fields of a list are read inside \`each\` by their
last name, outside it as a list that is joined.

${sections.join('\n')}`;
}
