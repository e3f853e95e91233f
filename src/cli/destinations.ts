// relais destination ... and relais authorisation ...: the ways out, and who may receive (C17-C19).
import type { Command } from 'commander';
import { connectorOf } from '../../connectors/index.ts';
import type { App } from '../app.ts';
import { requestFile } from '../delivery/files.ts';
import { backfill, setDestinationStatus } from '../delivery/replay.ts';
import { liveAuthorisations } from '../domain/destination.ts';
import { dataCategories } from '../domain/lead.ts';
import { RelaisError } from '../errors.ts';
import {
  allDestinations,
  findDestination,
  insertAuthorisation,
  readAuthorisations,
  readStates,
  revokeAuthorisation,
  type Destination,
} from '../store/destinations.ts';
import { appendHandovers } from '../store/handovers.ts';
import { readVersions } from '../store/mapping-versions.ts';
import { collect, instant, out, paris, reasonOf, table, wholeNumber, withApp } from './terminal.ts';

export function destinationCommands(program: Command): void {
  const destination = program
    .command('destination')
    .description('the authorised ways out: list, suspend, resume, test, backfill, file now');

  destination
    .command('list')
    .description('every destination: mapping version, status, circuit')
    .action(() =>
      withApp(async ({ database }) => {
        const all = await allDestinations(database);
        const [states, versions] = [
          await readStates(
            database,
            all.map((one) => one.id),
          ),
          await readVersions(
            database,
            all.map((one) => one.mappingVersionId),
          ),
        ];
        table(
          ['destination', 'client', 'connector', 'mapping', 'status', 'circuit', 'next probe'],
          all.map((one) => {
            const circuit = states.get(one.id)?.circuit;
            const version = versions.find((row) => row.id === one.mappingVersionId);
            const held = circuit !== undefined && circuit.state !== 'closed';
            return [
              one.id,
              one.clientId,
              one.connector,
              version === undefined ? 'none' : `v${version.version}`,
              one.status,
              held ? `${circuit.state} (${circuit.cause})` : 'closed',
              held ? paris(new Date(circuit.nextProbeAt ?? 0)) : '-',
            ];
          }),
        );
      }),
    );

  for (const [name, status, text] of [
    ['suspend', 'suspended', 'stop sending; its leads wait, visibly'],
    ['resume', 'active', 'send again; also makes a held destination probe at once'],
  ] as const) {
    destination
      .command(`${name} <destination>`)
      .description(text)
      .requiredOption('--reason <text>', 'why (ticket number)')
      .action((id: string, options: { reason: string }) =>
        withApp(async ({ database, config }) => {
          await setDestinationStatus(database, id, status, {
            actor: config.actor,
            reason: reasonOf(options.reason),
          });
          out(`${id} is ${status}.`);
        }),
      );
  }

  destination
    .command('test <destination>')
    .description('reach the recipient without sending any lead: address, TLS, login')
    .action((id: string) => withApp((app) => testDestination(app, id)));

  destination
    .command('backfill <destination>')
    .description('plan leads that were there before the destination')
    .requiredOption('--since <date>', 'leads created since', instant)
    .requiredOption('--reason <text>', 'why (ticket number)')
    .action((id: string, options: { since: Date; reason: string }) =>
      withApp(async ({ database, config }) => {
        const count = await backfill(database, id, options.since, {
          actor: config.actor,
          reason: reasonOf(options.reason),
        });
        out(
          `${count} leads handed to the planner; those the mapping accepts will be sent, behind fresh ones.`,
        );
      }),
    );

  destination
    .command('send-file <destination>')
    .description('make a file of what waits now, instead of at the next scheduled hour')
    .requiredOption('--reason <text>', 'why (ticket number)')
    .action((id: string, options: { reason: string }) =>
      withApp(async ({ database, config }) => {
        const found = await existing(database, id);
        if (found.connector !== 'flow')
          throw new RelaisError('DEST-001', `${id} sends each lead by ${found.connector}, not in files.`);
        await requestFile(database, found, config.actor, reasonOf(options.reason));
        out('The file leaves within a second, if anything waits for it.');
      }),
    );

  authorisationCommands(program);
}

