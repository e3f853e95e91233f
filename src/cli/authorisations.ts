// relais authorisation ...: grants and revokes authorisations of recipients (C17-C19).
// Invariant: nothing is granted beyond the client's contract facts; granting and revoking are entries of the log.
import { type Command, performHere, refuseInput, type Given } from './command.ts';
import type { App } from '../app.ts';
import { targetKey, type ClientFacts } from '../domain/destination.ts';
import { dataCategories } from '../domain/lead.ts';
import { RelaisError } from '../errors.ts';
import { authorisationsListed, type ListedAuthorisation } from '../support/reads/requests.ts';
import { wholeCentre } from '../support/place.ts';
import {
  collect,
  impersonal,
  instant,
  known,
  wholeNumber,
  askedByOf,
  instructionsOf,
  noteWords,
  type Moment,
  askedByOption,
  instructionOption,
} from './arguments.ts';
import { existingDestination } from '../support/reads/filter.ts';
import { outJson, tableOf, out, withApp } from './terminal.ts';
import { endAuthorisation, grantAuthorisation } from '../support/authorisations.ts';
import { paris } from '../support/words.ts';
import { countedLines } from './mappings.ts';

type GrantOptions = Given<'target category document! askedBy'> & {
  readonly recipient: string;
  readonly from?: Moment;
  readonly until?: Moment;
  readonly instruction?: readonly string[];
};

export function authorisationCommands(program: Command): void {
  const authorisation = program
    .command('authorisation')
    .description('who may receive what: list, grant, revoke (C18)');

  authorisation
    .command('list')
    .description('authorisations with their targets, categories and document')
    .option('--destination <destination>', 'of one destination')
    .json()
    .examples('', 'relais authorisation list --destination horizon-crm')
    .gateway((app, options: Given<'json destination'>) =>
      list(app, options.destination, options.json === true),
    );

  authorisation
    .command('grant <destination>')
    .description('authorise a recipient; withheld leads leave by themselves within seconds')
    .requiredOption('--recipient <name>', 'company or team, as in the document')
    .option(
      '--target <target>',
      'host, mailbox or folder; may be repeated; default: all of the mapping',
      collect,
    )
    .option(
      '--category <category>',
      `${dataCategories.join(', ')}; may be repeated; default: all of the contract`,
      collect,
    )
    .requiredOption('--document <reference>', 'contract, letter or mail that says so (C19)')
    .option('--from <date>', 'default: now', instant)
    .option('--until <date>', 'default: until revoked', instant)
    .option(...askedByOption)
    .option(...instructionOption)
    .examples(
      '',
      'relais authorisation grant horizon-crm --recipient "Horizon, CRM" --document "contract 2026-12" --until 2027-12-31',
      'relais authorisation grant horizon-crm --recipient "Agence Sud" --target crm.sud.example --category identity --category project --document "letter of 2026-11-20"',
    )
    .gateway(grant);
  revokeCommand(authorisation);
}

function revokeCommand(authorisation: Command): void {
  authorisation
    .command('revoke <authorisation>')
    .description('end an authorisation at once; nothing departs under it any more')
    .option(...instructionOption)
    .fields(endAuthorisation)
    .examples('', 'relais authorisation revoke 3 --reason "letter of 2026-11-20"')
    .action((text: string, options: Pick<GrantOptions, 'instruction'>) => {
      const id = wholeNumber(text);
      refuseInput(endAuthorisation, options);
      const input = { ...options, instructions: instructionsOf(options.instruction) };
      return withApp(async (app) => {
        const done = await performHere(app, endAuthorisation, { to: [String(id)], input });
        out(
          `Authorisation ${id} is revoked. New leads for ${done.destinationId} are withheld unless another one covers them; withdrawals and erasures still are sent to each recipient of the lead (docs/withdrawal.md).`,
        );
        out(await noteWords(app.database, done.clientId, done.note));
      });
    });
}

async function list(app: App, destination: string | undefined, json: boolean): Promise<void> {
  if (destination !== undefined) await existingDestination(app.database, destination);
  const all = await authorisationsListed(app, wholeCentre);
  const rows = all.filter(({ destinationId }) => destination === undefined || destinationId === destination);
  const state = ({ revokedAt, isLive }: ListedAuthorisation): string => {
    if (revokedAt !== undefined) return `revoked ${paris(revokedAt)}`;
    return isLive ? 'live' : 'not in force';
  };
  if (json) return outJson(rows.map(({ isLive, ...row }) => ({ ...row, live: isLive })));
  tableOf(rows, {
    id: (row) => String(row.id),
    destination: (row) => row.destinationId,
    recipient: (row) => row.recipient,
    targets: (row) => row.targets.join(' '),
    categories: (row) => row.categories.join(' '),
    document: (row) => row.documentRef,
    from: (row) => paris(row.validFrom),
    until: (row) => paris(row.validUntil),
    state: (row) => state(row),
  });
}

async function grant(app: App, id: string, options: GrantOptions): Promise<void> {
  const destination = await existingDestination(app.database, id);
  const mapping = await app.published.version(destination.mappingVersionId);
  if (mapping === undefined) throw new RelaisError('MAPPING-002', `${id} has no published mapping.`);
  const { client } = mapping;
  const recipient = impersonal(options.recipient.trim(), '--recipient');
  const document = impersonal(options.document.trim(), '--document');
  if (recipient === '' || recipient.length > 160 || document === '')
    throw new RelaisError('USAGE-001', '--recipient (160 characters at most) and --document name something.');
  const asked = options.category?.map((name) => known(name, dataCategories, 'category'));
  const categories = asked === undefined ? client.categories : [...new Set(asked)];
  const outside = categories.filter((category) => !client.categories.includes(category));
  if (outside.length > 0)
    throw new RelaisError(
      'DEST-001',
      `The client's contract does not cover ${outside.join(', ')} (categories in client.yaml).`,
    );
  const targets = options.target ?? (mapping.secretAddress ? mapping.targets : mapping.covered);
  if (targets.length === 0)
    throw new RelaisError('USAGE-001', `The address of ${id} is a secret: name its host with --target.`);
  refuseForeignTargets(targets, client);
  const now = app.database.now();
  const validFrom = options.from?.(now) ?? now;
  const validUntil = options.until?.(now);
  if (validUntil !== undefined && validUntil <= validFrom)
    throw new RelaisError('USAGE-001', '--until must come after --from.');
  const done = await grantAuthorisation(
    app.database,
    {
      clientId: destination.clientId,
      destinationId: id,
      recipient,
      targets,
      categories,
      documentRef: document,
      validFrom,
      grantedBy: app.config.actor,
      validUntil,
    },
    { askedBy: askedByOf(options.askedBy), instructions: instructionsOf(options.instruction) },
  );
  out(
    `Authorisation ${done.authorisation}: ${recipient} may receive ${categories.join(', ')} at ${targets.join(', ')}.`,
  );
  out(await noteWords(app.database, destination.clientId, done.note));
  for (const line of countedLines({ reopened: done.reopened })) out(line);
}

/** The client's contract lists the allowed targets; an authorisation names some of them. */
function refuseForeignTargets(targets: readonly string[], client: ClientFacts): void {
  const contract = [...client.hosts, ...client.mailboxes, ...client.folders].map(targetKey);
  const foreign = targets.filter((target) => !contract.includes(targetKey(target)));
  if (foreign.length > 0)
    throw new RelaisError(
      'DEST-001',
      `Not in the client's contract facts (client.yaml): ${foreign.join(', ')}.`,
    );
}
