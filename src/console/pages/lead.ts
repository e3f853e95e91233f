// Serves one lead on one page: consents, interactions, destinations, rights exercised; the person masked.
// Invariant: an account of a client sees that client's leads alone; clear text only after an entry with actor and reason.
import { refusal } from '../refused.ts';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { mayFor } from '../../access/permissions.ts';
import { ownReasons } from '../../domain/names-in-text.ts';
import { html, type Html, type Piece } from '../../privacy/papers/html.ts';
import type { LookUp } from '../../support/find-person.ts';
import type { ShownRight } from '../../support/lead-file.ts';
import { leadPage, type LeadPage } from '../../support/reads/lead.ts';
import { refusalOfPlan } from '../../support/reads/not-taking.ts';
import {
  consentPairWords,
  consentWords,
  inLanguage,
  reasonWords,
  whyWords,
  type Both,
  type Language,
} from '../../support/words.ts';
import { field, nameOf, reasonProblem } from '../forms.ts';
import { personOf, visitOf } from '../gate.ts';
import {
  actionText,
  actorText,
  deliveryLink,
  destinationLink,
  leadPath,
  reasonText,
  stateTag,
  momentText,
  timeOf,
} from '../labels.ts';
import { sayTo, type Say } from '../layout.ts';
import { tableOf, facts, input, notice, table, heads } from '../parts.ts';
import { deskWords } from '../words/desk.ts';
import { frame } from '../words/frame.ts';
import { categoryNames, fieldWord, leadWords as words, personWords, searchWords } from '../words/work.ts';
import type { Desk } from './sign-in.ts';

export function leadRoutes(server: FastifyInstance, desk: Desk): void {
  server.get('/leads/:client/:reference', { config: { gate: 'lead.read' } }, (request, reply) =>
    onePage(desk, request, reply, maskedLook(request)),
  );
  server.post('/leads/:client/:reference/reveal', { config: { gate: 'person.reveal' } }, (request, reply) => {
    const reason = field(request, 'reason', 1_000).trim();
    const problem = reasonProblem(reason);
    const look =
      problem === undefined ? { reveal: true, actor: personOf(request).actor, reason } : maskedLook(request);
    return onePage(desk, request, reply, look, problem);
  });
}

const maskedLook = (request: FastifyRequest): LookUp => ({
  reveal: false,
  actor: personOf(request).actor,
  reason: ownReasons.leadPage,
});

async function onePage(
  { place, show }: Desk,
  request: FastifyRequest,
  reply: FastifyReply,
  look: LookUp,
  problem?: Both,
): Promise<FastifyReply> {
  const { say, holder } = personOf(request);
  const named = { client: nameOf(request, 'client'), reference: nameOf(request, 'reference') };
  const file = await leadPage(place, holder, named, look);
  const canReveal = mayFor(holder, 'person.reveal', named.client) && !look.reveal;
  return show(request, reply, {
    title: `${say(frame.lead)} ${named.reference}`,
    at: '/search',
    refused: problem && refusal(problem),
    body: html`${look.reveal && notice(say(words.revealed), 'warn')} ${leadPart(request, file)}
    ${
      canReveal &&
      html`<details class="card" ${problem === undefined ? '' : html` open`}>
        <summary>${say(words.reveal)}</summary>
        <form class="stack" method="post" action="${leadPath(named.client, named.reference)}/reveal">
          ${input('reason', say(frame.reason), { hint: say(frame.reasonHint), value: field(request, 'reason') })}
          <button class="second">${say(words.reveal)}</button>
        </form>
      </details>`
    }`,
  });
}

function leadPart(request: FastifyRequest, file: LeadPage): Html {
  const say = sayTo(request);
  const at = (time: Date | undefined): Piece => timeOf(time, visitOf(request).language);
  return html`<div class="grid">
      <div class="card">
        ${facts([
          [say(frame.client), file.clientId],
          [say(words.revision), file.revision],
          [say(words.channel), say(fieldWord('request', file.channel))],
          [say(searchWords.collected), at(file.collectedAt)],
          file.notice !== undefined && [say(words.notice), file.notice],
        ])}
      </div>
      <div class="card">
        ${
          file.erasedAt === undefined
            ? facts(file.person.map(({ name, value }) => [say(personWords[name]), value]))
            : html`<p>${say(searchWords.erased)} ${at(file.erasedAt)}</p>`
        }
      </div>
    </div>
    ${file.isRestricted && notice(say(words.restricted), 'warn')}
    <h2>${say(frame.deliveries)}</h2>
    ${deliveriesPart(file, say)}
    <h2>${say(words.consents)}</h2>
    ${consentsPart(file, say, at)}
    ${
      file.interactions.length > 0 &&
      html`<h2>${say(words.interactions)}</h2>
        ${tableOf(say, say(words.interactions), file.interactions, [
          [frame.at, (row) => at(row.at)],
          [words.kind, (row) => say(fieldWord('interaction', row.kind))],
        ])}`
    }
    ${
      file.rights.length > 0 &&
      html`<h2>${say(words.rights)}</h2>
        ${tableOf(say, say(words.rights), file.rights, [
          [frame.at, (right) => at(right.at)],
          [words.kind, (right) => rightText(right, say)],
          [frame.by, (right) => right.name ?? actorText(right.actor, new Map(), say)],
          [frame.why, (right) => say(whyWords(right))],
        ])}`
    }
    ${categoriesPart(file, visitOf(request).language)}`;
}

