// Withdraws consent, records objections and erases on a lead, at once in our tables (C21, C22).
// Invariant: they take the lead's lock, as departure does; the planner sends an update or an erase after an earlier departure (guarantee
// 6).
import type { ConsentChannel, ConsentPurpose } from '../domain/lead.ts';
import { erasedLead, unknownLead, leadComingIn } from '../errors/unknown.ts';
import { insertConsents } from '../store/leads/consents.ts';
import type { Database, Sql } from '../store/database.ts';
import { deliveriesOfLeads, readDeliveries } from '../store/deliveries/deliveries.ts';
import { appendHandovers, type HandoverEntry, entryAbout, appendHandover } from '../store/log/handovers.ts';
import { noteErasedLead } from '../store/backups/erasures-unwritten.ts';
import { addChange } from '../store/leads/lead-changes.ts';
import { cancelUnsent } from '../store/deliveries/planned-deliveries.ts';
import { lockLeads } from '../store/leads/leads.ts';
import { leadHeads } from '../store/people/person-records.ts';
import { refuseNames, refuseNamesOfRows } from '../store/people/persons-names.ts';
import { removeRefusedOfLeads } from '../store/people/refused-of-person.ts';
import { clearRefusedConsents, removeRefused, anyRefused, isComingIn } from '../store/intake/refused-rows.ts';
import { blankLead, findLeadId, forgetRows, raiseConsentRevision } from '../store/leads/rights.ts';
import { markRestricted } from '../store/leads/restrictions.ts';
import { lockClients } from '../store/client-locks.ts';
import { markWithdrawn, spreadWithdrawals, type Reached } from '../store/people/same-person.ts';
import type { LeadSecrets } from '../store/secrets.ts';
import { keepErasure, keepErasureOfRows, keepOpposition, object, type Objection } from './oppositions.ts';
import { proved, type ProofDeps } from './proofs/prove.ts';
import { writeNote, type ClientNote } from '../client-mails/notes.ts';
import { capital, optInWords, takenBackWords } from '../domain/lead-values.ts';
import type { OptIn } from '../domain/opposition.ts';
import { changedLines } from './proofs/proof-page.ts';
import type { SignedProof } from './proofs/proof.ts';

export interface RightsRequest {
  readonly clientId: string;
  /** The centre's reference of the lead. */
  readonly reference: string;
  readonly actor: string;
  readonly reason: string;
  /** `taken`: also of a client that has moved to another installation; by default that is refused. */
  readonly moved?: 'taken';
}

export interface WithdrawalRequest extends RightsRequest {
  readonly purpose: ConsentPurpose;
  readonly channels: readonly ConsentChannel[];
}

export interface WithdrawalResult {
  readonly leadId: number;
  readonly revision: number;
  /** Other leads of that person whose grants the withdrawal ended. */
  readonly others: readonly Reached[];
  /** There was no lead of this reference, only refused rows. */
  readonly onlyRefused?: true;
}

export interface ErasureResult {
  readonly leadId: number;
  readonly cancelled: number;
  readonly alreadyErased: boolean;
  /** Refused rows that were erased with it; with `leadId` 0 there was no lead, only those. */
  readonly refusedRows: number;
  /** Number of its proof (C23); none where nothing was left to erase. */
  readonly proof?: number;
}

export interface Rights {
  /** Records the withdrawal of a consent, here and in the other leads of that person; deliveries read it at departure. */
  readonly withdraw: (request: WithdrawalRequest) => Promise<WithdrawalResult>;
  /** Puts a person on the client's opposition list; leads that have the address record it at once. */
  readonly object: (objection: Objection) => Promise<readonly Reached[]>;
  /** Blanks the person, cancels undeparted deliveries and plans erase deliveries for departed ones. */
  readonly erase: (request: RightsRequest) => Promise<ErasureResult>;
}

