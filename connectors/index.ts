// The registry: every connector of the gateway, one line each.
// Invariant: the gateway knows no connector that is not in it.
import type { Connector } from './contract.ts';
import { email } from './email/index.ts';
import { flow } from './flow/index.ts';
import { pull } from './pull/index.ts';
import { sms } from './sms/index.ts';
import { webhook } from './webhook/index.ts';

export { lastSlotBefore, nextSlot } from './flow/index.ts';

export const connectors: Readonly<Record<string, Connector>> = {
  webhook,
  email,
  flow,
  sms,
  pull,
};

/** The connector of a mapping's `connector:` line, or undefined for an unknown type. */
export function connectorOf(type: string): Connector | undefined {
  return Object.hasOwn(connectors, type) ? connectors[type] : undefined;
}

/** Types whose deliveries are collected into files that are sent by slot; all others send each delivery by itself. */
export const fileConnectors: readonly string[] = Object.values(connectors)
  .filter(({ settingsKey }) => settingsKey === 'file')
  .map(({ type }) => type);

export const sendsFiles = (type: string): boolean => fileConnectors.includes(type);

/** True when the recipient fetches its leads: no worker sends them. */
export const isFetched = (type: string): boolean => connectorOf(type)?.fetched !== undefined;
