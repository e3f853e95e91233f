// Bulk runs: everything a filter matches, counted and shown first, confirmed by typing the number, then followed to its end.
// Invariant: what is begun is what was counted: where it has changed meanwhile, nothing begins and the new plan is shown.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { may } from '../../access/permissions.ts';
import { isRelaisError } from '../../errors.ts';
import { html, type Html } from '../../privacy/papers/html.ts';
import { beginBulk, planBulk, stopBulk, type BulkPlan } from '../../support/acts/bulk.ts';
import { bulkRun, bulkRunsPage, type BulkRunHead } from '../../support/reads/bulk-runs.ts';
import type { Both } from '../../support/words.ts';
import { askedFilter, carried, filterOf, queryOf, type AskedFilter } from '../filter.ts';
import { asked, field, numberOf } from '../forms.ts';
import { actingOf, personOf, visitOf } from '../gate.ts';
import { deliveryLink } from '../labels.ts';
import { facts, input, notice, table } from '../parts.ts';
import { reasonProblem } from '../reasons.ts';
import { notFound, sayTo } from '../show.ts';
import { countText, timeOf } from '../times.ts';
import { frame } from '../words/frame.ts';
import { deskWords as words, kindWords, runStateWords } from '../words/desk.ts';
import type { Desk } from './sign-in.ts';

export function runsRoutes(server: FastifyInstance, desk: Desk): void {
  const { place } = desk;
  server.get('/replay', { config: { gate: 'delivery.replay' } }, (request, reply) =>
    planPage(desk, request, reply, { wanted: askedFilter(request.query) }),
  );
  server.post('/replay', { config: { gate: 'delivery.replay' } }, async (request, reply) => {
    const wanted = askedFilter(request.body);
    const reason = field(request, 'reason', 1_000).trim();
    const problem = reasonProblem(reason);
    if (problem !== undefined) return planPage(desk, request, reply, { wanted, problem });
    // As people type large numbers: with spaces between the thousands.
    const expected = Number(field(request, 'number', 20).replaceAll(/[\s\u202f.,]/g, '') || '-1');
    try {
      const run = await beginBulk(place, actingOf(request), {
        kind: 'replay',
        filter: filterOf(wanted),
        expected,
        reason,
      });
      return await reply.redirect(`/runs/${run.id}`, 303);
    } catch (error) {
      if (!isRelaisError(error) || error.code !== 'BULK-002') throw error;
      return planPage(desk, request, reply, { wanted, problem: words.changed });
    }
  });
  server.get('/runs', { config: { gate: 'task.read' } }, (request, reply) => listPage(desk, request, reply));
  server.get('/runs/:id', { config: { gate: 'task.read' } }, (request, reply) =>
    runPage(desk, request, reply),
  );
  server.post('/runs/:id/stop', { config: { gate: 'delivery.replay' } }, async (request, reply) => {
    const id = numberOf(request);
    if (id === undefined) return notFound(reply);
    const reason = field(request, 'reason', 1_000).trim();
    const problem = reasonProblem(reason);
    if (problem !== undefined) return runPage(desk, request, reply, problem);
    await stopBulk(place, actingOf(request), id, { reason });
    return reply.redirect(`/runs/${id}`, 303);
  });
}

async function planPage(
  { place, show }: Desk,
  request: FastifyRequest,
  reply: FastifyReply,
  { wanted, problem }: { readonly wanted: AskedFilter; readonly problem?: Both },
): Promise<FastifyReply> {
  const say = sayTo(request);
  const plan = await planBulk(place, personOf(request).holder, { kind: 'replay', filter: filterOf(wanted) });
  return show(request, reply, {
    title: say(words.replayAllTitle),
    status: problem === undefined ? 200 : 422,
    body: html`${problem === undefined ? undefined : notice(say(problem), 'bad')}
      <p>${say(words.planText)}</p>
      <div class="card">
        ${facts(Object.entries(wanted).map(([name, value]) => [name, html`<code>${value}</code>`]))}
      </div>
      ${planTable(request, plan)}
      ${plan.going === 0 ? notice(say(words.nothingGoes), 'warn') : confirmForm(request, wanted, plan)}
      <p><a href="/deliveries?${queryOf(wanted)}">${say(frame.back)}</a></p>`,
  });
}

function planTable(request: FastifyRequest, { groups }: BulkPlan): Html {
  const say = sayTo(request);
  const { language } = visitOf(request);
  return table(
    say(words.plan),
    [{ name: say(words.count), number: true }, { name: say(words.plan) }],
    groups.map(({ count, text, isRefused }) => [
      countText(count, language),
      isRefused ? html`${say(words.refused)} : ${say(text)}` : say(text),
    ]),
  );
}

