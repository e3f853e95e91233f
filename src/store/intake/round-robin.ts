// Takes rows in turns when several clients wait: one client after the other, each in the order of its rows.
// Invariant: many rows of one client delay no other (guarantee 8), and a single client gets the whole limit.

/** Position of a process in the round of clients; each process has its own. */
export interface Turns {
  last: string | undefined;
}

export const startOfTurns = (): Turns => ({ last: undefined });

/** An id as the table stores it. */
type Id = number | bigint;

export interface Queue<Row extends { readonly id: Id }> {
  /** The first client with rows after this one, by name; without a name, the first of all. One index lookup. */
  readonly clientAfter: (client: string | undefined) => Promise<string | undefined>;
  /** The client's oldest rows with an id above `afterId`. */
  readonly rowsOf: (client: string, afterId: Row['id'] | 0, limit: number) => Promise<readonly Row[]>;
}

/** At most `limit` rows, oldest first: the clients in turn share them, at least one each, and what one leaves another takes. */
export async function takeInTurns<Row extends { readonly id: Id }>(
  turns: Turns,
  limit: number,
  queue: Queue<Row>,
): Promise<Row[]> {
  const clients = await clientsInTurn(turns.last, limit, queue.clientAfter);
  const last = clients.at(-1);
  if (last === undefined) return [];
  turns.last = last;
  const share = Math.floor(limit / clients.length);
  const taken: Row[] = [];
  const more: { readonly client: string; readonly afterId: Row['id'] }[] = [];
  for (const client of clients) {
    const rows = await queue.rowsOf(client, 0, share);
    taken.push(...rows);
    const newest = rows.at(-1);
    if (rows.length === share && newest !== undefined) more.push({ client, afterId: newest.id });
  }
  for (const { client, afterId } of more) {
    const left = limit - taken.length;
    if (left <= 0) break;
    taken.push(...(await queue.rowsOf(client, afterId, left)));
  }
  return taken.sort((a, b) => (a.id < b.id ? -1 : 1));
}

async function clientsInTurn(
  last: string | undefined,
  most: number,
  clientAfter: Queue<never>['clientAfter'],
): Promise<readonly string[]> {
  const clients: string[] = [];
  let at = last;
  let wrapped = last === undefined;
  while (clients.length < most) {
    const next = await clientAfter(at);
    if (next !== undefined && !clients.includes(next)) {
      clients.push(next);
      at = next;
    } else if (next === undefined && !wrapped) {
      wrapped = true;
      at = undefined;
    } else break;
  }
  return clients;
}
