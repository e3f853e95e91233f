// relais request copy | apply | extend | acknowledge | declare-informed | lift | close: an officer's acts on a request.
// Invariant: an irreversible act is confirmed by typing the number; the actor is in the log.
import type { Command } from 'commander';
import { writeFile } from 'node:fs/promises';
import { addDays, civilDate, frenchDate } from '../domain/civil-date.ts';
import { outcomes } from '../domain/requests.ts';
import { RelaisError } from '../errors.ts';
import type { Corrections } from '../privacy/requests/deps.ts';
import type { Selection } from '../privacy/requests/selection.ts';
import { collect, evidenceOf, known, reasonOf, wholeNumber, withExamples } from './arguments.ts';
import { confirmed, out, say, withApp } from './terminal.ts';

export function actCommands(request: Command): void {
  applyCommand(request);
  copyCommand(request);
  extendCommand(request);
  acknowledgeCommand(request);
  informedCommand(request);
  answerCommand(request);
  liftCommand(request);
  closeCommand(request);
}

interface ApplyOptions {
  readonly lead?: readonly string[];
  readonly row?: readonly string[];
  readonly all?: boolean;
  readonly none?: boolean;
  readonly set?: readonly string[];
  readonly clear?: readonly string[];
  readonly identity?: string;
  readonly yes?: boolean;
}

function applyCommand(request: Command): void {
  withExamples(
    ofRequest(request.command('apply'))
      .description(
        'confirm which leads are meant and carry the request out in our tables; recipients are told',
      )
      .option('--lead <reference>', 'a lead that is meant; may be repeated; the others are left out', collect)
      .option('--row <number>', 'a refused row that is meant; may be repeated', collect)
      .option('--all', 'every lead and row the request lists')
      .option('--none', 'none of them: nothing is held of this person')
      .option('--set <column=value>', 'of a rectification: the new value; may be repeated', collect)
      .option('--clear <column>', 'of a rectification: a value to take out; may be repeated', collect)
      .option('--identity <text>', 'how the identity was checked, where it was not said before')
      .option('--yes', 'do not ask'),
    'Without --lead, --row, --all or --none it goes on where an interrupted one stopped.',
    'relais request apply 17 --lead HZ-000123 --lead HZ-000140',
    'relais request apply 18 --all --set email=zoe.martin@courriel.example --clear landline --identity "identity card seen, ticket 12"',
  ).action((id: number, options: ApplyOptions) => apply(id, options));
}

