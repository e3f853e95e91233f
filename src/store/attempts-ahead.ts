// Reads deliveries with their leads, consents and secrets in one statement, for those that are rendered before their claim.
// Invariant: read under no lock: the claim compares all of it before anything departs.
import type { OptionalBlock } from '../domain/lead.ts';
import { packedConsents, unpackConsents } from './leads/consents.ts';
import { inList, type Sql } from './database.ts';
import { packedAttempt, unpackAttempt, type AttemptDelivery } from './deliveries/deliveries.ts';
import { leadReading, leadsOf, type LeadRead } from './leads/leads.ts';
import type { LeadSecrets } from './secrets.ts';

export interface AttemptsAhead {
  readonly rows: readonly AttemptDelivery[];
  readonly leads: ReadonlyMap<number, LeadRead>;
  readonly secrets: ReadonlyMap<number, Buffer>;
}

interface Row {
  readonly delivery: unknown;
  readonly of_lead: unknown;
  readonly consents: unknown;
  readonly secret: unknown;
}

const packedDelivery = packedAttempt('d');

/** Deliveries by id; those that do not exist are missing. @throws KEY-001 */
export async function readAttemptsAhead(
  sql: Sql,
  { joined, opened }: Pick<LeadSecrets, 'joined' | 'opened'>,
  ids: readonly number[],
  blocks: ReadonlySet<OptionalBlock>,
): Promise<AttemptsAhead> {
  const { marks, values } = inList(ids);
  const { columns, joins, unpack } = leadReading(blocks);
  const rows = await sql.all<Row>(
    `SELECT ${packedDelivery} AS delivery, ${columns} AS of_lead, ${packedConsents} AS consents, ${joined.packed} AS secret
       FROM deliveries d FORCE INDEX (PRIMARY) JOIN leads l ON l.id = d.lead_id ${joins} ${joined.join}
      WHERE d.id IN (${marks})`,
    values,
  );
  const attempts: AttemptDelivery[] = [];
  const leads = new Map<number, ReturnType<typeof unpack>>();
  const consents: unknown[] = [];
  const secrets = new Map<number, Buffer>();
  for (const row of rows) {
    const attempt = unpackAttempt(row.delivery);
    attempts.push(attempt);
    // Two deliveries of one lead read it twice.
    if (leads.has(attempt.leadId)) continue;
    leads.set(attempt.leadId, unpack(row.of_lead));
    consents.push(row.consents);
    const secret = joined.unpack(row.secret);
    if (secret !== undefined) secrets.set(secret.lead_id, opened(secret));
  }
  const read = await leadsOf(sql, [...leads.values()], unpackConsents(consents), blocks);
  return { rows: attempts, leads: read, secrets };
}
