// Whether a Redis belongs to this database: the identity both keep, and the last entry of the hand-over log that Redis saw.
// Invariant: ids, numbers and moments only. A database that no longer has what its Redis saw is an older life of itself.

export interface InstallationIdentity {
  /** Given once, at the first start. */
  readonly installation: string;
  /** Given anew whenever an operator adopts a Redis: after a restore above all. */
  readonly life: string;
  /** Newest entry of the hand-over log; 0 where there is none. */
  readonly entry: number;
  /** Its moment: a number alone is given again in a restored database. */
  readonly entryAt: string;
}

/** This database, as compared with what its Redis has seen. */
export interface OwnIdentity extends InstallationIdentity {
  /** The moment of the entry Redis saw last; undefined when this database does not have that entry. */
  readonly seenAt: string | undefined;
  /** That entry has left the database for an archive. */
  readonly seenArchived: boolean;
}

export type Belonging =
  /** No identity: new, or flushed. */
  | 'unclaimed'
  | 'ours'
  | 'another_installation'
  | 'another_life'
  /** The database lacks an entry of its log that Redis saw: restored from a dump, or a copy. */
  | 'database_behind';

/** What stands in Redis. */
export const identityText = ({ installation, life, entry, entryAt }: InstallationIdentity): string =>
  [installation, life, entry, entryAt === '' ? '-' : entryAt].join(' ');

/** Undefined for anything else that stands under that name. */
export function parseIdentity(text: string): InstallationIdentity | undefined {
  const match = /^(\S{1,64}) (\S{1,64}) (\d{1,20}) (\S{1,40})$/.exec(text);
  const [, installation, life, entry, entryAt] = match ?? [];
  if (installation === undefined || life === undefined || entryAt === undefined) return undefined;
  return { installation, life, entry: Number(entry), entryAt: entryAt === '-' ? '' : entryAt };
}

/** @param found the text in Redis, read before `own`: what Redis saw was committed before it was seen */
export function belongingOf(found: string | undefined, own: OwnIdentity): Belonging {
  if (found === undefined) return 'unclaimed';
  const theirs = parseIdentity(found);
  if (theirs === undefined || theirs.installation !== own.installation) return 'another_installation';
  if (theirs.life !== own.life) return 'another_life';
  const remembered = theirs.entry === 0 || own.seenArchived || theirs.entryAt === own.seenAt;
  return remembered ? 'ours' : 'database_behind';
}
