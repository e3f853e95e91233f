// Names an installation for one client, and the range of ids that is its own (C36). Pure.
// Invariant: no id of one installation is ever given by another, so that a client's rows keep their ids when they are moved.

/** Highest number of an installation: its ids stay whole numbers of JavaScript, and have 15 digits at most. */
export const mostSlots = 900;

/** Ids of 64 bits begin above this number; those of the shared installation stay below the first. */
export const firstId = (slot: number): number => slot * 1_000_000_000_000;
/** The same for ids of 32 bits: accounts, staff, keys. */
export const firstShortId = (slot: number): number => slot * 1_000_000;

/** Reason of the archived destinations of a client that moves to another installation, or has. */
export const movingAway = 'moving';

/** Archived by a person: one whose client moves is owed its leads, which leave from the new place. */
export const isArchived = ({
  status,
  statusReason,
}: {
  readonly status: string;
  readonly statusReason: string;
}): boolean => status === 'archived' && statusReason !== movingAway;

const longestSchema = 48;

export type InstanceNames = ReturnType<typeof instanceNames>;

/** @param shared schema of the shared installation */
export function instanceNames(shared: string, clientId: string, slot: number) {
  const end = `_${slot}`;
  const base = shared.slice(0, 21);
  const readable = clientId.replaceAll('-', '_').slice(0, longestSchema - base.length - end.length - 1);
  const schema = `${base}_${readable}${end}`;
  const account = `${base}${end}`;
  return {
    schema,
    keysSchema: `${schema}_keys`,
    /** Accounts of MySQL: 32 characters at most. */
    gateway: account,
    owner: `${account}_owner`,
    intake: `${account}_intake`,
    redisPrefix: schema,
  };
}
