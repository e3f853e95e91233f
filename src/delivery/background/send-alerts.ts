// Sends the alerts of the outbox by mail and webhook, grouped, until they get through by each.
// Invariant: an alert names ids, codes and destinations, never a prospect; it leaves through the same guarded connectors as leads.
import type { Connector, NetworkPolicy, Outcome, Parcel, SendContext } from '../../../connectors/contract.ts';
import { whatToDo, alertDefinitions } from '../../domain/alert-kinds.ts';
import { reasonText } from '../../domain/delivery.ts';
import { foreignCode } from '../../errors.ts';
import type { Log } from '../../log.ts';
import {
  alertsThrough,
  deferAlerts,
  takeAlerts,
  toldAgo,
  type AlertChannel,
  type DueAlert,
} from '../../store/alerts/alerts.ts';
import { isStoreTrouble, type Database } from '../../store/database.ts';

export interface AlertChannels {
  readonly webhook?: string;
  readonly mail?: { readonly smtpUrl: string; readonly to: string; readonly from: string };
}

export interface AlertOptions {
  readonly database: Database;
  readonly connectors: Readonly<Record<string, Connector>>;
  readonly channels: AlertChannels;
  readonly network: NetworkPolicy;
  readonly log: Log;
  /** Between two messages of one kind and destination, seconds: alerts raised meanwhile are sent in one. */
  readonly quietSeconds?: number;
}

const taken = 5_000;
const defaultQuietSeconds = 300;

/**
 * One message per kind and destination, so that an outage of a CRM is one mail and not five hundred, and none again for five minutes.
 * Returns alerts handled.
 */
export async function sendAlerts(options: AlertOptions): Promise<number> {
  const { database, log } = options;
  const due = await database.transaction((tx) => takeAlerts(tx, taken));
  // Those that got through by one channel already are a message of their own, to the other channel only.
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
  const { database, log, quietSeconds = defaultQuietSeconds } = options;
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
  readonly channel: AlertChannel;
  readonly passed: boolean;
  readonly reason: string;
}

/** By each channel it has not got through by yet. Without a channel the line of the log is the alert. */
export async function sendThrough(
  options: AlertOptions,
  group: readonly DueAlert[],
): Promise<readonly ChannelResult[]> {
  const { webhook, mail } = options.channels;
  const done = group[0]?.through ?? [];
  const results: ChannelResult[] = [];
  const note = (channel: AlertChannel, outcome: Outcome): void => {
    const passed = ['accepted', 'unconfirmed', 'duplicate'].includes(outcome.kind);
    results.push({ channel, passed, reason: 'reason' in outcome ? outcome.reason : outcome.kind });
  };
  if (webhook !== undefined && !done.includes('webhook'))
    note('webhook', await through(options, 'webhook', { url: webhook }, group, [new URL(webhook).hostname]));
  if (mail !== undefined && !done.includes('mail')) {
    const settings = {
      to: mail.to,
      from: mail.from,
      smtp: 'secret:RELAIS_ALERT_SMTP',
      subject: 'Relais : {title}',
      attachment: 'none',
    };
    note('mail', await through(options, 'email', settings, group, [mail.to.toLowerCase()]));
  }
  return results;
}

async function through(
  options: AlertOptions,
  type: 'webhook' | 'email',
  settings: unknown,
  group: readonly DueAlert[],
  targets: readonly string[],
): Promise<Outcome> {
  const connector = options.connectors[type];
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
    allowedTargets: targets,
    network: options.network,
    timeouts: { connectMs: 5_000, responseMs: 10_000, totalMs: 20_000 },
    signal: new AbortController().signal,
    mayLeave: () => true,
    now: () => options.database.now().getTime(),
  };
  return connector.send(alertParcel(group), settings, context);
}

export function alertParcel(group: readonly DueAlert[]): Parcel {
  const [first] = group as readonly [DueAlert];
  const { title: name } = alertDefinitions[first.kind];
  const title = `${name} (${first.destinationId || 'Relais'}, ${group.length})`;
  const body = {
    type: `relais.${first.kind}`,
    client: first.clientId,
    destination: first.destinationId,
    reason: first.reason,
    count: group.length,
    deliveries: group
      .map((alert) => alert.deliveryId)
      .filter((id) => id > 0)
      .slice(0, 100),
    raisedAt: first.raisedAt.toISOString(),
  };
  const rows = [
    { label: 'Destination', value: first.destinationId || '-' },
    { label: 'Client', value: first.clientId || '-' },
    { label: 'Motif', value: first.reason === '' ? '-' : reasonText(first.reason) },
    { label: 'Nombre', value: String(group.length) },
    { label: 'Livraisons', value: body.deliveries.slice(0, 20).join(', ') || '-' },
    { label: 'Depuis', value: first.raisedAt.toLocaleString('fr-FR', { timeZone: 'Europe/Paris' }) },
    { label: 'Que faire', value: whatToDo(first.kind, first.destinationId) },
  ];
  return {
    client: first.clientId || 'relais',
    clientName: 'Relais',
    destination: 'alerts',
    action: 'create',
    isAlert: true,
    items: [
      {
        deliveryId: first.deliveryId,
        key: `alert-${first.id}`,
        idempotencyKey: `alert-${first.id}`,
        leadReference: `alert-${first.id}`,
      },
    ],
    body: { bytes: Buffer.from(JSON.stringify(body)), mediaType: 'application/json', extension: 'json' },
    sheet: [{ title: name, lines: rows }],
    title,
    writtenAt: first.raisedAt,
  };
}
