// relais mapping send --sandbox: sends one lead through the real connector to a sandbox, and reads the answer by the rules.
// Invariant: never to production; nothing is stored, and a stored lead is an entry of the log as a look-up, not a hand-over.
import type { Command, Given } from './command.ts';
import { connectors } from '../../connectors/index.ts';
import type { Connector, NetworkPolicy, StandIn, StandInServer, Outcome } from '../../connectors/contract.ts';
import type { App } from '../app.ts';
import { coveringAuthorisation, targetKey } from '../domain/destination.ts';
import type { DataCategory } from '../domain/lead.ts';
import { RelaisError } from '../errors.ts';
import { wholeMapping } from '../mapping/check.ts';
import type { CompiledMapping } from '../mapping/contract.ts';
import { wholeCentre } from '../support/place.ts';
import { authorisationsOf } from '../support/reads/requests.ts';
import { reasonOf } from './arguments.ts';
import { storedLead } from '../support/stored-leads.ts';
import { inventedLead } from './lead-show.ts';
import { chosenFile, type Chosen } from './mapping-check.ts';
import { clientPlace, settingsByCall, type TrialRecipient } from '../support/test-leads/recipient.ts';
import { sendTrial, wentWell, type TrialMessage } from '../support/test-leads/trial.ts';
import { ofSandbox } from './sandbox.ts';
import { hostNow, mappingsFolder, out, withApp, say, strong } from './terminal.ts';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { notWritten, printSheet } from './mapping-preview.ts';

type SendOptions = Given<'sandbox local sample reason dir json'> & { readonly lead?: string };

export function sendCommand(mapping: Command): void {
  mapping
    .command('send <destination>')
    .description('send one lead through the real connector to a sandbox, and read the answer')
    .option('--sandbox', 'mandatory: leads go to production by themselves, never by hand')
    .option('--local', 'to a recipient started on this machine, even where the file declares a sandbox')
    .option(
      '--sample <name>',
      "a lead of the client's samples folder, or a file; default: the first one, or a built-in invented lead",
    )
    .option('--lead <reference>', 'a stored lead (asks the database; logged as a look-up: --reason)')
    .option('--reason <text>', 'why (ticket number); needed with --lead')
    .option('--dir <folder>', 'mappings folder; default: RELAIS_MAPPINGS_DIR, else ./mappings')
    .option('--json', 'as JSON')
    .examples(
      "Goes to the client's own sandbox where the file declares one (`sandbox:`), else to a recipient started on this machine for the purpose, with placeholder secrets. Nothing is stored. Exit code 1 when it was not taken.",
      'relais mapping send horizon-crm --sandbox',
      'relais mapping send horizon-crm --sandbox --sample sans-opt-in --json',
      'relais mapping send horizon-crm --sandbox --lead HZ-000123 --reason "ticket 17"',
    )
    .action((destination: string, options: SendOptions) => sendToSandbox(destination, options));
}

export async function sendToSandbox(destination: string, options: SendOptions): Promise<void> {
  if (options.sandbox !== true)
    throw new RelaisError(
      'USAGE-001',
      'By hand a lead is sent to a sandbox only: add --sandbox. Production gets it by itself.',
    );
  if (options.lead !== undefined && options.sample !== undefined)
    throw new RelaisError('USAGE-001', 'Give --lead or --sample, not both.');
  const reason = options.lead === undefined ? '' : reasonOf(options.reason);
  const folder = mappingsFolder(options.dir);
  const chosen = chosenFile(folder, destination);
  const connector = connectors[chosen.mapping.connector];
  if (connector === undefined) throw new RelaisError('MAPPING-001', `${destination} has no connector.`);
  const local = options.local === true || chosen.mapping.sandbox === undefined;
  const trial = async (app: App | undefined): Promise<void> => {
    await trying({ chosen, connector, folder, local, reason, options, app });
  };
  // A trial on this machine with an invented lead needs neither configuration nor database.
  await (local && options.lead === undefined ? trial(undefined) : withApp(trial));
}

interface Trial {
  readonly chosen: Chosen;
  readonly connector: Connector;
  readonly folder: string;
  readonly local: boolean;
  readonly reason: string;
  readonly options: SendOptions;
  readonly app: App | undefined;
}

async function trying({ chosen, connector, folder, local, reason, options, app }: Trial): Promise<void> {
  const { mapping, sources } = chosen;
  const invented = options.lead === undefined || app === undefined;
  const categories = { now: mapping.client.categories };
  let place: TrialRecipient;
  if (local || app === undefined) place = await localPlace(mapping, connector);
  else {
    const covered = await coverage(app, mapping, !invented);
    categories.now = covered.categories;
    const means = { ...app.config, credentials: app.credentials(mapping.clientId) };
    place = clientPlace(mapping, await inForce(app, mapping.destinationId), means, covered.targets);
  }
  try {
    const lead = invented
      ? inventedLead(sources, folder, options.sample)
      : await storedLead(
          app.database,
          { clientId: mapping.clientId, reference: options.lead ?? '' },
          { actor: app.config.actor, reason, entries: ['looked_up', 'revealed'] },
        );
    const sent = await sendTrial({
      mapping,
      lead,
      connector,
      place,
      categories: categories.now,
      whole: wholeMapping(sources),
      now: hostNow,
    });
    const shown = { destination: mapping.destinationId, place, invented, sent };
    if (options.json === true) out(JSON.stringify(trialData(shown)));
    else printTrial(shown);
    if (!wentWell(sent)) process.exitCode = 1;
  } finally {
    await connector.close?.();
    await place.close();
  }
}

