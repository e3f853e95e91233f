// Reads from the log which data of a lead a recipient has, and under which authorisation, when none is in force any more.
// Invariant: reads only.
import type { Action } from '../../../connectors/contract.ts';
import { allAs, type Sql, firstNumber } from '../database.ts';
import type { Stored } from '../columns.ts';

export async function lastHandedOver(
  sql: Sql,
  leadId: number,
  destinationId: string,
): Promise<{ readonly authorisationId: number; readonly correctedSince: boolean } | undefined> {
  const [row] = await sql.all<{ authorisation_id: number; corrected: number }>(
    // The recipient has the latest revision that it accepted; `corrected`: a correction came after that revision first left.
    `SELECT h.authorisation_id,
            EXISTS (SELECT 1 FROM intake_receipts r WHERE r.lead_id = h.lead_id AND r.kind = 'correction' AND r.accepted_at >= COALESCE((
              SELECT MIN(f.at) FROM handovers f FORCE INDEX (handovers_subject)
               WHERE f.lead_id = h.lead_id AND f.entry = 'departed' AND f.lead_revision = (
                 SELECT MAX(d.lead_revision) FROM handovers d FORCE INDEX (handovers_subject)
                   JOIN handovers o FORCE INDEX (handovers_subject) ON o.lead_id = d.lead_id AND o.delivery_id = d.delivery_id AND o.run = d.run
                  WHERE d.lead_id = h.lead_id AND d.destination_id = h.destination_id AND d.entry = 'departed'
                    AND (o.attempt = d.attempt OR o.entry IN ('lookup', 'resolved')) AND o.id > d.id
                    AND o.outcome IN ('accepted', 'duplicate', 'unconfirmed', 'pending'))), '2000-01-01')) AS corrected
       FROM handovers h FORCE INDEX (handovers_subject)
      WHERE h.lead_id = ? AND h.destination_id = ? AND h.entry = 'departed' AND h.authorisation_id > 0
      ORDER BY h.id DESC LIMIT 1`,
    [leadId, destinationId],
  );
  return row === undefined
    ? undefined
    : { authorisationId: row.authorisation_id, correctedSince: row.corrected === 1 };
}

/** Latest revision of a lead that a recipient has or may have; 0: none. */
export const revisionHeld = (sql: Sql, leadId: number, destinationId: string): Promise<number> =>
  firstNumber(
    sql,
    `SELECT MAX(sent_revision) AS revision FROM deliveries FORCE INDEX (deliveries_lead)
      WHERE lead_id = ? AND destination_id = ? AND action IN ('create', 'update') AND (state = 'delivered' OR maybe_received = 1)`,
    [leadId, destinationId],
  );

/** Fields and opt-ins of one content that the recipient accepted. */
export interface HandedOver {
  readonly action: Action;
  /** Name of its call; empty when the delivery is one call. */
  readonly call: string;
  readonly mappingVersionId: number;
  /** Names of target fields in order, separated by blanks. */
  readonly fields: string;
  /** Opt-ins in the content, by `purpose.channel`. */
  readonly optIns: readonly string[];
  /** It departed before the last correction of the person. */
  readonly isOlder: boolean;
}

export const allHandedOver = (
  sql: Sql,
  leadId: number,
  destinationId: string,
): Promise<readonly HandedOver[]> =>
  allAs(
    sql,
    ({
      consents,
      ...row
    }: Omit<Stored<HandedOver>, 'optIns'> & { readonly consents: string }): HandedOver => ({
      ...row,
      optIns: (JSON.parse(consents) as { purpose: string; channel: string }[]).map(
        ({ purpose, channel }) => `${purpose}.${channel}`,
      ),
      isOlder: row.isOlder === 1,
    }),
    `SELECT d.action, d.call_name AS \`call\`, d.mapping_version_id AS mappingVersionId, COALESCE(d.fields, '') AS fields,
            COALESCE(d.consents, '[]') AS consents,
            EXISTS (SELECT 1 FROM intake_receipts r WHERE r.lead_id = d.lead_id AND r.kind = 'correction' AND r.accepted_at >= d.at) AS isOlder
       FROM handovers d FORCE INDEX (handovers_subject)
      WHERE d.lead_id = ? AND d.destination_id = ? AND d.entry = 'departed'
        AND EXISTS (SELECT 1 FROM handovers o FORCE INDEX (handovers_subject)
                     WHERE o.lead_id = d.lead_id AND o.delivery_id = d.delivery_id AND o.run = d.run
                       AND (o.attempt = d.attempt OR o.entry IN ('lookup', 'resolved')) AND o.id > d.id
                       AND o.outcome IN ('accepted', 'duplicate', 'unconfirmed', 'pending'))
      ORDER BY d.id`,
    [leadId, destinationId],
  );
