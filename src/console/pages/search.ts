// Serves the search for a person's leads (C39), and the list of who looked a person up (C58).
// Invariant: no URL contains personal data, the page stores none, and persons are masked.
import { doneOrRefused, refusal, type Refused } from '../refused.ts';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { html, type Html, type Piece } from '../../privacy/papers/html.ts';
import { refusalWords } from '../../privacy/person/letter-words.ts';
import {
  findPeople,
  leadQueryOf,
  type LeadQuery,
  lookUpsOf,
  nothingFound,
  type FoundPeople,
  type PersonLead,
  type LookUpSeen,
} from '../../support/find-person.ts';
import type { PersonFact } from '../../support/masking.ts';
import { namesInScope } from '../../support/reads/filter.ts';
import { typedWords, type Both } from '../../support/words.ts';
import { nameChoice, input, notice, tableOf } from '../parts.ts';
import { asked, field, reasonProblem } from '../forms.ts';
import { personOf, visitOf } from '../gate.ts';
import { actorText, deliveryLink, leadLink, reasonText, stateTag, timeOf } from '../labels.ts';
import { sayTo, type Say } from '../layout.ts';
import { frame } from '../words/frame.ts';
import { searchProblems, searchWords as words, searchWords } from '../words/work.ts';
import type { Desk, PageOf } from './sign-in.ts';
import { auditWords, lookedWords } from '../words/privacy.ts';

const names = ['reference', 'email', 'phone', 'name', 'firstName'] as const;
type Asked = Readonly<Partial<Record<(typeof names)[number], string>>>;

export function searchRoutes(server: FastifyInstance, desk: Desk): void {
  server.get('/search', { config: { gate: 'person.find' } }, (request, reply) =>
    searchPage(desk, request, reply, referenceIn(request)),
  );
  server.post('/search', { config: { gate: 'person.find' } }, async (request, reply) => {
    const typed: Asked = Object.fromEntries(
      names.map((name) => [name, field(request, name).trim()] as const).filter(([, value]) => value !== ''),
    );
    const reason = field(request, 'reason', 1_000).trim();
    const client = field(request, 'client').trim();
    const refuse = (problem: Both): Promise<FastifyReply> =>
      searchPage(desk, request, reply, { asked: typed, reason, client, problem });
    const query = leadQueryOf(typed);
    if ('problem' in query) return refuse(searchProblems[query.problem]);
    const problem = reasonProblem(reason);
    if (problem !== undefined) return refuse(problem);
    const found = await findPeople(
      desk.place,
      { query: query.query, client: client === '' ? undefined : client },
      { actor: personOf(request).actor, reason, reveal: false },
    );
    return searchPage(desk, request, reply, {
      asked: typed,
      reason,
      client,
      found: { ...found, query: query.query },
    });
  });
}

/** A reference names no person: a list that does not find it links here with it. */
function referenceIn(request: FastifyRequest): { readonly asked?: Asked } {
  const reference = asked(request, 'reference', 100);
  return reference === '' ? {} : { asked: { reference } };
}

type Found = FoundPeople & { readonly query: LeadQuery };

async function searchPage(
  { place, show }: Desk,
  request: FastifyRequest,
  reply: FastifyReply,
  page: {
    readonly asked?: Asked;
    readonly reason?: string;
    readonly client?: string;
    readonly problem?: Both;
    readonly found?: Found;
  },
): Promise<FastifyReply> {
  const say = sayTo(request);
  const { asked: given = {}, reason = '', client = '', problem, found } = page;
  const { clients } = await namesInScope(place, personOf(request).holder);
  // The results are above the form: a focus in it would scroll the page away from them.
  const isFirst = (name: string): boolean => name === names[0] && found === undefined;
  const box = (name: (typeof names)[number], label: Both, hint?: Both): Html =>
    input(name, say(label), {
      value: given[name] ?? '',
      optional: true,
      ...(isFirst(name) ? { autofocus: true } : {}),
      ...(hint === undefined ? {} : { hint: say(hint) }),
    });
  return show(request, reply, {
    title: say(frame.search),
    at: '/search',
    refused: problem && refusal(problem),
    body: html`${found === undefined ? html`<p>${say(words.text)}</p>` : foundPart(request, found)}
      <form class="card stack" method="post" action="/search">
        <div class="grid">
          ${box('reference', words.reference, words.referenceHint)} ${box('email', words.email)}
          ${box('phone', words.phone)}
          ${nameChoice('client', say(frame.client), clients, { value: client, none: say(frame.all) })}
          ${box('name', words.lastName, words.lastNameHint)} ${box('firstName', words.firstName)}
        </div>
        ${input('reason', say(frame.reason), { value: reason, hint: say(frame.reasonHint) })}
        <button>${say(frame.search)}</button>
      </form>`,
  });
}

