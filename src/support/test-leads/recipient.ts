// Describes the recipient of a test lead for the trial: a sandbox, or the destination's own.
// Invariant: a sandbox is compared with every address of production, secrets resolved, before any connection.
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
  /** Production's credentials for a real recipient: a refresh token may be valid only once. */
  readonly credentials?: Credentials;
  readonly allowedTargets: readonly string[];
  /** Sets the next answer of a local recipient, where possible. */
  readonly answerWith?: (answer: Answer) => void;
  /** Number of messages, as a local recipient counts them. */
  readonly received?: () => number;
  readonly close: () => Promise<void>;
}

/** Our credentials with a real recipient, and the way to it. */
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
 * @param inForce the version in force, where there is one: the file may already name another address
 * @param covered allowed targets: of the contract, and for a real lead of an authorisation, too
 * @throws SANDBOX-001 when one of its addresses is production's
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

/** The real target of the destination's leads. @param covered targets of a live authorisation */
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
