// Serves the audit pages: verification of the log and its anchor (C09, C46), and a client's audit pack.
// Invariant: a question about a person is POSTed, and is in the log before it is answered.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { html, type Html } from '../../privacy/papers/html.ts';
import { parseAnchor } from '../../privacy/verification.ts';
import {
  startVerification,
  verificationAsked,
  verificationsAsked,
  type AskedVerification,
} from '../../support/acts/verify-log.ts';
import { namesOfActors } from '../../support/reads/requests.ts';
import type { Both, Language } from '../../support/words.ts';
import { download, notFound, sayTo, type Say } from '../layout.ts';
import { field, numberOf, reasonProblem } from '../forms.ts';
import { personOf, visitOf } from '../gate.ts';
import { tableOf, facts, input, notice, state, nameChoice, dateBox, type Tone } from '../parts.ts';
import { countText, timeOf } from '../labels.ts';
import { auditWords as words, findingWords, packWords, auditWords } from '../words/privacy.ts';
import { pages, type Desk, type PageOf } from './sign-in.ts';
import { addDays, isCivilDate, startOfDay } from '../../domain/civil-date.ts';
import { auditPack, type PackAsked } from '../../support/audit-pack/pack.ts';
import { namesInScope } from '../../support/reads/filter.ts';
import { refusal, doneOrRefused, type Refused } from '../refused.ts';
import { frame } from '../words/frame.ts';

const mostShown = 50;

export function auditRoutes(server: FastifyInstance, desk: Desk): void {
  const { place } = desk;
  pages(server, desk, { '/audit': ['audit.read', auditPage] });
  server.get('/audit/anchor', { config: { gate: 'audit.read' } }, async (_request, reply) => {
    const anchor = await place.sealer.anchor();
    if (anchor === undefined) return notFound(reply);
    return download(reply, { name: 'ancre.txt', bytes: `${anchor}\n`, type: 'text/plain; charset=utf-8' });
  });
  server.post('/audit/verifications', { config: { gate: 'audit.read' } }, async (request, reply) => {
    const typed = field(request, 'anchor').trim();
    const anchor = typed === '' ? undefined : parseAnchor(typed);
    if (typed !== '' && anchor === undefined) return auditPage(desk, request, reply, words.badAnchor);
    const begun = await startVerification(place, personOf(request).actor, anchor);
    if (begun === undefined) return auditPage(desk, request, reply, words.already);
    return reply.redirect(`/audit/verifications/${begun.id}`, 303);
  });
  pages(server, desk, { '/audit/verifications/:id': ['audit.read', verificationPage] });
  server.get('/audit/verifications/:id/file', { config: { gate: 'audit.read' } }, async (request, reply) => {
    const id = numberOf(request);
    const found = id === undefined ? undefined : await verificationAsked(place, id);
    if (found?.result === undefined) return notFound(reply);
    return download(reply, {
      name: `verification-${found.id}.json`,
      bytes: `${JSON.stringify(found, undefined, 2)}\n`,
      type: 'application/json',
    });
  });
}

const auditPage: PageOf<[problem?: Both]> = async ({ place, show }, request, reply, problem) => {
  const say = sayTo(request);
  const anchor = await place.sealer.anchor();
  const rows = await verificationsAsked(place, mostShown);
  const names = await namesOfActors(
    place,
    personOf(request).holder,
    rows.map(({ actor }) => actor),
  );
  return show(request, reply, {
    title: say(frame.audit),
    at: '/audit',
    refused: problem && refusal(problem),
    body: html`<p>${say(words.text)}</p>
      <p>
        <a href="/audit/lookups">${say(words.lookups)}</a> · <a href="/audit/pack">${say(packWords.link)}</a>
      </p>
      <h2>${say(words.anchorNow)}</h2>
      <div class="card">
        <p>${say(words.anchorText)}</p>
        ${
          anchor === undefined
            ? html`<p>${say(words.noAnchor)}</p>`
            : html`<p><code>${anchor}</code></p>
                <p><a class="button second" href="/audit/anchor">${say(words.anchorFile)}</a></p>`
        }
      </div>
      <h2>${say(words.verification)}</h2>
      <form class="card stack" method="post" action="/audit/verifications">
        <p>${say(words.verifyText)}</p>
        ${input('anchor', say(words.anchor), {
          hint: say(words.anchorHint),
          optional: true,
          value: field(request, 'anchor'),
        })}
        <button>${say(words.start)}</button>
      </form>
      <h2>${say(words.verifications)}</h2>
      ${
        rows.length === 0
          ? html`<p>${say(words.none)}</p>`
          : verificationsTable(rows, names, say, visitOf(request).language)
      }`,
  });
};

const ends: Readonly<Record<AskedVerification['end'], readonly [Both, Tone]>> = {
  running: [words.running, 'warn'],
  interrupted: [words.interrupted, 'warn'],
  failed: [words.failed, 'bad'],
  good: [words.good, 'good'],
  bad: [words.bad, 'bad'],
};

const endTag = (end: AskedVerification['end'], say: Say): Html => state(say(ends[end][0]), ends[end][1]);

const verificationsTable = (
  rows: readonly AskedVerification[],
  names: ReadonlyMap<string, string>,
  say: Say,
  language: Language,
): Html =>
  tableOf(say, say(words.verifications), rows, [
    [words.one, (row) => html`<a href="/audit/verifications/${row.id}">${row.id}</a>`],
    [words.started, (row) => timeOf(row.begunAt, language)],
    [frame.by, (row) => names.get(row.actor) ?? row.actor],
    [words.result, (row) => endTag(row.end, say)],
    [words.entries, (row) => countText(row.entries, language), 'number'],
  ]);