function foundPart(request: FastifyRequest, { leads, refused, isCut, query }: Found): Html {
  const { say, language } = visitOf(request);
  return html`${isCut && notice(say(words.cut), 'warn')}
  ${
    leads.length === 0
      ? notice(say(nothingFound(query)))
      : html`<h2>${say(words.results)}</h2>
          ${tableOf(say, say(words.results), leads, [
            [frame.client, (lead) => lead.clientId],
            [words.reference, (lead) => leadLink(personOf(request).holder, lead)],
            [words.collected, (lead) => timeOf(lead.collectedAt, language)],
            [words.person, (lead) => (lead.erased ? say(words.erased) : personText(lead.person))],
            [frame.deliveries, (lead) => deliveriesOf(lead, request)],
          ])}`
  }
  ${
    refused.length > 0 &&
    html`<h2>${say(words.refusedRows)}</h2>
      ${tableOf(say, say(words.refusedRows), refused, [
        [frame.client, (row) => row.clientId],
        [words.reference, (row) => row.reference],
        [words.received, (row) => timeOf(row.receivedAt, language)],
        [words.person, (row) => personText(row.person)],
        [frame.why, (row) => problemsOfRow(say, row.problems)],
      ])}`
  }`;
}

/** Each column of a refused row, and its reason. */
export const problemsOfRow = (
  say: Say,
  problems: readonly { readonly column: string; readonly code: string; readonly message: string }[],
): readonly Html[] =>
  problems.map(
    ({ column, code, message }) => html`<div>${say([refusalWords(`${column} ${code}`), message])}</div>`,
  );

/** All known facts of the person; absent ones are left out. */
export const personText = (person: readonly PersonFact[]): string =>
  person.flatMap(({ value }) => (value === '-' ? [] : [value])).join(' ');

/** Each with its state, and the reason where it has not arrived: mostly that is the answer sought. */
function deliveriesOf({ deliveries }: PersonLead, request: FastifyRequest): Piece {
  const say = sayTo(request);
  if (deliveries.length === 0) return say(words.nowhere);
  return deliveries.map(
    (row) =>
      html`<div>
        ${deliveryLink(row.id)} ${row.destinationId} ${stateTag(row.state, say)}
        ${row.state !== 'delivered' && reasonText(row.reason, say)}
      </div>`,
  );
}

// Serves the look-ups of a person: actor, time and reason (C58).
// Invariant: POSTed, with a reason; the question is an entry of the log before it is answered.

const lookUpNames = ['reference', 'email', 'phone'] as const;

export function lookUpRoutes(server: FastifyInstance, desk: Desk): void {
  server.get('/audit/lookups', { config: { gate: 'audit.read' } }, (request, reply) =>
    lookUpsPage(desk, request, reply, {}),
  );
  server.post('/audit/lookups', { config: { gate: 'audit.read' } }, async (request, reply) => {
    const given = Object.fromEntries(
      lookUpNames
        .map((name) => [name, field(request, name).trim()] as const)
        .filter(([, text]) => text !== ''),
    );
    const reason = field(request, 'reason', 1_000).trim();
    const query = leadQueryOf(given);
    const problem = 'problem' in query ? searchProblems[query.problem] : reasonProblem(reason);
    if ('problem' in query || problem !== undefined)
      return lookUpsPage(desk, request, reply, { refused: problem && refusal(problem) });
    const { done: seen, refused } = await doneOrRefused(
      () =>
        lookUpsOf(
          desk.place,
          { query: query.query, client: field(request, 'client').trim() },
          { actor: personOf(request).actor, reason },
          { folder: undefined, sealKeys: desk.place.keys.seal },
        ),
      /^(?:FIND-001|LOG-003)$/,
    );
    const isUnknown = refused?.error?.code === 'FIND-001';
    return lookUpsPage(desk, request, reply, {
      seen,
      refused: isUnknown ? refusal(auditWords.noLead) : refused,
    });
  });
}

const lookUpsPage: PageOf<
  [{ readonly refused?: Refused | undefined; readonly seen?: readonly LookUpSeen[] | undefined }]
> = async ({ place, show }, request, reply, { refused, seen }) => {
  const say = sayTo(request);
  const { clients } = await namesInScope(place, personOf(request).holder);
  const box = (name: (typeof lookUpNames)[number], label: Both): Html =>
    input(name, say(label), { value: field(request, name), optional: true });
  return show(request, reply, {
    title: say(auditWords.lookups),
    at: '/audit',
    refused,
    body: html`<p>${say(auditWords.lookupsText)}</p>
      ${seen !== undefined && seenPart(request, seen)}
      <form class="card stack" method="post" action="/audit/lookups">
        <div class="grid">
          ${nameChoice('client', say(frame.client), clients, {
            value: field(request, 'client'),
            none: say(frame.choose),
            required: true,
          })}
          ${box('reference', searchWords.reference)} ${box('email', searchWords.email)}
          ${box('phone', searchWords.phone)}
        </div>
        ${input('reason', say(frame.reason), { hint: say(frame.reasonHint), value: field(request, 'reason') })}
        <button>${say(auditWords.ask)}</button>
      </form>`,
  });
};

function seenPart(request: FastifyRequest, seen: readonly LookUpSeen[]): Html {
  const say = sayTo(request);
  if (seen.length === 0) return notice(say(auditWords.nobody));
  return tableOf(say, say(auditWords.lookups), seen, [
    [auditWords.when, ({ at }) => timeOf(at, visitOf(request).language)],
    [frame.lead, ({ reference }) => reference],
    [auditWords.what, ({ what }) => say(lookedWords[what] ?? [what, what])],
    [auditWords.who, ({ actor, name }) => name ?? actorText(actor, new Map(), say)],
    [frame.why, ({ why }) => say(typedWords(why))],
  ]);
}
