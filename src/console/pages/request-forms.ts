// Renders the acts on a request as forms: only those that its kind and state allow.
// Invariant: a form offers, it does not decide: each act is judged again under the request's lock.
import { columnFacts } from '../../domain/lead-fields/columns.ts';
import {
  changesRows,
  extensionProblem,
  isAnswered,
  isRecipientDone,
  needsIdentity,
} from '../../domain/requests.ts';
import { html, type Html, type Piece } from '../../privacy/papers/html.ts';
import {
  acknowledgeRequest,
  applyRequest,
  closeRequest,
  extendTerm,
  liftRestriction,
  noteAnswered,
  noteInformed,
  prepareAnswer,
  showNames,
} from '../../support/acts/requests.ts';
import { boxes, foldedForm } from '../act-form.ts';
import { field, ticked } from '../forms.ts';
import { optInText } from '../labels.ts';
import { input, select, table, tickBox, heads } from '../parts.ts';
import { frame } from '../words/frame.ts';
import { requestWords as words } from '../words/requests.ts';
import type { ChangingAnswer } from '../../privacy/requests/show.ts';
import { consentWords, type Both } from '../../support/words.ts';
import type { RequestView } from './request-papers.ts';

/** Fields that one form can correct. */
export const correctedAtOnce = 4;

export function actsPart(view: RequestView): Html | undefined {
  const { story, say } = view;
  const { request, recipients } = story;
  if (request.state === 'closed') return liftForm(view);
  const isOpen = request.state === 'open';
  const owing = [
    ...new Set(recipients.filter(({ state }) => !isRecipientDone(state)).map((one) => one.destinationId)),
  ];
  return html`<h2>${say(words.acts)}</h2>
    ${
      story.subjects.length > 0 &&
      view.names === undefined &&
      act(view, 'names', words.showNames, [
        html`<p>${say(words.showNamesText)}</p>`,
        fields(view, 'names', showNames),
      ])
    }
    ${isOpen && !isAnswered(request.kind) && applyForm(view)}
    ${isOpen && isAnswered(request.kind) && answerForms(view)}
    ${owing.length > 0 && acknowledgeForm(view, owing)}
    ${act(view, 'informed', words.declare, [fields(view, 'informed', noteInformed)])} ${liftForm(view)}
    ${extendPart(view)} ${closeForm(view)}`;
}

/** A restriction stays in force when its request is closed. */
function liftForm(view: RequestView): Html | undefined {
  const { story, say } = view;
  const { kind, appliedAt, liftedAt } = story.request;
  if (kind !== 'restriction' || appliedAt === null || liftedAt !== null) return undefined;
  return act(view, 'lift', words.lift, [
    html`<p>${say(words.liftText)}</p>`,
    fields(view, 'lift', liftRestriction),
  ]);
}

/** After its first month no extension is offered, and the page explains it. */
function extendPart(view: RequestView): Html | undefined {
  const { story, say, now } = view;
  switch (extensionProblem(story.request, now)) {
    case undefined:
      return act(view, 'extend', words.extend, [
        html`<p>${say(words.extendText)}</p>`,
        fields(view, 'extend', extendTerm),
      ]);
    case 'late':
      return html`<p class="quiet">${say(words.extendLate)}</p>`;
    case 'extended':
    case 'closed':
      return undefined;
  }
}

const typed = ({ request }: RequestView, name: string): string => field(request, name);

const act = (
  { story, say, request }: RequestView,
  name: string,
  title: Both,
  parts: readonly Piece[],
  tone = 'second',
): Html =>
  foldedForm(request, { action: `/requests/${story.request.id}/${name}`, title: say(title), tone }, parts);

/** How the identity was checked is asked for once. */
function fields(view: RequestView, name: string, of: Parameters<typeof boxes>[1]): readonly Html[] {
  const { id, kind, identityCheckedAt } = view.story.request;
  const names = Object.keys(of.fields).filter(
    (one) => one !== 'identity' || (identityCheckedAt === null && needsIdentity(kind)),
  );
  return boxes(view.request, of, `/requests/${id}/${name}`, names);
}

