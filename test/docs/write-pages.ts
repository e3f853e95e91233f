// npm run docs: writes the pages that are generated.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sourcePage } from './source-page.ts';

writeFileSync(join(process.cwd(), 'docs/mapping-sources.md'), sourcePage());
console.log('docs/mapping-sources.md written');
