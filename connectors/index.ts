// The registry: every kind of way out the gateway knows, one line each.
import type { Connector } from './contract.ts';
import { webhook } from './webhook/index.ts';

export const connectors: Readonly<Record<string, Connector>> = {
  webhook,
};

/** The connector of a mapping's `connector:` line, or undefined for an unknown type. */
export function connectorOf(type: string): Connector | undefined {
  return Object.hasOwn(connectors, type) ? connectors[type] : undefined;
}
