// relais request access | copy | apply | extend | acknowledge | declare-informed | answer | lift | close: an officer's acts on a request.
// Invariant: an irreversible act is confirmed by typing the number; the actor is in the log.
import { type Command, offers, performHere, refuseInput, type Given } from './command.ts';
import { writeFile, open, unlink } from 'node:fs/promises';
import { addDays, civilDate, frenchDate } from '../domain/civil-date.ts';
import { RelaisError } from '../errors.ts';
import type { Corrections } from '../privacy/requests/deps.ts';
import type { Selection } from '../privacy/requests/selection.ts';
import {
  acknowledgeRequest,
  applyRequest,
  closeRequest,
  copyDocument,
  extendTerm,
  liftRestriction,
  noteAnswered,
  noteInformed,
  answerAccess,
} from '../support/acts/requests.ts';
import { collect, wholeNumber, answerFileOptions, impersonal, type AnswerFile } from './arguments.ts';
import { confirmed, out, say, withApp } from './terminal.ts';
import { basename } from 'node:path';
import type { App } from '../app.ts';

export function actCommands(request: Command): void {
  applyCommand(request);
  copyCommand(request);
  const named: Named = (name, text) => ofRequest(request.command(name)).description(text);
  answerCommands(named);
  endCommands(named);
}

type ApplyOptions = Given<'lead row all none set clear yes'>;

function applyCommand(request: Command): void {
  ofRequest(request.command('apply'))
    .description(
      'confirm which leads are meant and carry the request out in our tables; recipients are informed',
    )
    .fields(applyRequest)
    .option('--lead <reference>', 'a lead that is meant; may be repeated; the others are left out', collect)
    .option('--row <number>', 'a refused row that is meant; may be repeated', collect)
    .option('--all', 'every lead and row the request lists')
    .option('--none', 'none of them: nothing is held of this person')
    .option('--set <column=value>', 'of a rectification: the new value; may be repeated', collect)
    .option('--clear <column>', 'of a rectification: a value to take out; may be repeated', collect)
    .option('--yes', 'do not ask')
    .examples(
      'Without --lead, --row, --all or --none it continues where an interrupted one stopped.',
      'relais request apply 17 --lead HZ-000123 --lead HZ-000140',
      'relais request apply 18 --all --set email=zoe.martin@courriel.example --clear landline --identity "identity card seen, ticket 12"',
    )
    .action((id: number, options: ApplyOptions) => apply(id, options));
}

async function apply(id: number, options: ApplyOptions): Promise<void> {
  refuseInput(applyRequest, options);
  const input = { ...options, selection: selectionOf(options), corrections: correctionsOf(options) };
  const question = `Request ${id} will be carried out; what it erases cannot be brought back.`;
  if (!(await confirmed(question, String(id), options.yes === true))) return say('Nothing was changed.');
  await withApp(async (app) => {
    const done = await performHere(app, applyRequest, { to: [String(id)], input });
    out(`Request ${id} is applied: ${done.leads} leads, ${done.rows} refused rows.`);
    out(`Recipients are informed by what is sent now, or asked in writing: relais request show ${id}`);
  });
}

/** @throws USAGE-001 */
export function selectionOf({
  lead,
  row,
  all,
  none,
}: Pick<ApplyOptions, 'lead' | 'row' | 'all' | 'none'>): Selection | undefined {
  const ways = [lead !== undefined || row !== undefined, all === true, none === true].filter(Boolean);
  if (ways.length > 1) throw new RelaisError('USAGE-001', 'Name leads and rows, or say --all, or --none.');
  if (all === true) return { leads: 'all', rows: 'all' };
  if (none === true) return { leads: [], rows: [] };
  return ways.length === 0 ? undefined : { leads: lead ?? [], rows: (row ?? []).map(wholeNumber) };
}

/** @throws USAGE-001 */
function correctionsOf({ set = [], clear = [] }: ApplyOptions): Corrections {
  const values = set.map((text): readonly [string, string] => {
    const at = text.indexOf('=');
    if (at < 1) throw new RelaisError('USAGE-001', '--set is written column=value.');
    return [text.slice(0, at), text.slice(at + 1)];
  });
  return { values: Object.fromEntries(values), clear };
}

const ofRequest = (command: Command): Command => command.argument('<request>', 'its number', wholeNumber);

function copyCommand(request: Command): void {
  ofRequest(request.command('copy'))
    .description('take the demand out of its seal, into a file; logged')
    .requiredOption('--out <file>', 'where to write it; a file that exists is not overwritten')
    .option('--document <number>', 'which, as `request show` lists them; default: the newest', wholeNumber)
    .fields(copyDocument)
    .examples(
      'The file holds a person’s data: delete it when it was read.',
      'relais request copy 17 --out demande.eml --reason "sent to the client, ticket 12"',
    )
    .action((id: number, options: Given<'out!'>) => {
      refuseInput(copyDocument, options);
      return withApp(async (app) => {
        const { name, bytes } = await performHere(app, copyDocument, { to: [String(id)], input: options });
        await writeFile(options.out, bytes, { flag: 'wx', mode: 0o600 });
        out(`${options.out}: ${bytes.length} bytes. It came as ${name}.`);
      });
    });
}

type Named = (name: string, text: string) => Command;

