// relais request access: makes, writes and notes the answer to an access or portability request in one act (C21).
// Invariant: the file is never written in clear, and nothing is overwritten.
import { open, unlink } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Command } from 'commander';
import type { App } from '../app.ts';
import { RelaisError } from '../errors.ts';
import { answerFileOptions, type AnswerFile } from './answer-file.ts';
import { answerAccess } from '../support/acts/requests.ts';
import { performHere, refuseInput, withFields } from './act-options.ts';
import { collect, impersonal, wholeNumber, withExamples } from './arguments.ts';
import { selectionOf } from './request-acts.ts';
import { out, say, withApp } from './terminal.ts';

interface AccessOptions extends AnswerFile {
  readonly lead?: readonly string[];
  readonly row?: readonly string[];
  readonly all?: boolean;
  readonly none?: boolean;
}

export function accessCommand(request: Command): void {
  withExamples(
    answerFileOptions(
      withFields(
        request
          .command('access')
          .description(
            'answer an access or a portability: all that is held, in a file that only the age keys open',
          )
          .argument('<request>', 'its number', wholeNumber),
        answerAccess,
      ),
    )
      .option('--lead <reference>', 'a lead that is meant; may be repeated; the others are left out', collect)
      .option('--row <number>', 'a refused row that is meant; may be repeated', collect)
      .option('--all', 'every lead and row the request lists')
      .option('--none', 'none of them: the answer says that nothing is held'),
    'Without --lead or --row: what was found by what the person gave. Where leads only share an address, name all that are meant.',
    'relais request access 21 --to acces-21.age --recipient age1...',
    'relais request access 22 --to acces-22.age --recipient age1... --lead HZ-000123 --lead HZ-000140 --identity "identity card seen, ticket 12"',
  ).action((id: number, options: AccessOptions) => withApp((app) => answer(app, id, options)));
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
        ...(archives === undefined ? {} : { archives }),
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
