// The client's own sandbox: settings of the create with the block `sandbox:` laid over them.
// Invariant: a sandbox never has an address production has, and is held to the client's contract like production (C19).
import type { ClientFacts } from '../../domain/destination.ts';
import type { ActionPlan, ConnectorFacts, SandboxPlan } from '../contract.ts';
import { blockAt, isRecord, listAt, textAt } from '../document/yaml.ts';
import type { Path, Report } from '../document/problems.ts';
import { checkSettings } from './settings.ts';
import { suggest } from '../document/suggest.ts';

export interface SandboxInput {
  readonly mapping: Record<string, unknown>;
  readonly connector: ConnectorFacts | undefined;
  readonly client: ClientFacts | undefined;
  readonly report: Report;
  readonly actions: ReadonlyMap<string, ActionPlan>;
}

/** Undefined where the file declares none, or none that can be used. */
export function compileSandbox(input: SandboxInput): SandboxPlan | undefined {
  const { mapping, connector, actions, report } = input;
  const create = actions.get('create');
  if (!Object.hasOwn(mapping, 'sandbox') || connector === undefined || create === undefined) return undefined;
  const block = blockAt(mapping, 'sandbox');
  const key = connector.settingsKey;
  const other = key === 'send' ? 'file' : 'send';
  if (Object.hasOwn(block, other)) {
    report.error(['sandbox', other], 'MAP-101', `connector ${connector.type} is set by "${key}".`, {
      at: 'key',
      suggestion: key,
    });
    return undefined;
  }
  const own = blockAt(block, key);
  const rawCalls = listAt(block, 'calls').filter(isRecord);
  if (create.calls === undefined) {
    if (rawCalls.length > 0)
      report.error(['sandbox', 'calls'], 'MAP-657', 'this file has no calls: write sandbox.send.', {
        at: 'key',
      });
    const found = checked(create.settings, [{ raw: own, path: ['sandbox', key] }], [key], input);
    return found === undefined ? undefined : { ...found, calls: {} };
  }
  const names = create.calls.map((call) => call.name);
  for (const [index, raw] of rawCalls.entries()) {
    const name = textAt(raw, 'name') ?? '';
    if (!names.includes(name))
      report.error(['sandbox', 'calls', index, 'name'], 'MAP-656', `there is no call "${name}" in calls.`, {
        suggestion: suggest(name, names),
      });
  }
  const calls = create.calls.map(({ name, settings }, at) => {
    const index = rawCalls.findIndex((raw) => textAt(raw, 'name') === name);
    const layers: readonly Layer[] = [
      { raw: own, path: ['sandbox', key] },
      ...(index < 0
        ? []
        : [{ raw: blockAt(rawCalls[index], key), path: ['sandbox', 'calls', index, key] as const }]),
    ];
    return [name, checked(settings, layers, ['calls', at, key], input, name)] as const;
  });
  const usable = calls.flatMap(([name, call]) => (call === undefined ? [] : [[name, call] as const]));
  const [first] = usable;
  if (first === undefined || usable.length < calls.length) return undefined;
  return {
    settings: first[1].settings,
    targets: [...new Set(usable.flatMap(([, call]) => call.targets))],
    calls: Object.fromEntries(usable.map(([name, call]) => [name, call.settings])),
  };
}

interface Layer {
  readonly raw: Record<string, unknown>;
  readonly path: Path;
}

function checked(
  base: unknown,
  layers: readonly Layer[],
  under: Path,
  { connector, client, report, actions }: SandboxInput,
  call?: string,
): ActionPlan | undefined {
  if (connector === undefined || !isRecord(base)) return undefined;
  // A look-up asks production's own address: only one of the sandbox's goes with it.
  const { lookup: _lookup, ...kept } = base;
  const settings = layers.reduce<Record<string, unknown>>((under, { raw }) => ({ ...under, ...raw }), kept);
  const at = (inner: Path): Path => {
    const layer = layers.findLast(
      ({ raw }) => inner[0] !== undefined && Object.hasOwn(raw, String(inner[0])),
    );
    return layer === undefined
      ? [...(inner[0] === undefined ? ['sandbox'] : under), ...inner]
      : [...layer.path, ...inner];
  };
  const found = checkSettings(settings, at, connector, client, report);
  const taken =
    found === undefined ? undefined : productionAddress(addressesOf(found.plan.settings), actions);
  if (found === undefined || taken === undefined) return found?.plan;
  const which = call === undefined ? 'the sandbox' : `call "${call}" in the sandbox`;
  const key = Object.hasOwn(settings, 'url') ? 'url' : 'to';
  const told = layers.some(({ raw }) => Object.hasOwn(raw, key));
  report.error(
    told ? at([key]) : ['sandbox'],
    'MAP-412',
    `${which} ${told ? 'has' : 'keeps'} production's address "${taken}": a trial would leave a lead there.`,
    told ? {} : { at: 'key' },
  );
  return undefined;
}

/** The first of these that an action of the destination uses. */
export function productionAddress(
  addresses: readonly string[],
  actions: { readonly values: () => Iterable<ActionPlan> },
  resolve: (text: string) => string = (text) => text,
): string | undefined {
  const production = new Set(
    [...actions.values()].flatMap(({ settings, calls }) =>
      [settings, ...(calls ?? []).map((call) => call.settings)].flatMap((callSettings) =>
        addressesOf(callSettings, resolve),
      ),
    ),
  );
  return addresses.find((address) => production.has(address));
}

/**
 * Where settings lead, in a form that can be compared: an address without scheme and query, mailboxes, server and folder.
 * @param resolve gives what stands behind `secret:NAME`; without it the name stands for itself
 */
export function addressesOf(
  settings: unknown,
  resolve: (text: string) => string = (text) => text,
): readonly string[] {
  if (!isRecord(settings)) return [];
  const url = textAt(settings, 'url');
  if (url !== undefined) return [urlAddress(resolve(url))];
  const { server } = settings;
  const to = settings['to'];
  if (isRecord(server)) {
    const folder = (textAt(settings, 'to') ?? '').replace(/^[^/]*/, '');
    const place =
      textAt(server, 'folder') ?? `${textAt(server, 'host') ?? ''}:${Number(server['port'] ?? 22)}`;
    return [
      `${place.replace(/\/+$/, '')}/${folder}`.toLowerCase().replaceAll(/\/+/g, '/').replace(/\/$/, ''),
    ];
  }
  return [to, settings['cc']]
    .flat()
    .flatMap((address) => (typeof address === 'string' ? [address.toLowerCase()] : []));
}

/** Two addresses that differ in scheme, query or a last slash lead to one endpoint. */
function urlAddress(text: string): string {
  if (text.startsWith('secret:')) return text;
  const url = URL.parse(text.replaceAll(/\{[^{}]*\}/g, 'x'));
  if (url === null) return text;
  return `${url.host.toLowerCase()}${url.pathname.replaceAll(/\/+/g, '/').replace(/\/$/, '')}`;
}