export interface RightsOptions {
  readonly database: Database;
  readonly secrets: LeadSecrets;
  /** Keeps the revision a recipient may have before it changes. */
  readonly snapshot: (tx: Sql, leadIds: readonly number[]) => Promise<void>;
  /** Key of the digests of addresses on the opposition list. */
  readonly oppositionKey: Buffer;
  /** Needs of the signed proof of an erasure; without them no proof is made. */
  readonly proofs?: ProofDeps;
  readonly now?: () => Date;
}

export function createRights(options: RightsOptions): Rights {
  const { database } = options;
  return {
    withdraw: (request) =>
      database.transaction(async (tx) => {
        const { purpose, channels } = request;
        const optIns = channels.map((channel) => ({ purpose, channel }));
        const done = await withdrawWithin(tx, options, { ...request, optIns });
        if (done.onlyRefused !== true) await noteOfWithdrawal(tx, request, request);
        return done;
      }),
    object: (objection) =>
      database.transaction(async (tx) => {
        const reached = await object(tx, options, objection);
        await noteOfObjection(tx, objection, objection.optIns);
        return reached;
      }),
    erase: (request) => database.transaction((tx) => eraseProved(tx, options, request)),
  };
}

/** Erases with a proof, where something is left to erase. */
async function eraseProved(tx: Sql, options: RightsOptions, request: RightsRequest): Promise<ErasureResult> {
  const { clientId, reference, actor } = request;
  // Waits for an erasure of the same lead in another process: one erasure has one proof and one note.
  await lockClients(tx, [clientId], 'alone');
  const leadId = await findLeadId(tx, clientId, reference);
  const lead = leadId === undefined ? undefined : (await leadHeads(tx, [leadId]))[0];
  if (options.proofs === undefined || leadId === undefined || lead?.erasedAt !== null)
    return eraseWithin(tx, options, request);
  const on = { act: 'erasure' as const, clientId, leadIds: [leadId], actor };
  const { result, proof } = await proved(tx, options.proofs, on, () => eraseWithin(tx, options, request));
  await noteOfErasure(tx, request, proof);
  return { ...result, proof: proof.number };
}

/** In the caller's transaction, before any lead is locked. All opt-ins are one change: recipients get one update, or one letter. */
export async function withdrawWithin(
  tx: Sql,
  options: RightsOptions,
  request: RightsRequest & { readonly optIns: readonly OptIn[] },
): Promise<WithdrawalResult> {
  const { clientId, actor, optIns } = request;
  // First of all: a lead that is coming in at this moment is waited for, and found.
  const isKnown = (await lockClients(tx, [clientId], 'alone')).has(clientId);
  if (!isKnown && (await hasOnlyRefused(tx, request, withdrawRefusedOnly)))
    return { leadId: 0, revision: 0, others: [], onlyRefused: true };
  const lead = await lockedLead(tx, request);
  const { leadId } = lead;
  if (lead.erased) throw erasedLead(request.reference);
  await clearRefusedConsents(tx, request);
  await options.snapshot(tx, [leadId]);
  const recordedAt = (options.now ?? options.database.now)();
  const revision = lead.revision + 1;
  await insertConsents(
    tx,
    optIns.map((optIn) => ({
      clientId,
      leadId,
      revision,
      event: { ...optIn, state: 'withdrawn', recordedAt, source: 'relais-cli' },
    })),
  );
  await markWithdrawn(tx, [leadId]);
  await raiseConsentRevision(tx, leadId, revision);
  await addChange(tx, { clientId, leadId, revision, kind: 'consent' });
  await appendHandovers(
    tx,
    [...Map.groupBy(optIns, ({ purpose }) => purpose)].map(([purpose, own]) => ({
      entry: 'withdrawn' as const,
      clientId,
      leadId,
      actor,
      purpose: request.reason,
      leadRevision: revision,
      reason: `${purpose}.${own.map(({ channel }) => channel).join('+')}`,
    })),
  );
  const others = await spreadWithdrawals(tx, {
    touched: [],
    origins: [leadId],
    oppositionKey: options.oppositionKey,
    snapshot: options.snapshot,
    actor,
    purpose: request.reason,
  });
  return { leadId, revision, others };
}

