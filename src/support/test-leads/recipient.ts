// Describes the recipient of a test lead for the trial: a sandbox, or the destination's own.
// Invariant: a sandbox is compared with every address of production, secrets resolved, before any connection.
import type { Answer, Credentials, NetworkPolicy } from '../../../connectors/contract.ts';
import { RelaisError } from '../../errors.ts';
import type { ActionPlan, CompiledMapping, MappingSources } from '../../mapping/contract.ts';
import { productionPlace } from '../../mapping/transport/sandbox.ts';
import type { DestinationStatus } from '../../domain/destination.ts';
import { destinationWords } from '../words.ts';
import { identityFields } from '../../domain/lead-fields/identity.ts';
import { originFields } from '../../domain/lead-fields/origin.ts';
import { projectFields } from '../../domain/lead-fields/project.ts';
import { consentChannels, consentPurposes, type Lead } from '../../domain/lead.ts';
import { leadFromSample } from '../../mapping/tools/sample.ts';
import { builtIn, ownSamples } from '../mappings/trial.ts';

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

// Refusals of a test lead. French first.
// Invariant: each is DEST-001; nothing has left.

const refused = (french: string, english: string): RelaisError =>
  new RelaisError('DEST-001', [french, english]);

export const takenForReal = (id: string, connector: string): RelaisError =>
  refused(
    `${id} envoie par ${connector}, et son format ne déclare pas de bac à sable : un lead de test y passerait pour un vrai.`,
    `${id} sends by ${connector}, and its mapping declares no sandbox: a test lead would be taken for a real one.`,
  );

export const notActive = (id: string, status: DestinationStatus): RelaisError =>
  refused(
    `La destination ${id} est ${destinationWords[status]} : rien n’est envoyé.`,
    `${id} is ${status}: nothing is sent.`,
  );

export const notSetUp = (id: string): RelaisError =>
  refused(
    `La destination ${id} n’est pas prête : un secret que nomme son format n’est pas déposé.`,
    `${id} is not set up: a secret that its mapping names is not provided.`,
  );

export const nobodyAuthorised = (id: string): RelaisError =>
  refused(
    `Aucune habilitation en vigueur ne permet à quelqu’un de recevoir les leads de ${id}.`,
    `No live authorisation lets anybody receive leads of ${id}.`,
  );

export const contractEnded = (clientId: string): RelaisError =>
  refused(
    `Le contrat de ${clientId} a pris fin : rien n’est envoyé.`,
    `The contract of ${clientId} has ended: nothing is sent.`,
  );

export const tooMany = (id: string, most: number): RelaisError =>
  refused(
    `${most} leads de test sont partis vers ${id} dans l’heure : attendez.`,
    `${most} test leads were sent to ${id} within the hour: wait.`,
  );

export const noMore = (destinationId: string): RelaisError =>
  refused(
    `Rien ne peut plus être envoyé à ${destinationId}.`,
    `${destinationId} may not be sent to any more.`,
  );

// Builds the lead of a test: no real person, and plainly a test to a reader of the CRM.
// Invariant: reserved numbers and addresses, every opt-in refused: no person is ever called or written to for it.

/** A sample of the client that the destination takes, since codes and programmes are the client's own; else the built-in one. */
export function testLead(
  mapping: CompiledMapping,
  sources: Pick<MappingSources, 'files'>,
  { reference, now }: { readonly reference: string; readonly now: Date },
): Lead | undefined {
  const leads = [...ownSamples(sources), builtIn].flatMap(({ name, text }) => {
    const sample = leadFromSample(text, name, mapping.clientId);
    return sample.ok ? [asTest(sample.lead, reference, now)] : [];
  });
  return leads.find((lead) => mapping.accepts(lead).yes) ?? leads[0];
}

function asTest(lead: Lead, reference: string, now: Date): Lead {
  const { identity, project, origin } = lead;
  const { email, mobile, landline, address } = identityFields;
  const reached = { email: email.sample, mobile: mobile.sample, landline: landline.sample };
  const street = { line1: address.line1.sample, line2: address.line2.sample };
  return {
    ...lead,
    reference,
    collectedAt: now,
    identity: {
      ...instead(identity, reached),
      ...(identity.address === undefined ? {} : { address: instead(identity.address, street) }),
      lastName: 'TEST',
      firstName: 'Relais',
    },
    project: instead(project, { comment: projectFields.comment.sample }),
    origin: instead(origin, {
      recording: originFields.recording.sample,
      proofReference: originFields.proofReference.sample,
    }),
    consents: consentPurposes.flatMap((purpose) =>
      consentChannels.map((channel) => ({ purpose, channel, state: 'refused' as const, recordedAt: now })),
    ),
    interactions: [],
  };
}

/** Replaces values of the sample by invented ones: the sample may contain a real person's. */
const instead = <T extends object>(said: T, ours: { readonly [K in keyof T]?: T[K] | undefined }): T => ({
  ...said,
  ...Object.fromEntries(Object.entries(ours).filter(([name]) => name in said)),
});
