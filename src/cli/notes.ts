// relais note list | show: shows the notes of a client, and the delivery of their mails (C48).
// Invariant: reads only; a note names fields and settings, never a person's value.
import type { Command } from 'commander';
import { noteKey, noteParagraphs } from '../client-mails/notes.ts';
import { RelaisError } from '../errors.ts';
import { listClientMails, type ListedMail } from '../store/client-mails.ts';
import { findNote, listNotes } from '../store/client-notes.ts';
import type { ReadOnlySql } from '../store/database.ts';
import { knownNames } from '../support/known-names.ts';
import { paris } from '../support/paris-time.ts';
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
  ).action((client: string, options: ListOptions) =>
    withApp(({ database }) => showNotes(database, client, options, database.now())),
  );
  withExamples(
    withJson(
      note
        .command('show <client> [number]')
        .description('a note as client and officer read it; default: the last'),
    ),
    '',
    'relais note show horizon 12',
  ).action((client: string, number: string | undefined, options: JsonOption) =>
    withApp(({ database }) => showNote(database, client, number, options.json === true)),
  );
}

interface ListOptions extends JsonOption {
  readonly limit: number;
  readonly after?: number;
}

async function showNotes(sql: ReadOnlySql, client: string, options: ListOptions, now: Date): Promise<void> {
  await knownNames(sql, { client });
  const { limit } = options;
  const rows = await listNotes(sql, client, limit, options.after ?? Number.MAX_SAFE_INTEGER);
  const mails = await Promise.all(
    rows.map((row) => listClientMails(sql, { client, key: noteKey(row.number) }, 10)),
  );
  if (options.json === true)
    return outJson(rows.map((row, index) => ({ ...row, mails: (mails[index] ?? []).map(mailData) })));
  table(
    ['note', 'written', 'what', 'asked by', 'done by', 'mailed'],
    rows.map((row, index) => [
      String(row.number),
      parisShort(row.writtenAt, now),
      row.title,
      row.askedBy,
      row.doneBy,
      mailedWords(mails[index] ?? []),
    ]),
  );
  if (rows.length === 0) say('None.');
  if (rows.length === limit) say(`more: --after ${rows.at(-1)?.number ?? ''}`);
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

async function showNote(
  sql: ReadOnlySql,
  client: string,
  text: string | undefined,
  json: boolean,
): Promise<void> {
  await knownNames(sql, { client });
  const number = text === undefined ? undefined : wholeNumber(text);
  const note =
    number === undefined
      ? (await listNotes(sql, client, 1, Number.MAX_SAFE_INTEGER))[0]
      : await findNote(sql, client, number);
  if (note === undefined)
    throw new RelaisError(
      'FIND-001',
      number === undefined ? `${client} has no note yet.` : `${client} has no note ${number}.`,
    );
  const mails = await listClientMails(sql, { client, key: noteKey(note.number) }, 10);
  if (json) return out(JSON.stringify({ ...note, mails: mails.map(mailData) }));
  for (const paragraph of noteParagraphs(note)) out(`${paragraph}\n`);
  for (const { addressee, sentAt, sentTo, reason, tries } of mails.toReversed())
    out(
      sentAt === null
        ? `E-mail (${addressee}) pas encore parti, ${tries} essais${reason === '' ? '' : ` : ${reason}`}`
        : `E-mail (${addressee}) parti le ${paris(sentAt)} à ${sentTo}`,
    );
}
