// Serves the acts on one delivery on its page: decide its outcome, replay, close, cancel.
// Invariant: each act has a reason or its evidence and is an entry of the log; a refused one is explained on the page;
// a form acts on the run and the attempt that its page showed, so that a second press does nothing.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { may, type Permission } from '../../access/permissions.ts';
import { html, type Html } from '../../privacy/papers/html.ts';
import { cancelOne, replayOne } from '../../support/acts/deliveries.ts';
import { resolveOne } from '../../support/acts/resolve.ts';
import { closeTask } from '../../support/acts/tasks.ts';
import type { DeliveryPage } from '../../support/reads/delivery.ts';
import { isReplayRefusal } from '../../support/replay.ts';
import type { Both } from '../../support/words.ts';
import { field, sentAgain } from '../forms.ts';
import { actingOf, personOf } from '../gate.ts';
import { hidden, input, tickBox } from '../parts.ts';
import { closingProblem, evidenceProblem, reasonProblem } from '../reasons.ts';
import { refusal, refusedBy, type Refused } from '../refused.ts';
import { sayTo } from '../show.ts';
import { frame } from '../words/frame.ts';
import { deskWords as words } from '../words/desk.ts';
import { refusedWords } from '../words/request-states.ts';
import type { Desk } from './sign-in.ts';

type Params = { readonly id: string };
export interface Named {
  readonly id: string;
  readonly refused?: Refused | undefined;
}
export type ShowDelivery = (
  request: FastifyRequest,
  reply: FastifyReply,
  named: Named,
) => Promise<FastifyReply>;

interface Act {
  readonly path: string;
  readonly gate: Permission;
  /** Mistake in the form, checked before anything is read. */
  readonly problem: (request: FastifyRequest) => Both | undefined;
  /** @returns a word that `saidDone` knows, for the page; or a refusal in words */
  readonly work: (desk: Desk, request: FastifyRequest, id: string) => Promise<string | Both>;
}

const typed = (request: FastifyRequest, name: string): string => field(request, name, 1_000).trim();
const reasonOf = (request: FastifyRequest): string => typed(request, 'reason');
const evidenceOf = (request: FastifyRequest): string => typed(request, 'evidence');

interface SeenNumbers {
  readonly run: number;
  readonly attempt: number;
}
function seenOf(request: FastifyRequest): SeenNumbers | undefined {
  const [, run, attempt] = /^(\d{1,9})\.(\d{1,9})$/.exec(field(request, 'seen', 20)) ?? [];
  return run === undefined ? undefined : { run: Number(run), attempt: Number(attempt) };
}

const answer = (path: string, received: boolean): Act => ({
  path,
  gate: 'delivery.resolve',
  problem: (request) =>
    evidenceProblem(evidenceOf(request)) ??
    (seenOf(request) === undefined ? refusedWords['RESOLVE-001'] : undefined),
  work: ({ place }, request, id) => {
    const reference = received ? typed(request, 'reference') : '';
    return resolveOne(place, actingOf(request), id, {
      received,
      evidence: evidenceOf(request),
      seen: seenOf(request) ?? { run: 0, attempt: 0 },
      ...(reference === '' ? {} : { reference }),
    });
  },
});

const acts: readonly Act[] = [
  answer('received', true),
  answer('not-received', false),
  {
    path: 'replay',
    gate: 'delivery.replay',
    problem: (request) => reasonProblem(reasonOf(request)),
    work: async ({ place }, request, id) => {
      const seen = seenOf(request);
      const asked = {
        reason: reasonOf(request),
        anew: field(request, 'anew', 3) === 'yes',
        acceptDoubles: field(request, 'acceptDoubles', 3) === 'yes',
        again: field(request, 'again', 3) === 'yes',
        ...(seen === undefined ? {} : { seenRun: seen.run }),
      };
      await replayOne(place, actingOf(request), id, asked);
      return 'done';
    },
  },
  {
    path: 'cancel',
    gate: 'delivery.cancel',
    problem: (request) => reasonProblem(reasonOf(request)),
    work: async ({ place }, request, id) => {
      await cancelOne(place, actingOf(request), id, { reason: reasonOf(request) });
      return 'done';
    },
  },
  {
    path: 'close',
    gate: 'task.close',
    problem: (request) => closingProblem(reasonOf(request), evidenceOf(request)),
    work: async ({ place }, request, id) => {
      const asked = { reason: reasonOf(request), evidence: evidenceOf(request) };
      return (await closeTask(place, actingOf(request), id, asked)) ? 'done' : words.alreadyClosed;
    },
  },
];

