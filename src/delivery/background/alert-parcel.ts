// States what a channel of alerts is, and writes a group of alerts as its content: JSON for a program, lines for a person.
// Invariant: an alert names ids, codes and destinations, never a prospect.
import type { Parcel } from '../../../connectors/contract.ts';
import { alertTitle, whatToDo } from '../../domain/alert-kinds.ts';
import { reasonText } from '../../domain/delivery.ts';
import type { DueAlert } from '../../store/alerts/alerts.ts';

export interface AlertSettings {
  readonly webhook?: string;
  readonly chat?: string;
  readonly mail?: { readonly smtpUrl: string; readonly to: string; readonly from: string };
}

export interface AlertChannel {
  /** Recorded with each alert that it accepted, and never renamed: letters only. */
  readonly name: string;
  readonly connector: 'webhook' | 'email';
  readonly settings: unknown;
  /** The host or mailbox that it may reach. */
  readonly target: string;
  readonly parcel: (group: readonly DueAlert[]) => Parcel;
}

/** Returns undefined where the operator has not set it up. */
export type AlertChannelOf = (settings: AlertSettings) => AlertChannel | undefined;

export function alertParcel(group: readonly DueAlert[]): Parcel {
  const [first] = group as readonly [DueAlert];
  const name = alertTitle(first.kind);
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
    { label: 'Que faire', value: whatToDo(first) },
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
