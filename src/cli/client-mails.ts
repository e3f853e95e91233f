// relais mail list | send: lists and sends the centre's own mails to its clients.
// Invariant: shows names and codes; the text of a mail is shown with its note or request.
import type { Command } from 'commander';
import type { App } from '../app.ts';
import { RelaisError } from '../errors.ts';
import { knownNames } from '../support/known-names.ts';
import { bringMailForward, listClientMails } from '../support/reads/client-mails.ts';
import { listLength, wholeNumber, withExamples } from './arguments.ts';
import { outJson, withJson, type JsonOption } from './json.ts';
import { parisShort, table } from './table.ts';
import { say, withApp } from './terminal.ts';

export function clientMailCommands(program: Command): void {
  const mail = program.command('mail').description("the centre's own mails to its clients: notes, requests");
  withExamples(
    withJson(
      mail
        .command('list')
        .description('mails to clients, newest first: to whom, and whether they got through')
        .option('--client <client>', 'of one client')
        .option('--unsent', 'only those that have not got through')
        .option('--limit <n>', 'rows, 1 to 1000', listLength, 50),
    ),
    '',
    'relais mail list --unsent',
    'relais mail list --client horizon --json',
  ).action((options: MailOptions) => withApp((app) => showMails(app, options)));
  withExamples(
    mail
      .command('send')
      .description('try one again now that its cause is repaired')
      .argument('<mail>', 'its number, as `mail list` shows it', wholeNumber),
    '',
    'relais mail send 12',
  ).action((id: number) =>
    withApp(async ({ database }) => {
      if (!(await bringMailForward(database, id)))
        throw new RelaisError('FIND-001', `No mail ${id} waits for another try.`);
      say('The planner tries it within seconds.');
    }),
  );
}

interface MailOptions extends JsonOption {
  readonly client?: string;
  readonly unsent?: boolean;
  readonly limit: number;
}

async function showMails({ database }: App, options: MailOptions): Promise<void> {
  const { client, unsent, limit } = options;
  const now = database.now();
  const ofClient = client === undefined ? {} : { client };
  await knownNames(database, ofClient);
  const rows = await listClientMails(database, { ...ofClient, unsent: unsent === true }, limit);
  if (options.json === true)
    return outJson(rows.map(({ id, key, ...row }) => ({ mail: id, about: key, ...row })));
  table(
    ['mail', 'written', 'client', 'about', 'to', 'tries', 'sent', 'reason'],
    rows.map((row) => [
      String(row.id),
      parisShort(row.createdAt, now),
      row.clientId,
      row.key,
      row.sentTo || row.mailbox || row.addressee,
      String(row.tries),
      row.sentAt === null ? 'not yet' : parisShort(row.sentAt, now),
      row.reason,
    ]),
  );
  if (rows.length === 0) say('None.');
}
