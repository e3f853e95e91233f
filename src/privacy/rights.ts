// Rights exercised on a lead: withdrawal of consent and erasure, applied at once in our tables (C21, C22).
// Invariant: they take the lead's lock, as departure does; what departed before is followed by the planner (guarantee 6).
import type { ConsentChannel, ConsentPurpose } from '../domain/lead.ts';
import { RelaisError } from '../errors.ts';
import { insertConsents } from '../store/consents.ts';
import type { Database, Sql } from '../store/database.ts';
import { deliveriesOfLeads, readDeliveries } from '../store/deliveries.ts';
import { addChange, cancelUnsent } from '../store/planning.ts';
import { appendHandovers } from '../store/handovers.ts';
import { lockLeads } from '../store/leads.ts';
import { clearRefusedConsents, removeRefused, removeRefusedOfPerson } from '../store/refused-rows.ts';
import { blankLead, findLeadId, forgetRows } from '../store/rights.ts';
import {
  leaveWithdrawals,
  lockClients,
  markWithdrawn,
  spreadWithdrawals,
  type Reached,
} from '../store/same-person.ts';
import type { LeadSecrets } from '../store/secrets.ts';
import { eraseRefusedOnly, withdrawRefusedOnly } from './refused.ts';

export interface RightsRequest {
  readonly clientId: string;
  /** The centre's reference of the lead. */
  readonly reference: string;
  readonly actor: string;
  readonly reason: string;
}

export interface Rights {
  /**
   * Records the withdrawal of a consent, here and in the other leads of that person whose grants it ends; deliveries read it
   * at departure. Returns the lead's new revision, and which others it reached.
   */
  readonly withdraw: (
    request: RightsRequest & {
      readonly purpose: ConsentPurpose;
      readonly channels: readonly ConsentChannel[];
    },
  ) => Promise<{
    readonly leadId: number;
    readonly revision: number;
    readonly others: readonly Reached[];
    /** There was no lead of this reference, only refused rows. */
    readonly onlyRefused?: true;
  }>;
  /** Blanks the person, cancels what has not departed; erase deliveries are planned for what has. */
  readonly erase: (request: RightsRequest) => Promise<{
    readonly leadId: number;
    readonly cancelled: number;
    readonly alreadyErased: boolean;
    /** Refused rows that went with it; with `leadId` 0 there was no lead, only those. */
    readonly refusedRows: number;
  }>;
}

export interface RightsOptions {
  readonly database: Database;
  readonly secrets: LeadSecrets;
  /** Keeps the revision a recipient may hold before it changes. */
  readonly snapshot: (tx: Sql, leadIds: readonly number[]) => Promise<void>;
  readonly now?: () => Date;
}

export function createRights(options: RightsOptions): Rights {
  const { database } = options;
  const now = options.now ?? database.now;

  const locate = async (
    tx: Sql,
    request: RightsRequest,
  ): Promise<{ leadId: number; revision: number; consentRevision: number; erased: boolean }> => {
    const leadId = await findLeadId(tx, request.clientId, request.reference);
    const lock = leadId === undefined ? undefined : (await lockLeads(tx, [leadId])).get(leadId);
    if (leadId === undefined || lock === undefined) {
      throw new RelaisError(
        'FIND-001',
        `Client ${request.clientId} has no lead with the reference ${request.reference}.`,
      );
    }
    return { leadId, ...lock };
  };

  /** Does the work where no lead has the reference. */
  const hasOnlyRefused = async <T>(
    tx: Sql,
    request: RightsRequest,
    work: (tx: Sql, request: RightsRequest) => Promise<T>,
  ): Promise<T | undefined> =>
    (await findLeadId(tx, request.clientId, request.reference)) === undefined ? work(tx, request) : undefined;

  return {
    withdraw: (request) =>
      database.transaction(async (tx) => {
        if (await hasOnlyRefused(tx, request, withdrawRefusedOnly))
          return { leadId: 0, revision: 0, others: [], onlyRefused: true };
        await lockClients(tx, [request.clientId], 'alone');
        const lead = await locate(tx, request);
        if (lead.erased) throw new RelaisError('LEAD-004', `Lead ${request.reference} has been erased.`);
        await clearRefusedConsents(tx, request);
        await options.snapshot(tx, [lead.leadId]);
        await insertConsents(
          tx,
          request.channels.map((channel) => ({
            clientId: request.clientId,
            leadId: lead.leadId,
            event: {
              purpose: request.purpose,
              channel,
              state: 'withdrawn',
              recordedAt: now(),
              source: 'relais-cli',
            },
          })),
        );
        await markWithdrawn(tx, [lead.leadId]);
        const revision = lead.revision + 1;
        await tx.run(
          'UPDATE leads SET revision = ?, consent_revision = consent_revision + 1, changed_at = UTC_TIMESTAMP(3) WHERE id = ?',
          [revision, lead.leadId],
        );
        await addChange(tx, { clientId: request.clientId, leadId: lead.leadId, revision, kind: 'consent' });
        await appendHandovers(tx, [
          {
            entry: 'withdrawn',
            clientId: request.clientId,
            leadId: lead.leadId,
            actor: request.actor,
            purpose: request.reason,
            leadRevision: revision,
            reason: `${request.purpose}.${request.channels.join('+')}`,
          },
        ]);
        const others = await spreadWithdrawals(tx, {
          touched: [],
          origins: [lead.leadId],
          snapshot: options.snapshot,
          actor: request.actor,
          purpose: request.reason,
        });
        return { leadId: lead.leadId, revision, others };
      }),
    erase: (request) =>
      database.transaction(async (tx) => {
        const refusedOnly = await hasOnlyRefused(tx, request, eraseRefusedOnly);
        if (refusedOnly) return { leadId: 0, cancelled: 0, alreadyErased: false, refusedRows: refusedOnly };
        await lockClients(tx, [request.clientId], 'alone');
        const lead = await locate(tx, request);
        const refusedRows =
          (await removeRefused(tx, request)) +
          (await removeRefusedOfPerson(tx, lead.leadId, request.clientId));
        if (lead.erased) await forgetRows(tx, request.clientId, request.reference);
        if (lead.erased) return { leadId: lead.leadId, cancelled: 0, alreadyErased: true, refusedRows };
        const revision = lead.revision + 1;
        await leaveWithdrawals(tx, lead.leadId);
        await blankLead(tx, lead.leadId, request.clientId, request.reference, revision);
        // A new secret: digests of what was sent say nothing any more, the erase delivery can still be proved.
        await options.secrets.replace(tx, lead.leadId);
        const open = (await deliveriesOfLeads(tx, [lead.leadId]))
          .filter((delivery) => delivery.action !== 'erase')
          .map((delivery) => delivery.id);
        const cancelled = await cancelUnsent(tx, open, 'erased', true);
        await addChange(tx, { clientId: request.clientId, leadId: lead.leadId, revision, kind: 'erased' });
        await appendHandovers(tx, [
          {
            entry: 'erased',
            clientId: request.clientId,
            leadId: lead.leadId,
            actor: request.actor,
            purpose: request.reason,
            leadRevision: revision,
          },
          ...(await readDeliveries(tx, cancelled)).map((row) => ({
            entry: 'cancelled' as const,
            clientId: row.clientId,
            destinationId: row.destinationId,
            deliveryId: row.id,
            leadId: row.leadId,
            run: row.run,
            attempt: row.attempt,
            action: row.action,
            actor: request.actor,
            reason: 'erased',
          })),
        ]);
        return { leadId: lead.leadId, cancelled: cancelled.length, alreadyErased: false, refusedRows };
      }),
  };
}