function authorisationCommands(program: Command): void {
  const authorisation = program
    .command('authorisation')
    .description('who may receive what: list, grant, revoke (C18)');

  authorisation
    .command('list')
    .description('authorisations with their targets, categories and document')
    .option('--destination <destination>')
    .action((options: { destination?: string }) =>
      withApp(async ({ database }) => {
        const ids =
          options.destination === undefined
            ? (await allDestinations(database)).map((one) => one.id)
            : [(await existing(database, options.destination)).id];
        const all = [...(await readAuthorisations(database, ids)).values()].flat();
        const live = new Set(liveAuthorisations(all, new Date()).map((one) => one.id));
        table(
          ['id', 'destination', 'recipient', 'targets', 'categories', 'document', 'from', 'until', 'state'],
          all.map((one) => [
            String(one.id),
            one.destinationId,
            one.recipient,
            one.targets.join(' '),
            one.categories.join(' '),
            one.documentRef,
            paris(one.validFrom),
            paris(one.validUntil),
            one.revokedAt !== undefined
              ? `revoked ${paris(one.revokedAt)}`
              : live.has(one.id)
                ? 'live'
                : 'not in force',
          ]),
        );
      }),
    );

  authorisation
    .command('grant <destination>')
    .description('authorise a recipient; withheld leads leave by themselves within seconds')
    .requiredOption('--recipient <name>', 'company or team, as in the document')
    .option(
      '--target <target>',
      'host, mailbox or folder; may be repeated; default: all of the mapping',
      collect,
      [],
    )
    .option('--category <category>', `${dataCategories.join(', ')}; may be repeated`, collect, [])
    .requiredOption('--document <reference>', 'contract or letter that says so (C19)')
    .option('--from <date>', 'default: now', instant)
    .option('--until <date>', 'default: until revoked', instant)
    .action((id: string, options: GrantOptions) => withApp((app) => grant(app, id, options)));

  authorisation
    .command('revoke <id>')
    .description('end an authorisation at once; nothing departs under it any more')
    .requiredOption('--reason <text>', 'why (letter, ticket)')
    .action((text: string, options: { reason: string }) =>
      withApp(async ({ database, config }) => {
        const [id, reason] = [wholeNumber(text), reasonOf(options.reason)];
        const all = [
          ...(
            await readAuthorisations(
              database,
              (await allDestinations(database)).map((one) => one.id),
            )
          ).values(),
        ].flat();
        const found = all.find((one) => one.id === id);
        if (found === undefined) throw new RelaisError('FIND-001', `No authorisation has the number ${id}.`);
        await database.transaction(async (tx) => {
          if (!(await revokeAuthorisation(tx, id, config.actor)))
            throw new RelaisError('DEST-001', `Authorisation ${id} is revoked already.`);
          await appendHandovers(tx, [
            {
              entry: 'revoked',
              clientId: found.clientId,
              destinationId: found.destinationId,
              authorisationId: id,
              recipient: found.recipient,
              actor: config.actor,
              purpose: reason,
            },
          ]);
        });
        out(
          `Authorisation ${id} is revoked. Leads of ${found.destinationId} are withheld unless another one covers it.`,
        );
      }),
    );
}

interface GrantOptions {
  readonly recipient: string;
  readonly target: readonly string[];
  readonly category: readonly string[];
  readonly document: string;
  readonly from?: Date;
  readonly until?: Date;
}

