// Serves the acts on one delivery on its page: decide its outcome, replay, close, cancel.
// Invariant: each act has a reason or its evidence and is an entry of the log; a refused one is explained on the page;
// a form acts on the run and the attempt that its page showed, so that a second press does nothing.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { may } from '../../access/permissions.ts';
import { html, type Html } from '../../privacy/papers/html.ts';
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
import { actForm, actRoutes, offered, type Offered, type ShowPage } from '../act-form.ts';
import { field } from '../forms.ts';
import { personOf } from '../gate.ts';
import { sayTo } from '../show.ts';
import { deskWords as words } from '../words/desk.ts';
import type { Desk } from './sign-in.ts';

/** A form acts on the run and the attempt that its page showed. */
function seenIn(request: FastifyRequest): { readonly seen?: Seen } {
  const [, run, attempt] = /^(\d{1,9})\.(\d{1,9})$/.exec(field(request, 'seen', 20)) ?? [];
  return run === undefined ? {} : { seen: { run: Number(run), attempt: Number(attempt) } };
}
/** An answer that names no attempt is refused like one about another attempt. */
const answered = (request: FastifyRequest): { readonly seen?: Seen } => ({
  seen: { run: 0, attempt: 0 },
  ...seenIn(request),
});

const acts: Readonly<Record<string, Offered>> = {
  received: offered(deliveryReceived, (done) => done, answered),
  'not-received': offered(deliveryNotReceived, (done) => done, answered),
  replay: offered(replayDelivery, undefined, seenIn),
  cancel: offered(cancelDelivery),
  close: offered(closeTasks, (closed) => (closed > 0 ? 'done' : words.alreadyClosed)),
};

export const deliveryActRoutes = (server: FastifyInstance, { place }: Desk, show: ShowPage): void =>
  actRoutes(server, place, '/deliveries', acts, show);

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