async function apply(id: number, options: ApplyOptions): Promise<void> {
  const selection = selectionOf(options);
  const question = `Request ${id} will be carried out; what it erases cannot be brought back.`;
  if (!(await confirmed(question, String(id), options.yes === true))) return say('Nothing was changed.');
  await withApp(async ({ requests, config }) => {
    const done = await requests.apply(id, {
      actor: config.actor,
      corrections: correctionsOf(options),
      ...(selection === undefined ? {} : { selection }),
      ...(options.identity === undefined ? {} : { identity: reasonOf(options.identity, '--identity') }),
    });
    out(`Request ${id} is applied: ${done.leads} leads, ${done.rows} refused rows.`);
    out(`Recipients are told by what leaves now, or asked in writing: relais request show ${id}`);
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
  withExamples(
    ofRequest(request.command('copy'))
      .description('take the demand out of its seal, into a file; logged')
      .requiredOption('--out <file>', 'where to write it; a file that exists is not overwritten')
      .option('--document <number>', 'which, as `request show` lists them; default: the newest', wholeNumber)
      .option('--reason <text>', 'why; mandatory, written in the log'),
    'Whoever has the file has a person’s data: delete it when it was read.',
    'relais request copy 17 --out demande.eml --reason "sent to the client, ticket 12"',
  ).action((id: number, options: { out: string; document?: number; reason?: string }) =>
    withApp(async ({ requests, config }) => {
      const reason = reasonOf(options.reason);
      const { document } = options;
      const demand = await requests.copy(id, {
        actor: config.actor,
        reason,
        ...(document === undefined ? {} : { document }),
      });
      await writeFile(options.out, demand.bytes, { flag: 'wx', mode: 0o600 });
      out(`${options.out}: ${demand.bytes.length} bytes. It came as ${demand.name}.`);
    }),
  );
}

function extendCommand(request: Command): void {
  withExamples(
    ofRequest(request.command('extend'))
      .description('two more months, once, within the first: for complexity or the number of requests')
      .option('--reason <text>', 'why; mandatory, the prospect is told'),
    '',
    'relais request extend 17 --reason "recordings of six calls have to be read"',
  ).action((id: number, options: { reason?: string }) =>
    withApp(async ({ requests, config }) => {
      const due = await requests.extend(id, { actor: config.actor, reason: reasonOf(options.reason) });
      out(
        `Request ${id} is due by ${frenchDate(addDays(civilDate(due), -1))}. The prospect has to be told, with the reason, within the first month.`,
      );
    }),
  );
}

function acknowledgeCommand(request: Command): void {
  withExamples(
    ofRequest(request.command('acknowledge'))
      .description('note that a recipient has done what it was asked, or why it never will say so')
      .requiredOption('--destination <destination>', 'which recipient')
      .option('--explained', 'there will be no acknowledgement; the evidence says why')
      .option('--evidence <text>', 'what it rests on: a mail, a ticket; mandatory, names no person'),
    'It settles the tasks of that recipient for this request too.',
    'relais request acknowledge 17 --destination horizon-mail --evidence "mail of 2026-12-02, ticket 12"',
    'relais request acknowledge 17 --destination horizon-old --explained --evidence "company wound up in 2025"',
  ).action((id: number, options: { destination: string; explained?: boolean; evidence?: string }) =>
    withApp(async ({ requests, config }) => {
      const leads = await requests.acknowledge(id, {
        destinationId: options.destination,
        isExplained: options.explained === true,
        evidence: evidenceOf(options.evidence),
        actor: config.actor,
      });
      out(
        leads.length === 0
          ? 'It was settled already.'
          : `${options.destination}: settled for ${leads.join(', ')}.`,
      );
    }),
  );
}

function informedCommand(request: Command): void {
  withExamples(
    ofRequest(request.command('declare-informed'))
      .description("the client's declaration that the prospect was told what was done (C25)")
      .option(
        '--evidence <text>',
        'what it rests on: the client’s mail and its date; mandatory, names no person',
      ),
    '',
    'relais request declare-informed 17 --evidence "mail of the client, 2026-12-03"',
  ).action((id: number, options: { evidence?: string }) =>
    withApp(async ({ requests, config }) => {
      await requests.declareInformed(id, { actor: config.actor, evidence: evidenceOf(options.evidence) });
      out(`Request ${id}: the prospect was informed.`);
    }),
  );
}

function answerCommand(request: Command): void {
  withExamples(
    ofRequest(request.command('answer'))
      .description('note that an access or a portability was answered with what is held')
      .option('--evidence <text>', 'how and when it was given; mandatory, names no person')
      .option('--identity <text>', 'how the identity was checked, where it was not said before'),
    'Makes no answer: for one that was given by other ways. `relais request access` makes it and notes it.',
    'relais request answer 21 --evidence "letter of 2026-12-10, acces-21.age"',
    'relais request answer 22 --evidence "letter of 2026-12-10" --identity "identity card seen, ticket 12"',
  ).action((id: number, options: { evidence?: string; identity?: string }) =>
    withApp(async ({ requests, config }) => {
      await requests.answered(id, {
        actor: config.actor,
        evidence: evidenceOf(options.evidence),
        ...(options.identity === undefined ? {} : { identity: reasonOf(options.identity, '--identity') }),
      });
      out(`Request ${id} is answered.`);
    }),
  );
}

function liftCommand(request: Command): void {
  withExamples(
    ofRequest(request.command('lift'))
      .description('end a restriction; what it held back leaves by itself. The person is told before')
      .option('--evidence <text>', 'that the person was told, and when; mandatory, names no person'),
    '',
    'relais request lift 19 --evidence "letter of 2026-12-10, ticket 14"',
  ).action((id: number, options: { evidence?: string }) =>
    withApp(async ({ requests, config }) => {
      const done = await requests.lift(id, { actor: config.actor, evidence: evidenceOf(options.evidence) });
      out(`Lifted for ${done.leads} leads; ${done.reopened} deliveries leave now.`);
    }),
  );
}

function closeCommand(request: Command): void {
  withExamples(
    ofRequest(request.command('close'))
      .description('close it: every recipient acknowledged or explained, and the prospect informed')
      .option('--outcome <outcome>', outcomes.join(', '), 'done')
      .option('--reason <text>', 'of a refusal: why nothing is done; mandatory then'),
    'It never closes by itself. What is missing is said, and `relais request show` says what to do about it.',
    'relais request close 17',
    'relais request close 20 --outcome refused --reason "identity not proved after two letters, ticket 15"',
  ).action((id: number, options: { outcome: string; reason?: string }) =>
    withApp(async ({ requests, config }) => {
      const outcome = known(options.outcome, outcomes, 'outcome');
      const reason = options.reason === undefined && outcome === 'done' ? '' : reasonOf(options.reason);
      await requests.close(id, { outcome, reason, actor: config.actor });
      out(`Request ${id} is closed: ${outcome}.`);
    }),
  );
}
