// What a departure cites, digested for its entry: authorisation, mapping version, consents.
// Invariant: nothing is asked of MySQL for a delivery; a mapping version is read once by a process.
import { authorisationDigest, citedText, consentsDigest, mappingDigest } from '../../domain/cited.ts';
import type { Authorisation } from '../../domain/destination.ts';
import type { ConsentRecord } from '../../domain/lead.ts';
import type { Sql } from '../../store/database.ts';
import { readVersions } from '../../store/mapping-versions.ts';

export type MappingDigests = (versionId: number) => Promise<string | undefined>;

const kept = 2_000;

export function createMappingDigests(sql: Sql): MappingDigests {
  const known = new Map<number, Promise<string | undefined>>();
  const read = async (versionId: number): Promise<string | undefined> => {
    const [version] = await readVersions(sql, [versionId]);
    return version === undefined ? undefined : mappingDigest(version);
  };
  return (versionId) => {
    const found = known.get(versionId);
    if (found !== undefined) return found;
    const reading = read(versionId);
    known.set(versionId, reading);
    // A failed read is not remembered.
    reading.catch(() => known.delete(versionId));
    if (known.size > kept) known.delete(known.keys().next().value ?? 0);
    return reading;
  };
}

/** The deliveries of one reading share their destination's authorisation. */
const digests = new WeakMap<Authorisation, string>();

function digestOf(authorisation: Authorisation): string {
  const known = digests.get(authorisation) ?? authorisationDigest(authorisation);
  digests.set(authorisation, known);
  return known;
}

export function citesOf(cites: {
  /** As it was read under its lock. */
  readonly authorisation: Authorisation;
  readonly mapping: string | undefined;
  /** Those the content was written by. */
  readonly consents: readonly ConsentRecord[];
  readonly secret: Uint8Array | undefined;
}): string {
  const { authorisation, mapping, consents, secret } = cites;
  return citedText({
    authorisation: digestOf(authorisation),
    ...(mapping === undefined ? {} : { mapping }),
    // A revision kept by an older version does not say when each was received: it could not be compared.
    ...(secret === undefined || consents.some((consent) => consent.receipt === undefined)
      ? {}
      : { consents: consentsDigest(secret, consents) }),
  });
}
