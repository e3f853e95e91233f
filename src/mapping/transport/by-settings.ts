// Computes the parts of a compiled mapping that its settings decide: targets, parcel size, retries, banned categories.
// Invariant: what one action may not send, no action may: the fields are checked once for all of them.
import type { Action, Both } from '../../../connectors/contract.ts';
import type { CompiledMapping, ConnectorFacts } from '../contract.ts';
import type { Report } from '../document/problems.ts';
import { isRecord } from '../document/yaml.ts';
import { settingsFor } from './settings.ts';
import type { Timing } from './timing.ts';

type Raw = Record<string, unknown>;
const all = ['create', 'update', 'erase'] as const satisfies readonly Action[];

/** Names the way that financial data may not travel, if any action uses it (C10). */
export function noFinancialIn(mapping: Raw, connector: ConnectorFacts | undefined): Both | undefined {
  if (connector?.noFinancial === undefined) return undefined;
  for (const action of all) {
    const settings = settingsFor(mapping, connector, action);
    const way = isRecord(settings) ? connector.noFinancial(settings) : undefined;
    if (way !== undefined) return way;
  }
  return undefined;
}

interface Sent {
  readonly actions: CompiledMapping['actions'];
  readonly connector: ConnectorFacts;
  readonly client: CompiledMapping['client'];
}

type BySettings = Pick<
  CompiledMapping,
  'actions' | 'targets' | 'secretAddress' | 'covered' | 'maxItems' | 'retry'
>;

/** Everything of a compiled mapping that its settings decide. */
export function bySettings(
  sent: Sent,
  retry: Timing['retry'],
  mapping: Raw,
  report: Report,
): { readonly facts: BySettings; readonly inParts: boolean } {
  const { actions, connector, client } = sent;
  const plans = Object.values(actions).filter((plan) => plan !== undefined);
  const targets = [...new Set(plans.flatMap((plan) => plan.targets))];
  const called = plans.flatMap((plan) => plan.calls?.map((call) => call.settings) ?? [plan.settings]);
  const secretAddress = called.some((settings) => connector.targets(settings).length === 0);
  const kinds = new Set(called.map((settings) => connector.targetKind(settings)));
  const listed = secretAddress ? [...kinds].flatMap((kind) => client[kind]) : [];
  const limits = called.flatMap((settings) => connector.atMost?.(settings) ?? []);
  const why = called.map((settings) => connector.unaskable?.(settings)).find((words) => words !== undefined);
  if (why !== undefined && mapping['onUnknown'] === 'resend')
    report.error(['onUnknown'], 'MAP-621', [
      `${why[0]} : écrivez onUnknown: hold.`,
      `${why[1]}: write onUnknown: hold.`,
    ]);
  return {
    inParts: limits.length === 0,
    facts: {
      actions,
      targets,
      secretAddress,
      covered: [...new Set([...targets, ...listed])],
      maxItems: Math.min(connector.maxItems, ...limits),
      // Where a past departure cannot be looked up, a person decides an unknown outcome: sent again, the lead might exist twice.
      retry: why === undefined ? retry : { ...retry, onUnknown: 'hold' },
    },
  };
}
