// Serves the signing secrets of a destination: a secret that its recipient rotated replaces the operator's.
// Invariant: values exist in the memory of the signing process and, sealed for their destination, in MySQL. A rotated secret that cannot be
// opened signs nothing, visibly. The database's clock ends an overlap at the same moment for every process.
import { timingSafeEqual } from 'node:crypto';
import { derived, openBytes, sealBytes, mac } from '../../domain/keyed.ts';
import type { Sql } from '../../store/database.ts';
import { allRotated, type RotatedRow } from '../../store/destinations/rotated-secrets.ts';

/** Read again after this, ms: until then a rotated secret signs beside the one before it. */
export const rotatedFreshMs = 5_000;

type Secrets = (name: string) => readonly string[];

type SecretName = Pick<RotatedRow, 'destinationId' | 'name'>;

export interface RotatedSecrets {
  /** Secrets of a destination by name, newest first, as last read; the operator's if none was rotated. */
  readonly secretsFor: (destinationId: string) => Secrets;
  /** Reads the rotated secrets. A signing process calls it before it starts, and every few seconds. */
  readonly refresh: () => Promise<void>;
  /** For this secret of this destination: in another's row it opens nothing. */
  readonly seal: (value: string, of: SecretName) => Buffer;
  /** Digest of the operator's value, so that another value is noticed. */
  readonly digestOf: (name: string) => Buffer;
  /** The row of these, newest first, that signs now: the rotated secret, beside it the one it replaces while both overlap. */
  readonly inForce: (rows: readonly RotatedRow[], name: string) => RotatedRow | undefined;
}

export function createRotatedSecrets({
  database,
  key,
  secrets,
}: {
  readonly database: Pick<Sql, 'all' | 'now'>;
  /** 32 bytes, outside MySQL. */
  readonly key: Buffer;
  readonly secrets: Secrets;
}): RotatedSecrets {
  const sealingFor = ({ destinationId, name }: SecretName): Buffer =>
    derived(key, `values:${JSON.stringify([destinationId, name])}`);
  const marking = derived(key, 'marks');
  let known = new Map<string, readonly RotatedRow[]>();
  /** By all columns of a row: one that was moved or overwritten is opened again. */
  let values = new Map<string, string | undefined>();

  const openedOf = (row: RotatedRow): string | undefined => {
    const said = `${nameOf(row.destinationId, row.name)} ${row.sealed.toString('base64')}`;
    if (!values.has(said)) values.set(said, openBytes(sealingFor(row), row.sealed)?.toString('utf8'));
    return values.get(said);
  };
  const digestOf = (name: string): Buffer =>
    mac(marking, Buffer.from(JSON.stringify([name, secrets(name)[0] ?? ''])));
  const inForce = (rows: readonly RotatedRow[], name: string): RotatedRow | undefined => {
    const [newest] = rows;
    if (newest === undefined) return undefined;
    // The operator has put another value in since: that one counts. One that was taken away changes nothing.
    const isOver = secrets(name).length === 0 || timingSafeEqual(newest.overValue, digestOf(name));
    return isOver ? newest : undefined;
  };

  return {
    digestOf,
    inForce,
    seal: (value, of) => sealBytes(sealingFor(of), Buffer.from(value, 'utf8')),
    refresh: async () => {
      const rows = await allRotated(database);
      known = new Map(Map.groupBy(rows, (row) => nameOf(row.destinationId, row.name)));
      values = new Map();
    },
    secretsFor: (destinationId) => (name) => {
      const rows = known.get(nameOf(destinationId, name));
      const newest = rows === undefined ? undefined : inForce(rows, name);
      if (rows === undefined || newest === undefined) return secrets(name);
      const value = openedOf(newest);
      if (value === undefined) return [];
      if (newest.overlapEndsAt <= database.now()) return [value];
      const before = rows[1] === undefined ? undefined : openedOf(rows[1]);
      return before === undefined ? [value, ...secrets(name)] : [value, before];
    },
  };
}

const nameOf = (destinationId: string, name: string): string => `${destinationId} ${name}`;
