// Renders the effects of publishing or rolling back before they are confirmed, and the form that confirms them.
// Invariant: a click alone confirms nothing: a note, a tick, and where deliveries would end their number typed.
import type { FastifyRequest } from 'fastify';
import { may } from '../access/permissions.ts';
import { isRelaisError, type RelaisError } from '../errors.ts';
import { html, type Html, type Piece } from '../privacy/papers/html.ts';
import { publishMapping } from '../support/acts/mappings.ts';
import type { Both } from '../support/words.ts';
import { boxes, inputOf } from './act-form.ts';
import type { ConsolePlace } from './place.ts';
import { field } from './forms.ts';
import { personOf, visitOf } from './gate.ts';
import { categoryText, deliveryLink, counted, countText } from './labels.ts';
import { hidden, input } from './parts.ts';
import { refuse, wordsOfRefusal } from './refused.ts';
import { sayTo } from './layout.ts';
import { mappingCounts, mappingWords as words } from './words/mappings.ts';

export type Plan = Awaited<ReturnType<ConsolePlace['publishing']['plan']>>;

const mostListed = 20;

/** Page that renders waiting deliveries anew; linked from the mapping's page. */
const anewPath = (destination: string): string =>
  `/replay?${new URLSearchParams({ destination, state: 'waiting', anew: 'yes' }).toString()}`;

/** Waiting deliveries that keep an earlier version's content, and the replay that renders them anew. */
export function keepingWords(request: FastifyRequest, destination: string, keeping: readonly number[]): Html {
  const say = sayTo(request);
  const listed = keeping.slice(0, mostListed);
  return html`${counted(keeping.length, mappingCounts.keeping, visitOf(request).language)} :
    ${listed.map((id) => html`${deliveryLink(id)} `)}${keeping.length > mostListed ? '…' : ''}<br />
    ${say(words.keepingReplay)}
    ${
      may(personOf(request).holder, 'delivery.replay')
        ? html`<a href="${anewPath(destination)}">${say(words.keepingAnew)}</a>`
        : html`<strong>${say(words.keepingAnew)}</strong>`
    }`;
}

export function planPart(
  request: FastifyRequest,
  destination: string,
  plan: Plan,
  isProvided: (secret: string) => boolean,
): Html {
  const { say, language } = visitOf(request);
  const missing = plan.secretNames.filter((name) => !isProvided(name));
  const lines: Piece[] = [
    ...(plan.isSame ? [say(words.planSame)] : []),
    ...(plan.before === undefined ? [] : [`${say(words.planVersion)} : ${plan.before.version}`]),
    ...(plan.ending === 0
      ? []
      : [html`<strong>${counted(plan.ending, mappingCounts.ending, language)}</strong>`]),
    ...(plan.keeping.length === 0 ? [] : [keepingWords(request, destination, plan.keeping)]),
    ...(plan.reopening === 0 ? [] : [counted(plan.reopening, mappingCounts.reopening, language)]),
    ...plan.authorised.map(
      ({ recipient, documentRef, categories }) =>
        `${say(words.planAuthorised)} : ${recipient} (${categories.map((name) => categoryText(name, say)).join(', ')} ; ${documentRef})`,
    ),
    ...plan.unnamed.map(({ id, recipient }) => `${say(words.planUnnamed)} : ${id}, ${recipient}`),
    ...(missing.length === 0 ? [] : [`${say(words.planSecrets)} : ${missing.join(', ')}`]),
  ];
  return html`<h2>${say(words.plan)}</h2>
    <ul>
      ${(lines.length === 0 ? [say(words.nothing)] : lines).map((line) => html`<li>${line}</li>`)}
    </ul>
    ${
      plan.changes.length > 0 &&
      html`<h3>${say(words.planChanges)}</h3>
        <ul lang="fr">
          ${plan.changes.map((line) => html`<li>${line}</li>`)}
        </ul>`
    }`;
}

/** @param carried further hidden fields of the form */
export function agreeForm(
  request: FastifyRequest,
  plan: Plan,
  form: { readonly action: string; readonly button: string; readonly carried: Piece },
): Html {
  const say = sayTo(request);
  const count = countText(plan.ending, visitOf(request).language);
  return html`<h2>${form.button}</h2>
    <form class="card stack" method="post" action="${form.action}">
      ${form.carried} ${hidden('fingerprint', plan.fingerprint)}
      ${hidden('before', String(plan.before?.version ?? ''))} ${boxes(request, publishMapping, form.action)}
      ${input('instructions', say(words.instructions), {
        optional: true,
        hint: say(words.instructionsHint),
        value: field(request, 'instructions'),
      })}
      ${plan.ending !== 0 && input('number', `${say(words.confirmEnding)} (${count})`, { inputmode: 'numeric', most: 12 })}
      <label class="tick"
        ><input type="checkbox" name="agree" value="yes" required />${say(words.agree)}</label
      >
      <button>${form.button}</button>
    </form>`;
}

/** Input of the form above, for an act on the shown plan. @param text of the mapping's file, where it was typed */
export function agreedIn(request: FastifyRequest, text?: string): object {
  if (field(request, 'agree', 3) !== 'yes') refuse(words.notAgreed);
  const before = field(request, 'before', 12);
  const instructions = field(request, 'instructions', 200).split(/[\s,;]+/);
  return {
    ...inputOf(publishMapping, request),
    instructions: instructions.filter((part) => /^\d{1,9}$/.test(part)).map(Number),
    shown: {
      text,
      fingerprint: field(request, 'fingerprint', 64),
      before: /^\d{1,9}$/.test(before) ? Number(before) : undefined,
      ending: Number(field(request, 'number', 20).replaceAll(/[\s\u202f.,]/g, '') || '0'),
    },
  };
}

/** A refused act on a plan: in words where it has some, else the refusal whole. */
export interface PlanRefused {
  readonly problem?: Both;
  readonly refusal?: RelaisError;
}

/** Refusals that answer the request. */
const answers = /^(MAPPING|INSTRUCTION|CLIENT|DEST|USAGE)-/;

/** Undefined where it was done. */
export async function planRefusal(work: () => Promise<unknown>): Promise<PlanRefused | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (!isRelaisError(error) || !answers.test(error.code)) throw error;
    if (error.code === 'MAPPING-004') return { problem: words.changed };
    const own = wordsOfRefusal(error);
    return own === undefined ? { refusal: error } : { problem: own };
  }
}

/** The plan, or its refusal where it cannot come into force. */
export async function planOr(work: () => Promise<Plan>): Promise<Plan | RelaisError> {
  try {
    return await work();
  } catch (error) {
    if (!isRelaisError(error) || !answers.test(error.code)) throw error;
    return error;
  }
}
