// Reads a request for display: its demand, leads, recipients and missing steps.
// Invariant: masks nothing because it contains nothing of the person; the one letter with values is an entry of the log.
import { closingProblems, isInformed, takesBack } from '../../domain/requests.ts';
import type { LeadColumn } from '../../domain/lead-fields/columns.ts';
import { readFacts } from '../../store/leads/lead-writes.ts';
import type { PersonName } from '../../domain/person-name.ts';
import { appendHandovers } from '../../store/log/handovers.ts';
import { namesOfLeads } from '../../store/people/person-records.ts';
import { readRecipients } from '../../store/people/request-recipients.ts';
import { readSubjects, readEffects, type RequestSubject, type Request } from '../../store/people/requests.ts';
import { existingRequest, heldRequest, noRecipient, requestName, type RequestDeps } from './deps.ts';
import { demandsOf } from './documents.ts';
import { followRecipients, letterFor } from './follow.ts';
import { writtenLetter, type WrittenLetter } from './letters.ts';
import { optInName } from '../../domain/anomaly.ts';
import { currentConsent } from '../../domain/consent.ts';
import type { ConsentRecord, ConsentState } from '../../domain/lead.ts';
import { oppositionSource, repeatSource, takenBackBy, type OptIn } from '../../domain/opposition.ts';
import { readConsents } from '../../store/leads/consents.ts';
import type { Sql } from '../../store/database.ts';
import { optInsOf } from './opt-outs.ts';

export type RequestStory = Readonly<Awaited<ReturnType<typeof showRequest>>>;

/** @throws FIND-001 */
export async function showRequest({ database }: Pick<RequestDeps, 'database'>, id: number) {
  await database.transaction(async (tx) => {
    const request = await heldRequest(tx, id);
    if (request.state !== 'closed') await followRecipients(tx, request);
  });
  const request = await existingRequest(database, id);
  const recipients = await readRecipients(database, id);
  const { state } = request;
  const subjects = await readSubjects(database, id);
  const isBegun = subjects.some(({ appliedAt }) => appliedAt !== null);
  return {
    request,
    recipients,
    demands: await demandsOf(database, id),
    subjects,
    /** Changes of an objection or a withdrawal that is still to be confirmed. */
    changing:
      takesBack(request.kind) && state === 'open' && request.confirmedAt === null
        ? await leadsThatChange(database, request, subjects)
        : [],
    effects: await readEffects(database, id),
    missing:
      state === 'closed'
        ? []
        : closingProblems({ state, isBegun, isInformed: isInformed(request), recipients }, 'done'),
  };
}

/** Names on its leads, by lead, for an officer to tell persons apart; each is an entry of the log (C39). @throws FIND-001 */
export async function namesOfRequest(
  { database }: Pick<RequestDeps, 'database'>,
  id: number,
  { actor, reason }: { readonly actor: string; readonly reason: string },
): Promise<ReadonlyMap<number, PersonName>> {
  const { clientId } = await existingRequest(database, id);
  const leadIds = (await readSubjects(database, id)).flatMap(({ kind, subjectId }) =>
    kind === 'lead' ? [subjectId] : [],
  );
  await database.transaction((tx) =>
    appendHandovers(
      tx,
      leadIds.map((leadId) => ({
        entry: 'revealed' as const,
        clientId,
        leadId,
        actor,
        purpose: `${requestName(id)}: ${reason}`,
      })),
    ),
  );
  return namesOfLeads(database, leadIds);
}

/**
 * The letter to one recipient, for paper or an agreed channel; a correction carries the new values, which is logged.
 * @throws FIND-001
 */
export async function recipientLetterOf(
  { database, proofs }: Pick<RequestDeps, 'database' | 'proofs'>,
  id: number,
  { destinationId, actor }: { readonly destinationId: string; readonly actor: string },
): Promise<WrittenLetter> {
  const request = await existingRequest(database, id);
  const group = (await readRecipients(database, id)).filter((one) => one.destinationId === destinationId);
  if (group.length === 0) throw noRecipient(id, destinationId);
  const by = {
    requestId: id,
    contact: proofs?.contact ?? { centre: null, dpo: null, mailbox: null },
    at: database.now(),
  };
  if (request.kind !== 'rectification') return writtenLetter(await letterFor(database, request, group), by);
  const { clientId } = request;
  await database.transaction((tx) =>
    appendHandovers(
      tx,
      group.map(({ leadId }) => ({
        entry: 'revealed' as const,
        clientId,
        leadId,
        destinationId,
        actor,
        purpose: `${requestName(id)}: letter`,
      })),
    ),
  );
  const columns = (await readEffects(database, id)).flatMap((effect) =>
    effect.columns.split(' ').map((change) => change.split('=')[0] as LeadColumn),
  );
  const first = group[0]?.leadId ?? 0;
  const facts = (await readFacts(database, [first], [...new Set(columns)])).get(first) ?? {};
  const values = new Map(Object.entries(facts).map(([column, value]) => [column, String(value)]));
  return writtenLetter(await letterFor(database, request, group, values), by);
}

// Previews the leads and answers that an objection or a withdrawal would change. Reads only.
// Invariant: judged by the rules that apply it: an unselected lead changes too where it shares an address with a selected one.

export interface ChangingAnswer {
  /** `marketing.email` */
  readonly optIn: string;
  /** The present answer; undefined: none was recorded. */
  readonly before: ConsentState | undefined;
}

interface ChangingLead {
  readonly reference: string;
  readonly ifTicked: readonly ChangingAnswer[];
  /** Unselected leads that share an address with a selected one. */
  readonly besides: readonly ChangingAnswer[];
}

async function leadsThatChange(
  sql: Sql,
  request: Request,
  subjects: readonly RequestSubject[],
): Promise<readonly ChangingLead[]> {
  const leads = subjects.filter(({ kind, erasedAt }) => kind === 'lead' && erasedAt === null);
  const consents = await readConsents(
    sql,
    leads.map(({ subjectId }) => subjectId),
  );
  const [optIns, now] = [optInsOf(request), sql.now()];
  return leads.flatMap(({ subjectId, reference }) => {
    const own = consents.get(subjectId) ?? [];
    const answer = (optIn: OptIn): ChangingAnswer => ({
      optIn: optInName(optIn),
      before: currentConsent(own, optIn.purpose, optIn.channel, now)?.state,
    });
    const spread = takenBackBy(own, said(request, optIns, now), now).map(answer);
    const ifTicked =
      request.kind === 'objection'
        ? spread
        : optIns.map(answer).filter(({ before }) => before !== 'withdrawn');
    return reference === null ? [] : [{ reference, ifTicked, besides: spread }];
  });
}

/** As it would be recorded now. */
const said = ({ kind }: Request, optIns: readonly OptIn[], now: Date): readonly ConsentRecord[] =>
  optIns.map((optIn) => ({
    ...optIn,
    state: 'withdrawn',
    recordedAt: now,
    receipt: Number.MAX_SAFE_INTEGER,
    source: kind === 'objection' ? oppositionSource : repeatSource(0),
  }));
