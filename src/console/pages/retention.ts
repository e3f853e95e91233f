// Serves the retention calendar: future deletions by client and rule, with counts; waiting leads, and results of runs (C30 to C35).
// Invariant: reads only; counts and the centre's references, nothing of a person.
import type { FastifyInstance } from 'fastify';
import { addMonths, frenchDate, monthOf } from '../../domain/civil-date.ts';
import { html, type Html, type Piece } from '../../privacy/papers/html.ts';
import { namesOfActors } from '../../support/reads/requests.ts';
import {
  clientsToPlan,
  retentionCalendar,
  retentionRuns,
  type Calendar,
  type PlannedDate,
  type RetentionRun,
} from '../../support/reads/retention.ts';
import type { Language } from '../../support/words.ts';
import { tableOf, monthBox, notice, select, state, table, heads } from '../parts.ts';
import { asked } from '../forms.ts';
import { personOf, visitOf } from '../gate.ts';
import { actorText, counted, countText, monthText, timeOf } from '../labels.ts';
import type { Say } from '../layout.ts';
import { frame } from '../words/frame.ts';
import {
  endingWords,
  retentionWords as words,
  ruleWords,
  waitsForWords,
  retentionCounts,
} from '../words/privacy.ts';
import { pages, type Desk, type PageOf } from './sign-in.ts';

const mostRuns = 50;
const mostReferences = 50;

export function retentionRoutes(server: FastifyInstance, desk: Desk): void {
  pages(server, desk, { '/retention': ['retention.read', calendarPage] });
}

const calendarPage: PageOf = async ({ place, show }, request, reply) => {
  const { say, language } = visitOf(request);
  const client = asked(request, 'client');
  const { holder } = personOf(request);
  const calendar = await retentionCalendar(place, holder, {
    month: asked(request, 'month', 7),
    ...(client === '' ? {} : { client }),
  });
  const runs = await retentionRuns(place, holder, client === '' ? undefined : client, mostRuns);
  const names = await namesOfActors(
    place,
    holder,
    runs.map(({ actor }) => actor),
  );
  const { month, dates, isCut } = calendar;
  return show(request, reply, {
    title: `${say(words.title)}, ${monthText(month, language)}`,
    at: '/retention',
    body: html`<p>${say(words.text)}</p>
      <form class="line card filters" method="get" action="/retention">
        ${monthBox('month', say(words.month), say, { value: month })}
        ${select(
          'client',
          say(frame.client),
          ['', ...(await clientsToPlan(place, holder))].map((value) => ({
            value,
            text: value || say(frame.all),
          })),
          client,
        )}
        <button>${say(words.show)}</button>
      </form>
      <p class="actions">
        ${monthLink(month, -1, client, say(words.previous))} ${monthLink(month, 1, client, say(words.next))}
      </p>
      ${isCut && notice(say(words.cut), 'warn')}
      ${
        dates.length === 0
          ? notice(say(words.nothing))
          : [totalPart(calendar, say, language), datesTable(calendar, say, language)]
      }
      ${besidePart(calendar, say, language)} ${runs.length > 0 && runsTable(runs, names, say, language)}`,
  });
};

function monthLink(month: string, months: number, client: string, text: string): Html {
  const query = new URLSearchParams({
    month: monthOf(addMonths(`${month}-01`, months)),
    ...(client === '' ? {} : { client }),
  });
  return html`<a href="/retention?${query.toString()}">${text}</a>`;
}

/** The summary in one line: numbers of leads deleted and anonymised. */
function totalPart({ dates }: Calendar, say: Say, language: Language): Html {
  const sum = (how: PlannedDate['how']): number =>
    dates.filter((line) => line.how === how).reduce((total, { leads }) => total + leads, 0);
  return html`<p>
    <strong
      >${say(words.total)} : ${counted(sum('purge'), retentionCounts.purged, language)},
      ${counted(sum('anonymise'), retentionCounts.anonymised, language)}.</strong
    >
  </p>`;
}

const datesTable = ({ dates, today }: Calendar, say: Say, language: Language): Html =>
  tableOf(say, say(words.title), dates, [
    [
      frame.at,
      (line) => html`${frenchDate(line.on)} ${line.on < today && state(say(words.overdue), 'warn')}`,
    ],
    [frame.client, (line) => line.clientId],
    [words.what, (line) => say(line.how === 'purge' ? words.purge : words.anonymise)],
    [words.operation, (line) => (line.operation === '' ? '–' : line.operation)],
    [words.leads, (line) => countText(line.leads, language), 'number'],
    [words.why, (line) => whyPiece(line, say, language)],
    [words.references, (line) => referencesPiece(line, language)],
  ]);

const whyPiece = ({ rule, long, endMissing }: PlannedDate, say: Say, language: Language): Piece => [
  html`<div>${say(ruleWords[rule] ?? [rule, rule])}</div>`,
  long === 0 ? undefined : html`<div class="quiet">${counted(long, retentionCounts.long, language)}</div>`,
  endMissing === 0
    ? undefined
    : html`<div class="quiet">${counted(endMissing, retentionCounts.endMissing, language)}</div>`,
];

const referencesPiece = ({ references, leads }: PlannedDate, language: Language): Html =>
  html`<details>
    <summary>${counted(leads, retentionCounts.references, language)}</summary>
    ${references.slice(0, mostReferences).join(', ')}${leads > mostReferences && ' …'}
  </details>`;

function besidePart({ waiting, requests }: Calendar, say: Say, language: Language): Html {
  return html`${
    waiting.length > 0 &&
    html`<h2>${say(words.waiting)}</h2>
      ${tableOf(say, say(words.waiting), waiting, [
        [frame.client, ({ clientId }) => clientId],
        [words.waitsFor, ({ waitsFor }) => say(waitsForWords[waitsFor] ?? [waitsFor, waitsFor])],
        [words.leads, ({ leads }) => countText(leads, language), 'number'],
      ])}`
  }
  ${
    requests.length > 0 &&
    html`<h2>${say(words.requests)}</h2>
      <ul>
        ${requests.map(
          ({ on, clientId, what, requests: count }) =>
            html`<li>
              ${frenchDate(on)}, ${clientId} : ${countText(count, language)},
              ${say(endingWords[what] ?? [what, what])}
            </li>`,
        )}
      </ul>`
  }`;
}

const runsTable = (
  runs: readonly RetentionRun[],
  names: ReadonlyMap<string, string>,
  say: Say,
  language: Language,
): Html =>
  html`<h2>${say(words.runs)}</h2>
    ${table(
      say(words.runs),
      [
        ...heads(say, words.run, frame.at, frame.client, frame.by, frame.state),
        ...[words.found, words.purged, words.anonymised, words.kept].map((name) => ({
          name: say(name),
          number: true as const,
        })),
      ],
      runs.map((run) => [
        run.id,
        timeOf(run.startedAt, language),
        run.clientId,
        actorText(run.actor, names, say),
        run.state === 'done' ? state(say(words.done), 'good') : state(say(words.running), 'warn'),
        ...[run.found, run.purged, run.anonymised, run.kept].map((count) => countText(count, language)),
      ]),
    )}`;
