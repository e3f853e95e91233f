// Reads mails that come back after the server accepted them: the delivery has failed, with an alert, and can be replayed.
// Invariant: only a mail with a tag of ours moves a delivery, and only the delivery of that tag; one process reads at a time, and a report
// is removed after its effect is committed.
import type {
  Connector,
  Handled,
  NetworkPolicy,
  Returned,
  ReturnsRead,
} from '../../../connectors/contract.ts';
import { reasonWith } from '../../domain/delivery.ts';
import { namelessCode } from '../../domain/names-in-text.ts';
import type { KeyRing } from '../../domain/key-ring.ts';
import { isOurs, tagsIn, type FoundTag } from '../../domain/return-tag.ts';
import { foreignCode } from '../../errors.ts';
import type { Log } from '../../log.ts';
import { namesOf } from '../../store/people/persons-names.ts';
import { raiseAgainAfter, raiseAlerts, type Alert, alertAbout } from '../../store/alerts/alerts.ts';
import { alone } from '../../store/alone.ts';
import { isBounceLogged } from '../../store/deliveries/bounces.ts';
import { isStoreTrouble, type Database, type Sql } from '../../store/database.ts';
import { lockDeliveries, readDeliveries, type Delivery } from '../../store/deliveries/deliveries.ts';
import { markSettled } from '../../store/deliveries/delivery-settlements.ts';
import { forgetTakenBy, noteTaken, takings } from '../../store/deliveries/delivery-targets.ts';
import { appendHandovers, entryAbout } from '../../store/log/handovers.ts';
import { lockLeads } from '../../store/leads/leads.ts';
import { isElsewhere } from '../../store/client-locks.ts';
import type { Published } from '../trip/mapping-cache.ts';
import { unspent } from '../outcome/effects.ts';

