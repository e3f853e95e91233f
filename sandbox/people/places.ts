// Reads real communes and départements from the official data package.
// Invariant: read once, from the package's files: requiring the package would search the working folder for them.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { projectRoot } from '../../src/config.ts';

export interface Commune {
  /** INSEE code. */
  readonly code: string;
  readonly name: string;
  readonly departement: string;
  readonly postcodes: readonly string[];
}

interface Raw {
  readonly code: string;
  readonly nom: string;
  readonly type: string;
  readonly departement?: string;
  readonly codesPostaux?: readonly string[];
  readonly population?: number;
}

let known: readonly Commune[] | undefined;

/** Communes of more than 3 000 inhabitants, where property programmes have their prospects, in the order of their code. */
export function communes(): readonly Commune[] {
  known ??= readCommunes();
  return known;
}

function readCommunes(): readonly Commune[] {
  const require = createRequire(join(projectRoot, 'package.json'));
  const folder = dirname(require.resolve('@etalab/decoupage-administratif/package.json'));
  const raw = JSON.parse(readFileSync(join(folder, 'data', 'communes.json'), 'utf8')) as readonly Raw[];
  return raw.flatMap(({ code, nom, type, departement, codesPostaux, population }) =>
    type === 'commune-actuelle' &&
    departement !== undefined &&
    codesPostaux !== undefined &&
    (population ?? 0) > 3_000
      ? [{ code, name: nom, departement, postcodes: codesPostaux }]
      : [],
  );
}
