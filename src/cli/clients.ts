// relais client check | anomalies | close: commands about a client as a whole.
// Invariant: no command here shows a person.
import { setTimeout as pause } from 'node:timers/promises';
import type { Command, Given } from './command.ts';
import type { App } from '../app.ts';
import { goLiveDefinitions, type GoLiveFinding } from '../domain/go-live.ts';
import { goLiveListOfFiles, publishedGoLiveList, type GoLiveList } from '../publishing/go-live.ts';
import { instant, collect, reasonOf, wholeNumber, type Moment } from './arguments.ts';
import { out, say, outJson, table, confirmed } from './terminal.ts';
import { cancelIn } from '../support/close-and-cancel.ts';
import { wholeCentre } from '../support/place.ts';
import { anomaliesSince, anomalyWords, type ListedAnomaly } from '../support/anomalies.ts';
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

export function clientCommands(program: Command): void {
  const client = program.command('client').description('a client as a whole');
  checkClientCommand(client);
  anomalyCommand(client);
  closeClientCommand(client);
}

// relais client check: prints the go-live list of a client, item by item, with remedies (C49 to C52).
// Invariant: reads only; exit code 0 means that the client is live.

type CheckOptions = Given<'files json'>;

function checkClientCommand(client: Command): void {
  client
    .command('check <client>')
    .description('what must be there before it is live, with evidence and date (C49 to C52)')
    .option('--files', 'by client.yaml and the mappings of the folder, before they are published')
    .json()
    .examples(
      'By the contract in force; where nothing is published yet, by the files. Exit code 0: live; 1: not live.',
      'relais client check horizon',
      'relais client check horizon --files --json',
    )
    .gateway(checkClient);
}

async function checkClient(app: App, clientId: string, options: CheckOptions): Promise<void> {
  const { database, checkOptions, config } = app;
  const published =
    options.files === true ? undefined : await publishedGoLiveList(database, checkOptions, clientId);
  const list =
    published ?? (await goLiveListOfFiles(database, checkOptions, { folder: config.mappingsDir, clientId }));
  const isLive = list.of === 'published' && list.isLive;
  if (!isLive) process.exitCode = 1;
  if (options.json === true)
    return out(JSON.stringify({ ...list, isLive, items: list.items.map(checkData) }));
  out(`${clientId}: ${headline(list)}`);
  for (const item of list.items) tellItem(item);
  if (list.liveBefore && !list.isLive)
    say('Live before the list was held to: nothing is held up yet. Once complete, it stays so.');
  if (!app.holdsList) say('Only production holds anything up for it (RELAIS_ENV).');
}

function headline({ of, isLive, withheld }: GoLiveList): string {
  if (of === 'files')
    return isLive
      ? 'complete in the files, not published'
      : 'not live; by the files, nothing else is looked at';
  if (!isLive) return `not live${withheld === 0 ? '' : `; ${withheld} leads wait for it`}`;
  return 'live';
}

function tellItem({ item, state, evidence, date, problems }: GoLiveFinding): void {
  const { clause, title, blocks, whatToDo } = goLiveDefinitions[item];
  out(`\n${clause}  ${state}  ${title}`);
  if (evidence !== undefined) out(`     ${date ?? ''}  ${evidence}`);
  if (state === 'there') return;
  for (const [, english] of problems) out(`     - ${english}`);
  out(`     Until then ${blocks}.`);
  out(`     → ${whatToDo}`);
}

/** Names of keys are stable. */
const checkData = ({ item, state, evidence, date, problems }: GoLiveFinding): object => ({
  clause: goLiveDefinitions[item].clause,
  item,
  state,
  evidence: evidence ?? null,
  date: date ?? null,
  blocks: goLiveDefinitions[item].blocks,
  problems: problems.map(([, english]) => english),
});

// relais client anomalies: counts non-conforming leads of a client, by form or agent (C14, C16, C16b, C54).
// Invariant: counts and codes; a lead is named by its reference.

type AnomalyOptions = Given<'json'> & { readonly since?: Moment };

function anomalyCommand(client: Command): void {
  client
    .command('anomalies <client>')
    .description('what does not conform in its leads: notices, questions not asked, companies, purchases')
    .option('--since <date>', 'came in since: 2026-11-25, or an age: 7d; default: 30d', instant)
    .json()
    .examples(
      'Counted when a lead comes in, by form or agent; the leads themselves are taken in. `*`: codes counted together.',
      'relais client anomalies horizon',
      'relais client anomalies horizon --since 7d --json',
    )
    .gateway(showAnomalies);
}

const aMonth = instant('30d');