/** In the caller's transaction, before any lead is locked. */
export async function eraseWithin(
  tx: Sql,
  { secrets, oppositionKey }: RightsOptions,
  request: RightsRequest,
): Promise<ErasureResult> {
  const { clientId, reference, actor, moved } = request;
  // First of all: a lead that is coming in at this moment is waited for, and found.
  const isKnown = (await lockClients(tx, [clientId], 'alone', moved)).has(clientId);
  if (isKnown) await keepErasureOfRows(tx, oppositionKey, clientId, { reference });
  const refusedOnly = isKnown ? 0 : await hasOnlyRefused(tx, request, eraseRefusedOnly);
  if (refusedOnly) await noteErasedLead(tx, { clientId, leadId: 0, reference }, 'erased');
  if (refusedOnly) return { leadId: 0, cancelled: 0, alreadyErased: false, refusedRows: refusedOnly };
  const { leadId, erased, revision: before } = await lockedLead(tx, request);
  const refusedRows =
    (await removeRefused(tx, request)) +
    (await removeRefusedOfLeads(tx, { clientId, leadIds: [leadId], key: oppositionKey }));
  if (erased) {
    if (refusedRows > 0) await noteErasedLead(tx, { clientId, leadId, reference }, 'erased');
    await forgetRows(tx, clientId, reference);
    return { leadId, cancelled: 0, alreadyErased: true, refusedRows };
  }
  // The log checks for names too, but the lead is blank by then.
  await refuseNames(tx, [leadId], request.reason);
  const revision = before + 1;
  const opposed = await keepOpposition(tx, oppositionKey, { clientId, leadId, actor });
  await keepErasure(tx, oppositionKey, leadId);
  await blankLead(tx, leadId, clientId, reference, revision);
  // A new secret: digests of earlier contents reveal nothing any more; the erase delivery can still be proved.
  await secrets.replace(tx, leadId);
  const open = (await deliveriesOfLeads(tx, [leadId])).filter(({ action }) => action !== 'erase');
  const cancelled = await cancelUnsent(
    tx,
    open.map(({ id }) => id),
    'erased',
    true,
  );
  await addChange(tx, { clientId, leadId, revision, kind: 'erased' });
  await appendHandovers(
    tx,
    [
      ...opposed,
      { entry: 'erased', clientId, leadId, actor, purpose: request.reason, leadRevision: revision },
      ...(await readDeliveries(tx, cancelled)).map((row) =>
        entryAbout(row, 'cancelled', actor, { reason: 'erased' }),
      ),
    ],
    moved === undefined ? {} : { moved },
  );
  return { leadId, cancelled: cancelled.length, alreadyErased: false, refusedRows };
}

/** Restricts the processing of a lead (GDPR article 18), in the caller's transaction: nothing of it is sent until it is lifted. */
export async function restrictWithin(
  tx: Sql,
  snapshot: RightsOptions['snapshot'],
  {
    reason,
    ...lead
  }: {
    readonly clientId: string;
    readonly leadId: number;
    readonly actor: string;
    readonly reason: string;
  },
): Promise<void> {
  const { leadId } = lead;
  const leadRevision = ((await lockLeads(tx, [leadId])).get(leadId)?.revision ?? 0) + 1;
  await snapshot(tx, [leadId]);
  await markRestricted(tx, leadId, leadRevision);
  await appendHandover(tx, { entry: 'restricted', ...lead, purpose: reason, leadRevision });
}

/** @throws FIND-001 */
async function lockedLead(
  tx: Sql,
  { clientId, reference }: RightsRequest,
): Promise<{ readonly leadId: number; readonly revision: number; readonly erased: boolean }> {
  const leadId = await findLeadId(tx, clientId, reference);
  const lock = leadId === undefined ? undefined : (await lockLeads(tx, [leadId])).get(leadId);
  if (leadId === undefined || lock === undefined) throw unknownLead(clientId, reference);
  return { leadId, ...lock };
}