/** Ticked boxes stay ticked; at first, those found by the person's own details. */
function subjectBoxes({ story: { request: held, subjects }, say, request }: RequestView): Html {
  const chosen = ticked(request, 'subject');
  const wasSent = request.method === 'POST' && !request.url.endsWith('/names');
  return html`<fieldset>
    <legend>${say(words.leads)}</legend>
    ${subjects.flatMap(({ kind, subjectId, reference, found, appliedAt }) => {
      const isOffered = kind === 'lead' ? reference !== null : changesRows(held.kind);
      if (appliedAt !== null || !isOffered) return [];
      const value = `${kind}:${kind === 'lead' ? (reference ?? '') : subjectId}`;
      const name = kind === 'lead' ? (reference ?? '') : `${say(words.row)} ${subjectId}`;
      const how = say(found === 'asked' ? words.byAsked : words.byShared);
      return [
        tickBox('subject', value, `${name} — ${how}`, wasSent ? chosen.includes(value) : found === 'asked'),
      ];
    })}
  </fieldset>`;
}

const numberInput = ({ story: { request }, say }: RequestView): Html =>
  input('number', say(words.confirmNumber), { hint: String(request.id), inputmode: 'numeric', most: 12 });

function applyForm(view: RequestView): Html {
  const { story, say } = view;
  const goesOn = story.request.confirmedAt !== null;
  return act(
    view,
    'apply',
    words.apply,
    [
      html`<p>${say(goesOn ? words.applyRest : words.applyText)}</p>`,
      goesOn ? undefined : html`<p class="hint">${say(words.applyNone)}</p>`,
      goesOn ? undefined : subjectBoxes(view),
      changingPart(view),
      story.request.kind === 'rectification' ? correctionInputs(view) : undefined,
      fields(view, 'apply', applyRequest),
      numberInput(view),
    ],
    'danger',
  );
}

/** Answers that the act would change. */
function changingPart({ story: { changing }, say }: RequestView): Html | undefined {
  if (changing.length === 0) return undefined;
  const answers = (all: readonly ChangingAnswer[]): Piece => {
    const recorded = all.flatMap(({ optIn, before }) => (before === undefined ? [] : [{ optIn, before }]));
    const others = all.length - recorded.length;
    if (all.length === 0) return say(words.changesNothing);
    return html`${recorded.map(
      ({ optIn, before }) => html`<div>${optInText(optIn, say)} (${say(consentWords[before])})</div>`,
    )}${others !== 0 && html`<div>${say(words.notRecorded)} : ${others}</div>`}`;
  };
  return html`<h3>${say(words.changing)}</h3>
    <p class="hint">${say(words.changingText)}</p>
    ${table(
      say(words.changing),
      heads(say, frame.lead, words.ifTicked, words.besides),
      changing.map(({ reference, ifTicked, besides }) => [reference, answers(ifTicked), answers(besides)]),
    )}`;
}

function correctionInputs(view: RequestView): Html {
  const { say } = view;
  const options = [
    { value: '', text: '' },
    ...columnFacts
      .filter(({ category }) => category !== 'technical')
      .map(({ column, label, description }) => ({ value: column, text: say([label, description]) })),
  ];
  return html`<div class="grid">
    ${Array.from({ length: correctedAtOnce }, (_, index) => {
      const n = index + 1;
      return html`<div>
        ${select(`field${n}`, `${say(words.field)} ${n}`, options, typed(view, `field${n}`))}
        ${input(`value${n}`, `${say(words.value)} ${n}`, {
          optional: true,
          hint: say(words.valueHint),
          value: typed(view, `value${n}`),
        })}
      </div>`;
    })}
  </div>`;
}

const answerForms = (view: RequestView): Html =>
  html`${act(view, 'answer', words.answer, [
    html`<p>${view.say(words.answerText)}</p>`,
    subjectBoxes(view),
    fields(view, 'answer', prepareAnswer),
  ])}
  ${act(view, 'answered', words.answered, [fields(view, 'answered', noteAnswered)])}`;

/** The recipients that owe an answer are offered as choices of the field. */
const acknowledgeForm = (view: RequestView, owing: readonly string[]): Html => {
  const choices = Object.fromEntries(owing.map((name) => [name, [name, name] as const]));
  const { destination, ...rest } = acknowledgeRequest.fields;
  return act(view, 'acknowledge', words.acknowledge, [
    fields(view, 'acknowledge', { fields: { destination: { ...destination, choices }, ...rest } }),
  ]);
};

const closeForm = (view: RequestView): Html =>
  act(view, 'close', words.close, [fields(view, 'close', closeRequest), numberInput(view)]);
