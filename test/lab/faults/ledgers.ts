// The ledgers a storm is judged by: what was handed in, the lead tables, the hand-over log, and what recipients really received.
// Invariant: plain data, so that a forged ledger can show that the checker sees what it must.
import type { Database } from '../../../src/store/database.ts';
import { readBook, type GoneRow } from './book.ts';
import type { Acknowledged } from './check-fetched.ts';
import type { Restored } from './copies.ts';
import type { RefusalLine } from './mischief-refusals.ts';
import type { PostedLine } from './outside.ts';
import type { PersonAt, ReferenceAt } from './remains.ts';
import { readRequests, type RequestLine } from './requests.ts';

export interface HandedIn {
  readonly reference: string;
  /** Destinations that must receive it. */
  readonly owed: readonly string[];
  /** A lead that some recipient or the mapping will never take: its end is `failed`. */
  readonly poison: boolean;
  /** Who asked: leads of one person share mail and phone. */
  readonly person: number;
  /** Destinations that take a part of it and refuse the rest: its end there is `failed`, and they hold the opt-in. */
  readonly refusedBy?: readonly string[];
}

/** A correction or a withdrawal handed in as a row. */
export interface ChangeRow {
  readonly reference: string;
  readonly rowReference: string;
}

/** A row meant to do harm, as it was handed in. */
export interface HostileRow {
  readonly reference: string;
  /** `refused`: nothing else may become of it. `settled`: taken or refused, but never left standing. */
  readonly must: 'refused' | 'settled';
  /** The database itself would not have it from the account that hands rows in. */
  readonly atTheDoor: boolean;
}

/** A request by an address that the lead had before it was corrected. */
export interface FormerLine {
  readonly request: number;
  readonly reference: string;
}

export interface LeadLine {
  readonly id: number;
  readonly reference: string;
  /** By a right, or by retention. */
  readonly erased: boolean;
  /** Retention has taken it out of the tables. */
  readonly gone: boolean;
  /** The name that the last correction gave it (`Bernard-7`); empty while nobody corrected it. */
  readonly name: string;
  /** A withdrawal was recorded, whatever its stamp and those of the grants. No storm asks a person again afterwards. */
  readonly withdrawn: boolean;
  /** Purposes and channels that were taken back. */
  readonly takenBack: number;
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
  readonly purpose: string;
  /** By the database's clock, ms since 2020. */
  readonly at: number;
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
  /** The name a correction gave the lead; empty before one, undefined where the content carries no name. */
  readonly named?: string | undefined;
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
  /** What a lease lasts from its departure on at least, ms; no send is longer. */
  readonly heldMs: number;
  /** What `relais log verify` finds wrong. */
  readonly brokenLog: readonly string[];
  readonly changes: readonly ChangeRow[];
  readonly hostile: readonly HostileRow[];
  /** Rows still in lead_intake. */
  readonly rows: readonly {
    readonly reference: string;
    readonly rowReference: string;
    readonly status: string;
    readonly refusal: string;
  }[];
  /** Refused rows that were removed. */
  readonly goneRows: readonly GoneRow[];
  /** Row references that were taken in. */
  readonly taken: ReadonlySet<string>;
  /** Deliveries somebody was alerted about. */
  readonly alerted: ReadonlySet<number>;
  /** Destinations whose recipient is authorised no more when the storm ends. */
  readonly unauthorised: ReadonlySet<string>;
  /** Recipients that are asked before anything is sent again, and know no keys. */
  readonly asked: readonly string[];
  /** Processes that worked seconds without looking up, or ended by themselves. */
  readonly stoodStill: readonly string[];
  /** Files at a recipient that took the place of another of their name, or are not whole. */
  readonly spoiltFiles: readonly string[];
  /** Where tokens or secrets stood in clear. */
  readonly exposed: readonly string[];
  /** Where mail addresses and phones of the storm's persons stand. */
  readonly addresses: readonly PersonAt[];
  /** Where references of leads of operations stand. */
  readonly references: readonly ReferenceAt[];
  /** What rows that were posted over HTTP were answered, and answers that must not be. */
  readonly posted: readonly PostedLine[];
  readonly wrongAnswers: readonly string[];
  /** Yeses of the client that comes for its leads, each answered for. */
  readonly acknowledged: readonly Acknowledged[];
  /** Answers to leases that the gateway did not know. */
  readonly unknown: readonly Acknowledged[];
  /** Numbers of the events of the feed as a reader got them, and as the log has them. */
  readonly events: readonly number[];
  readonly eventsOwed: readonly number[];
  /** Pages of the console that a session did not open at the end. */
  readonly shutOut: readonly string[];
  /** Requests of prospects that were carried out, each with its leads. */
  readonly requests: readonly RequestLine[];
  /** How often the storm set about one. */
  readonly requestsTried: number;
  readonly former: readonly FormerLine[];
  readonly refusals: readonly RefusalLine[];
  /** The newest backup of the storm, restored when it was over. */
  readonly restored: Restored;
  /** Of full length: every act must have reached somebody. */
  readonly isFull: boolean;
}

