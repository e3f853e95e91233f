// The result of a verification of the log: counts of good seals and entries, and the findings, the first one first.
// Invariant: a problem is a code with its seal and entry; never a person's data.
import { authorisationDigest, consentsDigest, mappingDigest, parseCited } from '../domain/keyed.ts';
import { authorisationsById, consentsById } from '../store/destinations/authorisations.ts';
import type { Sql } from '../store/database.ts';
import { readVersions } from '../store/destinations/mapping-versions.ts';
import { keptProofs } from '../store/people/proofs.ts';
import type { HandoverRow, Seal } from '../store/log/seals.ts';
import type { LeadSecrets } from '../store/secrets.ts';

export type Anchor = NonNullable<ReturnType<typeof parseAnchor>>;

export interface SealCounts {
  /** The newest seal checked. */
  readonly seals: number;
  readonly entries: number;
  /** Entries among these that are in an archive and no longer in the table. */
  readonly archived: number;
}

export interface Period {
  readonly from: Date;
  /** First instant after the period. */
  readonly until: Date;
}

/** A pack counts entries in days of UTC, and Paris is two hours from it at most. */
const slackMs = 3 * 3_600_000;

/**
 * Which seals' entries are read, and what the result says of it.
 * @param ids the first that an entry of the period may have, and the one behind the last
 */
export function partRead(
  period: Period | undefined,
  [first, end]: readonly [number, number],
): {
  readonly isRead: (seal: Seal, ids: readonly number[]) => boolean;
  readonly said: Pick<Verification, 'period'>;
} {
  if (period === undefined) return { isRead: () => true, said: {} };
  const [from, until] = [period.from.getTime(), period.until.getTime()];
  return {
    isRead: ({ sealedAt }, ids) =>
      (sealedAt.getTime() >= from - slackMs && sealedAt.getTime() < until + slackMs) ||
      ids.some((id) => id >= first && id < end),
    said: { period: { from: period.from.toISOString(), until: period.until.toISOString() } },
  };
}

/** Counts cover the part before the first finding. */
export interface Verification extends SealCounts {
  readonly ok: boolean;
  /** Set where only the entries of a period were read, ISO 8601; seals were checked from the first to the last. */
  readonly period?: { readonly from: string; readonly until: string };
  /** Entries that wait for the next seal: not wrong, not proved yet. */
  readonly unsealed: number;
  readonly problem?: VerificationProblem;
  /** Every finding, the first one included, up to `mostFindings`. */
  readonly problems?: readonly VerificationProblem[];
}

export interface VerificationProblem {
  readonly kind: LogProblem;
  readonly seal?: number;
  readonly entry?: number;
  /** A day or a notice, where it is neither seal nor entry. */
  readonly what?: string;
}

export type LogProblem =
  | 'entry_changed'
  | 'entry_missing'
  | 'entry_unsealed'
  | 'entry_forged'
  | 'key_missing'
  | 'seal_changed'
  | 'seal_missing'
  | 'queue_points_nowhere'
  | 'anchor_missing'
  | 'anchor_differs'
  | 'archive_changed'
  | 'archive_missing'
  | 'day_changed'
  | 'notice_changed'
  | CitedProblem;

/** `12:9f3c...` as printed by `relais log anchor`. */
export function parseAnchor(text: string) {
  const match = /^(\d+):([0-9a-f]{64})$/.exec(text.trim());
  return match === null ? undefined : { sequence: Number(match[1]), mac: match[2] ?? '' };
}

// Collects the findings of a verification of the log.
// Invariant: the list is bounded, however broken the log is.

/** Findings of one verification at most: a log rewritten whole is one finding, whatever its length. */
export const mostFindings = 20;

export interface Findings {
  readonly add: (...found: readonly VerificationProblem[]) => void;
  readonly all: () => readonly VerificationProblem[];
  /** True when the list is full and the verification can stop. */
  readonly isFull: () => boolean;
}

/** @param onFirst called once, before the first finding is in the list */
export function createFindings(onFirst: () => void): Findings {
  const all: VerificationProblem[] = [];
  return {
    add: (...found) => {
      if (all.length === 0 && found.length > 0) onFirst();
      all.push(...found.slice(0, mostFindings - all.length));
    },
    all: () => all,
    isFull: () => all.length >= mostFindings,
  };
}

// Compares the digests that sealed entries cite with the contracts, mappings and consents in the database, to find later alterations.
// Invariant: it reports nothing personal; a citation that an erasure has made unprovable is skipped.

