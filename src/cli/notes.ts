// relais note list | show, mail list | send: shows a client's notes, and the centre's mails to its clients (C48).
// Invariant: reads only; a note names fields and settings, never a person's value.
import type { Command, Given } from './command.ts';
import type { App } from '../app.ts';
import { noteParagraphs } from '../client-mails/notes.ts';
import { wholeCentre } from '../support/place.ts';
import { paris } from '../support/words.ts';
import {
  clientNote,
  clientNotes,
  bringMailForward,
  listClientMails,
  type ListedMail,
} from '../support/reads/requests.ts';
import { listLength, wholeNumber } from './arguments.ts';
import { outJson, parisShort, tableOf, out, say } from './terminal.ts';
import { RelaisError } from '../errors.ts';
import { knownInScope } from '../support/named-text.ts';

export function noteCommands(program: Command): void {
  const note = program
    .command('note')
    .description("written notes of what was changed on a client's instruction (C48)");
  note
    .command('list <client>')
    .description('notes, newest first: what was changed, who asked, who did it, and whether the mails left')
    .option('--limit <n>', 'rows, 1 to 1000', listLength, 50)
    .option('--after <note>', 'continue after this note (next page)', wholeNumber)
    .json()
    .examples('', 'relais note list horizon')
    .gateway(showNotes);
  note
    .command('show <client> [number]')
    .description('a note as client and officer read it; default: the last')
    .json()
    .examples('', 'relais note show horizon 12')
    .gateway((app, client: string, number: string | undefined, options: Given<'json'>) =>
      showNote(app, client, number, options.json === true),
    );
}

type ListOptions = Given<'limit! after json'>;

async function showNotes(app: App, client: string, options: ListOptions): Promise<void> {
  const { limit, after } = options;
  const asked = { limit, after };
  const { items: rows, next } = await clientNotes(app, wholeCentre, client, asked);
  if (options.json === true)
    return outJson(rows.map(({ note, mails }) => ({ ...note, mails: mails.map(mailData) })));
  tableOf(rows, {
    note: ({ note }) => String(note.number),
    written: ({ note }) => parisShort(note.writtenAt, app.database.now()),
    what: ({ note }) => note.title,
    'asked by': ({ note }) => note.askedBy,
    'done by': ({ note }) => note.doneBy,
    mailed: ({ mails }) => mailedWords(mails),
  });
  if (rows.length === 0) say('None.');
  if (next !== undefined) say(`more: --after ${next}`);
}

const mailedWords = (mails: readonly ListedMail[]): string => {
  const open = mails.filter(({ sentAt }) => sentAt === null);
  return open.length === 0 ? 'yes' : `not yet: ${open.map(({ addressee }) => addressee).join(', ')}`;
};

const mailData = ({ id, addressee, sentAt, sentTo, reason, tries }: ListedMail): object => ({
  mail: id,
  addressee,
  sentAt,
  sentTo,
  reason,
  tries,
});

async function showNote(app: App, client: string, text: string | undefined, json: boolean): Promise<void> {
  const number = text === undefined ? undefined : wholeNumber(text);
  const { note, mails } = await clientNote(app, wholeCentre, client, number);
  if (json) return out(JSON.stringify({ ...note, mails: mails.map(mailData) }));
  for (const paragraph of noteParagraphs(note)) out(`${paragraph}\n`);
  for (const { addressee, sentAt, sentTo, reason, tries } of mails.toReversed())
    out(
      sentAt === null
        ? `E-mail (${addressee}) pas encore parti, ${tries} essai${tries < 2 ? '' : 's'}${reason === '' ? '' : ` : ${reason}`}`
        : `E-mail (${addressee}) parti le ${paris(sentAt)} à ${sentTo}`,
    );
}

// relais mail list | send: lists and sends the centre's own mails to its clients.
// Invariant: shows names and codes; the text of a mail is shown with its note or request.

export function clientMailCommands(program: Command): void {
  const mail = program.command('mail').description("the centre's own mails to its clients: notes, requests");
  mail
    .command('list')
    .description('mails to clients, newest first: to whom, and whether they got through')
    .option('--client <client>', 'of one client')
    .option('--unsent', 'only those that have not got through')
    .option('--limit <n>', 'rows, 1 to 1000', listLength, 50)
    .json()
    .examples('', 'relais mail list --unsent', 'relais mail list --client horizon --json')
    .gateway(showMails);
  mail
    .command('send')
    .description('try one again now that its cause is repaired')
    .argument('<mail>', 'its number, as `mail list` shows it', wholeNumber)
    .examples('', 'relais mail send 12')
    .gateway(async ({ database }, id: number) => {
      if (!(await bringMailForward(database, id)))
        throw new RelaisError('FIND-001', `No mail ${id} waits for another try.`);
      say('The planner tries it within seconds.');
    });
}

type MailOptions = Given<'client unsent limit! json'>;

/** No mail is tried where this machine's configuration names no mail server for them. */
const whyUnsent = (
  { sentAt, reason, tries }: ListedMail,
  config: Pick<App['config'], 'clientMail'>,
): string =>
  sentAt !== null || reason !== ''
    ? reason
    : tries > 0
      ? 'being sent'
      : config.clientMail === undefined
        ? 'MAIL_NOT_CONFIGURED'
        : 'not tried yet';

async function showMails({ database, config }: App, options: MailOptions): Promise<void> {
  const { client, unsent, limit } = options;
  const now = database.now();
  const ofClient = client === undefined ? {} : { client };
  await knownInScope(database, wholeCentre, ofClient);
  const rows = (await listClientMails(database, { ...ofClient, unsent: unsent === true }, limit)).map(
    (row) => ({ ...row, reason: whyUnsent(row, config) }),
  );
  if (options.json === true)
    return outJson(rows.map(({ id, key, ...row }) => ({ mail: id, about: key, ...row })));
  tableOf(rows, {
    mail: (row) => String(row.id),
    written: (row) => parisShort(row.createdAt, now),
    client: (row) => row.clientId,
    about: (row) => row.key,
    to: (row) => row.sentTo || row.mailbox || row.addressee,
    tries: (row) => String(row.tries),
    sent: (row) => (row.sentAt === null ? 'not yet' : parisShort(row.sentAt, now)),
    reason: (row) => row.reason,
  });
  if (rows.length === 0) say('None.');
}