function deliveriesPart({ deliveries, ...file }: LeadPage, say: Say): Html {
  const rows = deliveries.map((row) => [
    deliveryLink(row.id),
    destinationLink(row.destinationId),
    actionText(row.action, say),
    stateTag(row.state, say),
    reasonText(row.reason, say),
  ]);
  return html`${
    rows.length === 0
      ? html`<p>${say(frame.none)}</p>`
      : table(
          say(frame.deliveries),
          heads(say, deskWords.number, deskWords.destination, deskWords.action, frame.state, frame.cause),
          rows,
        )
  }
  ${notTakenPart(file, say)}`;
}

/** Destinations that do not take the lead, and changes that were not routed to some, each with the reason. */
function notTakenPart({ notTaking, notRouted }: Pick<LeadPage, 'notTaking' | 'notRouted'>, say: Say): Html {
  const whyOf = (reason: string): string => say(refusalOfPlan(reason) ?? reasonWords(reason));
  const nowhere = notTaking.length > 0 ? [] : notRouted.filter(({ destinationId }) => destinationId === '');
  const changes = notRouted.filter(({ destinationId }) => destinationId !== '');
  const list = (title: Both, lines: readonly Html[]): Html | undefined =>
    lines.length === 0
      ? undefined
      : html`<h3>${say(title)}</h3>
          <ul>
            ${lines.map((line) => html`<li>${line}</li>`)}
          </ul>`;
  return html`${list(words.notRouted, [
    ...notTaking.map(({ destinationId, why }) => html`${destinationLink(destinationId)} : ${say(why)}`),
    ...nowhere.map(({ reason }) => html`${whyOf(reason)}`),
  ])}
  ${list(
    words.notPassedOn,
    changes.map(
      ({ destinationId, revision, reason }) =>
        html`${destinationLink(destinationId)}, ${say(words.revision)} ${revision} : ${whyOf(reason)}`,
    ),
  )}`;
}

/** Data of the lead by category, masked like the person. */
const categoriesPart = ({ categories }: LeadPage, language: Language): readonly Html[] =>
  categories
    .filter(({ category }) => category !== 'identity')
    .map(
      ({ category, fields }) =>
        html`<details class="card">
          <summary>${inLanguage(categoryNames[category] ?? [category, category], language)}</summary>
          ${facts(
            fields.map(({ label, description, value }) => [
              language === 'fr' ? label : description,
              momentText(value, language),
            ]),
          )}
        </details>`,
    );

function consentsPart({ consents }: LeadPage, say: Say, at: (time: Date | undefined) => Piece): Html {
  if (consents.length === 0) return html`<p>${say(words.noConsent)}</p>`;
  return table(
    say(words.consents),
    heads(say, words.purpose, words.answer, words.recorded, words.until),
    consents.map(({ purpose, channel, state, lapsed, otherEntity, recordedAt, until }) => [
      say(consentPairWords(purpose, channel) ?? [`${purpose}.${channel}`, `${purpose}.${channel}`]),
      html`${say(consentWords[state])}${lapsed && html` (${say(words.lapsed)})`}${otherEntity !== undefined && html` (${say(words.otherEntity)})`}`,
      at(recordedAt),
      at(until),
    ]),
  );
}

const rightNames: Readonly<Record<ShownRight['entry'], Both>> = {
  withdrawn: ['retrait', 'withdrawal'],
  consent_ended: ['accord arrivé à échéance', 'consent ended'],
  erased: ['effacement', 'erasure'],
};

function rightText({ entry, reason }: ShownRight, say: Say): string {
  const [purpose = '', channel = ''] = reason.split('.');
  const pair = consentPairWords(purpose, channel);
  return pair === undefined ? say(rightNames[entry]) : `${say(rightNames[entry])} : ${say(pair)}`;
}
