// relais client close: ends a client's contract step by step (C55): closed, returned, deleted, proved.
// Invariant: without a named step it changes nothing; data is deleted only after its return, and from the agreed day on.
import type { Command } from 'commander';
import type { App } from '../app.ts';
import { civilDate } from '../domain/civil-date.ts';
import { RelaisError } from '../errors.ts';
import {
  endClosing,
  followClosings,
  closeClient,
  closingOverview,
  returnClient,
  type ClosingOverview,
} from '../retention/closing.ts';
import { waitingOfClient } from '../support/reads/retention.ts';
import { collect, reasonOf, wholeNumber, withExamples } from './arguments.ts';
import { withJson, type JsonOption } from './json.ts';
import { table } from './table.ts';
import { confirmed, out, say, withApp } from './terminal.ts';

interface CloseOptions extends JsonOption {
  readonly instruction?: number;
  readonly deleteOn?: string;
  readonly reason?: string;
  readonly to?: string;
  readonly recipient?: readonly string[];
  readonly archives?: string;
  readonly delete?: boolean;
  readonly yes?: boolean;
}

export function closeClientCommand(client: Command): void {
  withExamples(
    withJson(
      client
        .command('close <client>')
        .description('the end of its contract: close, return everything, delete on the agreed day (C55)')
        .option(
          '--instruction <number>',
          'close now, by this instruction (--covers contract_end)',
          wholeNumber,
        )
        .option('--delete-on <date>', 'the day agreed for the deletion: 2027-01-31')
        .option('--reason <text>', 'why (contract, ticket number); mandatory to close')
        .option(
          '--to <folder>',
          'return everything now: a folder that does not exist yet, for the encrypted files',
        )
        .option('--recipient <key>', 'age1...: whose key opens them; may be repeated', collect)
        .option('--archives <folder>', 'archives of the log, where months were taken out of MySQL')
        .option('--delete', 'delete now, once the day has come; the planner does so by itself once a day')
        .option('--yes', 'do not ask'),
    ),
    'Without a step it only says what is held and how far the end has come. Each step may be asked for again after an interruption.',
    'relais client close horizon',
    'relais client close horizon --instruction 7 --delete-on 2027-01-31 --reason "end of contract HZ-2026-014"',
    'relais client close horizon --to /srv/retour/horizon --recipient age1...',
    'relais client close horizon --delete',
  ).action((id: string, options: CloseOptions) => withApp((app) => close(app, id, options)));
}

async function close(app: App, clientId: string, options: CloseOptions): Promise<void> {
  const before = await closingOverview(app.database, clientId);
  if (options.instruction !== undefined && !(await closeNow(app, before, options))) return;
  if (options.to !== undefined) await returnNow(app, clientId, options.to, options);
  if (options.delete === true && !(await deleteNow(app, clientId, options))) return;
  const after = await closingOverview(app.database, clientId);
  if (options.json === true) return out(JSON.stringify(asData(after)));
  await tell(app, after);
}

async function closeNow(app: App, before: ClosingOverview, options: CloseOptions): Promise<boolean> {
  const { clientId, closing, held, open } = before;
  const { instruction = 0, deleteOn } = options;
  const reason = reasonOf(options.reason);
  if (deleteOn === undefined)
    throw new RelaisError('USAGE-001', 'Say the day agreed for the deletion: --delete-on 2027-01-31.');
  if (closing === undefined) {
    const question = `${clientId} has ${held['leads'] ?? 0} leads; ${open.deliveries} deliveries that have not ended are cancelled, nothing comes in or leaves any more. This cannot be undone.`;
    if (!(await confirmed(question, clientId, options.yes === true))) {
      say('Nothing was changed.');
      return false;
    }
    await closeClient(app.database, { clientId, instruction, deleteOn, reason, actor: app.config.actor });
  } else say(`The contract of ${clientId} ended before: instruction and day stay as they are.`);
  while (await followClosings(app));
  return true;
}

async function returnNow(app: App, clientId: string, to: string, options: CloseOptions): Promise<void> {
  const { recipient: recipients = [], archives } = options;
  const deps = { ...app.proofs, secrets: app.secrets, versionOf: app.published.version };
  const order = { clientId, to, recipients, archives, actor: app.config.actor };
  const made = await returnClient(app.database, deps, order);
  say(`${to}: ${made.files.length} files, ${made.leads} leads, ${made.refusedRows} refused rows.`);
}

/** @throws CLIENT-001 before its time */
async function deleteNow(app: App, clientId: string, options: CloseOptions): Promise<boolean> {
  const { closing, held, open } = await closingOverview(app.database, clientId);
  const today = civilDate(app.database.now());
  const why =
    closing === undefined
      ? 'its contract has not ended'
      : closing.state === 'closed'
        ? 'nothing was returned yet (--to, --recipient)'
        : closing.deleteOn > today
          ? `the day agreed is ${closing.deleteOn}`
          : open.requests > 0
            ? `${open.requests} requests of persons are open (relais request list --client ${clientId})`
            : undefined;
  if (why !== undefined) throw new RelaisError('CLIENT-001', `Nothing of ${clientId} is deleted: ${why}.`);
  if (closing?.state === 'deleted') return true;
  const leads = String(held['leads'] ?? 0);
  const question = `${leads} leads of ${clientId} are deleted. This cannot be undone.`;
  if (!(await confirmed(question, leads, options.yes === true))) {
    say('Nothing was changed.');
    return false;
  }
  await app.retention.finish(await app.retention.begin(clientId, app.config.actor));
  await endClosing(app, clientId);
  return true;
}

async function tell(app: App, { clientId, closing, held, open }: ClosingOverview): Promise<void> {
  const rows = Object.entries(held).filter(([, count]) => count > 0);
  if (rows.length > 0)
    table(
      ['held', 'rows'],
      rows.map(([name, count]) => [name, String(count)]),
    );
  if (closing === undefined) {
    say(`The contract of ${clientId} has not ended. To end it: --instruction, --delete-on and --reason.`);
    if (open.rights > 0)
      say(
        `First ${open.rights} changes and erasures are to be told: relais delivery list --client ${clientId}`,
      );
    return;
  }
  const { state, deleteOn, fileName, proof, instruction } = closing;
  if (state === 'closed')
    return say(`Ended by instruction ${instruction}. Next: return everything with --to and --recipient.`);
  if (state === 'deleted') return out(`Deleted. Proof ${proof}: relais proof show ${proof}`);
  say(`Returned in ${fileName}. Deleted on ${deleteOn} by itself, or then with --delete.`);
  if (open.requests > 0)
    say(
      `Not before ${open.requests} requests of persons are closed: relais request list --client ${clientId}`,
    );
  for (const { waitsFor, leads } of await waitingOfClient(app, clientId))
    say(`Waiting: ${leads} leads (${waitsFor}).`);
}

/** Names of keys are stable. */
const asData = ({ clientId, closing, held, open }: ClosingOverview): object => ({
  client: clientId,
  state: closing?.state ?? 'open',
  instruction: closing?.instruction ?? null,
  closedAt: closing?.closedAt ?? null,
  deleteOn: closing?.deleteOn ?? null,
  returnedAt: closing?.returnedAt ?? null,
  folder: closing?.fileName || null,
  deletedAt: closing?.deletedAt ?? null,
  proof: closing?.proof || null,
  held,
  open,
});
