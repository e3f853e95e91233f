// relais client check: prints the go-live list of a client, item by item, with remedies (C49 to C52).
// Invariant: reads only; exit code 0 means that the client is live.
import type { Command } from 'commander';
import type { App } from '../app.ts';
import { goLiveDefinitions, type GoLiveFinding } from '../domain/go-live.ts';
import { goLiveListOfFiles, publishedGoLiveList, type GoLiveList } from '../publishing/go-live.ts';
import { withExamples } from './arguments.ts';
import { withJson, type JsonOption } from './json.ts';
import { out, say, withApp } from './terminal.ts';

interface CheckOptions extends JsonOption {
  readonly files?: boolean;
}

export function checkClientCommand(client: Command): void {
  withExamples(
    withJson(
      client
        .command('check <client>')
        .description('what must be there before it goes live, with evidence and date (C49 to C52)')
        .option('--files', 'by client.yaml and the mappings of the folder, before they are published'),
    ),
    'By the contract in force; where nothing is published yet, by the files. Exit code 0: live; 1: not live.',
    'relais client check horizon',
    'relais client check horizon --files --json',
  ).action((id: string, options: CheckOptions) => withApp((app) => checkClient(app, id, options)));
}

async function checkClient(app: App, clientId: string, options: CheckOptions): Promise<void> {
  const { database, checkOptions, config } = app;
  const published =
    options.files === true ? undefined : await publishedGoLiveList(database, checkOptions, clientId);
  const list =
    published ?? (await goLiveListOfFiles(database, checkOptions, { folder: config.mappingsDir, clientId }));
  const isLive = list.of === 'published' && list.isLive;
  if (!isLive) process.exitCode = 1;
  if (options.json === true) return out(JSON.stringify({ ...list, isLive, items: list.items.map(asData) }));
  out(`${clientId}: ${headline(list)}`);
  for (const item of list.items) tell(item);
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

function tell({ item, state, evidence, date, problems }: GoLiveFinding): void {
  const { clause, title, blocks, whatToDo } = goLiveDefinitions[item];
  out(`\n${clause}  ${state}  ${title}`);
  if (evidence !== undefined) out(`     ${date ?? ''}  ${evidence}`);
  if (state === 'there') return;
  for (const [, english] of problems) out(`     - ${english}`);
  out(`     Until then ${blocks}.`);
  out(`     → ${whatToDo}`);
}

/** Names of keys are stable. */
const asData = ({ item, state, evidence, date, problems }: GoLiveFinding): object => ({
  clause: goLiveDefinitions[item].clause,
  item,
  state,
  evidence: evidence ?? null,
  date: date ?? null,
  blocks: goLiveDefinitions[item].blocks,
  problems: problems.map(([, english]) => english),
});
