// The ledgers a storm is judged by: what was handed in, the lead tables, the hand-over log, and what recipients really received.
// Invariant: plain data, so that a forged ledger can show that the checker sees what it must.
import type { Database } from '../../src/store/database.ts';

export interface HandedIn {
  readonly reference: string;
  /** Destinations that must receive it. */
  readonly owed: readonly string[];
  /** A lead that some recipient or the mapping will never take: its end is `failed`. */
  readonly poison: boolean;
}

export interface LeadLine {
  readonly id: number;
  readonly reference: string;
  readonly erased: boolean;
}

export interface DeliveryLine {
  readonly id: number;
  readonly leadId: number;
  readonly destination: string;
  readonly action: string;
  readonly state: string;
  readonly reason: string;
  readonly key: string;
}

export interface Entry {
  readonly id: number;
  readonly entry: string;
  readonly action: string;
  readonly deliveryId: number;
  readonly leadId: number;
  readonly destination: string;
  readonly run: number;
  readonly attempt: number;
  readonly outcome: string;
  readonly reason: string;
  readonly consents: string | null;
  readonly authorisationId: number;
  readonly batchId: number;
  readonly fileName: string;
}

/** One thing a recipient really received, whole. */
export interface Receipt {
  readonly destination: string;
  /** Epoch ms on the recipient's clock. */
  readonly at: number;
  /** The delivery's key; what follows it for a new run is cut off. */
  readonly key: string;
  /** As it came. */
  readonly sentKey: string;
  readonly action: 'create' | 'update' | 'erase';
  readonly optIn?: string | undefined;
  /** Digest of the content, to see another content under one key. */
  readonly content: string;
  /** What it did with it: `taken`, `refused` (a definite no: may be written anew), `silent` (no readable answer). */
  readonly did: 'taken' | 'refused' | 'silent';
  /** The file it stood in. */
  readonly file?: string;
}

export interface Ledgers {
  readonly handedIn: readonly HandedIn[];
  readonly leads: readonly LeadLine[];
  readonly deliveries: readonly DeliveryLine[];
  readonly entries: readonly Entry[];
  readonly receipts: readonly Receipt[];
  readonly limits: Readonly<
    Record<string, { readonly concurrency?: number; readonly perMinute?: number } | undefined>
  >;
  /** What `relais log verify` finds wrong. */
  readonly brokenLog: readonly string[];
}

type Known = Pick<Ledgers, 'handedIn' | 'receipts' | 'limits' | 'brokenLog'>;

/** Reads what the gateway wrote, beside what the harness saw. */
export async function readLedgers(sql: Database, known: Known): Promise<Ledgers> {
  const leads = await sql.all<{ id: number; reference: string; erased: number }>(
    'SELECT id, reference, erased_at IS NOT NULL AS erased FROM leads ORDER BY id',
  );
  return {
    ...known,
    leads: leads.map((lead) => ({ ...lead, erased: lead.erased === 1 })),
    deliveries: await sql.all<DeliveryLine>(
      `SELECT id, lead_id AS leadId, destination_id AS destination, action, state, reason, delivery_key AS \`key\`
         FROM deliveries ORDER BY id`,
    ),
    entries: await sql.all<Entry>(
      `SELECT id, entry, action, delivery_id AS deliveryId, lead_id AS leadId, destination_id AS destination, run, attempt, outcome,
              reason, consents, authorisation_id AS authorisationId, batch_id AS batchId, file_name AS fileName
         FROM handovers ORDER BY id`,
    ),
  };
}
