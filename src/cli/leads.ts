// relais lead import | refusals | retry | replan | withdraw | erase; registers lead find and show.
// Invariant: a bad row is never dropped: it is in the rejects file, or a visible refusal of lead_intake.
import { Option } from 'commander';
import { performHere, refuseInput, type Command, type Given } from './command.ts';
import { counted, type OneAndSeveral } from '../domain/counted.ts';
import { importFile } from '../intake/import.ts';
import { standardOutput } from '../intake/import-rejects.ts';
import { importEncodings, type ImportEncoding } from '../intake/import-encoding.ts';
import { RelaisError } from '../errors.ts';
import { listLength, reasonOf, standardInput, withFile, collect, known } from './arguments.ts';
import { outJson, hostNow, table, config, out, progress, say, withApp, confirmed } from './terminal.ts';
import { findCommands } from './lead-find.ts';
import { showCommands } from './lead-show.ts';
import { wholeCentre } from '../support/place.ts';
import { paris } from '../support/words.ts';
import type { App } from '../app.ts';
import { insertIntakeRows, openDatabase, requireOneHost } from '../app/for-terminal.ts';
import { purgedCounts, refusedRows } from '../support/reads/people.ts';
import { replanClient, retryRow } from '../support/acts/set-aside.ts';
import { consentChannels, consentPurposes } from '../domain/lead.ts';
import type { DoneAtOnce } from '../privacy/requests/requests.ts';
import { heldAs, sharingAddress, toldByHand } from '../support/lead-rights.ts';

type RefusalOptions = Given<'purged client limit! json'> & { readonly after?: string };

export function leadCommands(program: Command): void {
  const lead = program.command('lead').description('import, find, show, withdraw, erase leads');

  importCommand(lead);
  findCommands(lead);
  showCommands(lead);
  rightsCommands(lead);
  retryCommand(lead);
  replanCommand(lead);
  refusalsCommand(lead);
}

function importCommand(lead: Command): void {
  lead
    .command('import <file>')
    .description('put the leads of a CSV or JSON Lines file into lead_intake; bad rows go to a rejects file')
    .option('--client <client>', 'client of a file without a client_id column')
    .option('--rejects <file>', 'where bad rows go; default: beside the file')
    .addOption(
      new Option('--encoding <encoding>', 'how its bytes are read; default: found, and said').choices(
        importEncodings,
      ),
    )
    .option('--dry-run', 'check only, insert nothing')
    .examples(
      'The columns are those of docs/lead-contract.md. - is standard input: bad rows then go to standard output. Importing a file twice adds nothing twice. Exit code 1 when rows were rejected.',
      'relais lead import leads.csv',
      'relais lead import leads.jsonl --client horizon --dry-run',
      'relais lead import - < leads.csv > rejects.csv',
    )
    .action(importLeads);
}

function refusalsCommand(lead: Command): void {
  lead
    .command('refusals')
    .description('rows of lead_intake that were refused: column and reason, no values')
    .option('--client <client>', 'one client only')
    .option('--purged', 'counts of the rows that were purged, by client, month and first reason')
    .option('--after <row>', 'continue after this row (next page)', rowNumber)
    .option('--limit <n>', 'rows', listLength, 50)
    .json()
    .examples('', 'relais lead refusals --client horizon', 'relais lead refusals --purged')
    .gateway(async (app, options: RefusalOptions) => {
      if (options.purged === true) return listPurged(app, options);
      const { items: rows, next } = await refusedRows(app, wholeCentre, options, options);
      if (options.json === true) return outJson(rows);
      table(
        ['row', 'received', 'client', 'kind', 'reference', 'column', 'code', 'meaning'],
        rows.flatMap((row) =>
          row.problems.map((problem) => [
            row.id,
            paris(row.receivedAt),
            row.clientId,
            row.kind,
            row.reference,
            problem.column,
            problem.code,
            problem.message,
          ]),
        ),
      );
      if (next !== undefined) say(`more: --after ${next}`);
    });
}

function retryCommand(lead: Command): void {
  lead
    .command('retry <row...>')
    .description(
      'take rows in again that were set aside through no fault of their own, or held for the officer',
    )
    .fields(retryRow)
    .examples(
      'Only rows refused as SET_ASIDE or INTERNAL (relais lead refusals): a process ended over them, or the database failed. First find out why. A row that is ERASED_SINCE is of a person who was erased after it was collected: only the data protection officer lets it in. A row that broke the contract is corrected by its sender.',
      'relais lead retry 1204 --reason "planner killed by the host, ticket 118"',
    )
    .action((given: readonly string[], options: object) => {
      refuseInput(retryRow, options);
      const rows = given.map(rowNumber);
      return withApp(async (app) => {
        for (const row of rows) {
          const { alongside } = await performHere(app, retryRow, { to: [row], input: options });
          const others = alongside === 0 ? '' : `, and ${alongside} about the same lead with it`;
          out(`row ${row}: new again; the planner takes it in${others}`);
        }
      });
    });
}

