// Sends the alerts of the outbox, grouped, until every channel has accepted them.
// Invariant: what one channel accepted is not sent by it again while another is down.
import type { Connector, NetworkPolicy, Outcome, SendContext } from '../../../connectors/contract.ts';
import { foreignCode } from '../../errors.ts';
import type { Log } from '../../log.ts';
import { alertsThrough, deferAlerts, takeAlerts, toldAgo, type DueAlert } from '../../store/alerts/alerts.ts';
import { isStoreTrouble, type Database } from '../../store/database.ts';
import { alertChannels } from './alert-channels.ts';
import type { AlertChannel, AlertSettings } from './alert-parcel.ts';

export interface AlertOptions {
  readonly database: Database;
  readonly connectors: Readonly<Record<string, Connector>>;
  readonly channels: AlertSettings;
  readonly network: NetworkPolicy;
  readonly log: Log;
}

const taken = 5_000;
/** Between two messages of one kind and destination: alerts raised meanwhile are sent in one. */
const quietSeconds = 300;

/**
 * One message per kind and destination, so that an outage of a CRM is one mail and not five hundred, and none again for five minutes.
 * Returns alerts handled.
 */
export async function sendAlerts(options: AlertOptions): Promise<number> {
  const { database, log } = options;
  const due = await database.transaction((tx) => takeAlerts(tx, taken));
  // Those that got through by one channel already are a message of their own, to the other channels only.
  const groups = Map.groupBy(
    due,
    (alert) => `${alert.kind} ${alert.destinationId} ${alert.through.join(' ')}`,
  );
  for (const group of groups.values())
    await sendGroup(options, group).catch((error: unknown) => {
      if (isStoreTrouble(error)) throw error;
      // It is tried again like one that did not get through; the others leave.
      const code = group[0]?.kind ?? '';
      log.error('alert.failed', { code, count: group.length, reason: foreignCode(error) });
    });
  return due.length;
}

async function sendGroup(options: AlertOptions, group: readonly DueAlert[]): Promise<void> {
  const { database, log } = options;
  const [first] = group;
  if (first === undefined) return;
  const ids = group.map((alert) => alert.id);
  const ago = first.through.length > 0 ? undefined : await toldAgo(database, first.kind, first.destinationId);
  if (ago !== undefined && ago < quietSeconds) return deferAlerts(database, ids, quietSeconds - ago);
  log.warn('alert.raised', {
    code: first.kind,
    destination: first.destinationId || 'none',
    count: group.length,
    reason: first.reason || 'none',
  });
  const results = await sendThrough(options, group);
  const passed = results.filter((result) => result.passed).map((result) => result.channel);
  await alertsThrough(database, ids, { channels: passed, isAll: passed.length === results.length });
  for (const { channel, reason } of results.filter((result) => !result.passed))
    log.error('alert.failed', { code: first.kind, count: group.length, connector: channel, reason });
}

interface ChannelResult {
  /** The channel's name. */
  readonly channel: string;
  readonly passed: boolean;
  readonly reason: string;
}

/** By each channel that has not accepted it yet. Without a channel the line of the log is the alert. */
export async function sendThrough(
  options: AlertOptions,
  group: readonly DueAlert[],
): Promise<readonly ChannelResult[]> {
  const done = group[0]?.through ?? [];
  const results: ChannelResult[] = [];
  for (const channel of alertChannels(options.channels)) {
    if (done.includes(channel.name)) continue;
    const outcome = await through(options, channel, group);
    const passed = ['accepted', 'unconfirmed', 'duplicate'].includes(outcome.kind);
    const reason = 'reason' in outcome ? outcome.reason : outcome.kind;
    results.push({ channel: channel.name, passed, reason });
  }
  return results;
}

async function through(
  options: AlertOptions,
  channel: AlertChannel,
  group: readonly DueAlert[],
): Promise<Outcome> {
  const connector = options.connectors[channel.connector];
  if (connector === undefined) return { kind: 'unavailable', reason: 'NO_CONNECTOR', maybeReceived: false };
  const context: SendContext = {
    classify: ({ status }) =>
      Promise.resolve(
        status >= 200 && status < 300
          ? { kind: 'accepted' }
          : { kind: 'unavailable', reason: `HTTP_${status}`, maybeReceived: true },
      ),
    secret: () => options.channels.mail?.smtpUrl,
    secrets: () => (options.channels.mail === undefined ? [] : [options.channels.mail.smtpUrl]),
    allowedTargets: [channel.target],
    network: options.network,
    timeouts: { connectMs: 5_000, responseMs: 10_000, totalMs: 20_000 },
    signal: new AbortController().signal,
    mayLeave: () => true,
    now: () => options.database.now().getTime(),
  };
  return connector.send(channel.parcel(group), channel.settings, context);
}
