// Lines of the ledger about what persons took back: read from the database when a line is written, and back into answers at a restore.
// Invariant: an answer has its time and its place in the order of receipt, so that a yes after it stays valid; no text of a sender.
import type { ConsentRecord } from '../domain/lead.ts';
import { isLaterNo, oppositionSource, optInsNamed, type OptIn } from '../domain/opposition.ts';
import { digestsOfLeads } from '../privacy/oppositions.ts';
import type { UnwrittenErasure } from '../store/backups/erasures-unwritten.ts';
import type { Sql } from '../store/database.ts';
import { readConsents } from '../store/leads/consents.ts';
import { addressesOf, oppositionsOf } from '../store/people/oppositions.ts';

/** A withdrawal or refusal, as it is in a line. */
interface SaidNo extends OptIn {
  readonly state: 'withdrawn' | 'refused';
  readonly at: string;
  /** Its place in the order of receipt. */
  readonly receipt: number;
  readonly objection?: true;
}

export interface Said {
  /** Digests of the opposition list. */
  readonly addresses?: readonly string[];
  /** Absent in lines of other acts, and in those that a process of the version before wrote. */
  readonly said?: readonly SaidNo[];
}

/** Returns by row all that its lead, or the list under its address, says by now. */
export async function readSaid(
  tx: Sql,
  oppositionKey: Buffer,
  rows: readonly UnwrittenErasure[],
): Promise<ReadonlyMap<number, Said>> {
  const ofLeads = rows.filter(({ act }) => act === 'withdrawn');
  const ids = [...new Set(ofLeads.map(({ leadId }) => leadId))];
  const consents = await readConsents(tx, ids);
  const digests = await digestsOfLeads(tx, oppositionKey, await addressesOf(tx, ids));
  const lines = new Map<number, Said>();
  for (const { id, leadId } of ofLeads)
    lines.set(id, {
      addresses: (digests.get(leadId) ?? []).map(hexOf),
      // None where the person was erased since: the lines of the erasure say it.
      said: (consents.get(leadId) ?? []).filter(isLaterNo).map(noOf),
    });
  const ofAddresses = rows.filter(({ act }) => act === 'opposed');
  for (const [clientId, own] of Map.groupBy(ofAddresses, (row) => row.clientId)) {
    const listed = await oppositionsOf(
      tx,
      clientId,
      own.flatMap(({ addresses }) => addresses),
    );
    for (const { id, addresses } of own) {
      const entries = listed.filter(({ digest }) => addresses.some((one) => one.equals(digest)));
      lines.set(id, { said: entries.map((entry) => noOf({ ...entry, state: 'withdrawn' })) });
    }
  }
  return lines;
}

const hexOf = (digest: Buffer): string => digest.toString('hex');

const noOf = ({ purpose, channel, state, recordedAt, receipt = 0, source }: ConsentRecord): SaidNo => ({
  purpose,
  channel,
  state: state === 'refused' ? 'refused' : 'withdrawn',
  at: recordedAt.toISOString(),
  receipt,
  ...(source === oppositionSource ? { objection: true as const } : {}),
});

/** Source of an answer that came back from the ledger: its former source, a sender's text, is not in it. */
const restoredSource = 'relais-ledger';

/** The answers of a line. One without them, of the version before, tells only that something was taken back: every opt-in is. */
export const answersIn = ({ at, said }: Said & { readonly at: string }): readonly ConsentRecord[] =>
  said === undefined
    ? optInsNamed({}).map((optIn) => ({
        ...optIn,
        state: 'withdrawn',
        recordedAt: new Date(at),
        source: restoredSource,
      }))
    : said.map(({ purpose, channel, state, at: saidAt, receipt, objection }) => ({
        purpose,
        channel,
        state,
        recordedAt: new Date(saidAt),
        receipt,
        source: objection === true ? oppositionSource : restoredSource,
      }));
