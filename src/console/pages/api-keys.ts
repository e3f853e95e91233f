// Serves the API keys of other systems: created, shown once, revoked (docs/accounts.md).
// Invariant: the key itself is in one answer and nowhere else.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { apiKeys, createApiKey, endKey } from '../../access/api-keys.ts';
import { keyScopes, ruleOf, type Permission } from '../../access/permissions.ts';
import { html, type Html } from '../../privacy/papers/html.ts';
import { namesInScope } from '../../support/reads/filter.ts';
import { nameChoice, input, state, tickBox } from '../parts.ts';
import { field, numberOf, sentAgain, ticked, wasSent } from '../forms.ts';
import { personOf, visitOf } from '../gate.ts';
import { notFound, sayTo, type Say } from '../layout.ts';
import { refusal, refusedBy, type Refused } from '../refused.ts';
import { timeOf } from '../times.ts';
import { adminWords as words, scopeWords } from '../words/admin.ts';
import { frame } from '../words/frame.ts';
import { adminList, adminPage, foldedForm, onceShown } from './admin-page.ts';
import type { Desk, PageOf } from './sign-in.ts';

type Key = Awaited<ReturnType<typeof apiKeys>>[number];

export function apiKeyRoutes(server: FastifyInstance, desk: Desk): void {
  const { access } = desk.place;
  const gated = { config: { gate: 'account.manage' } } as const;
  server.get('/api-keys', gated, (request, reply) => listPage(desk, request, reply));
  server.post('/api-keys', gated, async (request, reply) => {
    let secret = '';
    const refused = await refusedBy(async () => {
      secret = (await createApiKey(access, keyAsked(request), personOf(request).actor)).key;
    });
    if (refused !== undefined) return listPage(desk, request, reply, refused);
    return onceShown(desk, request, reply, {
      title: words.key,
      text: words.keyText,
      secret,
      back: '/api-keys',
    });
  });
  server.post('/api-keys/:id/end', gated, async (request, reply) => {
    const id = numberOf(request);
    const key = (await apiKeys(access)).find((one) => one.id === id);
    if (key === undefined) return notFound(reply);
    if (field(request, 'name').trim() !== key.name)
      return listPage(desk, request, reply, refusal(words.wrongName));
    await endKey(access, key.id, personOf(request).actor);
    return reply.redirect('/api-keys?say=done', 303);
  });
}

function keyAsked(request: FastifyRequest): Parameters<typeof createApiKey>[1] {
  const clientId = field(request, 'client').trim();
  return {
    name: field(request, 'name').trim(),
    scopes: ticked(request, 'scope').flatMap((name): readonly Permission[] =>
      keyScopes.filter((scope) => scope === name),
    ),
    addresses: field(request, 'addresses', 600)
      .split(/[\s,]+/)
      .filter(Boolean),
    days: /^\d{1,4}$/.test(field(request, 'days').trim()) ? Number(field(request, 'days')) : 0,
    ...(clientId === '' ? {} : { clientId }),
  };
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
    ${nameChoice('client', say(words.client), clients, {
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
  const say = sayTo(request);
  const { language } = visitOf(request);
  const isLive = ({ endedAt, expiresAt }: Key): boolean => endedAt === null && expiresAt > now;
  return adminList(
    say,
    words.keys,
    {
      columns: [
        words.name,
        words.client,
        words.scopes,
        words.addresses,
        words.expires,
        words.lastUsed,
        frame.state,
        words.endKey,
      ],
      none: words.noKeys,
    },
    all.map((key) => [
      key.name,
      key.clientId ?? '–',
      html`<code>${key.scopes.replaceAll(',', ' ')}</code>`,
      key.addresses === '' ? say(words.anywhere) : key.addresses.replaceAll(',', ' '),
      timeOf(key.expiresAt, language),
      timeOf(key.lastUsedAt, language) ?? '–',
      isLive(key)
        ? state(say(words.inForce), 'good')
        : state(say(key.endedAt === null ? words.expired : words.ended), 'calm'),
      isLive(key) ? endForm(request, key) : undefined,
    ]),
  );
}

function endForm(request: FastifyRequest, { id, name }: Key): Html {
  const say = sayTo(request);
  const action = `/api-keys/${id}/end`;
  return foldedForm(
    say,
    { title: words.endKey, action, isOpen: wasSent(request, action) },
    input('name', say(words.confirmName), {
      hint: name,
      value: sentAgain(request, action, 'name'),
      most: 60,
    }),
  );
}