async function grant(app: App, id: string, options: GrantOptions): Promise<void> {
  const found = await existing(app.database, id);
  const mapping = await app.published.version(found.mappingVersionId);
  if (mapping === undefined) throw new RelaisError('MAPPING-002', `${id} has no published mapping.`);
  const categories =
    options.category.length === 0
      ? mapping.client.categories
      : dataCategories.filter((one) => options.category.includes(one));
  const unknown = options.category.filter((one) => !dataCategories.some((known) => known === one));
  if (unknown.length > 0)
    throw new RelaisError(
      'USAGE-001',
      `Unknown category: ${unknown.join(', ')}. Known: ${dataCategories.join(', ')}.`,
    );
  const outside = categories.filter((one) => !mapping.client.categories.includes(one));
  if (outside.length > 0)
    throw new RelaisError(
      'DEST-001',
      `The client's contract does not cover ${outside.join(', ')} (categories in client.yaml).`,
    );
  const targets = options.target.length === 0 ? mapping.targets : options.target;
  const contract = [...mapping.client.hosts, ...mapping.client.mailboxes, ...mapping.client.folders].map(
    (one) => one.toLowerCase(),
  );
  const foreign = targets.filter((one) => !contract.includes(one.toLowerCase()));
  if (foreign.length > 0)
    throw new RelaisError(
      'DEST-001',
      `Not in the client's contract facts (client.yaml): ${foreign.join(', ')}.`,
    );
  const given = await app.database.transaction(async (tx) => {
    const authorisation = await insertAuthorisation(tx, {
      clientId: found.clientId,
      destinationId: id,
      recipient: options.recipient,
      targets,
      categories,
      documentRef: options.document,
      validFrom: options.from ?? new Date(),
      ...(options.until === undefined ? {} : { validUntil: options.until }),
      grantedBy: app.config.actor,
    });
    await appendHandovers(tx, [
      {
        entry: 'authorised',
        clientId: found.clientId,
        destinationId: id,
        authorisationId: authorisation,
        recipient: options.recipient,
        actor: app.config.actor,
        purpose: options.document,
      },
    ]);
    return authorisation;
  });
  out(
    `Authorisation ${given}: ${options.recipient} may receive ${categories.join(', ')} at ${targets.join(', ')}.`,
  );
}

async function existing(database: App['database'], id: string): Promise<Destination> {
  const found = await findDestination(database, id);
  if (found === undefined)
    throw new RelaisError('FIND-001', `No destination is called ${id}; relais destination list shows them.`);
  return found;
}

async function testDestination(app: App, id: string): Promise<void> {
  const mapping = await app.published.version((await existing(app.database, id)).mappingVersionId);
  const connector = mapping === undefined ? undefined : connectorOf(mapping.connector);
  if (mapping === undefined || connector === undefined)
    throw new RelaisError('MAPPING-002', `${id} has no published mapping.`);
  const missing = mapping.secretNames.filter((name) => app.config.secrets(name).length === 0);
  if (missing.length > 0)
    throw new RelaisError(
      'CONFIG-001',
      `Secrets not provided: ${missing.join(', ')} (a file of that name in RELAIS_SECRETS_DIR, or RELAIS_SECRET_<NAME>).`,
    );
  const live = liveAuthorisations((await readAuthorisations(app.database, [id])).get(id) ?? [], new Date());
  const outcome = await connector.test(mapping.actions.create?.settings, {
    classify: mapping.classify,
    secret: (name) => app.config.secrets(name)[0],
    secrets: app.config.secrets,
    allowedTargets: live.flatMap((one) => one.targets),
    network: app.config.network,
    timeouts: mapping.timeouts,
    signal: AbortSignal.timeout(mapping.timeouts.totalMs),
    now: Date.now,
  });
  await connector.close?.();
  if (outcome.kind === 'accepted')
    return out(
      `${id} can be reached${outcome.evidence?.durationMs === undefined ? '' : ` (${Math.round(outcome.evidence.durationMs)} ms)`}. No lead was sent.`,
    );
  throw new RelaisError(
    'DEST-001',
    `${id} cannot be reached: ${outcome.kind}${'reason' in outcome ? ` ${outcome.reason}` : ''}.`,
  );
}
