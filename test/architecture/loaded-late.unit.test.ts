// A gateway loads encryption for files when it encrypts one: every process would hold a megabyte of code for it.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');

/** The packages that a file loads with it, directly or through files that it imports; those it loads later are left out. */
function packagesOf(start: string): ReadonlySet<string> {
  const files = new Set([join(root, start)]);
  const packages = new Set<string>();
  for (const file of files)
    for (const [, name = ''] of readFileSync(file, 'utf8').matchAll(
      /^(?:import|export) (?!type\b)(?:[^;']*? from )?'([^']+)';$/gm,
    )) {
      const path = join(dirname(file), name);
      if (!name.startsWith('.')) packages.add(name);
      else if (path.endsWith('.ts') && existsSync(path)) files.add(path);
    }
  return packages;
}

test.each(['src/main.ts', 'src/roles/background.ts', 'src/retention/run.ts'])(
  '%s loads no encryption for files with it',
  (start) => {
    const packages = packagesOf(start);
    expect(packages).toContain(start === 'src/main.ts' ? 'pino' : 'node:crypto');
    expect(packages).not.toContain('age-encryption');
  },
);