export function deliveryActRoutes(server: FastifyInstance, desk: Desk, showDelivery: ShowDelivery): void {
  for (const { path, gate, problem, work } of acts)
    server.post<{ Params: Params }>(
      `/deliveries/:id/${path}`,
      { config: { gate } },
      async (request, reply) => {
        const { id } = request.params;
        const wrong = problem(request);
        if (wrong !== undefined) return showDelivery(request, reply, { id, refused: refusal(wrong) });
        let done: string | Both = '';
        const refused = await refusedBy(async () => {
          done = await work(desk, request, id);
        });
        if (refused !== undefined) return showDelivery(request, reply, { id, refused });
        if (typeof done !== 'string') return showDelivery(request, reply, { id, refused: refusal(done) });
        return reply.redirect(`/deliveries/${encodeURIComponent(id)}?say=${done}`, 303);
      },
    );
}

export function deliveryActs(request: FastifyRequest, page: DeliveryPage): Html | undefined {
  const say = sayTo(request);
  const { holder } = personOf(request);
  const { delivery, isCancellable, isUndecided } = page;
  const form = formOf(request, page);
  const forms = [
    ...(may(holder, 'delivery.resolve') && isUndecided ? resolveForms(request, page, form) : []),
    ...(may(holder, 'delivery.replay') ? replayForms(request, page, form) : []),
    ...(may(holder, 'task.close') && delivery.state === 'failed'
      ? [form('close', ['reason', 'evidence'], words.close, 'second')]
      : []),
    ...(may(holder, 'delivery.cancel') && isCancellable
      ? [form('cancel', ['reason'], words.cancel, 'danger')]
      : []),
  ];
  return forms.length === 0
    ? undefined
    : html`<h2>${say(words.act)}</h2>
        <div class="card">${forms}</div>`;
}

/** A form for each way of sending the delivery again; none where a replay would be refused. */
function replayForms(
  request: FastifyRequest,
  { replay, canBeAnew }: DeliveryPage,
  form: ActForm,
): readonly Html[] {
  const say = sayTo(request);
  const fields = ['reason', ...(canBeAnew ? (['anew'] as const) : [])] as const;
  // A withheld delivery leaves by itself once its cause is repaired: it is judged again, not replayed.
  if (replay === 'looked_at_again') return [form('replay', ['reason'], words.lookAgain, 'second')];
  if (replay === 'undecided')
    return [
      html`<p>${say(words.sendAllTheSameText)}</p>`,
      form('replay', ['reason', 'acceptDoubles'], words.sendAllTheSame, 'danger'),
    ];
  if (replay === 'already_delivered' || replay === 'mapping_unchanged') {
    const text = replay === 'already_delivered' ? words.deliveredAgain : words.unchanged;
    return [html`<p>${say(text)}</p>`, form('replay', [...fields, 'again'], words.replay, 'second')];
  }
  if (replay === 'unchanged')
    return [html`<p>${say(words.unchanged)}</p>`, form('replay', fields, words.replay, 'second')];
  return replay === null || isReplayRefusal(replay) ? [] : [form('replay', fields, words.replay)];
}

type ActForm = (
  act: string,
  fields: readonly ('reason' | 'evidence' | 'reference' | 'anew' | 'acceptDoubles' | 'again')[],
  button: Both,
  tone?: 'second' | 'danger',
) => Html;

/** A refused form keeps its input; no other form shows it. */
function formOf(request: FastifyRequest, { delivery }: DeliveryPage): ActForm {
  const say = sayTo(request);
  return (act, fields, button, tone) => {
    const action = `/deliveries/${delivery.id}/${act}`;
    const again = (name: string): string => sentAgain(request, action, name, 1_000);
    const boxes: Readonly<Record<(typeof fields)[number], () => Html>> = {
      reason: () =>
        input('reason', say(frame.reason), { hint: say(frame.reasonHint), value: again('reason') }),
      evidence: () =>
        input('evidence', say(words.evidence), { hint: say(words.evidenceHint), value: again('evidence') }),
      reference: () =>
        input('reference', say(words.theirReference), {
          hint: say(words.theirReferenceHint),
          value: again('reference'),
          optional: true,
        }),
      acceptDoubles: () =>
        tickBox('acceptDoubles', 'yes', say(words.acceptDoubles), again('acceptDoubles') === 'yes'),
      again: () => tickBox('again', 'yes', say(words.again), again('again') === 'yes'),
      anew: () => tickBox('anew', 'yes', say(words.anew), again('anew') === 'yes'),
    };
    return html`<form class="line" method="post" action="${action}">
      ${hidden('seen', `${delivery.run}.${delivery.attempt}`)} ${fields.map((name) => boxes[name]())}
      <button class="${tone ?? ''}">${say(button)}</button>
    </form>`;
  };
}

function resolveForms(request: FastifyRequest, { delivery }: DeliveryPage, form: ActForm): readonly Html[] {
  const absent = delivery.state === 'waiting' ? words.notReceived : words.notReceivedEnded;
  return [
    html`<p>${sayTo(request)(words.resolveText)}</p>`,
    form('received', ['reference', 'evidence'], words.received),
    form('not-received', ['evidence'], absent, 'danger'),
  ];
}