/** The version in force; the file may already name another address. */
async function inForce(app: App, destinationId: string): Promise<CompiledMapping | undefined> {
  const version = (await app.publishing.history(destinationId)).find((row) => row.inForce);
  return version === undefined ? undefined : app.published.version(version.id);
}

/** An invented person may be sent wherever the contract allows; a real one only under a live authorisation (C18, C19). */
async function coverage(
  app: App,
  mapping: CompiledMapping,
  real: boolean,
): Promise<{ readonly targets: readonly string[]; readonly categories: readonly DataCategory[] }> {
  const { hosts, mailboxes, folders, categories } = mapping.client;
  const contract = [...hosts, ...mailboxes, ...folders].map(targetKey);
  if (!real) return { targets: contract, categories };
  const all = await authorisationsOf(app, wholeCentre, mapping.destinationId);
  const targets = mapping.sandbox?.targets ?? [];
  const covering = coveringAuthorisation(all, targets, mapping.categories, app.database.now());
  if (covering === undefined || targets.length === 0)
    throw new RelaisError(
      'SANDBOX-002',
      `Nothing was sent: no live authorisation of ${mapping.destinationId} names its sandbox (${targets.join(', ') || 'a secret address'}), and a stored lead is a real person.`,
    );
  return {
    targets: covering.targets.filter((target) => contract.includes(target)),
    categories: covering.categories,
  };
}

// Starts a recipient on this machine for a trial.
// Invariant: never production: it can dial nothing but that recipient, and has no real secret.

/** @throws SERVICE-002 where the sandbox is not installed, USAGE-001 where no recipient can be simulated */
async function localPlace(mapping: CompiledMapping, connector: Connector): Promise<TrialRecipient> {
  const recipients = await ofSandbox(
    import('../../sandbox/recipients/stand-in.ts'),
    "Or declare the client's own sandbox in the mapping file (`sandbox:`).",
  );
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

// Prints a trial, or exports it as data: request, answer, and the result of the file's rules.
// Invariant: secrets masked; a recipient's answer about a real person is not shown: status and length are enough.

interface SentTrial {
  readonly destination: string;
  readonly place: TrialRecipient;
  readonly invented: boolean;
  readonly sent: readonly TrialMessage[];
}

const mostShown = 2_000;

export function printTrial({ destination, place, invented, sent }: SentTrial): void {
  out(
    strong(
      place.kind === 'local'
        ? `${destination}: to a recipient on this machine, which stands in for the client's`
        : `${destination}: to the client's own sandbox`,
    ),
  );
  for (const message of sent) {
    out();
    if (message.call !== undefined) out(strong(`Call ${message.call}`));
    if (message.kind === 'not made') out('  not made for this lead');
    else if (message.kind === 'not written') notWritten(message.result);
    else printSent(message, invented);
  }
  const count = place.received?.();
  if (count !== undefined && count > 0) out(`\nThe recipient received ${count === 1 ? 'it' : count}.`);
  out('\nNothing was stored: no delivery, no passage de relais.');
}

function printSent(message: Extract<TrialMessage, { readonly kind: 'sent' }>, invented: boolean): void {
  out(strong(`To ${message.composed.target}`));
  for (const line of message.composed.head) out(line);
  if (message.text !== '') out(`\n${message.text.trimEnd()}\n`);
  if (message.bytes > 0) out(`(${message.bytes} bytes, ${message.mediaType})`);
  printSheet(message.sheet);
  const { answer, outcome } = message;
  out(strong('\nAnswer'));
  const status = outcome.evidence?.status;
  out(status === undefined ? '  no status' : `  status ${status}`);
  if (answer !== undefined && invented && answer.text !== '')
    out(`  ${answer.text.slice(0, mostShown).trimEnd().replaceAll('\n', '\n  ')}`);
  else if (answer !== undefined) out(`  ${answer.text.length} characters, ${answer.mediaType}`);
  out(`  means: ${outcomeWords(outcome)}`);
  if (message.answeredBy === 'rules' || message.answeredBy === 'none')
    say(
      message.answeredBy === 'rules'
        ? "note: this answer is made from the file's own rule for an acceptance, so it proves nothing of the client: record an answer of the client's under `tests`, and it is given here."
        : 'note: the file has no rule for an acceptance, so the recipient said a plain yes.',
    );
}

/** `accepted, reference H-77`; `invalid: phone_invalid`. */
function outcomeWords(outcome: Outcome): string {
  const ids = 'captures' in outcome ? Object.entries(outcome.captures ?? {}) : [];
  return [
    outcome.kind + ('reason' in outcome ? `: ${outcome.reason}` : ''),
    ...('reference' in outcome && outcome.reference !== undefined ? [`reference ${outcome.reference}`] : []),
    ...ids.map(([name, id]) => `${name} ${id}`),
  ].join(', ');
}

function trialData({ destination, place, invented, sent }: SentTrial): unknown {
  return {
    destination,
    to: place.kind === 'local' ? 'local recipient' : "client's sandbox",
    stored: false,
    received: place.received?.(),
    sent: sent.map((message) => {
      if (message.kind !== 'sent') return message;
      const { composed, answer, outcome, mediaType, text, bytes, sheet, answeredBy } = message;
      return {
        call: message.call,
        kind: message.kind,
        target: composed.target,
        head: composed.head,
        body: { mediaType, bytes, text, sheet },
        answer: {
          status: outcome.evidence?.status,
          mediaType: answer?.mediaType,
          from: answeredBy,
          ...(invented ? { text: answer?.text.slice(0, mostShown) } : {}),
        },
        outcome,
      };
    }),
  };
}
