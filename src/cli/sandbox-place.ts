// Where a trial goes: a recipient started on this machine, or the client's own sandbox.
// Invariant: never production. A local trial can dial nothing but the recipient started for it and holds no real secret;
// the client's sandbox is compared with every address of production, secrets resolved, before anything is opened.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Answer, Connector, NetworkPolicy } from '../../connectors/contract.ts';
import type { Config } from '../config.ts';
import { RelaisError } from '../errors.ts';
import type { ActionPlan, CompiledMapping } from '../mapping/contract.ts';
import { addressesOf, productionAddress } from '../mapping/transport/sandbox.ts';
import type { StandIn } from '../sandbox/recipients/stand-in.ts';

export interface Place {
  readonly kind: 'local' | 'client';
  /** Settings of a call by its name; of the one message without. */
  readonly settingsOf: (call?: string) => unknown;
  readonly network: NetworkPolicy;
  readonly secrets: (name: string) => readonly string[];
  readonly allowedTargets: readonly string[];
  /** What a local recipient answers next. */
  readonly answerWith: (answer: Answer) => void;
  /** How much arrived, as a local recipient counts it. */
  readonly received?: () => number;
  readonly close: () => Promise<void>;
}

type Settings = Readonly<Record<string, unknown>>;

/** Stands where an address is a secret: a local trial asks for none. */
const secretHost = 'sandbox.relais.invalid';
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

/** @throws USAGE-001 where the sandbox's packages are not installed */
export async function localPlace(mapping: CompiledMapping, connector: Connector): Promise<Place> {
  const standIns = await import('../sandbox/recipients/stand-in.ts').catch(() => {
    throw new RelaisError(
      'USAGE-001',
      "A local recipient needs the development packages (npm ci), which this installation does without. Declare the client's own sandbox in the mapping file, or run this from a checkout.",
    );
  });
  const byCall = settingsByCall(mapping);
  const all = [...byCall.values()];
  const folder = mkdtempSync(join(tmpdir(), 'relais-sandbox-'));
  const closing = async (standIn?: StandIn): Promise<void> => {
    await standIn?.close();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    switch (connector.type) {
      case 'webhook': {
        const urls = all.map((one) => String(one['url']));
        const plain = urls.some((url) => url.startsWith('http:'));
        if (plain && urls.some((url) => !url.startsWith('http:')))
          throw new RelaisError(
            'USAGE-001',
            'One call is http and another https: no recipient stands in for both.',
          );
        const hosts = [...new Set([...all.flatMap((one) => connector.targets(one)), secretHost])];
        const standIn = await standIns.startEndpoint(hosts, !plain);
        return {
          ...localParts(standIn, hosts, () => closing(standIn)),
          settingsOf: (call) => byCall.get(call),
          secrets: (name) => [placeholder(name, all)],
          // Only what is dialled to the local recipient may be reached at all.
          allowedTargets: hosts,
        };
      }
      case 'email': {
        const host = `smtp.${secretHost}`;
        const boxes = all.flatMap((one) => connector.targets(one));
        const standIn = await standIns.startPostbox(host, boxes, folder);
        const { user } = standIns.standInLogin;
        const smtp = { host, port: 587, user, password: 'secret:SANDBOX' };
        return {
          ...localParts(standIn, [host], () => closing(standIn)),
          settingsOf: (call) => ({ ...byCall.get(call), smtp }),
          secrets: () => [standIns.standInLogin.password],
          allowedTargets: boxes,
        };
      }
      case 'flow': {
        const [settings = {}] = all;
        const to = String(settings['to']);
        const below = to.replace(/^[^/]*\/*/, '');
        if (to.startsWith('local:')) {
          mkdirSync(join(folder, below), { recursive: true });
          return {
            ...{ kind: 'local', secrets: () => [], answerWith: () => undefined, close: closing },
            settingsOf: () => ({ ...settings, server: { folder } }),
            network: { allowedRanges: [], allowPlaintext: true },
            allowedTargets: [to],
          };
        }
        const host = `sftp.${secretHost}`;
        const standIn = await standIns.startFolder(folder, below);
        const { user } = standIns.standInLogin;
        const server = { host, user, password: 'secret:SANDBOX', hostKey: standIn.hostKey };
        return {
          ...localParts(standIn, [host], () => closing(standIn)),
          settingsOf: () => ({ ...settings, server }),
          secrets: () => [standIns.standInLogin.password],
          allowedTargets: [to],
        };
      }
      default:
        throw new RelaisError('USAGE-001', `No local recipient stands in for connector ${connector.type}.`);
    }
  } catch (error) {
    await closing();
    throw error;
  }
}

function localParts(
  standIn: StandIn,
  hosts: readonly string[],
  close: () => Promise<void>,
): Pick<Place, 'kind' | 'network' | 'answerWith' | 'received' | 'close'> {
  const dialled = { host: '127.0.0.1', port: standIn.port };
  return {
    kind: 'local',
    network: {
      allowedRanges: ['127.0.0.0/8'],
      // Where the recipient shows no certificate, the file itself says http (the check permits it, production does not).
      allowPlaintext: standIn.authority === undefined,
      connectTo: Object.fromEntries(hosts.map((host) => [host.toLowerCase(), dialled])),
      ...(standIn.authority === undefined ? {} : { extraCa: standIn.authority }),
    },
    answerWith: ({ status, headers, mediaType, text }) =>
      standIn.answerWith({ status, headers: { 'content-type': mediaType, ...headers }, body: text }),
    received: () => standIn.received().count,
    close,
  };
}

/** In the form the place of the secret asks for. */
function placeholder(name: string, settings: readonly Settings[]): string {
  const uses = (value: unknown): boolean => secretIn(value) === name;
  if (settings.some((one) => uses(one['url']))) return `https://${secretHost}/`;
  if (settings.some((one) => uses((one['signature'] as Settings | undefined)?.['standard'])))
    return `whsec_${Buffer.from('sandbox placeholder, no secret').toString('base64')}`;
  return 'sandbox-placeholder';
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
  { network, secrets }: Pick<Config, 'network' | 'secrets'>,
  covered: readonly string[],
): Place {
  const { sandbox } = mapping;
  if (sandbox === undefined) throw new RelaisError('USAGE-001', 'The file declares no sandbox.');
  const resolve = (text: string): string => secrets(secretIn(text) ?? '')[0] ?? text;
  const all = [sandbox.settings, ...Object.values(sandbox.calls)];
  const addresses = all.flatMap((one) => [...addressesOf(one), ...addressesOf(one, resolve)]);
  for (const one of inForce === undefined ? [mapping] : [mapping, inForce]) {
    const actions: ReadonlyMap<string, ActionPlan> = new Map(Object.entries(one.actions));
    const taken = productionAddress(addresses, actions) ?? productionAddress(addresses, actions, resolve);
    if (taken !== undefined)
      throw new RelaisError(
        'SANDBOX-001',
        `Nothing was sent: the sandbox of ${mapping.destinationId} has an address production has${one === inForce ? ' in the version in force' : ''}.`,
      );
  }
  return {
    ...{ kind: 'client', network, secrets, answerWith: () => undefined },
    settingsOf: (call) => (call === undefined ? sandbox.settings : sandbox.calls[call]),
    allowedTargets: covered,
    close: () => Promise.resolve(),
  };
}
