// Starts a recipient on this machine for a trial.
// Invariant: never production: it can dial nothing but that recipient, and has no real secret.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Connector, NetworkPolicy, StandIn, StandInServer } from '../../connectors/contract.ts';
import { RelaisError } from '../errors.ts';
import type { CompiledMapping } from '../mapping/contract.ts';
import { settingsByCall, type TrialRecipient } from '../support/test-leads/recipient.ts';

/** @throws USAGE-001 where the sandbox's packages are not installed, or no recipient can be simulated */
export async function localPlace(mapping: CompiledMapping, connector: Connector): Promise<TrialRecipient> {
  const recipients = await import('../../sandbox/recipients/stand-in.ts').catch(() => {
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
  byCall: ReadonlyMap<string | undefined, unknown>,
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
    // Where the recipient has no certificate, the file itself has an http address (the check permits it, production does not).
    allowPlaintext: server.authority === undefined,
    connectTo: Object.fromEntries(hosts.map((host) => [host.toLowerCase(), dialled])),
    ...(server.authority === undefined ? {} : { extraCa: server.authority }),
  };
}
