// Serves an officer's acts on a request from its page: apply, answer, extend, note, lift, close.
// Invariant: an irreversible act is confirmed by the number of the request; the actor is in the log; a refusal changes nothing.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { outcomes } from '../../domain/requests.ts';
import type { Requests } from '../../privacy/requests/requests.ts';
import type { Selection } from '../../privacy/requests/selection.ts';
import type { Corrections } from '../../privacy/requests/deps.ts';
import type { Both } from '../../support/words.ts';
import { field, numberOf, ticked } from '../forms.ts';
import { personOf } from '../gate.ts';
import { evidenceProblem, reasonProblem } from '../reasons.ts';
import { refusal, refusedBy } from '../refused.ts';
import { notFound } from '../show.ts';
import { requestWords as words } from '../words/requests.ts';
import { correctedAtOnce } from './request-forms.ts';
import { requestPage } from './request.ts';
import type { Desk } from './sign-in.ts';

/** A form that was read: its act, or its mistake. */
type Read =
  { readonly problem: Both } | { readonly work: (requests: Requests, id: number) => Promise<unknown> };

export function requestActRoutes(server: FastifyInstance, desk: Desk): void {
  const acts: Readonly<Record<string, (request: FastifyRequest) => Read>> = {
    apply: readApply,
    extend: readExtend,
    acknowledge: readAcknowledge,
    informed: (request) =>
      withEvidence(
        request,
        (evidence, actor) => (requests, id) => requests.declareInformed(id, { actor, evidence }),
      ),
    answer: readAnswer,
    answered: readAnswered,
    lift: (request) =>
      withEvidence(request, (evidence, actor) => (requests, id) => requests.lift(id, { actor, evidence })),
    close: readClose,
  };
  for (const [name, read] of Object.entries(acts))
    server.post(`/requests/:id/${name}`, { config: { gate: 'request.work' } }, async (request, reply) => {
      const id = numberOf(request);
      if (id === undefined) return notFound(reply);
      const asked = read(request);
      const refused =
        'problem' in asked
          ? refusal(asked.problem)
          : await refusedBy(() => asked.work(desk.place.requests, id));
      if (refused !== undefined) return requestPage(desk, request, reply, refused);
      return reply.redirect(`/requests/${id}?say=done`, 303);
    });
  server.post('/requests/:id/names', { config: { gate: 'request.work' } }, async (request, reply) => {
    const id = numberOf(request);
    if (id === undefined) return notFound(reply);
    const reason = text(request, 'reason');
    const problem = reasonProblem(reason);
    if (problem !== undefined) return requestPage(desk, request, reply, refusal(problem));
    const by = { actor: personOf(request).actor, reason };
    return requestPage(desk, request, reply, undefined, await desk.place.requests.names(id, by));
  });
}

const text = (request: FastifyRequest, name: string): string => field(request, name, 1_000).trim();

const isConfirmed = (request: FastifyRequest): boolean =>
  text(request, 'number') === String(numberOf(request) ?? '');

function withEvidence(
  request: FastifyRequest,
  work: (evidence: string, actor: string) => (requests: Requests, id: number) => Promise<unknown>,
): Read {
  const evidence = text(request, 'evidence');
  const problem = evidenceProblem(evidence);
  return problem === undefined ? { work: work(evidence, personOf(request).actor) } : { problem };
}

/** Empty: noted before, or not needed; the act itself checks. */
function identityOf(request: FastifyRequest): { readonly problem?: Both; readonly identity?: string } {
  const identity = text(request, 'identity');
  if (identity === '') return {};
  const problem = reasonProblem(identity);
  return problem === undefined ? { identity } : { problem };
}

function readApply(request: FastifyRequest): Read {
  const { problem, ...identity } = identityOf(request);
  if (problem !== undefined) return { problem };
  if (!isConfirmed(request)) return { problem: words.wrongNumber };
  const { actor } = personOf(request);
  return {
    work: async (requests, id) => {
      const { request: held } = await requests.show(id);
      // A selection confirmed before continues where it stopped: the boxes are not read again.
      const selection = held.confirmedAt === null ? { selection: selectionOf(request) } : {};
      return requests.apply(id, { actor, corrections: correctionsOf(request), ...selection, ...identity });
    },
  };
}

/** `lead:HZ-1` and `row:12`, as the boxes of the page name them. */
function selectionOf(request: FastifyRequest): Selection {
  const chosen = ticked(request, 'subject').map((value) => value.split(/:(.*)/s));
  const of = (kind: string): readonly string[] =>
    chosen.flatMap(([own, name]) => (own === kind && name !== undefined ? [name] : []));
  return { leads: of('lead'), rows: of('row').map(Number) };
}

function correctionsOf(request: FastifyRequest): Corrections {
  const lines = Array.from({ length: correctedAtOnce }, (_, index) => ({
    column: text(request, `field${index + 1}`),
    value: text(request, `value${index + 1}`),
  })).filter(({ column }) => column !== '');
  return {
    values: Object.fromEntries(
      lines.filter(({ value }) => value !== '').map(({ column, value }) => [column, value]),
    ),
    clear: lines.filter(({ value }) => value === '').map(({ column }) => column),
  };
}

function readExtend(request: FastifyRequest): Read {
  const reason = text(request, 'reason');
  const problem = reasonProblem(reason);
  if (problem !== undefined) return { problem };
  const { actor } = personOf(request);
  return { work: (requests, id) => requests.extend(id, { actor, reason }) };
}

const readAcknowledge = (request: FastifyRequest): Read =>
  withEvidence(
    request,
    (evidence, actor) => (requests, id) =>
      requests.acknowledge(id, {
        destinationId: text(request, 'destination'),
        isExplained: field(request, 'explained') === 'yes',
        evidence,
        actor,
      }),
  );

function readAnswered(request: FastifyRequest): Read {
  const { problem, ...identity } = identityOf(request);
  if (problem !== undefined) return { problem };
  return withEvidence(
    request,
    (evidence, actor) => (requests, id) => requests.answered(id, { actor, evidence, ...identity }),
  );
}

function readClose(request: FastifyRequest): Read {
  const outcome = outcomes.find((name) => name === text(request, 'outcome'));
  const reason = text(request, 'reason');
  if (outcome === undefined || !isConfirmed(request)) return { problem: words.wrongNumber };
  const problem = reason === '' && outcome === 'done' ? undefined : reasonProblem(reason);
  if (problem !== undefined) return { problem };
  const { actor } = personOf(request);
  return { work: (requests, id) => requests.close(id, { outcome, reason, actor }) };
}

/** The answer is kept sealed for a day, and is downloaded below like the demand. */
const readAnswer = (request: FastifyRequest): Read => {
  const { problem, ...identity } = identityOf(request);
  if (problem !== undefined) return { problem };
  const { actor } = personOf(request);
  const selection = selectionOf(request);
  return { work: (requests, id) => requests.prepareAnswer(id, { selection, actor, ...identity }) };
};