export interface BounceNeeds {
  readonly database: Database;
  readonly published: Pick<Published, 'version'>;
  readonly connectors: Readonly<Record<string, Connector>>;
  readonly masterKeys: KeyRing;
  readonly network: NetworkPolicy;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** One reading of the mailbox may take so long. */
const readingMs = 45_000;
const alertAgainSeconds = 3_600;

/** Reads what came back. Returns whether there may be more at once. */
export async function readBounces(needs: BounceNeeds, url: string): Promise<boolean> {
  let more = false;
  for (const connector of Object.values(needs.connectors)) {
    const read = connector.returns?.read;
    if (read === undefined) continue;
    const context = { network: needs.network, signal: needs.signal, timeoutMs: readingMs };
    const result = await alone(needs.database, 'bounces', () =>
      read(url, context, (returned) => orForeign(needs.log, handleReturned(needs, connector, returned))),
    );
    if (result === undefined) continue;
    await report(needs, result);
    more ||= result.ok && result.more;
  }
  return more;
}

/** A report that breaks its taking is left for a person, like one that no delivery knows: the next ones are read. */
export const orForeign = <T>(log: Log, handled: Promise<T>): Promise<T | 'foreign'> =>
  handled.catch((error: unknown) => {
    if (isStoreTrouble(error)) throw error;
    log.error('bounce.failed', { code: foreignCode(error) });
    return 'foreign';
  });

async function report(
  { database, log }: BounceNeeds,
  result: ReturnsRead | { readonly ok: false; readonly code: string },
): Promise<void> {
  if (!result.ok) {
    log.warn('bounce.failed', { code: result.code });
    return raiseHourly(database, { kind: 'bounces_unread', reason: result.code });
  }
  if (result.done + result.foreign > 0) log.info('bounce.read', { count: result.done });
  if (result.foreign > 0)
    await raiseHourly(database, { kind: 'bounce_unmatched', reason: String(result.foreign) });
}

/** Each cause of unread bounces by itself: Amazon tells the end of a subscription once, also while the mailbox is unreadable. */
export const raiseHourly = (database: Database, alert: Alert): Promise<void> =>
  raiseAgainAfter(
    database,
    alert,
    alertAgainSeconds,
    alert.kind === 'bounces_unread' ? 'by reason' : undefined,
  );

/** The next step for a mail that came back. */
export async function handleReturned(
  needs: Pick<BounceNeeds, 'database' | 'published' | 'masterKeys'>,
  connector: Connector,
  { text, kind, failures }: Returned,
): Promise<Handled> {
  const found = await deliveryOf(needs, text);
  if (found === undefined) return 'foreign';
  // A notice of absence has been received; of ours that is no report a person reads.
  if (kind !== 'report') return kind === 'reply' ? 'done' : 'foreign';
  // Put off for now: its server tries again by itself.
  if (failures.length === 0) return 'done';
  const seen = found.row;
  const version = await needs.published.version(seen.sentMappingId);
  const settings = version?.actions[seen.action]?.settings;
  const targets = settings === undefined ? [] : connector.targets(settings);
  return noteReturned(needs.database, seen, { tag: found.tag, failures, targets });
}

/** A bounce of one attempt: the named mailboxes lack the mail. `later`: the delivery is being sent, or its client has moved. */
export function noteReturned(
  database: Database,
  seen: Pick<Delivery, 'id' | 'leadId' | 'clientId'>,
  {
    tag,
    failures,
    targets,
  }: { readonly tag: Try; readonly failures: Returned['failures']; readonly targets: readonly string[] },
): Promise<'done' | 'later'> {
  return database.transaction(async (tx) => {
    if (await isElsewhere(tx, seen.clientId)) return 'later';
    await lockLeads(tx, [seen.leadId]);
    const [row] = await lockDeliveries(tx, [seen.id]);
    if (row === undefined) return 'done';
    // The running attempt records its outcome first.
    if (row.state === 'sending') return 'later';
    const person = (await namesOf(tx, [row.leadId])).get(row.leadId);
    const bounces = failures.map(({ target, code }) => ({
      target: oursAmong(targets, target),
      code: namelessCode(code, person, row.action),
    }));
    await noteBounces(tx, row, { tag, bounces, targets });
    return 'done';
  });
}

/** The one delivery whose tag the mail carries; a mail with two tags matches none. */
async function deliveryOf(
  { database, masterKeys }: Pick<BounceNeeds, 'database' | 'masterKeys'>,
  text: string,
): Promise<{ readonly row: Delivery; readonly tag: FoundTag } | undefined> {
  const tags = tagsIn(text);
  if (tags.length === 0) return undefined;
  const ids = [...new Set(tags.map((tag) => tag.deliveryId))];
  const rows = new Map((await readDeliveries(database, ids)).map((row) => [row.id, row]));
  const ours = tags.flatMap((tag) => {
    const row = rows.get(tag.deliveryId);
    return row !== undefined && isOurs(masterKeys, tag, row.key) ? [{ row, tag }] : [];
  });
  return ours.length === 1 ? ours[0] : undefined;
}

/** The mailbox that bounced. A single mailbox counts whatever address its server names; of several, the named one or none. */
export const oursAmong = (targets: readonly string[], named: string): string =>
  targets.includes(named) ? named : targets.length === 1 ? (targets[0] ?? '') : '';

interface Bounced {
  /** Names the attempt that came back. */
  readonly tag: Try;
  /** An empty target: none of those it was sent to. */
  readonly bounces: readonly { readonly target: string; readonly code: string }[];
  /** All it was sent to. */
  readonly targets: readonly string[];
}

async function noteBounces(tx: Sql, row: Delivery, { tag, bounces, targets }: Bounced): Promise<void> {
  const { run, attempt } = tag;
  const fresh: (typeof bounces)[number][] = [];
  for (const bounce of bounces) if (!(await isBounceLogged(tx, row, tag, bounce.target))) fresh.push(bounce);
  const [first] = fresh;
  if (first === undefined) return;
  await appendHandovers(
    tx,
    fresh.map(({ target, code: reason }) =>
      entryAbout(row, 'bounced', 'planner', {
        run,
        attempt,
        target,
        reason,
        connector: 'email',
        outcome: 'refused',
      }),
    ),
  );
  const lacking = await forgetWhoLacksIt(tx, row, tag, { named: fresh.map(({ target }) => target), targets });
  if (row.state === 'delivered' && (lacking || isOf(tag, row)))
    await fail(tx, row, reasonWith('bounced', first.code));
}

type Try = Pick<FoundTag, 'run' | 'attempt'>;

const isOf = (tag: Try, { run, attempt }: Try): boolean => tag.run === run && tag.attempt === attempt;

/**
 * The mailboxes that accepted this attempt and returned it lack it, and the next attempt is sent there; if the mailboxes are unknown, to
 * all. A mailbox that was sent it again since is reported by another bounce.
 * @returns true if a mailbox lacks it now
 */
async function forgetWhoLacksIt(
  tx: Sql,
  row: Delivery,
  tag: Try,
  { named, targets }: { readonly named: readonly string[]; readonly targets: readonly string[] },
): Promise<boolean> {
  const { id: deliveryId, run, attempt, state } = row;
  const noted = await takings(tx, deliveryId);
  const known = new Set(noted.map(({ target }) => target));
  // Where all took it at once nothing was noted.
  const atOnce = state === 'delivered' ? targets.filter((target) => !known.has(target)) : [];
  const took = [...noted, ...atOnce.map((target) => ({ deliveryId, target, run, attempt }))];
  const thatAttempt = took.filter((taking) => isOf(tag, taking)).map(({ target }) => target);
  const back = named.filter((target) => thatAttempt.includes(target));
  const isKnown = named.every((target) => target !== '' && (back.includes(target) || !isOf(tag, row)));
  const lacking = isKnown ? back : thatAttempt;
  if (lacking.length === 0) return false;
  await noteTaken(tx, took.slice(noted.length));
  for (const target of lacking) await forgetTakenBy(tx, deliveryId, target);
  return true;
}

/** A mailbox behind the bouncing one may have it: it receives erasures and withdrawals too. */
async function fail(tx: Sql, row: Delivery, reason: string): Promise<void> {
  await markSettled(tx, [{ ...unspent(row, 'failed', reason), maybeReceived: true, askFirst: false }]);
  await raiseAlerts(tx, [alertAbout(row, 'delivery_failed', reason)]);
}
