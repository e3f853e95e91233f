// Serves the look-ups of a person: actor, time and reason (C58).
// Invariant: POSTed, with a reason; the question is an entry of the log before it is answered.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isRelaisError } from '../../errors.ts';
import { html, type Html } from '../../privacy/papers/html.ts';
import { leadQueryOf } from '../../support/find-person.ts';
import { lookUpsOf, type LookUpSeen } from '../../support/lookups.ts';
import { namesInScope } from '../../support/reads/names.ts';
import type { Both } from '../../support/words.ts';
import { nameChoice } from '../choices.ts';
import { field } from '../forms.ts';
import { personOf, visitOf } from '../gate.ts';
import { input, notice, table } from '../parts.ts';
import { reasonProblem } from '../reasons.ts';
import { sayTo } from '../show.ts';
import { timeOf } from '../times.ts';
import { frame } from '../words/frame.ts';
import { auditWords as words, lookedWords } from '../words/privacy.ts';
import { searchProblems, searchWords } from '../words/work.ts';
import type { Desk } from './sign-in.ts';

const names = ['reference', 'email', 'phone'] as const;

export function lookUpRoutes(server: FastifyInstance, desk: Desk): void {
  server.get('/audit/lookups', { config: { gate: 'audit.read' } }, (request, reply) =>
    lookUpsPage(desk, request, reply, {}),
  );
  server.post('/audit/lookups', { config: { gate: 'audit.read' } }, async (request, reply) => {
    const given = Object.fromEntries(
      names.map((name) => [name, field(request, name).trim()] as const).filter(([, text]) => text !== ''),
    );
    const reason = field(request, 'reason', 1_000).trim();
    const query = leadQueryOf(given);
    const problem = 'problem' in query ? searchProblems[query.problem] : reasonProblem(reason);
    if ('problem' in query || problem !== undefined)
      return lookUpsPage(desk, request, reply, problem === undefined ? {} : { problem });
    const seen = await foundOr(undefined, () =>
      lookUpsOf(
        desk.place,
        { query: query.query, client: field(request, 'client').trim() },
        { actor: personOf(request).actor, reason },
      ),
    );
    return lookUpsPage(desk, request, reply, seen === undefined ? { problem: words.noLead } : { seen });
  });
}

/** An unknown person is an answer, not a failure. */
async function foundOr<T, U>(nobody: U, ask: () => Promise<T>): Promise<T | U> {
  try {
    return await ask();
  } catch (error) {
    if (!isRelaisError(error) || error.code !== 'FIND-001') throw error;
    return nobody;
  }
}

async function lookUpsPage(
  { place, show }: Desk,
  request: FastifyRequest,
  reply: FastifyReply,
  { problem, seen }: { readonly problem?: Both; readonly seen?: readonly LookUpSeen[] },
): Promise<FastifyReply> {
  const say = sayTo(request);
  const { clients } = await namesInScope(place, personOf(request).holder);
  const box = (name: (typeof names)[number], label: Both): Html =>
    input(name, say(label), { value: field(request, name), optional: true });
  return show(request, reply, {
    title: say(words.lookups),
    at: '/audit',
    status: problem === undefined ? 200 : 422,
    body: html`${problem === undefined ? undefined : notice(say(problem), 'bad')}
      <p>${say(words.lookupsText)}</p>
      ${seen === undefined ? undefined : seenPart(request, seen)}
      <form class="card stack" method="post" action="/audit/lookups">
        <div class="grid">
          ${nameChoice('client', say(searchWords.client), clients, {
            value: field(request, 'client'),
            none: say(frame.choose),
            required: true,
          })}
          ${box('reference', searchWords.reference)} ${box('email', searchWords.email)}
          ${box('phone', searchWords.phone)}
        </div>
        ${input('reason', say(frame.reason), { hint: say(frame.reasonHint), value: field(request, 'reason') })}
        <button>${say(words.ask)}</button>
      </form>`,
  });
}

function seenPart(request: FastifyRequest, seen: readonly LookUpSeen[]): Html {
  const say = sayTo(request);
  if (seen.length === 0) return notice(say(words.nobody));
  return table(
    say(words.lookups),
    [words.when, words.lead, words.what, words.who, words.why].map((name) => ({ name: say(name) })),
    seen.map(({ at, reference, what, actor, name, why }) => [
      timeOf(at, visitOf(request).language),
      reference,
      say(lookedWords[what] ?? [what, what]),
      name ?? actor,
      why,
    ]),
  );
}
