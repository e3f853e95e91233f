// Compiles the client's own sandbox: settings of the create merged with the block `sandbox:`.
// Invariant: a sandbox never has an address of production, and respects the client's contract like production (C19).
import type { ClientFacts } from '../../domain/destination.ts';
import type { ActionPlan, ConnectorFacts, SandboxPlan } from '../contract.ts';
import { blockAt, isRecord, listAt, textAt } from '../document/yaml.ts';
import { hinting, near, type Path, type Report } from '../document/problems.ts';
import { holdsOwn, overlay } from './overlay.ts';
import { checkSettings } from './settings.ts';
import type { Both } from '../../../connectors/contract.ts';

interface SandboxInput {
  readonly mapping: Record<string, unknown>;
  readonly connector: ConnectorFacts | undefined;
  readonly client: ClientFacts | undefined;
  readonly report: Report;
  readonly actions: ReadonlyMap<string, ActionPlan>;
}

/** Undefined where the file has none, or after reporting. */
export function compileSandbox(input: SandboxInput): SandboxPlan | undefined {
  const { mapping, connector, actions, report } = input;
  const create = actions.get('create');
  if (!Object.hasOwn(mapping, 'sandbox') || connector === undefined || create === undefined) return undefined;
  const block = blockAt(mapping, 'sandbox');
  const key = connector.settingsKey;
  const other = key === 'send' ? 'file' : 'send';
  if (Object.hasOwn(block, other))
    return hinting(report.atKey, key).error(['sandbox', other], 'MAP-101', [
      `le connecteur ${connector.type} se règle par « ${key} ».`,
      `connector ${connector.type} is set by "${key}".`,
    ]);
  const own = blockAt(block, key);
  const rawCalls = listAt(block, 'calls').filter(isRecord);
  if (create.calls === undefined) {
    if (rawCalls.length > 0)
      report.atKey.error(['sandbox', 'calls'], 'MAP-657', [
        'ce fichier n’a pas d’appels : écrivez sandbox.send.',
        'this file has no calls: write sandbox.send.',
      ]);
    const found = checked(create.settings, [{ raw: own, path: ['sandbox', key] }], [key], input);
    return found === undefined ? undefined : { ...found, calls: {} };
  }
  const names = create.calls.map((call) => call.name);
  for (const [index, raw] of rawCalls.entries()) {
    const name = textAt(raw, 'name') ?? '';
    if (!names.includes(name))
      near(report, name, names).error(['sandbox', 'calls', index, 'name'], 'MAP-656', [
        `il n’y a pas d’appel « ${name} » dans calls.`,
        `there is no call "${name}" in calls.`,
      ]);
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
  // The inherited look-up would ask production: the sandbox needs its own.
  const { lookup: _lookup, ...kept } = base;
  const { overlaid = [] } = connector;
  const settings = overlay([kept, ...layers.map(({ raw }) => raw)], overlaid);
  const at = (inner: Path): Path => {
    const layer = layers.findLast(({ raw }) => inner[0] !== undefined && holdsOwn(raw, inner, overlaid));
    return layer === undefined
      ? [...(inner[0] === undefined ? ['sandbox'] : under), ...inner]
      : [...layer.path, ...inner];
  };
  const found = checkSettings(settings, at, connector, client, report);
  const taken =
    found === undefined
      ? undefined
      : productionPlace(connector.places(found.plan.settings, unresolved), actions, connector);
  if (found === undefined || taken === undefined) return found?.plan;
  const which: Both =
    call === undefined
      ? ['le bac à sable', 'the sandbox']
      : [`l’appel « ${call} » du bac à sable`, `call "${call}" in the sandbox`];
  const key = connector.addressKey;
  const told = layers.some(({ raw }) => Object.hasOwn(raw, key));
  (told ? report : report.atKey).error(told ? at([key]) : ['sandbox'], 'MAP-412', [
    `${which[0]} ${told ? 'a' : 'garde'} l’adresse de la production « ${taken} » : un essai y laisserait un lead.`,
    `${which[1]} ${told ? 'has' : 'keeps'} production's address "${taken}": a trial would leave a lead there.`,
  ]);
  return undefined;
}

/** Gives the value of `secret:NAME`, or the text itself. */
type Resolve = (text: string) => string;
const unresolved: Resolve = (text) => text;

export function productionPlace(
  places: readonly string[],
  actions: { readonly values: () => Iterable<ActionPlan> },
  connector: Pick<ConnectorFacts, 'places'>,
  resolve: Resolve = unresolved,
): string | undefined {
  const production = new Set(
    [...actions.values()].flatMap(({ settings, calls }) =>
      [settings, ...(calls ?? []).map((call) => call.settings)].flatMap((callSettings) =>
        connector.places(callSettings, resolve),
      ),
    ),
  );
  return places.find((place) => production.has(place));
}
