// relais request ...: a person's request, from the demand to its closing (C21-C25).
// Invariant: only shows and asks; the acts and their rules are in src/privacy/requests.
import { type Command, performHere, refuseInput, type Given } from './command.ts';
import { readFile, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { App } from '../app.ts';
import { consentChannels, consentPurposes } from '../domain/lead.ts';
import {
  isAnswered,
  isInformed,
  requestKinds,
  requestStates,
  takesBack,
  type RequestKind,
  kindWords,
  type ClosingProblem,
} from '../domain/requests.ts';
import { RelaisError } from '../errors.ts';
import type { NewRequestOrder, Opened } from '../privacy/requests/open.ts';
import { openRequest, showNames, writeLetter } from '../support/acts/requests.ts';
import { collect, instant, known, listLength, wholeNumber, withFile } from './arguments.ts';
import { outJson, out, say, withApp, tableOf, strong } from './terminal.ts';
import { personOf, personOptions, type PersonOptions } from './lead-find.ts';
import { accessCommand, actCommands } from './request-acts.ts';
import { addDays, civilDate, frenchDate } from '../domain/civil-date.ts';
import type { RequestStory } from '../privacy/requests/show.ts';
import { knownInScope } from '../support/named-text.ts';
import { wholeCentre } from '../support/place.ts';
import type { Request } from '../support/reads/requests.ts';
import { paris } from '../support/words.ts';

type OpenOptions = PersonOptions & Given<'client! kind! received document identity purpose channel'>;

export function requestCommands(program: Command): void {
  const request = program
    .command('request')
    .description(
      "a prospect's request: access, rectification, erasure, objection, restriction, portability, withdrawal",
    );
  personOptions(
    request
      .command('open')
      .description('note a request, find the leads of its person, keep the demand sealed')
      .requiredOption('--client <client>', 'whose prospect')
      .requiredOption('--kind <kind>', requestKinds.join(', ')),
  )
    .option('--received <date>', 'when the demand came in: 2026-11-20, 2026-11-20T14:00; default: now')
    .option('--document <file>', 'the demand itself: mail, PDF, scan; 10 MB at most')
    .option('--identity <text>', 'how the identity was checked')
    .option(
      '--purpose <purpose>',
      `of an objection or a withdrawal: ${consentPurposes.join(', ')}; default: all`,
      collect,
    )
    .option(
      '--channel <channel>',
      `of an objection or a withdrawal: ${consentChannels.join(', ')}; default: all`,
      collect,
    )
    .examples(
      'The term is one month from the day it came in. Nothing is changed yet: read the list, then `relais request apply`.',
      'relais request open --client horizon --kind erasure --email zoe@courriel.example --document demande.eml --identity "answered from the address of the lead"',
      'relais request open --client horizon --kind objection --phone "06 39 98 00 01" --channel phone --received 2026-11-20',
    )
    .action((options: OpenOptions) => {
      refuseInput(openRequest, options);
      return withApp((app) => open(app, options));
    });
  listCommand(request);
  showCommand(request);
  accessCommand(request);
  actCommands(request);
}

function listCommand(request: Command): void {
  request
    .command('list')
    .description('requests with their term, newest first')
    .option('--client <client>', 'of one client')
    .option('--kind <kind>', requestKinds.join(', '))
    .option('--state <state>', requestStates.join(', '))
    .option('--open', 'all that are not closed')
    .option('--limit <n>', 'rows, 1 to 1000', listLength, 50)
    .option('--before <request>', 'continue below this number (next page)', wholeNumber)
    .json()
    .examples('', 'relais request list --open', 'relais request list --client horizon --kind erasure --json')
    .gateway(async ({ requests, database }, options: ListOptions) => {
      const { client, kind, state } = options;
      await knownInScope(database, wholeCentre, client === undefined ? {} : { client });
      const rows = await requests.list(
        {
          clientId: client,
          ...(kind === undefined ? {} : { kind: known(kind, requestKinds, 'kind of request') }),
          ...(state === undefined ? {} : { state: known(state, requestStates, 'state') }),
          ...(options.open === true ? { isOpen: true } : {}),
        },
        options.limit,
        options.before,
      );
      if (options.json === true) return outJson(rows.map(({ asked: _, ...row }) => row));
      if (rows.length === 0) return say('No request.');
      listed(rows, database.now());
      if (rows.length === options.limit) say(`more: --before ${rows.at(-1)?.id ?? ''}`);
    });
}

type ListOptions = Given<'client kind state open limit! json'> & { readonly before?: number };

async function open(app: App, options: OpenOptions): Promise<void> {
  const { client, received, document, identity } = options;
  const kind = known(options.kind, requestKinds, 'kind of request');
  const order = {
    kind,
    ...personOf(options),
    ...(received === undefined ? {} : { receivedAt: instant(received)(app.database.now()) }),
    ...(document === undefined ? {} : { demand: await withFile(document, demandIn) }),
    ...optInsOf(kind, options),
  };
  const opened = await performHere(app, openRequest, { to: [client], input: { order, identity } });
  tellFound(opened);
  const next = isAnswered(kind)
    ? `relais request access ${opened.id} --to FILE --recipient age1...`
    : `relais request apply ${opened.id} ${isNobody(opened) ? '--none' : '--lead REFERENCE ... (or --all)'}`;
  out(`Next: ${isNobody(opened) ? 'check the spelling' : 'read the list'}, then ${next}`);
}

const demandIn = async (file: string): Promise<{ readonly name: string; readonly bytes: Buffer }> => ({
  name: basename(file),
  bytes: await readFile(file),
});

function optInsOf(kind: RequestKind, { purpose, channel }: OpenOptions): Pick<NewRequestOrder, 'optIns'> {
  if (!takesBack(kind)) {
    if (purpose !== undefined || channel !== undefined)
      throw new RelaisError('USAGE-001', '--purpose and --channel belong to an objection or a withdrawal.');
    return {};
  }
  return {
    optIns: {
      purposes: (purpose ?? []).map((name) => known(name, consentPurposes, 'purpose')),
      channels: (channel ?? []).map((name) => known(name, consentChannels, 'channel')),
    },
  };
}

// relais request show: prints a request, and lists requests.
// Invariant: no person is in a request; a letter is printed whole, so that it can be copied.

export function showCommand(request: Command): void {
  request
    .command('show')
    .description('a request today: leads, recipients, what is missing; or the letter to a recipient')
    .argument('<request>', 'its number', wholeNumber)
    .option('--names', 'names that its leads bear; needs --reason, and each is an entry of the log')
    .option('--reason <text>', 'why the names are shown')
    .option('--letter <destination>', 'print the French letter to this recipient')
    .option('--to <file>', 'write that letter as a page that prints (HTML) instead')
    .json()
    .examples(
      'The letter of a correction holds the new values, and printing it is an entry of the log.',
      'relais request show 17',
      'relais request show 17 --letter horizon-mail > lettre.txt',
      'relais request show 17 --letter horizon-mail --to lettre-17.html',
    )
    .action((id: number, options: ShowOptions) => {
      if (options.names === true) refuseInput(showNames, options);
      return withApp(async (app) => {
        if (options.letter !== undefined) return letterTo(app, id, { ...options, letter: options.letter });
        if (options.to !== undefined)
          throw new RelaisError('USAGE-001', '--to writes the letter to a recipient: name it with --letter.');
        const { requests, database } = app;
        const story = await requests.show(id);
        if (options.json === true) {
          const { asked: _, ...request } = story.request;
          return outJson([{ ...story, request }]);
        }
        tell(story, database.now());
        if (options.names === true) await tellNames(app, story, options);
      });
    });
}

async function tellNames(
  app: App,
  { request, subjects }: RequestStory,
  { reason }: ShowOptions,
): Promise<void> {
  const names = await performHere(app, showNames, { to: [String(request.id)], input: { reason } });
  out();
  tableOf(
    subjects.filter(({ kind }) => kind === 'lead'),
    {
      lead: ({ subjectId, reference }) => reference ?? `no lead ${subjectId}`,
      'last name': ({ subjectId }) => names.get(subjectId)?.lastName ?? '-',
      'first name': ({ subjectId }) => names.get(subjectId)?.firstName ?? '-',
    },
  );
}

type ShowOptions = Given<'reason letter to json'> & { readonly names?: boolean };

async function letterTo(
  app: App,
  id: number,
  { letter: destination, to, json }: ShowOptions & { readonly letter: string },
): Promise<void> {
  const asked = { to: [String(id)], input: { destination } };
  const { subject, paragraphs, text, page } = await performHere(app, writeLetter, asked);
  if (json === true) return outJson([{ subject, paragraphs }]);
  if (to === undefined) return out(text);
  // The letter of a correction contains the new values.
  await writeFile(to, page, { flag: 'wx', mode: 0o600 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EEXIST') throw new RelaisError('USAGE-001', `${to} exists: nothing is overwritten.`);
    throw error;
  });
  say(`${to}: open it in a browser, read it over and print it.`);
}

const lastDayOf = ({ dueAt }: Pick<Request, 'dueAt'>): string => frenchDate(addDays(civilDate(dueAt), -1));

const daysLeft = ({ dueAt }: Request, now: Date): string => {
  const days = Math.floor((dueAt.getTime() - now.getTime()) / 86_400_000);
  return days < 0 ? `${-days} d late` : `${days} d left`;
};

export function listed(rows: readonly Request[], now: Date): void {
  tableOf(rows, {
    id: (row) => String(row.id),
    client: (row) => row.clientId,
    kind: (row) => row.kind,
    state: (row) => (row.outcome === 'refused' ? 'refused' : row.state),
    received: (row) => frenchDate(civilDate(row.receivedAt)),
    due: (row) => lastDayOf(row),
    term: (row) => (row.state === 'closed' ? '-' : daysLeft(row, now)),
    informed: (row) => (isInformed(row) ? 'yes' : 'no'),
  });
}

const isNobody = ({ person }: Opened): boolean => person.leads.length + person.refused.length === 0;

export function tellFound(opened: Opened): void {
  const { id, dueAt, person } = opened;
  out(`${strong(`Request ${id}`)}, to be answered by ${lastDayOf({ dueAt })} at the latest.`);
  if (isNobody(opened)) return out('Nothing of this person was found at that client.');
  tableOf(person.leads, {
    reference: (lead) => lead.reference,
    collected: (lead) => paris(lead.collectedAt),
    found: (lead) => (lead.found === 'asked' ? 'by what was given' : 'shares an address: theirs?'),
    state: (lead) => (lead.erasedAt === null ? 'held' : 'erased'),
  });
  for (const { row, kind, receivedAt } of person.refused)
    out(`refused row ${row}: ${kind} of ${paris(receivedAt)}`);
}

function tell({ request, demands, subjects, recipients, effects, missing }: RequestStory, now: Date): void {
  out(
    `${strong(`Request ${request.id}`)}  ${request.kind} (${kindWords[request.kind].fr})  ${request.clientId}  ${request.state}`,
  );
  for (const line of lifeOf(request, now)) out(`  ${line}`);
  for (const { document, size, addedAt, addedBy } of demands)
    out(`  document ${document}: ${size} bytes, ${paris(addedAt)} by ${addedBy}`);
  if (subjects.length > 0) {
    out();
    tableOf(subjects, {
      lead: (one) =>
        one.kind === 'lead' ? (one.reference ?? `no lead ${one.subjectId}`) : `refused row ${one.subjectId}`,
      collected: (one) => paris(one.collectedAt),
      found: (one) => one.found,
      decision: (one) => one.decision,
      applied: (one) => paris(one.appliedAt),
    });
  }
  if (recipients.length > 0) {
    out();
    tableOf(recipients, {
      destination: (one) => one.destinationId,
      recipient: (one) => one.recipient,
      lead: (one) => one.reference,
      told: (one) => one.action,
      state: (one) => (one.state === 'written' ? `written (${one.cause})` : one.state),
      since: (one) => paris(one.settledAt ?? one.askedAt),
      evidence: (one) => one.evidence,
    });
  }
  for (const { table: name, columns, rows } of effects) out(`  changed: ${name} (${columns}), ${rows} rows`);
  for (const problem of missing) out(`${strong('Missing')}: ${missingText(request, problem)}`);
  if (request.state === 'applied' && missing.length === 0) out(`Next: relais request close ${request.id}`);
}

function lifeOf(request: Request, now: Date): readonly string[] {
  const { id: _, ...at } = request;
  return [
    `received ${paris(at.receivedAt)}, opened ${paris(at.openedAt)} by ${at.openedBy}`,
    `due ${lastDayOf(request)}${at.state === 'closed' ? '' : ` (${daysLeft(request, now)})`}${at.extendedAt === null ? '' : `, extended: ${at.extensionReason}`}`,
    ...(at.optIns === '' ? [] : [`of: ${at.optIns.replaceAll(' ', ', ')}`]),
    ...(at.identityCheckedAt === null
      ? []
      : [`identity checked by ${at.identityCheckedBy}: ${at.identityHow}`]),
    ...(at.confirmedAt === null ? [] : [`leads confirmed ${paris(at.confirmedAt)} by ${at.confirmedBy}`]),
    ...(at.appliedAt === null
      ? []
      : [
          `applied ${paris(at.appliedAt)} by ${at.appliedBy}, entries ${at.logBefore} to ${at.logAfter} of the log`,
        ]),
    ...(at.liftedAt === null ? [] : [`restriction lifted ${paris(at.liftedAt)} by ${at.liftedBy}`]),
    ...(at.informedAt === null
      ? []
      : [`prospect informed, declared ${paris(at.informedAt)} by ${at.informedBy}: ${at.informedEvidence}`]),
    ...(at.closedAt === null
      ? []
      : [
          `closed ${paris(at.closedAt)} by ${at.closedBy}: ${at.outcome}${at.outcomeReason === '' ? '' : `, ${at.outcomeReason}`}`,
        ]),
  ];
}

function missingText({ id, kind }: Request, { what, destinationId = '' }: ClosingProblem): string {
  switch (what) {
    case 'not_applied':
      return isAnswered(kind)
        ? `the answer: relais person export, then relais request answer ${id} --evidence "..."`
        : `relais request apply ${id}`;
    case 'not_informed':
      return `the client's declaration: relais request declare-informed ${id} --evidence "..."`;
    case 'recipient_open':
      return `the answer of ${destinationId}: relais request acknowledge ${id} --destination ${destinationId} --evidence "..." (its letter: relais request show ${id} --letter ${destinationId})`;
    case 'applied':
    case 'closed_before':
      return what;
  }
}