/** Term and answer: acts that are one command with the fields of their declaration. */
function answerCommands(named: Named): void {
  offers(
    named('extend', 'two more months, once, within the first: for complexity or the number of requests'),
    extendTerm,
    {
      examples: ['relais request extend 17 --reason "recordings of six calls have to be read"'],
      told: (due, id) =>
        `Request ${id} is due by ${frenchDate(addDays(civilDate(due), -1))}. The prospect has to be informed, with the reason, within the first month.`,
    },
  );
  offers(
    named('answer', 'note that an access or a portability was answered with what is held'),
    noteAnswered,
    {
      note: 'Makes no answer: for one that was given by other ways. `relais request access` makes it and notes it.',
      examples: [
        'relais request answer 21 --evidence "letter of 2026-12-10, acces-21.age"',
        'relais request answer 22 --evidence "letter of 2026-12-10" --identity "identity card seen, ticket 12"',
      ],
      told: (_, id) => `Request ${id} is answered.`,
    },
  );
  offers(
    named('declare-informed', "the client's declaration that the prospect was informed (C25)"),
    noteInformed,
    {
      examples: ['relais request declare-informed 17 --evidence "mail of the client, 2026-12-03"'],
      told: (_, id) => `Request ${id}: the prospect was informed.`,
    },
  );
}

function endCommands(named: Named): void {
  offers(
    named('acknowledge', 'note that a recipient has done what it was asked, or why it never will say so'),
    acknowledgeRequest,
    {
      note: 'It settles the tasks of that recipient for this request too.',
      examples: [
        'relais request acknowledge 17 --destination horizon-mail --evidence "mail of 2026-12-02, ticket 12"',
        'relais request acknowledge 17 --destination horizon-old --explained --evidence "company wound up in 2025"',
      ],
      told: ({ destinationId, leads }) =>
        leads.length === 0 ? 'It was settled already.' : `${destinationId}: settled for ${leads.join(', ')}.`,
    },
  );
  offers(
    named('lift', 'end a restriction; what it held back leaves by itself. Inform the person before'),
    liftRestriction,
    {
      examples: ['relais request lift 19 --evidence "letter of 2026-12-10, ticket 14"'],
      told: ({ leads, reopened }) => `Lifted for ${leads} leads; ${reopened} deliveries leave now.`,
    },
  );
  offers(
    named('close', 'close it: every recipient acknowledged or explained, and the prospect informed'),
    closeRequest,
    {
      note: 'It never closes by itself. Each missing thing is named, and `relais request show` says what to do about it.',
      examples: [
        'relais request close 17',
        'relais request close 20 --outcome refused --reason "identity not proved after two letters, ticket 15"',
      ],
      told: (outcome, id) => `Request ${id} is closed: ${outcome}.`,
    },
  );
}

// relais request access: makes, writes and notes the answer to an access or portability request in one act (C21).
// Invariant: the file is never written in clear, and nothing is overwritten.

type AccessOptions = AnswerFile & Given<'lead row all none'>;

export function accessCommand(request: Command): void {
  answerFileOptions(
    request
      .command('access')
      .description(
        'answer an access or a portability: all that is held, in a file that only the age keys open',
      )
      .argument('<request>', 'its number', wholeNumber)
      .fields(answerAccess),
  )
    .option('--lead <reference>', 'a lead that is meant; may be repeated; the others are left out', collect)
    .option('--row <number>', 'a refused row that is meant; may be repeated', collect)
    .option('--all', 'every lead and row the request lists')
    .option('--none', 'none of them: the answer says that nothing is held')
    .examples(
      'Without --lead or --row: what was found by what the person gave. Where leads only share an address, name all that are meant.',
      'relais request access 21 --to acces-21.age --recipient age1...',
      'relais request access 22 --to acces-22.age --recipient age1... --lead HZ-000123 --lead HZ-000140 --identity "identity card seen, ticket 12"',
    )
    .gateway(answer);
}

async function answer(app: App, id: number, options: AccessOptions): Promise<void> {
  refuseInput(answerAccess, options);
  const { to, recipient: recipients, archives } = options;
  // Naming leads selects no rows, and the other way round.
  const { leads, rows } = selectionOf(options) ?? {};
  const isPart = options.all !== true && options.none !== true;
  const selection = {
    ...(leads === undefined || (isPart && options.lead === undefined) ? {} : { leads }),
    ...(rows === undefined || (isPart && options.row === undefined) ? {} : { rows }),
  };
  const fileName = impersonal(basename(to), 'the name of the file');
  // The file is created first: without it there is no answer.
  const file = await open(to, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EEXIST') throw new RelaisError('USAGE-001', `${to} exists: nothing is overwritten.`);
    throw error;
  });
  let isWritten = false;
  try {
    const input = {
      ...options,
      selection,
      answer: {
        recipients,
        fileName: fileName.slice(0, 80),
        deliver: async (bytes: Buffer) => {
          await file.writeFile(bytes);
          await file.sync();
          isWritten = true;
        },
        archives,
      },
    };
    const done = await performHere(app, answerAccess, { to: [String(id)], input });
    out(
      `${to}: ${done.leads} leads, ${done.refusedRows} refused rows; recipients: ${done.recipients.join(', ') || 'none'}.`,
    );
    out(
      `Request ${id} is answered. Read the letter in it and give it to the person, then: relais request declare-informed ${id} --evidence "..."`,
    );
    if (done.leftOut.length > 0) say(`Listed and not in the file: ${done.leftOut.join(', ')}.`);
  } finally {
    await file.close();
    if (!isWritten) await unlink(to);
  }
}
