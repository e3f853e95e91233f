// relais client anomalies: counts non-conforming leads of a client, by form or agent (C14, C16, C16b, C54).
// Invariant: counts and codes; a lead is named by its reference.
import type { Command } from 'commander';
import { anomaliesSince, anomalyWords, type ListedAnomaly } from '../support/anomalies.ts';
import type { App } from '../app.ts';
import { instant, withExamples, type Moment } from './arguments.ts';
import { outJson, withJson, type JsonOption } from './json.ts';
import { table } from './table.ts';
import { out, say, withApp } from './terminal.ts';

interface AnomalyOptions extends JsonOption {
  readonly since?: Moment;
}

export function anomalyCommand(client: Command): void {
  withExamples(
    withJson(
      client
        .command('anomalies <client>')
        .description('what does not conform in its leads: notices, questions not asked, companies, purchases')
        .option('--since <date>', 'came in since: 2026-11-25, or an age: 7d; default: 30d', instant),
    ),
    'Counted when a lead comes in, by form or agent; the leads themselves are taken in. `*`: codes counted together.',
    'relais client anomalies horizon',
    'relais client anomalies horizon --since 7d --json',
  ).action((id: string, options: AnomalyOptions) => withApp((app) => showAnomalies(app, id, options)));
}

const aMonth = instant('30d');

async function showAnomalies({ reading, database }: App, id: string, options: AnomalyOptions): Promise<void> {
  const since = (options.since ?? aMonth)(database.now());
  const found = await anomaliesSince(reading, id, since);
  if (options.json === true) return outJson(found.map(asData));
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
const asData = ({
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
