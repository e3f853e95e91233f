// relais request ...: a person's request, from the demand to its closing (C21-C25).
// Invariant: only shows and asks; the acts and their rules are in src/privacy/requests.
import type { Command } from './command.ts';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { App } from '../app.ts';
import { consentChannels, consentPurposes } from '../domain/lead.ts';
import { isAnswered, requestKinds, requestStates, takesBack, type RequestKind } from '../domain/requests.ts';
import { RelaisError } from '../errors.ts';
import type { NewRequestOrder } from '../privacy/requests/open.ts';
import { openRequest } from '../support/acts/requests.ts';
import { performHere, refuseInput } from './act-options.ts';
import { collect, instant, known, listLength, wholeNumber, withFile } from './arguments.ts';
import { outJson, out, say, withApp, type JsonOption } from './terminal.ts';
import { personOf, personOptions, type PersonOptions } from './lead-find.ts';
import { accessCommand, actCommands } from './request-acts.ts';
import { listed, showCommand, tellFound } from './request-show.ts';

interface OpenOptions extends PersonOptions {
  readonly client: string;
  readonly kind: string;
  readonly received?: string;
  readonly document?: string;
  readonly identity?: string;
  readonly purpose?: readonly string[];
  readonly channel?: readonly string[];
}

export function requestCommands(program: Command): void {
  const request = program.subcommand(
    'request',
    "a prospect's request: access, rectification, erasure, objection, restriction, portability, withdrawal",
  );
  personOptions(
    request
      .subcommand('open', 'note a request, find the leads of its person, keep the demand sealed')
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
    .subcommand('list', 'requests with their term, newest first')
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

interface ListOptions extends JsonOption {
  readonly client?: string;
  readonly kind?: string;
  readonly state?: string;
  readonly open?: boolean;
  readonly limit: number;
  readonly before?: number;
}

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
    : `relais request apply ${opened.id} --lead REFERENCE ... (or --all)`;
  out(`Next: read the list, then ${next}`);
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