function replanCommand(lead: Command): void {
  lead
    .command('replan')
    .description('plan changes of leads again that the planner set aside (alert PLANNING:...)')
    .requiredOption('--client <client>', 'whose leads; the alert names it')
    .fields(replanClient)
    .examples(
      'They come back by themselves too: after ten minutes, or an hour where a planner ended over them twice.',
      'relais lead replan --client horizon --reason "planner killed by the host, ticket 118"',
    )
    .action((options: Given<'client!'>) => {
      refuseInput(replanClient, options);
      return withApp(async (app) => {
        const count = await performHere(app, replanClient, { to: [options.client], input: options });
        out(count === 0 ? 'Nothing is set aside.' : `${count} changes are planned again.`);
      });
    });
}

/** Ids of rows reach 2^64: kept as digits. */
function rowNumber(text: string): string {
  if (!/^\d{1,20}$/.test(text)) throw new RelaisError('USAGE-001', `"${text}" is not the number of a row.`);
  return text;
}

async function listPurged(app: App, options: RefusalOptions): Promise<void> {
  const counts = await purgedCounts(app, wholeCentre, options);
  if (options.json === true) return outJson(counts);
  table(
    ['month', 'client', 'code', 'rows'],
    counts.map((count) => [count.month, count.clientId, count.code, String(count.count)]),
  );
}

async function importLeads(
  file: string,
  options: Given<'client rejects dryRun'> & { readonly encoding?: ImportEncoding },
): Promise<void> {
  const { mysql, readOnly, env } = config();
  const database = openDatabase({ url: mysql.intakeUrl ?? mysql.gatewayUrl, connections: 2, readOnly });
  const dryRun = options.dryRun === true;
  const line = progress();
  const rejectsFile = options.rejects ?? (file === standardInput ? standardOutput : undefined);
  // Standard output then has only the rejected rows.
  const report = rejectsFile === standardOutput ? say : out;
  try {
    // A dry run needs no database.
    if (!dryRun) await requireOneHost({ env }, database);
    const result = await withFile(file, (path) =>
      importFile({
        file: path,
        now: dryRun ? hostNow : database.now,
        insert: (rows) => insertIntakeRows(database, rows),
        clientId: options.client,
        encoding: options.encoding,
        rejectsFile,
        dryRun,
        onProgress: ({ read, total }) => line.at(`${read} of ${total} rows`),
      }),
    );
    line.end();
    report(
      `${result.format}, ${result.encoding} (${result.encodingReason}): ${result.inserted} ${dryRun ? 'good' : 'inserted'}, ${result.rejected} rejected of ${result.total}`,
    );
    if (!dryRun && result.inserted > 0)
      say(
        'A running gateway takes them in (relais status says whether one runs); relais lead refusals shows what it refuses.',
      );
    if (result.rejectsFile === undefined) return;
    report(`rejects (personal data, readable by you only): ${result.rejectsFile}`);
    for (const [code, count] of Object.entries(result.codes)) report(`  ${code}: ${count}`);
    process.exitCode = 1;
  } finally {
    line.end();
    await database.close();
  }
}

// relais lead withdraw | erase: exercises a prospect's rights at once (C21, C22).
// Invariant: each opens a request and applies it, so that proof, written notices and reminders are never bypassed; erasing is
// confirmed by typing the reference.

type WithdrawOptions = Given<'client! channel reason'> & { readonly purpose: string };

type EraseOptions = Given<'client! identity reason yes'>;

function rightsCommands(lead: Command): void {
  lead
    .command('withdraw <reference>')
    .description('record that the prospect took a consent back; recipients get an update')
    .requiredOption('--client <client>', 'client it belongs to')
    .option('--channel <channel>', `${consentChannels.join(', ')}; may be repeated; default: all`, collect)
    .option('--purpose <purpose>', consentPurposes.join(', '), 'marketing')
    .option('--reason <text>', 'why (request number); mandatory')
    .examples(
      'Opens a request and applies it: recipients in writing and reminders are those of any request.',
      'relais lead withdraw HZ-000123 --client horizon --channel email --reason "request 77"',
      'relais lead withdraw HZ-000123 --client horizon --purpose newsletter --reason "request 78"',
    )
    .action((reference: string, options: WithdrawOptions) => withdraw(reference, options));

  lead
    .command('erase <reference>')
    .description('blank the person for ever; what was sent is followed by an erase')
    .requiredOption('--client <client>', 'client it belongs to')
    .option('--reason <text>', 'why (request number); mandatory')
    .option('--identity <text>', 'how the identity was checked; mandatory, kept with the request')
    .option('--yes', 'do not ask')
    .examples(
      'Opens a request and applies it: proof, recipients in writing and reminders are those of any request.',
      'relais lead erase HZ-000123 --client horizon --reason "ticket 77" --identity "answered from the address of the lead"',
    )
    .action((reference: string, options: EraseOptions) => erase(reference, options));
}

