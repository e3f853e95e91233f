// Where a trial goes: a recipient started on this machine, or the client's own sandbox.
// Invariant: never production. A local trial can dial nothing but the recipient started for it and holds no real secret;
// the client's sandbox is compared with every address of production, secrets resolved, before anything is opened.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  Answer,
  Connector,
  Credentials,
  NetworkPolicy,
  StandIn,
  StandInServer,
} from '../../connectors/contract.ts';
import type { Config } from '../config.ts';
import { RelaisError } from '../errors.ts';
import type { ActionPlan, CompiledMapping } from '../mapping/contract.ts';
import { productionPlace } from '../mapping/transport/sandbox.ts';

export interface TrialRecipient {
  readonly kind: 'local' | 'client';
  /** Settings of a call by its name; of the one message without. */
  readonly settingsOf: (call?: string) => unknown;
  readonly network: NetworkPolicy;
  readonly secrets: (name: string) => readonly string[];
  /** Production's, where a real recipient is asked: a refresh token may be good only once. */
  readonly credentials?: Credentials;
  readonly allowedTargets: readonly string[];
  /** What a local recipient answers next, where it can be set. */
  readonly answerWith?: (answer: Answer) => void;
  /** How much arrived, as a local recipient counts it. */
  readonly received?: () => number;
  readonly close: () => Promise<void>;
}

type Settings = Readonly<Record<string, unknown>>;

const secretIn = (value: unknown): string | undefined =>
  typeof value === 'string' && value.startsWith('secret:') ? value.slice('secret:'.length) : undefined;

const settingsByCall = (mapping: CompiledMapping): ReadonlyMap<string | undefined, Settings> => {
  const { calls, settings } = mapping.actions.create ?? {};
  return new Map(
    calls === undefined
      ? [[undefined, settings as Settings]]
      : calls.map((call) => [call.name, call.settings as Settings]),
  );
};

/** @throws USAGE-001 where the sandbox's packages are not installed, or nothing can stand in */
export async function localPlace(mapping: CompiledMapping, connector: Connector): Promise<TrialRecipient> {
  const recipients = await import('../sandbox/recipients/stand-in.ts').catch(() => {
    throw new RelaisError(
      'USAGE-001',
      "A local recipient needs the development packages (npm ci), which this installation does without. Declare the client's own sandbox in the mapping file, or run this from a checkout.",
    );
  });
  const byCall = settingsByCall(mapping);
  const folder = mkdtempSync(join(tmpdir(), 'relais-sandbox-'));
  try {
    const standIn = await connector.standIn([...byCall.values()], recipients.serversIn(folder));
    if (typeof standIn === 'string') throw new RelaisError('USAGE-001', standIn);
    return placeOf(standIn, byCall, folder);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

function placeOf(
  { server, hosts, settingsOf, secret, allowedTargets }: StandIn<unknown>,
  byCall: ReadonlyMap<string | undefined, Settings>,
  folder: string,
): TrialRecipient {
  const answerWith = server?.answerWith;
  return {
    kind: 'local',
    settingsOf: (call) => settingsOf(byCall.get(call)),
    network: networkOf(server, hosts),
    secrets: (name) => [secret(name)].filter((value) => value !== undefined),
    allowedTargets,
    ...(answerWith === undefined
      ? {}
      : {
          answerWith: ({ status, headers, mediaType, text }) =>
            answerWith({ status, headers: { 'content-type': mediaType, ...headers }, body: text }),
        }),
    ...(server === undefined ? {} : { received: () => server.received().count }),
    close: async () => {
      await server?.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Only the recipient started for the trial can be dialled, and only by the names that lead to it. */
function networkOf(server: StandInServer | undefined, hosts: readonly string[]): NetworkPolicy {
  if (server === undefined) return { allowedRanges: [], allowPlaintext: true };
  const dialled = { host: '127.0.0.1', port: server.port };
  return {
    allowedRanges: ['127.0.0.0/8'],
    // Where the recipient shows no certificate, the file itself says http (the check permits it, production does not).
    allowPlaintext: server.authority === undefined,
    connectTo: Object.fromEntries(hosts.map((host) => [host.toLowerCase(), dialled])),
    ...(server.authority === undefined ? {} : { extraCa: server.authority }),
  };
}

/**
 * The sandbox the file declares.
 * @param inForce the version in force, where there is one: what the file says now may be another address
 * @param covered targets that may be reached: of the contract, and for a real lead of an authorisation, too
 * @throws SANDBOX-001 when an address of it is production's
 */
export function clientPlace(
  mapping: CompiledMapping,
  inForce: CompiledMapping | undefined,
  {
    network,
    secrets,
    credentials,
  }: Pick<Config, 'network' | 'secrets'> & { readonly credentials: Credentials },
  covered: readonly string[],
): TrialRecipient {
  const { sandbox } = mapping;
  if (sandbox === undefined) throw new RelaisError('USAGE-001', 'The file declares no sandbox.');
  const resolve = (text: string): string => secrets(secretIn(text) ?? '')[0] ?? text;
  const all = [sandbox.settings, ...Object.values(sandbox.calls)];
  const places = all.flatMap((settings) => [
    ...mapping.connectorFacts.places(settings, (text) => text),
    ...mapping.connectorFacts.places(settings, resolve),
  ]);
  for (const version of inForce === undefined ? [mapping] : [mapping, inForce]) {
    const actions: ReadonlyMap<string, ActionPlan> = new Map(Object.entries(version.actions));
    const taken =
      productionPlace(places, actions, version.connectorFacts) ??
      productionPlace(places, actions, version.connectorFacts, resolve);
    if (taken !== undefined)
      throw new RelaisError(
        'SANDBOX-001',
        `Nothing was sent: the sandbox of ${mapping.destinationId} has an address production has${version === inForce ? ' in the version in force' : ''}.`,
      );
  }
  return {
    kind: 'client',
    network,
    secrets,
    credentials,
    settingsOf: (call) => (call === undefined ? sandbox.settings : sandbox.calls[call]),
    allowedTargets: covered,
    close: () => Promise.resolve(),
  };
}