// Applies rights to refused intake rows under a client that does not exist (C21, C22): there is nobody to open a request for. Those of
// a client are erased and changed by a request only (`requests/apply-lead.ts`).
// Invariant: every step is an entry of the log; a refused row was never sent, so no recipient has to be notified.

/** Runs the work where no lead has the reference. @throws FIND-001 where a lead of it is coming in, which the work would miss */
async function hasOnlyRefused<T>(
  tx: Sql,
  request: RightsRequest,
  work: (tx: Sql, request: RightsRequest) => Promise<T>,
): Promise<T | undefined> {
  const leadId = await findLeadId(tx, request.clientId, request.reference);
  if (leadId !== undefined) return undefined;
  await refuseNamesOfRows(tx, request, request.reason);
  const done = await work(tx, request);
  // Checked last: the work waited for the lock of a refused row that support is handing in again.
  if (Boolean(done) && (await isComingIn(tx, request))) throw leadComingIn(request.reference);
  return done;
}

/** Where no lead has the reference: erases its refused rows. Returns how many; 0: there are none. */
async function eraseRefusedOnly(tx: Sql, request: RightsRequest): Promise<number> {
  const count = await removeRefused(tx, request);
  if (count > 0) await noteRefused(tx, 'erased', request, count);
  return count;
}

/** Where no lead has the reference: removes the consents from its refused rows. False: there are none. */
async function withdrawRefusedOnly(tx: Sql, request: RightsRequest): Promise<boolean> {
  if (!(await anyRefused(tx, request))) return false;
  await noteRefused(tx, 'withdrawn', request, await clearRefusedConsents(tx, request));
  return true;
}

async function noteRefused(
  tx: Sql,
  entry: HandoverEntry,
  request: RightsRequest,
  count: number,
): Promise<void> {
  await appendHandover(tx, {
    entry,
    // A client id that no client has may be any text, a person's data included: it is not logged.
    clientId: '',
    actor: request.actor,
    purpose: request.reason,
    reason: `refused_rows:${count}`,
  });
}

// Writes the note to the client about a right exercised by hand, without a request of its own (C48).
// Invariant: last in the transaction of the act; it names fields and opt-ins, never a value and never a lead.

interface ByHand {
  readonly clientId: string;
  readonly actor: string;
  readonly reason: string;
}

const note = async (
  tx: Sql,
  { clientId, actor, reason }: ByHand,
  what: Pick<ClientNote, 'kind' | 'title' | 'changes'>,
): Promise<void> => {
  await writeNote(tx, {
    ...what,
    clientId,
    doneBy: actor,
    document: reason,
    askedBy: 'la personne concernée',
  });
};

const noteOfErasure = (tx: Sql, by: ByHand, proof: SignedProof): Promise<void> =>
  note(tx, by, {
    kind: 'person_erased',
    title: 'données d’une personne effacées de nos bases',
    changes: [...changedLines(proof.tables), `Preuve signée n° ${proof.number}`],
  });

const noteOfWithdrawal = (
  tx: Sql,
  by: ByHand,
  optIn: { readonly purpose: string; readonly channels: readonly string[] },
): Promise<void> =>
  note(tx, by, {
    kind: 'consent_withdrawn',
    title: 'retrait du consentement d’une personne',
    changes: optIn.channels.map(
      (channel) => `${capital(optInWords(`${optIn.purpose}.${channel}`))} : ${takenBackWords('withdrawal')}`,
    ),
  });

const noteOfObjection = (tx: Sql, by: ByHand, optIns: readonly OptIn[]): Promise<void> =>
  note(tx, by, {
    kind: 'person_objected',
    title: 'coordonnées d’une personne inscrites sur votre liste d’opposition',
    changes: optIns.map(
      ({ purpose, channel }) =>
        `${capital(optInWords(`${purpose}.${channel}`))} : ${takenBackWords('objection')}`,
    ),
  });
