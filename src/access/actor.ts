// Writes and reads the actor of a log entry: the id of an account or of a key, never a name (C58).

export const accountActor = (id: number): string => `account:${id}`;
export const keyActor = (id: number): string => `key:${id}`;

/** The account that an actor of the log names; undefined for a key, a process or an operator at the terminal. */
export function accountIdOf(actor: string): number | undefined {
  const id = /^account:(\d{1,10})$/.exec(actor)?.[1];
  return id === undefined ? undefined : Number(id);
}