async function showAnomalies({ reading, database }: App, id: string, options: AnomalyOptions): Promise<void> {
  const since = (options.since ?? aMonth)(database.now());
  const found = await anomaliesSince(reading, id, since);
  if (options.json === true) return outJson(found.map(anomalyData));
  if (found.length === 0) return say('None.');
  table(
    ['leads', 'kind', 'code', 'form or agent', 'channel', 'first', 'last', 'examples'],
    found.map(({ leads, kind, detail, source, channel, firstDay, lastDay, examples }) => [
      String(leads),
      kind,
      detail || '-',
      source || '-',
      channel || '-',
      firstDay,
      lastDay,
      examples.join(' '),
    ]),
  );
  out();
  for (const kind of new Set(found.map((one) => one.kind))) {
    const { title, whatToDo } = anomalyWords[kind];
    out(`${kind}: ${title.join(' / ')}\n  → ${whatToDo[0]}`);
  }
}

/** Names of keys are stable. */
const anomalyData = ({
  kind,
  detail,
  source,
  channel,
  leads,
  firstDay,
  lastDay,
  examples,
}: ListedAnomaly): object => ({
  kind,
  code: detail,
  collectedBy: source,
  channel,
  leads,
  firstDay,
  lastDay,
  examples,
});

// relais client close: ends a client's contract step by step (C55): closed, returned, deleted, proved.
// Invariant: without a named step it changes nothing; data is deleted only after its return, and from the agreed day on.

type CloseOptions = Given<'instruction deleteOn reason to recipient archives delete yes json'>;

function closeClientCommand(client: Command): void {
  client
    .command('close <client>')
    .description('the end of its contract: close, return everything, delete on the agreed day (C55)')
    .option('--instruction <number>', 'close now, by this instruction (--covers contract_end)', wholeNumber)
    .option('--delete-on <date>', 'the day agreed for the deletion: 2027-01-31')
    .option('--reason <text>', 'why (contract, ticket number); mandatory to close')
    .option(
      '--to <folder>',
      'return everything now: a folder that does not exist yet, for the encrypted files',
    )
    .option('--recipient <key>', 'age1...: whose key opens them; may be repeated', collect)
    .option('--archives <folder>', 'archives of the log, where months were taken out of MySQL')
    .option('--delete', 'delete now, once the day has come; the planner does so by itself once a day')
    .option('--yes', 'do not ask')
    .json()
    .examples(
      'Without a step it only says what is held and how far the end has come. Each step may be asked for again after an interruption.',
      'relais client close horizon',
      'relais client close horizon --instruction 7 --delete-on 2027-01-31 --reason "end of contract HZ-2026-014"',
      'relais client close horizon --to /srv/retour/horizon --recipient age1...',
      'relais client close horizon --delete',
    )
    .gateway(close);
}

async function close(app: App, clientId: string, options: CloseOptions): Promise<void> {
  const before = await closingOverview(app.database, clientId);
  if (options.instruction !== undefined && !(await closeNow(app, before, options))) return;
  if (options.to !== undefined) await returnNow(app, clientId, options.to, options);
  if (options.delete === true && !(await deleteNow(app, clientId, options))) return;
  const after = await closingOverview(app.database, clientId);
  if (options.json === true) return out(JSON.stringify(closingData(after)));
  await tellClosing(app, after);
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
  while (await followClosings(app, cancelIn));
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
  const run = await app.retention.begin(clientId, app.config.actor);
  for (let look = 0; look < mostLooks; look += 1) {
    await app.retention.finish(run);
    await endClosing(app, clientId);
    const now = await closingOverview(app.database, clientId);
    if (now.closing?.state === 'deleted' || now.open.heldRows > 0) break;
    if ((await waitingOfClient(app, wholeCentre, clientId)).length > 0) break;
    // A planner is at some of these leads.
    await pause(lookMs);
  }
  return true;
}

/** Looks for what a planner does meanwhile, about ten seconds. */
const mostLooks = 50;
const lookMs = 200;

async function tellClosing(app: App, { clientId, closing, held, open }: ClosingOverview): Promise<void> {
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
        `First ${open.rights} changes and erasures have to reach their recipients: relais delivery list --client ${clientId}`,
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
  for (const { waitsFor, leads } of await waitingOfClient(app, wholeCentre, clientId))
    say(`Waiting: ${leads} leads (${waitsFor}).`);
  if (open.heldRows > 0)
    say(`Waiting: ${open.heldRows} refused rows, for an open request or until a restriction is lifted.`);
}

/** Names of keys are stable. */
const closingData = ({ clientId, closing, held, open }: ClosingOverview): object => ({
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
