// Serves the API keys of other systems: created, shown once, revoked (docs/accounts.md).
// Invariant: the key itself is in one answer and nowhere else.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { apiKeys } from '../../access/api-keys.ts';
import { keyScopes, ruleOf } from '../../access/permissions.ts';
import { html, type Html } from '../../privacy/papers/html.ts';
import { perform } from '../../support/acts/act.ts';
import { endApiKey, makeKey } from '../../support/acts/accounts.ts';
import { namesInScope } from '../../support/reads/filter.ts';
import { nameChoice, input, state, tickBox, listOf } from '../parts.ts';
import { actRoutes, foldedForm, offered } from '../act-form.ts';
import { field, numberOf, sentAgain, ticked } from '../forms.ts';
import { actingOf, personOf, visitOf } from '../gate.ts';
import { notFound, sayTo, type Say } from '../layout.ts';
import { refuse, doneOrRefused, type Refused } from '../refused.ts';
import { timeOf } from '../labels.ts';
import { adminWords as words, scopeWords } from '../words/admin.ts';
import { frame } from '../words/frame.ts';
import { adminPage, onceShown } from './admin-page.ts';
import type { Desk, PageOf } from './sign-in.ts';

type Key = Awaited<ReturnType<typeof apiKeys>>[number];

export function apiKeyRoutes(server: FastifyInstance, desk: Desk): void {
  const gated = { config: { gate: 'account.manage' } } as const;
  server.get('/api-keys', gated, (request, reply) => listPage(desk, request, reply));
  server.post('/api-keys', gated, async (request, reply) => {
    const input = {
      scopes: ticked(request, 'scope'),
      client: field(request, 'client'),
      addresses: field(request, 'addresses', 600),
      days: field(request, 'days'),
    };
    const asked = { to: [field(request, 'name')], input };
    const { done, refused } = await doneOrRefused(() =>
      perform(desk.place, makeKey, actingOf(request), asked),
    );
    if (refused !== undefined) return listPage(desk, request, reply, refused);
    return onceShown(desk, request, reply, {
      title: words.key,
      text: words.keyText,
      secret: done.key,
      back: '/api-keys',
    });
  });
  const end = offered(
    endApiKey,
    () => '/api-keys?say=done',
    async (request, { access }) => {
      const key = (await apiKeys(access)).find(({ id }) => id === numberOf(request));
      if (key !== undefined && field(request, 'name').trim() !== key.name) refuse(words.wrongName);
      return {};
    },
  );
  actRoutes(server, desk.place, '/api-keys', { end }, async (request, reply, { refused }) =>
    refused?.error?.code === 'FIND-001' ? notFound(reply) : listPage(desk, request, reply, refused),
  );
}

const listPage: PageOf<[refused?: Refused]> = async ({ place, show }, request, reply, refused) => {
  const say = sayTo(request);
  const { clients } = await namesInScope(place, personOf(request).holder);
  return adminPage({ show }, request, reply, {
    title: say(words.keys),
    tab: '/api-keys',
    refused,
    body: html`${keysTable(await apiKeys(place.access), place.database.now(), request)}
      <h2>${say(words.newKey)}</h2>
      ${newKeyForm(request, say, clients)}`,
  });
};

const newKeyForm = (request: FastifyRequest, say: Say, clients: readonly string[]): Html =>
  html`<form class="card stack" method="post" action="/api-keys">
    ${input('name', say(words.name), {
      hint: say(words.nameHint),
      value: sentAgain(request, '/api-keys', 'name'),
      most: 60,
    })}
    <fieldset>
      <legend>${say(words.scopes)}</legend>
      ${keyScopes.map((scope) =>
        tickBox(
          'scope',
          scope,
          html`<code>${scope}</code>
            <span class="quiet"
              >${say([scopeWords[scope] ?? ruleOf(scope).words, ruleOf(scope).words])}</span
            >`,
          ticked(request, 'scope').includes(scope),
        ),
      )}
    </fieldset>
    ${nameChoice('client', say(frame.client), clients, {
      value: field(request, 'client'),
      none: say(words.everyClient),
    })}
    ${input('addresses', say(words.addresses), {
      hint: say(words.addressesHint),
      value: field(request, 'addresses', 600),
      optional: true,
      most: 500,
    })}
    ${input('days', say(words.days), { value: field(request, 'days') || '365', inputmode: 'numeric', most: 4 })}
    <button>${say(words.make)}</button>
  </form>`;

function keysTable(all: readonly Key[], now: Date, request: FastifyRequest): Html {
  const { say, language } = visitOf(request);
  const isLive = ({ endedAt, expiresAt }: Key): boolean => endedAt === null && expiresAt > now;
  return listOf(say, words.keys, words.noKeys, all, [
    [words.name, (key) => key.name],
    [frame.client, (key) => key.clientId ?? '–'],
    [words.scopes, (key) => html`<code>${key.scopes.replaceAll(',', ' ')}</code>`],
    [
      words.addresses,
      (key) => (key.addresses === '' ? say(words.anywhere) : key.addresses.replaceAll(',', ' ')),
    ],
    [words.expires, (key) => timeOf(key.expiresAt, language)],
    [words.lastUsed, (key) => timeOf(key.lastUsedAt, language) ?? '–'],
    [
      frame.state,
      (key) =>
        isLive(key)
          ? state(say(words.inForce), 'good')
          : state(say(key.endedAt === null ? words.expired : words.ended), 'calm'),
    ],
    [words.endKey, (key) => (isLive(key) ? endForm(request, key) : undefined)],
  ]);
}

function endForm(request: FastifyRequest, { id, name }: Key): Html {
  const say = sayTo(request);
  const action = `/api-keys/${id}/end`;
  return foldedForm(
    request,
    { title: say(words.endKey), action, tone: 'danger', isInRow: true },
    input('name', say(words.confirmName), {
      hint: name,
      value: sentAgain(request, action, 'name'),
      most: 60,
    }),
  );
}
