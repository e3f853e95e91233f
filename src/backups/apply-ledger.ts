// Applies the ledger of erasures to a restored database: persons who were erased or deleted since the backup are so again, what they took
// back is taken back, and what was restricted is restricted (C44).
// Invariant: applying it twice changes nothing; a line concerns the lead whose digest it has, and those under an address of it.
import type { Key, KeyRing } from '../domain/key-ring.ts';
import type { ConsentRecord } from '../domain/lead.ts';
import { addressDigests, lackedBy } from '../domain/opposition.ts';
import { keepOpposition } from '../privacy/oppositions.ts';
import { eraseWithin, restrictWithin, type RightsOptions } from '../privacy/rights.ts';
import { lockClients } from '../store/client-locks.ts';
import type { Database, Sql } from '../store/database.ts';
import { restrictedAmong, unmarkRestricted } from '../store/leads/restrictions.ts';
import { holdersBefore, keepErased, keepOppositions } from '../store/people/oppositions.ts';
import { holdersNow } from '../store/people/same-address.ts';
import { markWithdrawn, repeatWithdrawals, spreadWithdrawals } from '../store/people/same-person.ts';
import { dissolve } from '../store/retention/gone-leads.ts';
import { appendHandovers } from '../store/log/handovers.ts';
import { lockLeads } from '../store/leads/leads.ts';
import { clearConsentsOfRow, refusedNaming } from '../store/people/refused-of-person.ts';
import { deleteRow, everyLead, everyRow, type NamedLead } from '../store/backups/restores.ts';
import { leadDigest, referenceDigest, type LedgerLine } from './ledger.ts';
import { answersIn } from './said-lines.ts';

export interface AppliedLedger {
  readonly erased: number;
  readonly gone: number;
  /** Rows that were deleted or lost their consents. */
  readonly rows: number;
  /** Leads of which an answer was taken back. */
  readonly withdrawn: number;
  readonly restricted: number;
}

export interface ApplyLedger extends RightsOptions {
  readonly database: Database;
  readonly sealKeys: KeyRing;
  readonly actor: string;
  /** Reason of the entries, a text for the log. */
  readonly reason: string;
}

/**
 * Applies the parts one after the other: the order of lines does not matter, and memory does not grow with the ledger.
 * @param since of older lines only erasures and deletions are applied: the rest is in the backup, and may have been answered anew
 */
export async function applyLedger(
  deps: ApplyLedger,
  parts: AsyncIterable<readonly LedgerLine[]>,
  since: Date,
): Promise<AppliedLedger> {
  const sum = { erased: 0, gone: 0, rows: 0, withdrawn: 0 };
  const restrictions = new Map<string, LedgerLine>();
  for await (const part of parts) {
    const fresh = part.filter(({ at }) => at >= since.toISOString());
    const { erased, gone, rows, withdrawn } = await applyPart(deps, part, fresh);
    sum.erased += erased;
    sum.gone += gone;
    sum.rows += rows;
    sum.withdrawn += withdrawn;
    for (const line of fresh) {
      const { act, at, lead = '' } = line;
      if ((act === 'restricted' || act === 'unrestricted') && at > (restrictions.get(lead)?.at ?? ''))
        restrictions.set(lead, line);
    }
  }
  return { ...sum, restricted: await restrictAgain(deps, restrictions) };
}

async function applyPart(
  deps: ApplyLedger,
  lines: readonly LedgerLine[],
  fresh: readonly LedgerLine[],
): Promise<Omit<AppliedLedger, 'restricted'>> {
  const { database, sealKeys } = deps;
  const keys = keysOf(sealKeys, lines);
  const named = (among: readonly LedgerLine[], act: LedgerLine['act']): ReadonlySet<string> =>
    new Set(among.flatMap((line) => (line.act === act ? [line.lead ?? ''] : [])));
  const goneLeads = named(lines, 'gone');
  const erasedLeads = named(lines, 'erased');
  const clearedRows = named(fresh, 'cleared');
  const taken = Map.groupBy(
    fresh.filter(({ act }) => act === 'withdrawn'),
    ({ lead = '' }) => lead,
  );
  const endedAt = endsOfReferences(lines);
  const counts = { erased: 0, gone: 0, rows: 0, withdrawn: 0 };
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
      } else if (keys.some((key) => clearedRows.size > 0 && clearedRows.has(leadDigest(key, row.id)))) {
        const { clientId, id } = row;
        if (await database.transaction((tx) => clearConsentsOfRow(tx, clientId, id))) counts.rows += 1;
      }
  for await (const page of everyLead(database))
    for (const lead of page) {
      const digests = keys.map((key) => leadDigest(key, lead.id));
      const answers = digests.flatMap((digest) => taken.get(digest) ?? []).flatMap(answersIn);
      // First: an erasure keeps what its lead says on the opposition list.
      if (answers.length > 0)
        counts.withdrawn += await database.transaction((tx) => takeBack(tx, deps, lead, answers));
      if (digests.some((digest) => goneLeads.has(digest))) {
        await database.transaction((tx) => letGo(tx, deps, lead));
        counts.gone += 1;
      } else if (digests.some((digest) => erasedLeads.has(digest))) {
        const { clientId, reference } = lead;
        const { actor, reason } = deps;
        const done = await database.transaction((tx) =>
          eraseWithin(tx, deps, { clientId, reference, actor, reason, moved: 'taken' }),
        );
        if (!done.alreadyErased) counts.erased += 1;
      }
    }
  counts.rows += await forgetAddresses(deps, lines);
  counts.withdrawn += await opposeAgain(deps, fresh);
  return counts;
}