function confirmForm(request: FastifyRequest, wanted: AskedFilter, { going }: BulkPlan): Html {
  const say = sayTo(request);
  const hint = `${say(words.confirmHint)} ${countText(going, visitOf(request).language)}`;
  return html`<form class="card stack" method="post" action="/replay">
    ${carried(wanted)}
    ${input('reason', say(frame.reason), {
      hint: say(frame.reasonHint),
      value: field(request, 'reason'),
    })}
    ${input('number', say(words.confirm), { hint, inputmode: 'numeric', most: 12 })}
    <button>${say(words.replay)}</button>
  </form>`;
}

async function listPage(
  { place, show }: Desk,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const say = sayTo(request);
  const { language } = visitOf(request);
  const after = Number(asked(request, 'after', 15)) || undefined;
  const { items, next } = await bulkRunsPage(
    place,
    personOf(request).holder,
    {},
    {
      limit: 50,
      ...(after === undefined ? {} : { after }),
    },
  );
  const heads = [words.number, words.run, frame.state, words.progress, words.begun, words.by, frame.reason];
  return show(request, reply, {
    title: say(frame.runs),
    at: '/runs',
    body: html`${
      items.length === 0
        ? notice(say(words.noRuns))
        : table(
            say(frame.runs),
            heads.map((name) => ({ name: say(name) })),
            items.map((run) => [
              html`<a href="/runs/${run.id}">${run.id}</a>`,
              say(kindWords[run.kind] ?? [run.kind, run.kind]),
              say(runStateWords[run.state] ?? [run.state, run.state]),
              `${countText(run.done + run.refused, language)} / ${countText(run.counted, language)}`,
              timeOf(run.createdAt, language),
              run.actor,
              run.reason,
            ]),
          )
    }
    ${next === undefined ? undefined : html`<p><a href="/runs?after=${next}">${say(frame.next)}</a></p>`}`,
  });
}

async function runPage(
  { place, show }: Desk,
  request: FastifyRequest,
  reply: FastifyReply,
  problem?: Both,
): Promise<FastifyReply> {
  const say = sayTo(request);
  const { holder } = personOf(request);
  const id = numberOf(request);
  if (id === undefined) return notFound(reply);
  const run = await bulkRun(place, holder, id);
  const stop = html`<form class="line card" method="post" action="/runs/${id}/stop">
    ${input('reason', say(frame.reason), { hint: say(words.stopText) })}
    <button class="danger">${say(words.stopRun)}</button>
  </form>`;
  return show(request, reply, {
    title: `${say(words.run)} ${id}`,
    status: problem === undefined ? 200 : 422,
    body: html`${problem === undefined ? undefined : notice(say(problem), 'bad')}
    ${progressPart(request, run)}
    ${run.state === 'running' && may(holder, 'delivery.replay') ? stop : undefined}`,
  });
}

/** Asked again by the script while it runs; without it the page is loaded anew by its reader. */
function progressPart(request: FastifyRequest, run: BulkRunHead): Html {
  const say = sayTo(request);
  const { language } = visitOf(request);
  const through = run.done + run.refused;
  const again =
    run.state === 'running'
      ? html` hx-get="/runs/${run.id}" hx-trigger="every 2s" hx-select="#progress" hx-swap="outerHTML"`
      : '';
  return html`<div id="progress" ${again}>
    <div class="card">
      <label for="bar"
        >${say(words.progress)} : ${countText(through, language)} / ${countText(run.counted, language)}</label
      >
      <progress id="bar" max="${Math.max(1, run.counted)}" value="${through}"></progress>
      ${facts([
        [say(words.run), say(kindWords[run.kind] ?? [run.kind, run.kind])],
        [say(frame.state), say(runStateWords[run.state] ?? [run.state, run.state])],
        [say(words.by), run.actor],
        [say(frame.reason), run.reason],
        [say(words.begun), timeOf(run.createdAt, language)],
        ...(run.endedAt === null ? [] : [[say(words.ended), timeOf(run.endedAt, language)] as const]),
        [say(words.filterIs), html`<code>${JSON.stringify(run.filter)}</code>`],
      ])}
    </div>
    ${
      run.results.length === 0
        ? undefined
        : table(
            say(words.result),
            [
              { name: say(words.count), number: true },
              { name: say(words.result) },
              { name: say(words.number) },
            ],
            run.results.map(({ count, text, isRefusal, deliveries }) => [
              countText(count, language),
              isRefusal ? html`${say(words.refused)} : ${say(text)}` : say(text),
              isRefusal
                ? deliveries.slice(0, 20).map((delivery) => html`${deliveryLink(delivery)} `)
                : undefined,
            ]),
          )
    }
  </div>`;
}
