// relais mapping send --sandbox: sends one lead through the real connector to a sandbox, and reads the answer by the rules.
// Invariant: never to production; nothing is stored, and a stored lead is an entry of the log as a look-up, not a hand-over.
import type { Command } from 'commander';
import { connectors } from '../../connectors/index.ts';
import type { Connector } from '../../connectors/contract.ts';
import type { App } from '../app.ts';
import { coveringAuthorisation } from '../domain/destination.ts';
import type { DataCategory } from '../domain/lead.ts';
import { RelaisError } from '../errors.ts';
import { wholeMapping } from '../mapping/check.ts';
import type { CompiledMapping } from '../mapping/contract.ts';
import { authorisationsOf } from '../support/reads/authorisations.ts';
import { reasonOf, withExamples } from './arguments.ts';
import { storedLead } from '../support/stored-leads.ts';
import { inventedLead } from './chosen-lead.ts';
import { chosenFile, type Chosen } from './mapping-versions.ts';
import { clientPlace, type TrialRecipient } from '../support/test-leads/recipient.ts';
import { sendTrial, wentWell } from '../support/test-leads/trial.ts';
import { hostNow } from './host-clock.ts';
import { localPlace } from './sandbox-place.ts';
import { printTrial, trialData } from './sandbox-text.ts';
import { mappingsFolder, out, withApp } from './terminal.ts';

export interface SendOptions {
  readonly sandbox?: boolean;
  readonly local?: boolean;
  readonly sample?: string;
  readonly lead?: string;
  readonly reason?: string;
  readonly dir?: string;
  readonly json?: boolean;
}

export function sendCommand(mapping: Command): void {
  withExamples(
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
      .option('--json', 'as JSON'),
    "Goes to the client's own sandbox where the file declares one (`sandbox:`), else to a recipient started on this machine for the purpose, with placeholder secrets. Nothing is stored. Exit code 1 when it was not taken.",
    'relais mapping send horizon-crm --sandbox',
    'relais mapping send horizon-crm --sandbox --sample sans-opt-in --json',
    'relais mapping send horizon-crm --sandbox --lead HZ-000123 --reason "ticket 17"',
  ).action((destination: string, options: SendOptions) => sendToSandbox(destination, options));
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
  const contract = [...hosts, ...mailboxes, ...folders].map((allowed) => allowed.toLowerCase());
  if (!real) return { targets: contract, categories };
  const all = await authorisationsOf(app, mapping.destinationId);
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
