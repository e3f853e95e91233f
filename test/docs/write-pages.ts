// npm run docs: writes the pages that are generated.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { accountsPage } from './accounts-page.ts';
import { personSchemaText } from './person-schema.ts';
import { contractPage } from './contract-page.ts';
import { errorsPage } from './errors-page.ts';
import { presetNames, presetPage, presetsPage } from './presets-page.ts';
import { sourcePage } from './source-page.ts';
import { sourceSchema } from './source-schema.ts';

const pages: Readonly<Record<string, (before: string) => string>> = {
  'docs/accounts.md': accountsPage,
  'docs/mapping-sources.md': sourcePage,
  'docs/errors.md': errorsPage,
  'docs/lead-contract.md': contractPage,
  'docs/presets.md': presetsPage,
  ...Object.fromEntries(
    presetNames.map((name) => [`mappings/presets/${name}/README.fr.md`, presetPage(name)]),
  ),
  'mappings/schema/mapping.schema.json': sourceSchema,
  'docs/person-export.schema.json': personSchemaText,
};
for (const [name, write] of Object.entries(pages)) {
  const path = join(process.cwd(), name);
  writeFileSync(path, write(readFileSync(path, 'utf8')));
  console.log(`${name} written`);
}
