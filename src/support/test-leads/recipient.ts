// Where an invented lead goes that somebody sends to try a destination: what the trial needs of its recipient.
// Invariant: a sandbox is compared with every address of production, secrets resolved, before anything is opened.
import type { Answer, Credentials, NetworkPolicy } from '../../../connectors/contract.ts';
import { RelaisError } from '../../errors.ts';
import type { ActionPlan, CompiledMapping } from '../../mapping/contract.ts';
import { productionPlace } from '../../mapping/transport/sandbox.ts';

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

/** Who we are to a real recipient, and the way to it. */
export interface Means {
  readonly network: NetworkPolicy;
  readonly secrets: (name: string) => readonly string[];
  readonly credentials: Credentials;
}

const secretIn = (value: unknown): string | undefined =>
  typeof value === 'string' && value.startsWith('secret:') ? value.slice('secret:'.length) : undefined;

/** Settings of each call of a create by its name; of its one message under undefined. */
export const settingsByCall = (mapping: CompiledMapping): ReadonlyMap<string | undefined, unknown> => {
  const { calls, settings } = mapping.actions.create ?? {};
  return new Map(
    calls === undefined ? [[undefined, settings]] : calls.map((call) => [call.name, call.settings]),
  );
};

/**
 * The sandbox the file declares.
 * @param inForce the version in force, where there is one: what the file says now may be another address
 * @param covered targets that may be reached: of the contract, and for a real lead of an authorisation, too
 * @throws SANDBOX-001 when an address of it is production's
 */
export function clientPlace(
  mapping: CompiledMapping,
  inForce: CompiledMapping | undefined,
  { network, secrets, credentials }: Means,
  covered: readonly string[],
): TrialRecipient {
  const { sandbox } = mapping;
  if (sandbox === undefined)
    throw new RelaisError('USAGE-001', [
      'Le fichier ne déclare pas de bac à sable.',
      'The file declares no sandbox.',
    ]);
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
      throw new RelaisError('SANDBOX-001', [
        `Rien n’a été envoyé : le bac à sable de ${mapping.destinationId} a une adresse de la production${version === inForce ? ', dans la version en vigueur' : ''}.`,
        `Nothing was sent: the sandbox of ${mapping.destinationId} has an address production has${version === inForce ? ' in the version in force' : ''}.`,
      ]);
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

/** Where the destination's leads go. @param covered targets of a live authorisation */
export function ownPlace(
  mapping: CompiledMapping,
  { network, secrets, credentials }: Means,
  covered: readonly string[],
): TrialRecipient {
  const byCall = settingsByCall(mapping);
  return {
    kind: 'client',
    network,
    secrets,
    credentials,
    settingsOf: (call) => byCall.get(call),
    allowedTargets: covered,
    close: () => Promise.resolve(),
  };
}
