// Serves the form that sends an invented lead to one's own destination: its preview, its target, the results of the last ones.
// Invariant: another client's destination is answered as if it did not exist; sent by a form alone.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { html, type Html } from '../../privacy/papers/html.ts';
import {
  testLeadOffer,
  testLeadsSent,
  mostTestLeads,
  sendTestLead,
  type TestLeadRow,
  type SentTestLead,
} from '../../support/test-leads/send.ts';
import type { Both } from '../../support/words.ts';
import { nameOf } from '../forms.ts';
import { actingOf, personOf, visitOf } from '../gate.ts';
import { destinationPath, reasonText, timeOf } from '../labels.ts';
import type { Say } from '../layout.ts';
import { notice, table, heads } from '../parts.ts';
import { doneOrRefused, type Refused } from '../refused.ts';
import { frame } from '../words/frame.ts';
import { testLeadWords as words } from '../words/work.ts';
import type { Desk, PageOf } from './sign-in.ts';

interface Shown {
  readonly id: string;
  readonly refused?: Refused | undefined;
  readonly sent?: SentTestLead | undefined;
}

export function testLeadRoutes(server: FastifyInstance, desk: Desk): void {
  const gated = { config: { gate: 'lead.test' } } as const;
  server.get('/destinations/:id/test-lead', gated, (request, reply) =>
    testPage(desk, request, reply, { id: nameOf(request) }),
  );
  server.post('/destinations/:id/test-lead', gated, async (request, reply) => {
    const id = nameOf(request);
    const { done: sent, refused } = await doneOrRefused(() =>
      sendTestLead(desk.place, actingOf(request), id),
    );
    return testPage(desk, request, reply, { id, refused, sent });
  });
}

const placeWords: Readonly<Record<TestLeadRow['place'], Both>> = {
  sandbox: words.sandbox,
  production: words.production,
};

const testPage: PageOf<[Shown]> = async ({ place, show }, request, reply, { id, refused, sent }) => {
  const { say, holder } = personOf(request);
  const { to } = await testLeadOffer(place, holder, id);
  const rows = await testLeadsSent(place, holder, id);
  return show(request, reply, {
    title: `${say(words.title)} : ${id}`,
    at: '/destinations',
    under: { path: destinationPath(id), name: id },
    refused,
    body: html`${sent !== undefined && sentNotice(sent, say)}
      <p>${say(words.text)}</p>
      ${
        to === undefined
          ? notice(say(words.nowhere), 'warn')
          : html`<form class="card" method="post" action="/destinations/${encodeURIComponent(id)}/test-lead">
              <p>${say(placeWords[to])}</p>
              <p class="quiet">${say(words.limit)} ${mostTestLeads}.</p>
              <button>${say(words.send)}</button>
            </form>`
      }
      <h2>${say(words.before)}</h2>
      ${rows.length === 0 ? html`<p>${say(frame.none)}</p>` : sentTable(request, rows)}`,
  });
};

function sentNotice({ reference, isTaken, outcome, reason, notes }: SentTestLead, say: Say): Html {
  const code = reason === '' ? outcome : `${outcome}:${reason}`;
  return notice(
    html`${say(isTaken ? words.taken : words.notTaken)}
      <code>${reference}</code>
      ${!isTaken && html`<br />${reasonText(code, say)} <span class="code">${code}</span>`}
      ${notes.map((line) => html`<br /><span class="quiet">${say(line)}</span>`)}`,
    isTaken ? 'good' : 'bad',
  );
}

function sentTable(request: FastifyRequest, rows: readonly TestLeadRow[]): Html {
  const { say, language } = visitOf(request);
  return table(
    say(words.before),
    heads(say, words.at, words.reference, words.where, frame.state),
    rows.map(({ sentAt, reference, place, outcome, reason }) => [
      timeOf(sentAt, language),
      html`<code>${reference}</code>`,
      say(place === 'sandbox' ? words.inSandbox : words.inProduction),
      outcome === ''
        ? say(words.unknown)
        : html`${reasonText(reason === '' ? outcome : `${outcome}:${reason}`, say)}
            <span class="code">${outcome}</span>`,
    ]),
  );
}
