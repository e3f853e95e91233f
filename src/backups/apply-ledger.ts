// Applies the ledger of erasures to a restored database: persons who were erased or deleted since the backup are so again (C44).
// Invariant: applying it twice changes nothing; a line concerns the lead whose digest it has and no other.
import type { Key, KeyRing } from '../domain/key-ring.ts';
import { addressDigests } from '../domain/opposition.ts';
import { eraseWithin, type RightsOptions } from '../privacy/rights.ts';
import type { Database, Sql } from '../store/database.ts';
import { keepErased } from '../store/people/oppositions.ts';
import { dissolve } from '../store/retention/gone-leads.ts';
import { appendHandovers } from '../store/log/handovers.ts';
import { lockLeads } from '../store/leads/leads.ts';
import { refusedUnderDigests } from '../store/people/refused-of-person.ts';
import { deleteRow, everyLead, everyRow, type NamedLead } from '../store/backups/restores.ts';
import { leadDigest, referenceDigest, type LedgerLine } from './ledger.ts';

export interface AppliedLedger {
  readonly erased: number;
  readonly gone: number;
  readonly rows: number;
}

export interface ApplyLedger extends RightsOptions {
  readonly database: Database;
  readonly sealKeys: KeyRing;
  readonly actor: string;
  /** Reason of the entries, a text for the log. */
  readonly reason: string;
}

/** Applies the parts one after the other: the order of lines does not matter, and memory does not grow with the ledger. */
export async function applyLedger(
  deps: ApplyLedger,
  parts: AsyncIterable<readonly LedgerLine[]>,
): Promise<AppliedLedger> {
  const sum = { erased: 0, gone: 0, rows: 0 };
  for await (const part of parts) {
    const { erased, gone, rows } = await applyPart(deps, part);
    sum.erased += erased;
    sum.gone += gone;
    sum.rows += rows;
  }
  return sum;
}

async function applyPart(deps: ApplyLedger, lines: readonly LedgerLine[]): Promise<AppliedLedger> {
  const { database, sealKeys } = deps;
  const keys = [...new Set(lines.map(({ key }) => key))].flatMap((id) => sealKeys.byId(id) ?? []);
  const named = (act: LedgerLine['act']): ReadonlySet<string> =>
    new Set(lines.flatMap((line) => (line.act === act ? [line.lead ?? ''] : [])));
  const goneLeads = named('gone');
  const erasedLeads = named('erased');
  const endedAt = endsOfReferences(lines);
  const isIn = (set: ReadonlySet<string>, of: (key: Key) => string): boolean =>
    keys.some((key) => set.has(of(key)));
  const counts = { erased: 0, gone: 0, rows: 0 };
  // Rows first: an erasure looks for the refused rows of its lead, and finds none of these.
  for await (const page of everyRow(database))
    for (const row of page)
      if (
        keys.some((key) => {
          const ended = endedAt.get(referenceDigest(key, row.clientId, row.reference));
          return ended !== undefined && row.receivedAt.toISOString() <= ended;
        })
      ) {
        await deleteRow(database, row.id);
        counts.rows += 1;
      }
  for await (const page of everyLead(database))
    for (const lead of page)
      if (isIn(goneLeads, (key) => leadDigest(key, lead.id))) {
        await database.transaction((tx) => letGo(tx, deps, lead));
        counts.gone += 1;
      } else if (isIn(erasedLeads, (key) => leadDigest(key, lead.id))) {
        const { clientId, reference } = lead;
        const { actor, reason } = deps;
        const done = await database.transaction((tx) =>
          eraseWithin(tx, deps, { clientId, reference, actor, reason }),
        );
        if (!done.alreadyErased) counts.erased += 1;
      }
  counts.rows += await forgetAddresses(deps, lines);
  return counts;
}

/** When a lead of each reference last ended: a sender may use a reference again, and later rows are of another lead. */
function endsOfReferences(lines: readonly LedgerLine[]): ReadonlyMap<string, string> {
  const ends = new Map<string, string>();
  for (const { reference, at } of lines)
    if (reference !== undefined && at > (ends.get(reference) ?? '')) ends.set(reference, at);
  return ends;
}

/** Deletes what retention had deleted; recipients keep their own data and are not asked. */
async function letGo(tx: Sql, { secrets, actor, reason }: ApplyLedger, lead: NamedLead): Promise<void> {
  await lockLeads(tx, [lead.id]);
  await dissolve(tx, [lead.id]);
  await secrets.destroy(tx, [lead.id]);
  await appendHandovers(tx, [
    { entry: 'purged', clientId: lead.clientId, leadId: lead.id, actor, purpose: reason, reason: 'restored' },
  ]);
}

/** Refused rows under an erased address go; intake refuses older data of it from now on. */
async function forgetAddresses(
  { database, oppositionKey }: ApplyLedger,
  lines: readonly LedgerLine[],
): Promise<number> {
  let rows = 0;
  const erased = lines.filter(({ act }) => act === 'addresses');
  for (const [clientId, own] of Map.groupBy(erased, ({ client }) => client)) {
    const ends = new Map<string, string>();
    for (const { at, addresses = [] } of own) {
      for (const hex of addresses) if (at > (ends.get(hex) ?? '')) ends.set(hex, at);
      const known = addresses.map((hex) => Buffer.from(hex, 'hex'));
      await keepErased(database, clientId, known, new Date(at));
    }
    const digests = [...ends.keys()].map((hex) => Buffer.from(hex, 'hex'));
    const found = await refusedUnderDigests(database, { clientId, key: oppositionKey, digests });
    for (const { row, receivedAt, addresses } of found) {
      const held = addresses.flatMap((one) => addressDigests(oppositionKey, clientId, one));
      // A row that came after the erasure is a new demand.
      if (held.some((digest) => receivedAt.toISOString() <= (ends.get(digest.toString('hex')) ?? ''))) {
        await deleteRow(database, Number(row));
        rows += 1;
      }
    }
  }
  return rows;
}