const keysOf = (sealKeys: KeyRing, lines: readonly LedgerLine[]): readonly Key[] =>
  [...new Set(lines.map(({ key }) => key))].flatMap((id) => sealKeys.byId(id) ?? []);

/** Stores the answers that the lead lacks, then tells its person's other leads. Returns how many leads changed. */
async function takeBack(
  tx: Sql,
  { snapshot, oppositionKey, actor, reason }: ApplyLedger,
  { id, clientId }: NamedLead,
  answers: readonly ConsentRecord[],
): Promise<number> {
  await lockClients(tx, [clientId], 'alone', 'taken');
  const at = { snapshot, actor, purpose: reason };
  const own = await repeatWithdrawals(tx, at, new Map([[id, answers]]), lackedBy);
  if (own.length === 0) return 0;
  await markWithdrawn(tx, [id]);
  const others = await spreadWithdrawals(tx, { ...at, oppositionKey, touched: [], origins: [id] });
  return own.length + others.length;
}

/**
 * Addresses come on the opposition list: those of leads that came in since the backup, too. Returns how many leads under them changed:
 * others of the person, whose origin is no more.
 */
async function opposeAgain(
  { database, snapshot, oppositionKey, actor, reason }: ApplyLedger,
  fresh: readonly LedgerLine[],
): Promise<number> {
  let changed = 0;
  const opposed = fresh.filter(({ act }) => act === 'withdrawn' || act === 'opposed');
  for (const [clientId, own] of Map.groupBy(opposed, ({ client }) => client)) {
    const said = new Map<string, ConsentRecord[]>();
    for (const line of own)
      for (const hex of line.addresses ?? []) {
        const withdrawn = answersIn(line).filter(({ state }) => state === 'withdrawn');
        said.set(hex, [...(said.get(hex) ?? []), ...withdrawn]);
      }
    changed += await database.transaction(async (tx) => {
      await lockClients(tx, [clientId], 'alone', 'taken');
      await keepOppositions(
        tx,
        [...said].flatMap(([hex, answers]) =>
          answers.map(({ purpose, channel, recordedAt, receipt = 0 }) => {
            return { clientId, digest: Buffer.from(hex, 'hex'), purpose, channel, recordedAt, receipt };
          }),
        ),
      );
      const digests = [...said.keys()].map((hex) => Buffer.from(hex, 'hex'));
      const holders = [
        ...(await holdersNow(tx, oppositionKey, clientId, digests)),
        ...(await holdersBefore(tx, clientId, digests)),
      ];
      const byLead = Map.groupBy(holders, ({ leadId }) => leadId);
      const answers = [...byLead].map(([leadId, held]) => {
        const ofLead = held.flatMap(({ digest }) => said.get(digest.toString('hex')) ?? []);
        return [leadId, ofLead] as const;
      });
      const at = { snapshot, actor, purpose: reason };
      return (await repeatWithdrawals(tx, at, new Map(answers))).length;
    });
  }
  return changed;
}

/**
 * By the newest line of each lead. A restriction whose request is in the backup stays until it is lifted again.
 * @param newest by the digest of the lead
 */
async function restrictAgain(
  { database, sealKeys, snapshot, actor, reason }: ApplyLedger,
  newest: ReadonlyMap<string, LedgerLine>,
): Promise<number> {
  const keys = keysOf(sealKeys, [...newest.values()]);
  let restricted = 0;
  if (newest.size > 0)
    for await (const page of everyLead(database))
      for (const { id: leadId, clientId } of page) {
        const line = keys
          .flatMap((key) => newest.get(leadDigest(key, leadId)) ?? [])
          .toSorted((a, b) => (a.at < b.at ? -1 : 1))
          .at(-1);
        if (line === undefined) continue;
        await database.transaction(async (tx) => {
          const lock = (await lockLeads(tx, [leadId])).get(leadId);
          if (lock === undefined || lock.erased) return;
          const isMarked = (await restrictedAmong(tx, [leadId])).has(leadId);
          if (line.act === 'restricted' && !isMarked) {
            await restrictWithin(tx, snapshot, { clientId, leadId, actor, reason });
            restricted += 1;
          }
          if (line.act === 'unrestricted' && isMarked && (await unmarkRestricted(tx, leadId, 0)))
            await appendHandovers(tx, [{ entry: 'unrestricted', clientId, leadId, actor, purpose: reason }]);
        });
      }
  return restricted;
}

/** When a lead of each reference last ended: a sender may use a reference again, and later rows are of another lead. */
function endsOfReferences(lines: readonly LedgerLine[]): ReadonlyMap<string, string> {
  const ends = new Map<string, string>();
  for (const { reference, at } of lines)
    if (reference !== undefined && at > (ends.get(reference) ?? '')) ends.set(reference, at);
  return ends;
}

/** Deletes what retention had deleted; recipients keep their own data and are not asked. */
async function letGo(
  tx: Sql,
  { secrets, oppositionKey, actor, reason }: ApplyLedger,
  { id: leadId, clientId }: NamedLead,
): Promise<void> {
  await lockLeads(tx, [leadId]);
  const opposed = await keepOpposition(tx, oppositionKey, { clientId, leadId, actor });
  await dissolve(tx, [leadId]);
  await secrets.destroy(tx, [leadId]);
  await appendHandovers(
    tx,
    [...opposed, { entry: 'purged', clientId, leadId, actor, purpose: reason, reason: 'restored' }],
    { moved: 'taken' },
  );
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
    const found = await refusedNaming(database, { clientId, key: oppositionKey, persons: [], digests });
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
