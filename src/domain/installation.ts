// Decides whether a Redis belongs to this database, by the identity that both store and the last log entry that Redis saw.
// Invariant: ids, numbers and times only. A database without an entry that its Redis saw is an older life of itself.

export interface InstallationIdentity {
  /** Assigned once, at the first start. */
  readonly installation: string;
  /** Renewed when an operator adopts a Redis, above all after a restore. */
  readonly life: string;
  /** Newest entry of the hand-over log; 0 when there is none. */
  readonly entry: number;
  /** Time of that entry: a restored database assigns the same number again. */
  readonly entryAt: string;
}

/** This database, compared with what its Redis has seen. */
export interface OwnIdentity extends InstallationIdentity {
  /** Time of the entry that Redis saw last; undefined when this database does not have that entry. */
  readonly seenAt: string | undefined;
  /** That entry was moved from the database to an archive. */
  readonly seenArchived: boolean;
}

export type Belonging =
  /** No identity: new, or flushed. */
  | 'unclaimed'
  | 'ours'
  | 'another_installation'
  | 'another_life'
  /** The database lacks a log entry that Redis saw: restored from a dump, or a copy. */
  | 'database_behind';

/** The text stored in Redis. */
export const identityText = ({ installation, life, entry, entryAt }: InstallationIdentity): string =>
  [installation, life, entry, entryAt === '' ? '-' : entryAt].join(' ');

/** Undefined for any other text. */
export function parseIdentity(text: string): InstallationIdentity | undefined {
  const match = /^(\S{1,64}) (\S{1,64}) (\d{1,20}) (\S{1,40})$/.exec(text);
  const [, installation, life, entry, entryAt] = match ?? [];
  if (installation === undefined || life === undefined || entryAt === undefined) return undefined;
  return { installation, life, entry: Number(entry), entryAt: entryAt === '-' ? '' : entryAt };
}

/** @param found the text in Redis, read before `own`: an entry is committed before Redis sees it */
export function belongingOf(found: string | undefined, own: OwnIdentity): Belonging {
  if (found === undefined) return 'unclaimed';
  const theirs = parseIdentity(found);
  if (theirs === undefined || theirs.installation !== own.installation) return 'another_installation';
  if (theirs.life !== own.life) return 'another_life';
  const remembered = theirs.entry === 0 || own.seenArchived || theirs.entryAt === own.seenAt;
  return remembered ? 'ours' : 'database_behind';
}