type CitedProblem = 'authorisation_changed' | 'mapping_changed' | 'consents_changed' | 'proof_changed';

type Check = (
  rows: readonly HandoverRow[],
) => Promise<{ readonly kind: CitedProblem; readonly entry: number } | undefined>;

type Citing = ReturnType<typeof citingOf>[number];

/** Remembers the digests of authorisations and mapping versions: many entries cite few of them. */
export function createCitedCheck(sql: Sql, secrets: Pick<LeadSecrets, 'read'> | undefined): Check {
  const authorisations = new Map<number, string | undefined>();
  const mappings = new Map<number, string | undefined>();

  const learn = async (citing: readonly Citing[]): Promise<void> => {
    const unknown = [...new Set(citing.map((citation) => citation.authorisationId))].filter(
      (id) => !authorisations.has(id),
    );
    const found = await authorisationsById(sql, unknown);
    for (const id of unknown) {
      const authorisation = found.get(id);
      authorisations.set(id, authorisation === undefined ? undefined : authorisationDigest(authorisation));
    }
    // One at a time: a version carries the text of all its files.
    for (const id of new Set(citing.map((citation) => citation.mappingId))) {
      if (mappings.has(id)) continue;
      const [version] = await readVersions(sql, [id]);
      mappings.set(id, version === undefined ? undefined : mappingDigest(version));
    }
  };

  return async (rows) => {
    const proof = await firstAlteredProof(sql, rows);
    if (proof !== undefined) return proof;
    const citing = rows.flatMap(citingOf);
    if (citing.length === 0) return undefined;
    await learn(citing);
    for (const { id, cited, authorisationId, mappingId } of citing) {
      if (cited.authorisation !== undefined && authorisations.get(authorisationId) !== cited.authorisation)
        return { kind: 'authorisation_changed', entry: id };
      if (cited.mapping !== undefined && mappings.get(mappingId) !== cited.mapping)
        return { kind: 'mapping_changed', entry: id };
    }
    return secrets === undefined ? undefined : firstAlteredConsents(sql, secrets, citing);
  };
}

/** A document is deleted with its leads, and then with what shows them; a document without its leads was altered. */
async function firstAlteredProof(
  sql: Sql,
  rows: readonly HandoverRow[],
): Promise<{ readonly kind: 'proof_changed'; readonly entry: number } | undefined> {
  const made = rows.flatMap((row) => {
    const number = row.entry === 'proof_made' ? Number(/^proof:(\d+)$/.exec(String(row.reason))?.[1]) : NaN;
    return number > 0 ? [{ ...row, number, leadId: Number(row.lead_id) }] : [];
  });
  if (made.length === 0) return undefined;
  const kept = await keptProofs(
    sql,
    made.map(({ number }) => number),
  );
  for (const { id, number, leadId, digest } of made) {
    const { sha256, leadIds, named } = kept.get(number) ?? {};
    if (sha256 === undefined || leadIds === undefined) continue;
    const isShown = leadId === 0 || leadIds.includes(leadId);
    const isOthers = named !== 0 && named !== leadIds.length;
    if (!Buffer.from(sha256, 'hex').equals(digest as Buffer) || !isShown || isOthers)
      return { kind: 'proof_changed', entry: id };
  }
  return undefined;
}

async function firstAlteredConsents(
  sql: Sql,
  secrets: Pick<LeadSecrets, 'read'>,
  citing: readonly Citing[],
): Promise<{ readonly kind: 'consents_changed'; readonly entry: number } | undefined> {
  const withConsents = citing.filter((citation) => citation.cited.consents !== undefined);
  const leadIds = [...new Set(withConsents.map((citation) => citation.leadId))];
  const keys = await secrets.read(sql, leadIds);
  const consents = await consentsById(sql, leadIds);
  for (const { id, leadId, cited } of withConsents) {
    const key = keys.get(leadId);
    const events = consents.get(leadId);
    if (key === undefined || events === undefined) continue;
    // Events that came later have higher ids.
    const count = Number(cited.consents?.split('.')[0]);
    if (consentsDigest(key, events.slice(0, count)) !== cited.consents)
      return { kind: 'consents_changed', entry: id };
  }
  return undefined;
}

function citingOf(row: HandoverRow) {
  if (row.cited === '' || row.cited === null) return [];
  return [
    {
      id: row.id,
      leadId: Number(row.lead_id),
      authorisationId: Number(row.authorisation_id),
      mappingId: Number(row.mapping_version_id),
      cited: parseCited(String(row.cited)),
    },
  ];
}