async function withdraw(reference: string, options: WithdrawOptions): Promise<void> {
  const channels = options.channel?.map((name) => known(name, consentChannels, 'channel')) ?? consentChannels;
  const purpose = known(options.purpose, consentPurposes, 'purpose');
  const by = { clientId: options.client, reason: reasonOf(options.reason) };
  await withApp(async (app) => {
    const { actor } = app.config;
    const held = await heldAs(app, { clientId: options.client, reference });
    const onlyRows = `No lead has this reference, only refused rows: nothing of them is used, and their consents are gone. Their sender must send the withdrawal too.`;
    if (held === 'unknown' || held === 'nothing') {
      await app.rights.withdraw({ ...by, actor, reference, purpose, channels });
      return out(onlyRows);
    }
    const done = await app.requests.atOnce({
      clientId: options.client,
      kind: 'withdrawal',
      references: [reference],
      actor,
      note: by.reason,
      optIns: { purposes: [purpose], channels },
    });
    if (held === 'rows') {
      out(onlyRows);
      return tellRequest(done);
    }
    out(`Withdrawn: ${purpose} by ${channels.join(', ')}. Recipients that have it get an update.`);
    await tellByHand(app, options.client, reference, 'update');
    const others = new Set(done.recipients.map((one) => one.reference).filter((one) => one !== reference));
    for (const other of others) {
      out(`The same person's ${other}: ended too, and its recipients get an update.`);
      await tellByHand(app, options.client, other, 'update');
    }
    tellRequest(done);
  });
}

async function erase(reference: string, options: EraseOptions): Promise<void> {
  const reason = reasonOf(options.reason);
  const identity = reasonOf(options.identity, '--identity');
  const question = `Erasing ${reference} of ${options.client} cannot be undone.`;
  if (!(await confirmed(question, reference, options.yes === true))) return say('Nothing was changed.');
  await withApp(async (app) => {
    const by = { clientId: options.client, actor: app.config.actor };
    const held = await heldAs(app, { clientId: options.client, reference });
    if (held === 'unknown' || held === 'nothing') {
      const { leadId, refusedRows } = await app.rights.erase({ ...by, reference, reason });
      if (refusedRows > 0) out(`Refused rows erased: ${refusedRows}.`);
      return out(leadId === 0 ? 'No lead has this reference: nothing was sent.' : 'Already erased.');
    }
    // Read before: afterwards the lead names no person any more.
    const others = await sharingAddress(app, { clientId: options.client, reference });
    const done = await app.requests.atOnce({
      ...by,
      kind: 'erasure',
      references: [reference],
      identity,
      note: reason,
    });
    const rowsOf = (wanted: string): number =>
      done.effects.reduce((sum, { table, rows }) => sum + (table === wanted ? rows : 0), 0);
    if (rowsOf('lead_intake') > 0) out(`Refused rows erased: ${rowsOf('lead_intake')}.`);
    for (const proof of done.proofs) say(`Proof ${proof}: relais proof show ${proof}`);
    if (held === 'rows') return tellRequest(done);
    out(
      `Erased. ${rowsOf('deliveries')} deliveries cancelled; erase deliveries follow to each recipient (relais delivery list --lead ${reference}).`,
    );
    await tellByHand(app, options.client, reference, 'erase');
    if (others.length > 0)
      say(
        `Not erased, but with the same e-mail or phone: ${others.join(', ')}. Each of them is erased on its own (relais lead erase).`,
      );
    tellRequest(done);
  });
}

function tellRequest({ request: { id }, recipients }: DoneAtOnce): void {
  const told = new Set(recipients.map((one) => one.destinationId)).size;
  const who = told === 0 ? 'nobody received the lead' : `${counted(told, recipientsFollowed)[1]} followed up`;
  out(`Request ${id}: ${who} (relais request show ${id}).`);
}
const recipientsFollowed: OneAndSeveral = [
  ['destinataire est suivi', 'recipient is'],
  ['destinataires sont suivis', 'recipients are'],
];

/** Names the recipients without an interface for changes or erasures, which need a letter, to the person at the terminal. */
async function tellByHand(
  app: App,
  clientId: string,
  reference: string,
  action: 'update' | 'erase',
): Promise<void> {
  const { destinations, contact } = await toldByHand(app, { clientId, reference }, action);
  if (destinations.length > 0)
    say(
      `${destinations.join(', ')}: takes no ${action}, so that its recipient has to be informed in writing${contact === undefined ? '' : ` (${contact})`}. ` +
        `That task comes up as failed manual_${action === 'erase' ? 'erasure' : 'update'}_required in relais delivery list --lead ${reference}.`,
    );
}
