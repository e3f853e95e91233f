// Serves the acts on one delivery on its page: decide its outcome, replay, close, cancel.
// Invariant: each act has a reason or its evidence and is an entry of the log; a refused one is explained on the page;
// a form acts on the run and the attempt that its page showed, so that a second press does nothing.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { may, type Permission } from '../../access/permissions.ts';
import { html, type Html } from '../../privacy/papers/html.ts';
import { perform, type Act } from '../../support/acts/act.ts';
import type { Seen } from '../../support/acts/as-seen.ts';
import {
  cancelDelivery,
  deliveryNotReceived,
  deliveryReceived,
  replayDelivery,
  type ReplayHow,
} from '../../support/acts/deliveries.ts';
import { closeTasks } from '../../support/acts/tasks.ts';
import type { DeliveryPage } from '../../support/reads/delivery.ts';
import { isReplayRefusal } from '../../support/replay.ts';
import type { Both } from '../../support/words.ts';
import { actForm, inputOf } from '../act-form.ts';
import { field } from '../forms.ts';
import { actingOf, personOf } from '../gate.ts';
import { refusal, refusedBy, type Refused } from '../refused.ts';
import { sayTo } from '../show.ts';
import { deskWords as words } from '../words/desk.ts';
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

/** An act and its address below the delivery's. */
interface Offered {
  readonly permission: Permission;
  /** @returns a word that `saidDone` knows, for the page; or a refusal in words */
  readonly work: (desk: Desk, request: FastifyRequest, id: string) => Promise<string | Both>;
}

const offered = <Input extends object, Done>(
  act: Act<Input, Done>,
  told: (done: Done) => string | Both = () => 'done',
): Offered => ({
  permission: act.permission,
  work: async ({ place }, request, id) =>
    told(
      await perform(place, act, actingOf(request), {
        to: [id],
        input: inputOf(act, request),
        // An answer that names no attempt is refused like one about another attempt.
        seen: seenOf(request) ?? (act.permission === 'delivery.resolve' ? { run: 0, attempt: 0 } : undefined),
      }),
    ),
});

function seenOf(request: FastifyRequest): Seen | undefined {
  const [, run, attempt] = /^(\d{1,9})\.(\d{1,9})$/.exec(field(request, 'seen', 20)) ?? [];
  return run === undefined ? undefined : { run: Number(run), attempt: Number(attempt) };
}

const acts: Readonly<Record<string, Offered>> = {
  received: offered(deliveryReceived, (done) => done),
  'not-received': offered(deliveryNotReceived, (done) => done),
  replay: offered(replayDelivery),
  cancel: offered(cancelDelivery),
  close: offered(closeTasks, (closed) => (closed > 0 ? 'done' : words.alreadyClosed)),
};

export function deliveryActRoutes(server: FastifyInstance, desk: Desk, showDelivery: ShowDelivery): void {
  for (const [path, { permission, work }] of Object.entries(acts))
    server.post<{ Params: Params }>(
      `/deliveries/:id/${path}`,
      { config: { gate: permission } },
      async (request, reply) => {
        const { id } = request.params;
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
      ? [form('close', closeTasks, words.close, 'second')]
      : []),
    ...(may(holder, 'delivery.cancel') && isCancellable
      ? [form('cancel', cancelDelivery, words.cancel, 'danger')]
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
  form: FormOf,
): readonly Html[] {
  const say = sayTo(request);
  const replayWith = (button: Both, tone: Tone, ...flags: readonly (keyof ReplayHow)[]): Html =>
    form('replay', replayDelivery, button, tone, ['reason', ...flags]);
  const anew = canBeAnew ? (['anew'] as const) : [];
  // A withheld delivery leaves by itself once its cause is repaired: it is judged again, not replayed.
  if (replay === 'looked_at_again') return [replayWith(words.lookAgain, 'second')];
  if (replay === 'undecided')
    return [
      html`<p>${say(words.sendAllTheSameText)}</p>`,
      replayWith(words.sendAllTheSame, 'danger', 'acceptDoubles'),
    ];
  if (replay === 'already_delivered' || replay === 'mapping_unchanged') {
    const text = replay === 'already_delivered' ? words.deliveredAgain : words.unchanged;
    return [html`<p>${say(text)}</p>`, replayWith(words.replay, 'second', ...anew, 'again')];
  }
  if (replay === 'unchanged')
    return [html`<p>${say(words.unchanged)}</p>`, replayWith(words.replay, 'second', ...anew)];
  return replay === null || isReplayRefusal(replay) ? [] : [replayWith(words.replay, '', ...anew)];
}

type Tone = '' | 'second' | 'danger';
type FormOf = (
  path: string,
  act: Parameters<typeof actForm>[1],
  button: Both,
  tone?: Tone,
  names?: readonly string[],
) => Html;

/** A form acts on the run and the try that its page showed. */
const formOf =
  (request: FastifyRequest, { delivery }: DeliveryPage): FormOf =>
  (path, act, button, tone, names) =>
    actForm(request, act, {
      action: `/deliveries/${delivery.id}/${path}`,
      button: sayTo(request)(button),
      tone,
      names,
      hidden: { seen: `${delivery.run}.${delivery.attempt}` },
    });

function resolveForms(request: FastifyRequest, { delivery }: DeliveryPage, form: FormOf): readonly Html[] {
  const absent = delivery.state === 'waiting' ? words.notReceived : words.notReceivedEnded;
  return [
    html`<p>${sayTo(request)(words.resolveText)}</p>`,
    form('received', deliveryReceived, words.received),
    form('not-received', deliveryNotReceived, absent, 'danger'),
  ];
}
