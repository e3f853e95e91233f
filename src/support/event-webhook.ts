// Sends the feed of events to a tool of the centre's own as signed webhooks (Standard Webhooks), one event a message.
// Invariant: in the order of the feed, each after the previous one was accepted; the cursor is a row of MySQL, so that no restart and
// no second process loses one. Ids and codes, nothing of a person.
import { randomInt } from 'node:crypto';
import type { NetworkPolicy, Outcome, Parcel, SendContext } from '../../connectors/contract.ts';
import { connectors } from '../../connectors/index.ts';
import type { Log } from '../log.ts';
import { raiseAlerts } from '../store/alerts/alerts.ts';
import { alone } from '../store/alone.ts';
import type { Database } from '../store/database.ts';
import {
  beginCursor,
  deferCursor,
  moveCursor,
  readCursor,
  type EventCursor,
} from '../store/log/event-feed.ts';
import { closeAlertsWith } from '../store/alerts/tasks.ts';
import { eventsPage, type EventKind, type FeedEvent } from './reads/events.ts';
import { wholeCentre } from './place.ts';

interface EventWebhook {
  readonly url: string;
  /** `whsec_...`, newest first: each of them signs. */
  readonly secrets: readonly string[];
}

interface EventWebhookPlace {
  readonly database: Database;
  readonly network: NetworkPolicy;
  readonly log: Log;
}

const toldKinds: readonly EventKind[] = ['delivered', 'failed', 'held', 'task'];
const name = 'webhook';
const atOnce = 50;
const retry = { firstMs: 5_000, longestMs: 3_600_000 };
/** Refusals in a row before the alert: some five minutes after the first. */
const alertAfter = 7;

/** One process at a time. True: there may be more at once. */
export async function tellEvents(place: EventWebhookPlace, webhook: EventWebhook): Promise<boolean> {
  return (await alone(place.database, 'event-webhook', () => tellNext(place, webhook))) ?? false;
}

async function tellNext(place: EventWebhookPlace, webhook: EventWebhook): Promise<boolean> {
  const { database } = place;
  const cursor = await readCursor(database, name);
  if (cursor === undefined) {
    // Starts at the present: GET /v1/events has earlier events.
    const { next } = await eventsPage({ database }, wholeCentre, { after: 'now', limit: 1 });
    await beginCursor(database, name, next);
    return false;
  }
  if (!cursor.isDue) return false;
  const { after } = cursor;
  const page = await eventsPage({ database }, wholeCentre, { after, kinds: toldKinds, limit: atOnce });
  // The page is the same as long as its position is: its accepted events are skipped.
  let { failures } = cursor;
  const taken = page.items.findIndex(({ id }) => id === cursor.lastEvent) + 1;
  for (const event of page.items.slice(taken)) {
    const outcome = await send(place, webhook, event);
    if (outcome.kind !== 'accepted') return putOff(place, { ...cursor, failures }, event, outcome);
    await wasTaken(database, { after, lastEvent: event.id, failures });
    failures = 0;
  }
  if (page.next !== after) await moveCursor(database, name, { after: page.next, lastEvent: 0 });
  return page.hasMore;
}

async function wasTaken(
  database: Database,
  { after, lastEvent, failures }: Pick<EventCursor, 'after' | 'lastEvent' | 'failures'>,
): Promise<void> {
  if (failures < alertAfter) return moveCursor(database, name, { after, lastEvent });
  await database.transaction(async (tx) => {
    await moveCursor(tx, name, { after, lastEvent });
    await closeAlertsWith(tx, 'events_untold', name);
  });
}

/** Retries for as long as it takes, at growing intervals, while later events wait behind it. */
async function putOff(
  { database, log }: EventWebhookPlace,
  cursor: EventCursor,
  event: FeedEvent,
  outcome: Outcome,
): Promise<false> {
  const grown = Math.min(retry.longestMs, retry.firstMs * 2 ** Math.min(cursor.failures, 20));
  const reason = 'reason' in outcome ? outcome.reason : outcome.kind;
  const count = cursor.failures + 1;
  await database.transaction(async (tx) => {
    await deferCursor(tx, name, grown * (0.8 + randomInt(400) / 1_000));
    if (count === alertAfter) await raiseAlerts(tx, [{ kind: 'events_untold', reason: `${name}:${reason}` }]);
  });
  log.error('event.untold', { count, code: event.kind, reason });
  return false;
}

async function send(
  { database, network }: EventWebhookPlace,
  { url, secrets }: EventWebhook,
  event: FeedEvent,
): Promise<Outcome> {
  const context: SendContext = {
    classify: ({ status }) =>
      Promise.resolve(
        status >= 200 && status < 300
          ? { kind: 'accepted' }
          : { kind: 'unavailable', reason: `HTTP_${status}`, maybeReceived: true },
      ),
    secret: () => secrets[0],
    secrets: () => secrets,
    allowedTargets: [new URL(url).hostname],
    network,
    timeouts: { connectMs: 5_000, responseMs: 10_000, totalMs: 20_000 },
    signal: new AbortController().signal,
    mayLeave: () => true,
    now: () => database.now().getTime(),
  };
  const settings = { url, signature: { standard: 'secret:RELAIS_EVENTS' } };
  const outcome = await connectors['webhook']?.send(parcelOf(event), settings, context);
  return outcome ?? { kind: 'unavailable', reason: 'NO_CONNECTOR', maybeReceived: false };
}

/** `webhook-id` belongs to the event for ever, so that the receiver of a duplicate recognises it. */
function parcelOf(event: FeedEvent): Parcel {
  const key = `event-${event.id}`;
  const body = { type: `relais.${event.kind}`, timestamp: event.at.toISOString(), data: event };
  return {
    client: event.client || 'relais',
    clientName: 'Relais',
    destination: 'events',
    action: 'create',
    items: [{ deliveryId: 0, key, idempotencyKey: key, leadReference: key }],
    body: { bytes: Buffer.from(JSON.stringify(body)), mediaType: 'application/json', extension: 'json' },
    writtenAt: event.at,
  };
}
