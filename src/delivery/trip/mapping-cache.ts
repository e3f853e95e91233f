// Compiles published mapping versions once per process and keeps them.
// Invariant: workers use published versions only; a version that no longer compiles holds its destination, visibly.
import type { CompiledMapping, MappingSources } from '../../mapping/contract.ts';
import { readVersions } from '../../store/destinations/mapping-versions.ts';
import { findDestination } from '../../store/destinations/destinations.ts';
import type { Sql } from '../../store/database.ts';

export interface Published {
  /** Undefined when the version does not exist or does not compile with this program. */
  readonly version: (id: number) => Promise<CompiledMapping | undefined>;
}

const kept = 2_000;

/** @param options.most versions that are kept */
export function createPublished(options: {
  readonly sql: Sql;
  readonly compile: (sources: MappingSources) => CompiledMapping | undefined;
  readonly most?: number;
}): Published {
  const versions = new Map<number, Promise<CompiledMapping | undefined>>();
  const load = async (id: number): Promise<CompiledMapping | undefined> => {
    const [version] = await readVersions(options.sql, [id]);
    return version === undefined ? undefined : compiled(version.sources, options.compile);
  };
  return {
    version: (id) => {
      if (id === 0) return Promise.resolve(undefined);
      const known = versions.get(id);
      if (known !== undefined) return known;
      const loading = load(id);
      versions.set(id, loading);
      // A failed read is not remembered; a version that does not compile is.
      loading.catch(() => versions.delete(id));
      if (versions.size > (options.most ?? kept)) {
        const [oldest] = versions.keys();
        if (oldest !== undefined) versions.delete(oldest);
      }
      return loading;
    },
  };
}

/** A version that breaks the compiler does not compile: an exception would stop every loop over the destinations. */
function compiled(
  sources: string,
  compile: (sources: MappingSources) => CompiledMapping | undefined,
): CompiledMapping | undefined {
  try {
    return compile(JSON.parse(sources) as MappingSources);
  } catch {
    return undefined;
  }
}

/** The version in force of a destination. */
export interface InForce {
  readonly versionId: number;
  readonly mapping: CompiledMapping;
}

/** The published mapping of a destination, looked up once a second at most; the claim itself reads the row. */
export function createCurrentMapping(options: {
  readonly database: Sql;
  readonly published: Published;
}): (destinationId: string) => Promise<InForce | undefined> {
  const seen = new Map<string, { at: number; inForce: Promise<InForce | undefined> }>();
  const read = async (destinationId: string): Promise<InForce | undefined> => {
    const versionId = (await findDestination(options.database, destinationId))?.mappingVersionId ?? 0;
    const mapping = await options.published.version(versionId);
    return mapping === undefined ? undefined : { versionId, mapping };
  };
  return (destinationId) => {
    const known = seen.get(destinationId);
    if (known !== undefined && performance.now() - known.at < 1_000) return known.inForce;
    const inForce = read(destinationId);
    seen.set(destinationId, { at: performance.now(), inForce });
    inForce.catch(() => seen.delete(destinationId));
    return inForce;
  };
}
