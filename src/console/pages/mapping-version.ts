// Serves one published version: its files, its difference from the one in force, and the rollback to it.
// Invariant: a version is shown as it was published; a rollback shows its changes first.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { may } from '../../access/permissions.ts';
import { isRelaisError } from '../../errors.ts';
import { html, type Html, type Piece } from '../../privacy/papers/html.ts';
import { perform } from '../../support/acts/act.ts';
import { rollbackMapping } from '../../support/acts/mappings.ts';
import type { Trials } from '../../support/mappings/trial-thread.ts';
import { namesFor } from '../../support/named-text.ts';
import { mappingVersion, type VersionPage } from '../../support/reads/mapping-versions.ts';
import { versionBesideInForce } from '../../support/reads/mappings.ts';
import { differencePart } from '../difference.ts';
import { asked, numberOf } from '../forms.ts';
import { actingOf, personOf, visitOf } from '../gate.ts';
import { listing } from '../listing.ts';
import { facts, notice } from '../parts.ts';
import type { ConsolePlace } from '../place.ts';
import { agreedIn, agreeForm, planOr, planPart, planRefusal, type PlanRefused } from '../plan-part.ts';
import { notFound, sayTo } from '../show.ts';
import { timeOf } from '../times.ts';
import { mappingWords as words } from '../words/mappings.ts';
import { refusalNotice } from './mapping-draft.ts';
import { inForceTag, mappingPath } from './mappings.ts';
import type { Desk } from './sign-in.ts';

type Params = { readonly id: string; readonly version: string };

interface Shown extends PlanRefused {
  readonly destination: string;
  readonly version: number;
}

export function mappingVersionRoutes(server: FastifyInstance, desk: Desk, trials: Trials): void {
  const path = '/mappings/:id/versions/:version';
  server.get<{ Params: Params }>(path, { config: { gate: 'mapping.read' } }, (request, reply) => {
    const version = numberOf(request, 'version');
    if (version === undefined) return notFound(reply);
    return onePage(desk, trials, request, reply, { destination: request.params.id, version });
  });
  server.post<{ Params: Params }>(
    `${path}/rollback`,
    { config: { gate: 'mapping.publish' } },
    async (request, reply) => {
      const version = numberOf(request, 'version');
      if (version === undefined) return notFound(reply);
      const shown = { destination: request.params.id, version };
      const refused = await planRefusal(async () => {
        const asked = { to: [shown.destination, String(version)], input: agreedIn(request) };
        await perform(desk.place, rollbackMapping, actingOf(request), asked);
      });
      if (refused !== undefined) return onePage(desk, trials, request, reply, { ...shown, ...refused });
      return reply.redirect(`${mappingPath(shown.destination)}?say=published`, 303);
    },
  );
}

async function onePage(
  { place, show }: Desk,
  trials: Trials,
  request: FastifyRequest,
  reply: FastifyReply,
  { destination, version, problem, refusal }: Shown,
): Promise<FastifyReply> {
  const say = sayTo(request);
  const { holder } = personOf(request);
  const page = await mappingVersion(place, holder, { destination, version });
  const named = await namesFor(place, holder);
  const planned =
    page.isInForce || !may(holder, 'mapping.publish')
      ? undefined
      : await planOr(() => place.publishing.planRollback(destination, version));
  const refused = refusal ?? (isRelaisError(planned) ? planned : undefined);
  return show(request, reply, {
    title: `${destination}, ${say(words.version).toLowerCase()} ${version}`,
    at: '/mappings',
    under: { path: mappingPath(destination), name: destination },
    status: problem === undefined && refusal === undefined ? 200 : 422,
    body: html`${problem === undefined ? undefined : notice(say(problem), 'bad')}
      ${refused === undefined ? undefined : refusalNotice(request, refused)}
      <div class="card">${factsOf(request, destination, { ...page, author: named(page.author) })}</div>
      ${holder.clientId === undefined ? await differenceHere(place, trials, request, { destination, version }) : undefined}
      ${
        planned !== undefined && !isRelaisError(planned)
          ? html`${planPart(request, destination, planned, (name) => place.config.secrets(name).length > 0)}
            ${agreeForm(request, planned, {
              action: `${mappingPath(destination)}/versions/${version}/rollback`,
              button: say(words.rollback),
              carried: '',
            })}`
          : undefined
      }
      ${filesPart(request, destination, page)}`,
  });
}

function factsOf(request: FastifyRequest, destination: string, page: VersionPage): Html {
  const say = sayTo(request);
  const rows: (readonly [Piece, Piece])[] = [
    [say(words.version), html`${page.version} ${inForceTag(page, request)}`],
    [say(words.published), timeOf(page.publishedAt, visitOf(request).language)],
    ...(page.author === '' ? [] : [[say(words.by), page.author] as const]),
    ...(page.note === '' ? [] : [[say(words.note), page.note] as const]),
    [say(words.fingerprint), html`<code>${page.fingerprint}</code>`],
  ];
  return html`${facts(rows)}
    <p>
      <a href="${mappingPath(destination)}/document?version=${page.version}">${say(words.seeDocument)}</a>
    </p>`;
}

async function differenceHere(
  place: ConsolePlace,
  trials: Trials,
  request: FastifyRequest,
  named: { readonly destination: string; readonly version: number },
): Promise<Html | undefined> {
  const say = sayTo(request);
  const answer = await versionBesideInForce(place, trials, personOf(request).holder, named);
  if (answer === undefined) return undefined;
  const difference = answer.kind === 'tried' ? answer.trial.difference : undefined;
  return html`<h2>${say(words.difference)}</h2>
    ${
      difference === undefined
        ? html`<p>${say(words.notComparable)}</p>`
        : differencePart(request, difference)
    }`;
}

/** One of its files, with a link to each other one. */
function filesPart(
  request: FastifyRequest,
  destination: string,
  { files, main, version }: VersionPage,
): Html {
  const say = sayTo(request);
  const names = Object.keys(files);
  const wanted = asked(request, 'file', 300);
  const shown = Object.hasOwn(files, wanted) ? wanted : main;
  const address = (file: string): string =>
    `${mappingPath(destination)}/versions/${version}?${new URLSearchParams({ file }).toString()}`;
  return html`<h2>${say(words.files)}</h2>
    <ul>
      ${names.map(
        (name) =>
          html`<li>
            <a href="${address(name)}" ${name === shown ? html` aria-current="true"` : ''}>${name}</a>
          </li>`,
      )}
    </ul>
    <h3><code>${shown}</code></h3>
    ${listing(files[shown] ?? '', say)}`;
}
