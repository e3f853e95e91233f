// Renders the papers of a request on its page: letters to recipients, the demand, the signed proofs.
// Invariant: a paper with a person's data is POSTed for, with a reason or as an entry of the log before a byte is sent.
import { mayFor } from '../../access/permissions.ts';
import { html, type Html, type Piece } from '../../privacy/papers/html.ts';
import { personOf, visitOf } from '../gate.ts';
import { fileBox, input, notice } from '../parts.ts';
import { countText } from '../labels.ts';
import { frame } from '../words/frame.ts';
import { proofActWords, requestWords as words } from '../words/requests.ts';
import type { FastifyRequest } from 'fastify';
import type { PersonName } from '../../domain/person-name.ts';
import type { RequestStory } from '../../privacy/requests/show.ts';
import type { ProofHead } from '../../support/reads/requests.ts';
import type { Say } from '../layout.ts';

export const letterPath = (id: number, destinationId: string): string =>
  `/requests/${id}/letters/${encodeURIComponent(destinationId)}`;

export function papersPart(view: RequestView): Html {
  const { story, say } = view;
  const { request, recipients } = story;
  const destinations = [...new Set(recipients.map(({ destinationId }) => destinationId))];
  return html`<h2>${say(words.papers)}</h2>
    ${
      destinations.length > 0 &&
      html`<div class="card">
        ${request.kind === 'rectification' && notice(say(words.letterLogged), 'warn')}
        ${destinations.map(
          (destination) =>
            html`<form class="actions" method="post" action="${letterPath(request.id, destination)}">
              <span>${destination}</span>
              <button class="second" aria-label="${say(words.letter)} : ${destination}">
                ${say(words.letter)}
              </button>
              ${[['page', words.letterPage] as const, ['file', words.letterFile] as const].map(
                ([as, text]) =>
                  html`<button
                    class="plain"
                    name="as"
                    value="${as}"
                    aria-label="${say(text)} : ${destination}"
                  >
                    ${say(text)}
                  </button>`,
              )}
            </form>`,
        )}
      </div>`
    }
    ${documentsPart(view)} ${proofsPart(view)}`;
}

function documentsPart({ story: { request, demands }, say, at, nameOf, ...view }: RequestView): Html {
  const canWork = mayFor(personOf(view.request).holder, 'request.work', request.clientId);
  const of = demands.filter(({ kind }) => kind === 'demand');
  return html`${demands
    .filter(({ kind }) => kind === 'answer')
    .map(
      ({ document, goneAt }) =>
        html`<form class="card line" method="post" action="/requests/${request.id}/documents/${document}">
          <p>
            <strong>${say(words.answerReady)}</strong>, ${say(words.answerUntil)} ${at(goneAt)}<br /><small
              >${say(words.answerHint)}</small
            >
          </p>
          <input type="hidden" name="reason" value="answer to request ${request.id}" />
          <button>${say(words.takeAnswer)}</button>
        </form>`,
    )}
  ${of.map(
    ({ document, size, addedAt, addedBy }) =>
      html`<form class="card line" method="post" action="/requests/${request.id}/documents/${document}">
        <p>
          <strong>${say(words.document)} ${document}</strong
          ><br />${countText(size, visitOf(view.request).language)} ${say(words.bytes)}, ${at(addedAt)} —
          ${nameOf(addedBy)}
        </p>
        ${input('reason', say(frame.reason), { hint: say(words.takeHint) })}
        <button class="second" aria-label="${say(words.takeDocument)} ${document}">
          ${say(words.takeDocument)}
        </button>
      </form>`,
  )}
  ${
    canWork &&
    request.state !== 'closed' &&
    html`<details class="card">
      <summary>${say(words.addDocument)}</summary>
      <form
        class="stack"
        method="post"
        action="/requests/${request.id}/documents"
        enctype="multipart/form-data"
      >
        ${fileBox('document', say(words.document), say(words.documentHint))}
        <button class="second">${say(words.addDocument)}</button>
      </form>
    </details>`
  }`;
}

const proofsPart = ({ proofs, say, at }: RequestView): Html | undefined =>
  proofs.length === 0
    ? undefined
    : html`<ul>
        ${proofs.map(
          ({ number, act, madeAt }) =>
            html`<li>
              <a href="/proofs/${number}">${say(words.proof)} ${number}</a> —
              ${say(proofActWords[act] ?? [act, act])}, ${at(madeAt)}
            </li>`,
        )}
      </ul>`;

// The data from which the parts of a request's page are made.

export interface RequestView {
  readonly request: FastifyRequest;
  readonly story: RequestStory;
  readonly proofs: readonly ProofHead[];
  /** Words for an actor of the log. */
  readonly nameOf: (actor: string) => string;
  readonly say: Say;
  readonly at: (time: Date | null) => Piece;
  /** Names on its leads, where the officer asked for them with a reason. */
  readonly names?: ReadonlyMap<number, PersonName>;
  /** By the database's clock. */
  readonly now: Date;
}
