// Requests of prospects as the gateway's tables have them: carried out when, on which leads, and how far each recipient is.
// Invariant: plain data; read when all is settled, for the checker.
import type { Database } from '../../../src/store/database.ts';

export interface RecipientLine {
  readonly leadId: number;
  readonly destination: string;
  /** `owed` while nobody has told it. */
  readonly state: string;
  /** Told without a proof, or asked in writing, before whatever a person noted of it. */
  readonly wasAsked: boolean;
  /** A person noted the answer. */
  readonly byHand: boolean;
}

/** A request that was carried out. */
export interface RequestLine {
  readonly id: number;
  readonly kind: string;
  readonly leadIds: readonly number[];
  readonly recipients: readonly RecipientLine[];
  /** Mails that ask recipients in writing. */
  readonly letters: number;
}

/** Who does what a data protection officer does, in the log and the tables. */
export const officer = 'storm';

export async function readRequests(sql: Database): Promise<readonly RequestLine[]> {
  const requests = await sql.all<{ id: number; kind: string; letters: number }>(
    `SELECT r.id, r.kind, (SELECT COUNT(*) FROM client_mails m WHERE m.kind = 'recipient_request'
                             AND m.mail_key LIKE CONCAT('request-', r.id, '-%')) AS letters
       FROM requests r WHERE r.applied_at IS NOT NULL ORDER BY r.id`,
  );
  const subjects = await sql.all<{ id: number; leadId: number }>(
    "SELECT request_id AS id, subject_id AS leadId FROM request_subjects WHERE kind = 'lead' AND applied_at IS NOT NULL",
  );
  const recipients = await sql.all<
    Omit<RecipientLine, 'wasAsked' | 'byHand'> & { id: number; wasAsked: number; byHand: number }
  >(
    `SELECT request_id AS id, lead_id AS leadId, destination_id AS destination, state, asked_at IS NOT NULL AS wasAsked,
            settled_by = ? AS byHand FROM request_recipients`,
    [officer],
  );
  const leadsOf = Map.groupBy(subjects, (one) => one.id);
  const told = Map.groupBy(recipients, (one) => one.id);
  return requests.map(({ id, kind, letters }) => ({
    id,
    kind,
    letters,
    leadIds: (leadsOf.get(id) ?? []).map((one) => one.leadId),
    recipients: (told.get(id) ?? []).map(({ leadId, destination, state, wasAsked, byHand }) => ({
      leadId,
      destination,
      state,
      wasAsked: wasAsked === 1,
      byHand: byHand === 1,
    })),
  }));
}