type Known = Omit<
  Ledgers,
  'leads' | 'deliveries' | 'entries' | 'rows' | 'goneRows' | 'taken' | 'alerted' | 'unauthorised' | 'requests'
>;

/** Reads what the gateway wrote, beside what the harness saw. */
export async function readLedgers(sql: Database, known: Known): Promise<Ledgers> {
  const leads = await sql.all<
    Omit<LeadLine, 'erased' | 'withdrawn' | 'gone'> & { erased: number; withdrawn: number }
  >(
    `SELECT l.id, l.reference, l.erased_at IS NOT NULL AS erased, COALESCE(p.last_name, '') AS name,
            EXISTS (SELECT 1 FROM consents c WHERE c.lead_id = l.id AND c.state = 'withdrawn') AS withdrawn,
            (SELECT COUNT(DISTINCT c.purpose, c.channel) FROM consents c WHERE c.lead_id = l.id AND c.state = 'withdrawn') AS takenBack
       FROM leads l LEFT JOIN prospects p ON p.lead_id = l.id ORDER BY l.id`,
  );
  const taken = await sql.all<{ reference: string }>(
    'SELECT reference FROM leads UNION ALL SELECT row_reference FROM intake_receipts',
  );
  const alerts = await sql.all<{ id: number }>(
    'SELECT DISTINCT delivery_id AS id FROM alerts WHERE delivery_id > 0',
  );
  const unauthorised = await sql.all<{ id: string }>(
    `SELECT destination_id AS id FROM authorisations GROUP BY destination_id HAVING SUM(revoked_at IS NULL) = 0`,
  );
  const gone = await readBook(sql);
  const deliveries = await sql.all<DeliveryLine>(
    `SELECT id, lead_id AS leadId, destination_id AS destination, action, state, reason, delivery_key AS \`key\`
       FROM deliveries ORDER BY id`,
  );
  return {
    ...known,
    leads: [
      ...leads.map(({ erased, withdrawn, name, ...lead }) => ({
        ...lead,
        name: givenName(name) ?? '',
        erased: erased === 1,
        gone: false,
        withdrawn: withdrawn === 1,
      })),
      ...gone.leads.map((lead) => ({
        ...lead,
        name: '',
        erased: true,
        gone: true,
        withdrawn: false,
        takenBack: 0,
      })),
    ],
    deliveries: [...deliveries, ...gone.deliveries].toSorted((a, b) => a.id - b.id),
    goneRows: gone.rows,
    entries: await sql.all<Entry>(
      `SELECT id, entry, action, delivery_id AS deliveryId, lead_id AS leadId, destination_id AS destination, run, attempt, outcome,
              reason, consents, authorisation_id AS authorisationId, batch_id AS batchId, file_name AS fileName,
              purpose, TIMESTAMPDIFF(MICROSECOND, '2020-01-01', at) DIV 1000 AS at
         FROM handovers ORDER BY id`,
    ),
    rows: await sql.all(
      "SELECT reference, row_reference AS rowReference, status, COALESCE(refusal, '') AS refusal FROM lead_intake ORDER BY id",
    ),
    taken: new Set(taken.map((one) => one.reference)),
    alerted: new Set(alerts.map((one) => one.id)),
    unauthorised: new Set(unauthorised.map((one) => one.id)),
    requests: await readRequests(sql),
  };
}

export const ended = (state: string): boolean => ['delivered', 'failed', 'cancelled'].includes(state);

/** A delivery that nobody may send any more stays open until the operator decides; erasures and withdrawals have figures of their own. */
export const mayStand = (
  { id, destination, action, reason }: DeliveryLine,
  { unauthorised, alerted }: Pick<Ledgers, 'unauthorised' | 'alerted'>,
): boolean =>
  (reason === 'create_unsettled' && alerted.has(id)) ||
  (unauthorised.has(destination) && action !== 'erase' && reason.startsWith('recipient_not_authorised'));

/** The name a correction of the storm gives, wherever it stands in a text. */
export const givenName = (text: string): string | undefined => /(?:Bernard|Martin)-\d+/.exec(text)?.[0];
