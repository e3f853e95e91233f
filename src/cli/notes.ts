// relais note list | show: shows the notes of a client, and the delivery of their mails (C48).
// Invariant: reads only; a note names fields and settings, never a person's value.
import type { Command } from 'commander';
import type { App } from '../app.ts';
import { noteParagraphs } from '../client-mails/notes.ts';
import { paris } from '../support/paris-time.ts';
import { clientNote, clientNotes, type ListedMail } from '../support/reads/client-mails.ts';
import { listLength, wholeNumber, withExamples } from './arguments.ts';
import { outJson, withJson, type JsonOption } from './json.ts';
import { parisShort, table } from './table.ts';
import { out, say, withApp } from './terminal.ts';

export function noteCommands(program: Command): void {
  const note = program
    .command('note')
    .description("written notes of what was changed on a client's instruction (C48)");
  withExamples(
    withJson(
      note
        .command('list <client>')
        .description(
          'notes, newest first: what was changed, who asked, who did it, and whether the mails left',
        )
        .option('--limit <n>', 'rows, 1 to 1000', listLength, 50)
        .option('--after <note>', 'continue after this note (next page)', wholeNumber),
    ),
    '',
    'relais note list horizon',
  ).action((client: string, options: ListOptions) => withApp((app) => showNotes(app, client, options)));
  withExamples(
    withJson(
      note
        .command('show <client> [number]')
        .description('a note as client and officer read it; default: the last'),
    ),
    '',
    'relais note show horizon 12',
  ).action((client: string, number: string | undefined, options: JsonOption) =>
    withApp((app) => showNote(app, client, number, options.json === true)),
  );
}

interface ListOptions extends JsonOption {
  readonly limit: number;
  readonly after?: number;
}

async function showNotes(app: App, client: string, options: ListOptions): Promise<void> {
  const { limit, after } = options;
  const asked = { limit, ...(after === undefined ? {} : { after }) };
  const { items: rows, next } = await clientNotes(app, client, asked);
  if (options.json === true)
    return outJson(rows.map(({ note, mails }) => ({ ...note, mails: mails.map(mailData) })));
  table(
    ['note', 'written', 'what', 'asked by', 'done by', 'mailed'],
    rows.map(({ note, mails }) => [
      String(note.number),
      parisShort(note.writtenAt, app.database.now()),
      note.title,
      note.askedBy,
      note.doneBy,
      mailedWords(mails),
    ]),
  );
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
  const { note, mails } = await clientNote(app, client, number);
  if (json) return out(JSON.stringify({ ...note, mails: mails.map(mailData) }));
  for (const paragraph of noteParagraphs(note)) out(`${paragraph}\n`);
  for (const { addressee, sentAt, sentTo, reason, tries } of mails.toReversed())
    out(
      sentAt === null
        ? `E-mail (${addressee}) pas encore parti, ${tries} essais${reason === '' ? '' : ` : ${reason}`}`
        : `E-mail (${addressee}) parti le ${paris(sentAt)} à ${sentTo}`,
    );
}