const verificationPage: PageOf = async ({ place, show }, request, reply) => {
  const id = numberOf(request);
  const found = id === undefined ? undefined : await verificationAsked(place, id);
  if (found === undefined) return notFound(reply);
  const say = sayTo(request);
  // The script refreshes it while it runs; without the script the reader reloads the page.
  const again =
    found.end === 'running'
      ? html` hx-get="/audit/verifications/${found.id}" hx-trigger="every 2s" hx-select="#verification"
        hx-swap="outerHTML" hx-headers='{"x-relais-by-itself":"verification"}'`
      : '';
  return show(request, reply, {
    title: `${say(words.one)} ${found.id}`,
    at: '/audit',
    body: html`<div id="verification" ${again}>${foundPart(found, say, visitOf(request).language)}</div>
      <p class="actions">
        ${
          found.result !== undefined &&
          html`<a class="button second" href="/audit/verifications/${found.id}/file">${say(words.report)}</a>`
        }
      </p>`,
  });
};

function foundPart(found: AskedVerification, say: Say, language: Language): Html {
  const { result, anchor, end } = found;
  return html`${end === 'good' && notice(say(result?.period === undefined ? words.goodText : words.goodPeriodText), 'good')}
    ${end === 'bad' && notice(say(words.badText), 'bad')}
    <div class="card">
      ${facts([
        [say(words.result), endTag(end, say)],
        [say(words.started), timeOf(found.begunAt, language)],
        [say(words.entries), countText(found.entries, language)],
        ...(result === undefined
          ? []
          : [
              [say(words.archived), countText(result.archived, language)] as const,
              [say(words.unsealed), countText(result.unsealed, language)] as const,
              [say(words.seals), countText(result.seals, language)] as const,
              [
                say(words.anchor),
                say(anchor === '' ? words.withoutAnchor : result.ok ? words.withAnchor : [anchor, anchor]),
              ] as const,
            ]),
      ])}
    </div>
    ${result?.problems !== undefined && result.problems.length > 0 && findingsTable(result.problems, say)}`;
}

const findingsTable = (
  problems: NonNullable<NonNullable<AskedVerification['result']>['problems']>,
  say: Say,
): Html =>
  tableOf(say, say(words.finding), problems, [
    [words.finding, ({ kind, what }) => html`${say(findingWords[kind])} ${what} <code>${kind}</code>`],
    [words.entry, ({ entry }) => entry ?? ''],
    [words.seal, ({ seal }) => seal ?? ''],
  ]);

// Serves the audit pack of a client and a period, as one file (C46).
// Invariant: POSTed, with a reason; the entry of the log is committed before the first byte is sent.

export function auditPackRoutes(server: FastifyInstance, desk: Desk): void {
  const gated = { config: { gate: 'audit.export' } } as const;
  server.get('/audit/pack', gated, (request, reply) => packPage(desk, request, reply));
  server.post('/audit/pack', gated, async (request, reply) => {
    const asked = packAsked(request);
    if ('problem' in asked) return packPage(desk, request, reply, refusal(asked.problem));
    const { done: pack, refused } = await doneOrRefused(() => auditPack(desk.place, asked));
    if (refused !== undefined) return packPage(desk, request, reply, refused);
    return reply
      .type('application/zip')
      .header('content-disposition', `attachment; filename="${pack.name}"`)
      .header('content-security-policy', "default-src 'none'; sandbox")
      .send(pack.bytes);
  });
}

function packAsked(request: FastifyRequest): PackAsked | { readonly problem: Both } {
  const [from, until] = [field(request, 'from').trim(), field(request, 'until').trim()];
  if (!isCivilDate(from) || !isCivilDate(until) || until < from) return { problem: packWords.badPeriod };
  const typed = field(request, 'anchor').trim();
  const anchor = typed === '' ? undefined : parseAnchor(typed);
  if (typed !== '' && anchor === undefined) return { problem: auditWords.badAnchor };
  const reason = field(request, 'reason', 1_000).trim();
  const problem = reasonProblem(reason);
  if (problem !== undefined) return { problem };
  return {
    clientId: field(request, 'client').trim(),
    from: startOfDay(from),
    until: startOfDay(addDays(until, 1)),
    actor: personOf(request).actor,
    reason,
    anchor,
  };
}

const packPage: PageOf<[refused?: Refused]> = async ({ place, show }, request, reply, refused) => {
  const say = sayTo(request);
  const { clients } = await namesInScope(place, personOf(request).holder);
  const day = (name: 'from' | 'until', label: Both) =>
    dateBox(name, say(label), say, { value: field(request, name) });
  return show(request, reply, {
    title: say(packWords.title),
    at: '/audit',
    refused,
    body: html`<p>${say(packWords.text)}</p>
      <p>${say(packWords.proves)}</p>
      <form class="card stack" method="post" action="/audit/pack">
        <div class="grid">
          ${nameChoice('client', say(frame.client), clients, {
            value: field(request, 'client'),
            none: say(frame.choose),
            required: true,
          })}
          ${day('from', packWords.from)} ${day('until', packWords.until)}
        </div>
        ${input('anchor', say(auditWords.anchor), {
          hint: say(auditWords.anchorHint),
          optional: true,
          value: field(request, 'anchor'),
        })}
        ${input('reason', say(frame.reason), { hint: say(frame.reasonHint), value: field(request, 'reason') })}
        <button>${say(packWords.make)}</button>
      </form>`,
  });
};
