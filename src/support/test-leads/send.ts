// Sends an invented lead to a destination as a test, for a client or the centre.
// Invariant: to the client's sandbox where it has one, else only under a live authorisation; in the log before the first
// byte leaves, and its outcome after; a few an hour; no delivery, no lead and no person is stored.
import { randomBytes } from 'node:crypto';
import { connectorOf } from '../../../connectors/index.ts';
import { civilDate } from '../../domain/civil-date.ts';
import {
  coveringAuthorisation,
  liveAuthorisations,
  targetKey,
  type Authorisation,
} from '../../domain/destination.ts';
import { nothingPublished } from '../../errors/unknown.ts';
import type { CompiledMapping, MappingSources } from '../../mapping/contract.ts';
import { readAuthorisations } from '../../store/destinations/authorisations.ts';
import type { Sql } from '../../store/database.ts';
import { lockDestination, type Destination } from '../../store/destinations/destinations.ts';
import { appendHandovers } from '../../store/log/handovers.ts';
import { readVersions } from '../../store/destinations/mapping-versions.ts';
import { lockClients } from '../../store/client-locks.ts';
import {
  countTestLeads,
  insertTestLead,
  settleTestLead,
  recentTestLeads,
  type TestLeadRow,
} from '../../store/deliveries/support-writes.ts';
import type { Acting } from '../acts/act.ts';
import type { RotatePlace } from '../acts/rotate-secret.ts';
import type { TestPlace } from '../destination-test.ts';
import { whyNotWritten } from '../mappings/diff-words.ts';
import { type Scope, seenDestination } from '../place.ts';
import * as refused from './recipient.ts';
import { testLead, clientPlace, ownPlace, type TrialRecipient } from './recipient.ts';
import { readBackAndRemove } from './came-back.ts';
import { sendTrial, wentWell, type TrialInput, type TrialMessage } from './trial.ts';

/** Tests of one destination in an hour: enough to repair a form, too few to fill a CRM. */
export const mostTestLeads = 5;
const hourSeconds = 3_600;
/** Connectors that send each lead by itself; a file, a text message or a fetched lead is tried in a sandbox only. */
const carriedAlone: readonly string[] = ['webhook', 'email'];

export type SentTestLead = Awaited<ReturnType<typeof sendTestLead>>;

interface Trying {
  readonly destination: Destination;
  readonly mapping: CompiledMapping;
  readonly sources: MappingSources;
  readonly to: TestLeadRow['place'];
  readonly recipient: TrialRecipient;
  /** Undefined for a sandbox, which the contract alone allows. */
  readonly authorisation: Authorisation | undefined;
}

/** @throws FIND-001, MAPPING-002 without a mapping, DEST-001 where it may not be sent now, SANDBOX-001 */
export async function sendTestLead(place: RotatePlace, { scope, actor }: Acting, id: string) {
  const trying = await tryingOf(place, scope, id);
  const { database } = place;
  const { mapping, sources, recipient } = trying;
  const now = database.now();
  const reference = `TEST-${civilDate(now).replaceAll('-', '')}-${randomBytes(3).toString('hex')}`;
  const lead = testLead(mapping, sources, { reference, now });
  const connector = connectorOf(mapping.connector);
  if (lead === undefined || connector === undefined) throw nothingPublished(id);
  const row = await noted(place, trying, { actor, reference });
  const input: TrialInput = {
    mapping,
    lead,
    connector,
    place: recipient,
    whole: {},
    now: database.now,
    categories: trying.authorisation?.categories ?? mapping.client.categories,
  };
  const sent = await sendTrial(input);
  const told = toldOf(sent);
  const isTaken = wentWell(sent);
  await settled(place, trying, { row, actor }, sent, told);
  const removes = scope.clientId === undefined;
  const back = isTaken ? await readBackAndRemove(input, sent, { removes }) : { isWhole: false, notes: [] };
  return {
    ...told,
    /** For an unrenderable lead the reasons, line by line; for an accepted one the missing fields, and whether it was removed. */
    notes: [...told.notes, ...back.notes],
    reference,
    place: trying.to,
    isTaken,
    /** Every comparable field came back. */
    isWhole: back.isWhole,
  };
}

async function tryingOf(place: RotatePlace, scope: Scope, id: string): Promise<Trying> {
  const { database, config } = place;
  const destination = await seenDestination(database, scope, id);
  const mapping = await place.published.version(destination.mappingVersionId);
  const [version] = await readVersions(database, [destination.mappingVersionId]);
  if (mapping === undefined || version === undefined) throw nothingPublished(id);
  const sources = JSON.parse(version.sources) as MappingSources;
  // A rotated secret signs the test too.
  await place.rotated.refresh();
  const means = {
    network: config.network,
    secrets: place.rotated.secretsFor(id),
    credentials: place.credentials(mapping.clientId),
  };
  const common = { destination, mapping, sources };
  if (mapping.sandbox !== undefined) {
    const { hosts, mailboxes, folders } = mapping.client;
    const contract = [...hosts, ...mailboxes, ...folders].map(targetKey);
    const recipient = clientPlace(mapping, mapping, means, contract);
    return { ...common, to: 'sandbox', recipient, authorisation: undefined };
  }
  const authorisation = await authorised(place, destination, mapping);
  const recipient = ownPlace(mapping, means, authorisation.targets);
  return { ...common, to: 'production', recipient, authorisation };
}

/** Checks that the destination may send now, to an authorised recipient, like a real lead (C17 to C19). @throws DEST-001 */
async function authorised(
  { database, config }: TestPlace,
  { id, status }: Destination,
  mapping: CompiledMapping,
): Promise<Authorisation> {
  if (!carriedAlone.includes(mapping.connector)) throw refused.takenForReal(id, mapping.connector);
  if (status !== 'active') throw refused.notActive(id, status);
  if (mapping.secretNames.some((name) => config.secrets(name).length === 0)) throw refused.notSetUp(id);
  const all = (await readAuthorisations(database, [id])).get(id) ?? [];
  const targets = mapping.actions.create?.targets ?? [];
  const covering = coveringAuthorisation(all, targets, mapping.categories, database.now());
  if (covering === undefined) throw refused.nobodyAuthorised(id);
  return covering;
}

/** Counted and inserted under the destination's lock, before anything leaves. Returns the row's number. */
const noted = (
  { database }: TestPlace,
  { destination, mapping, to, authorisation }: Trying,
  { actor, reference }: { readonly actor: string; readonly reference: string },
): Promise<number> =>
  database.transaction(async (tx) => {
    const { id, clientId, connector, mappingVersionId } = destination;
    // A closing client waits for our lock, or we find it closed (C55).
    if ((await lockClients(tx, [clientId], 'shared')).get(clientId)?.closed !== false)
      throw refused.contractEnded(clientId);
    const locked = await lockDestination(tx, id);
    if (authorisation !== undefined) await requireStill(tx, locked, authorisation);
    if ((await countTestLeads(tx, id, hourSeconds)) >= mostTestLeads)
      throw refused.tooMany(id, mostTestLeads);
    const row = await insertTestLead(tx, { clientId, destinationId: id, reference, place: to, actor });
    await appendHandovers(tx, [
      {
        entry: 'test_lead',
        clientId,
        destinationId: id,
        actor,
        connector,
        mappingVersionId,
        purpose: reference,
        reason: to,
        target:
          (to === 'sandbox' ? mapping.sandbox?.targets : mapping.actions.create?.targets)?.join(' ') ?? '',
        ...(authorisation === undefined
          ? {}
          : { recipient: authorisation.recipient, authorisationId: authorisation.id }),
      },
    ]);
    return row;
  });

/** Reads the authorisation again under the lock: it may have been revoked since (C18). @throws DEST-001 */
async function requireStill(
  tx: Sql,
  destination: Destination | undefined,
  { id, destinationId }: Authorisation,
): Promise<void> {
  const all = (await readAuthorisations(tx, [destinationId], true)).get(destinationId) ?? [];
  const isLive = liveAuthorisations(all, tx.now()).some((one) => one.id === id);
  if (!isLive || destination?.status !== 'active') throw refused.noMore(destinationId);
}

type Told = ReturnType<typeof toldOf>;

function toldOf(sent: readonly TrialMessage[]) {
  const last = sent.findLast(({ kind }) => kind !== 'not made');
  if (last === undefined || last.kind === 'not made') return { outcome: 'invalid', reason: '', notes: [] };
  if (last.kind === 'not written')
    return { outcome: 'invalid', reason: last.result.why, notes: whyNotWritten(last.result) };
  const { outcome } = last;
  return { outcome: outcome.kind, reason: 'reason' in outcome ? outcome.reason : '', notes: [] };
}

const settled = (
  { database }: TestPlace,
  { destination: { id, clientId, connector } }: Trying,
  { row, actor }: { readonly row: number; readonly actor: string },
  sent: readonly TrialMessage[],
  told: Told,
): Promise<void> =>
  database.transaction(async (tx) => {
    const last = sent.findLast((message) => message.kind === 'sent');
    const evidence = last?.outcome.evidence;
    await settleTestLead(tx, row, told);
    await appendHandovers(tx, [
      {
        entry: 'test_outcome',
        clientId,
        destinationId: id,
        actor,
        connector,
        reason: told.reason === '' ? told.outcome : `${told.outcome}:${told.reason}`,
        ...(last === undefined ? {} : { outcome: last.outcome.kind }),
        ...(evidence?.status === undefined ? {} : { status: evidence.status }),
        ...(evidence?.answerBytes === undefined ? {} : { answerBytes: evidence.answerBytes }),
        ...(evidence?.durationMs === undefined ? {} : { durationMs: evidence.durationMs }),
      },
    ]);
  });

// Reads the page of a test lead: its target, and the results of the latest ones.
// Invariant: reads only, within the reader's scope.

export type { TestLeadRow } from '../../store/deliveries/support-writes.ts';

/** Newest first. @throws FIND-001 */
export async function testLeadsSent(
  { database }: Pick<TestPlace, 'database'>,
  scope: Scope,
  id: string,
  limit = 10,
): Promise<readonly TestLeadRow[]> {
  const found = await seenDestination(database, scope, id);
  return recentTestLeads(database, found.id, limit);
}

interface TestLeadOffer {
  readonly client: string;
  /** Its target; undefined: it may be sent nowhere. */
  readonly to: TestLeadRow['place'] | undefined;
}

/** Facts for the page before a test is sent. @throws FIND-001 */
export async function testLeadOffer(place: TestPlace, scope: Scope, id: string): Promise<TestLeadOffer> {
  const found = await seenDestination(place.database, scope, id);
  const mapping = await place.published.version(found.mappingVersionId);
  const to =
    mapping?.sandbox !== undefined
      ? 'sandbox'
      : mapping !== undefined && carriedAlone.includes(mapping.connector)
        ? 'production'
        : undefined;
  return { client: found.clientId, to };
}
