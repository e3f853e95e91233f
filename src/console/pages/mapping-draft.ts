// Serves a mapping before its publication, with the check's messages and its effects; a published version, and the rollback to it.
// Invariant: the published text is the shown one; a typed text is kept nowhere before it is published.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { may } from '../../access/permissions.ts';
import { isRelaisError, type RelaisError } from '../../errors.ts';
import { html, type Html } from '../../privacy/papers/html.ts';
import { perform } from '../../support/acts/act.ts';
import { publishMapping, rollbackMapping } from '../../support/acts/mappings.ts';
import { draftOf, sourcesToPublish, type Draft } from '../../support/mappings/files.ts';
import type { TrialAnswer, Trials } from '../../support/mappings/trial-thread.ts';
import type { Trial } from '../../support/mappings/trial.ts';
import {
  draftPage,
  versionBesideInForce,
  mappingVersion,
  type VersionPage,
} from '../../support/reads/mappings.ts';
import { differencePart, lineLink, listing, problemsTable } from '../mapping-parts.ts';
import { field, typedFormBytes, typedText, asked, numberOf, nameOf } from '../forms.ts';
import { actingOf, personOf, visitOf } from '../gate.ts';
import { hidden, notice, facts } from '../parts.ts';
import type { ConsolePlace } from '../place.ts';
import {
  agreedIn,
  agreeForm,
  planOr,
  planPart,
  planRefusal,
  type Plan,
  type PlanRefused,
} from '../plan-part.ts';
import { sayTo, notFound } from '../layout.ts';
import { detail, inEnglish, refusalText, remedyText } from '../words/refusals.ts';
import { frame } from '../words/frame.ts';
import { mappingWords as words } from '../words/mappings.ts';
import { mappingPath, inForceTag } from './mappings.ts';
import type { Desk } from './sign-in.ts';
import { namesFor } from '../../support/named-text.ts';
import { timeOf } from '../labels.ts';

interface Shown extends PlanRefused {
  readonly destination: string;
  /** Undefined: the file on disk. */
  readonly text: string | undefined;
}

export function mappingDraftRoutes(server: FastifyInstance, desk: Desk, trials: Trials): void {
  const { place } = desk;
  const page = draftPageOf(desk, trials);
  server.get('/mappings/:id/draft', { config: { gate: 'mapping.try' } }, (request, reply) =>
    page(request, reply, { destination: nameOf(request), text: undefined }),
  );
  server.post(
    '/mappings/:id/draft',
    { config: { gate: 'mapping.try' }, bodyLimit: typedFormBytes },
    (request, reply) => {
      const { text, problem } = typedText(request, 'mapping');
      return page(request, reply, { destination: nameOf(request), text, problem });
    },
  );
  server.post(
    '/mappings/:id/publish',
    { config: { gate: 'mapping.publish' }, bodyLimit: typedFormBytes },
    async (request, reply) => {
      const destination = nameOf(request);
      const typed = field(request, 'typed', 3) === 'yes' ? typedText(request, 'mapping') : undefined;
      const shown = { destination, text: typed?.text };
      const refused =
        typed?.problem === undefined
          ? await planRefusal(async () => {
              const input = agreedIn(request, typed?.text);
              const asked = { to: [destination], input };
              await perform({ ...place, trials }, publishMapping, actingOf(request), asked);
            })
          : { problem: typed.problem };
      if (refused !== undefined) return page(request, reply, { ...shown, ...refused });
      return reply.redirect(`${mappingPath(destination)}?say=published`, 303);
    },
  );
}

type DraftPage = (request: FastifyRequest, reply: FastifyReply, shown: Shown) => Promise<FastifyReply>;

const draftPageOf =
  ({ place, show }: Desk, trials: Trials): DraftPage =>
  async (request, reply, { destination, text, problem, refusal }) => {
    const { say, holder } = personOf(request);
    const disk = await draftOf(place, holder, destination);
    const draft: Draft =
      text === undefined
        ? disk
        : { ...disk, sources: await sourcesToPublish(place, holder, destination, text) };
    const answer = await draftPage(place, trials, draft);
    const trial = answer?.kind === 'tried' ? answer.trial : undefined;
    const planned =
      trial?.isSound === true && may(holder, 'mapping.publish')
        ? await planOr(() => place.publishing.plan(destination, draft.sources))
        : undefined;
    const refused = refusal ?? (isRelaisError(planned) ? planned : undefined);
    return show(request, reply, {
      title: `${say(text === undefined ? words.draft : words.typedDraft)} : ${destination}`,
      at: '/mappings',
      under: { path: mappingPath(destination), name: destination },
      status: problem === undefined && refusal === undefined ? 200 : 422,
      body: html`${problem !== undefined && notice(say(problem), 'bad')}
      ${refused !== undefined && refusalNotice(request, refused)}
      ${text !== undefined && notice(say(words.typedHint), 'warn')} ${answerNotice(request, draft, answer)}
      ${trial !== undefined && problemsPart(request, draft, trial)}
      ${trial !== undefined && differenceOf(request, draft, trial)}
      ${planned !== undefined && !isRelaisError(planned) && publishPart(request, { place, destination, text, plan: planned })}
      ${filePart(request, draft, trial)}`,
    });
  };

/** Meaning and remedy, then the exact message. */
export function refusalNotice(request: FastifyRequest, { code, message, french }: RelaisError): Html {
  const say = sayTo(request);
  const [meaning, remedy] = [refusalText(code), remedyText(code)];
  return notice(
    html`${say(words.refused)}${meaning !== undefined && html` : ${say(meaning)}`}
      ${remedy !== undefined && say(remedy)}
      <p class="quiet">${say(french === undefined ? inEnglish : detail)} (<code>${code}</code>) :</p>
      ${
        french === undefined
          ? html`<pre class="shown" lang="en">${message}</pre>`
          : html`<pre class="shown">${say([french, message])}</pre>`
      }`,
    'bad',
  );
}

function answerNotice(request: FastifyRequest, draft: Draft, answer: TrialAnswer | undefined): Html {
  const say = sayTo(request);
  if (answer === undefined)
    return notice(say(draft.state === 'unreadable' ? words.unreadable : words.noFile), 'bad');
  if (answer.kind !== 'tried') return notice(say(answer.kind === 'busy' ? words.busy : words.endless), 'bad');
  return answer.trial.isSound ? notice(say(words.sound), 'good') : notice(say(words.unsound), 'bad');
}

/** Messages, each with a link to its line where the file is on the page. */
function problemsPart(request: FastifyRequest, { sources }: Draft, { problems }: Trial): Html | undefined {
  if (problems.length === 0) return undefined;
  const say = sayTo(request);
  return html`<h2>${say(words.messages)}</h2>
    ${problemsTable(say(words.messages), problems, say, ({ file, line }) =>
      sources !== undefined && file === `mappings/${sources.main}`
        ? lineLink(sources.files[sources.main] ?? '', line)
        : undefined,
    )}`;
}

function publishPart(
  request: FastifyRequest,
  asked: Pick<Shown, 'destination' | 'text'> & { readonly place: ConsolePlace; readonly plan: Plan },
): Html {
  const { place, destination, text, plan } = asked;
  return html`${planPart(request, destination, plan, (name) => place.config.secrets(name).length > 0)}
  ${agreeForm(request, plan, {
    action: `${mappingPath(destination)}/publish`,
    button: sayTo(request)(words.publish),
    carried: text === undefined ? '' : [hidden('typed', 'yes'), hidden('mapping', text)],
  })}`;
}

export function differenceOf(
  request: FastifyRequest,
  { inForce }: Pick<Draft, 'inForce'>,
  trial: Trial,
): Html {
  const say = sayTo(request);
  if (inForce === undefined) return html``;
  return html`<h2>${say(words.difference)}</h2>
    ${
      trial.difference === undefined
        ? html`<p>${say(words.notComparable)}</p>`
        : differencePart(request, trial.difference)
    }`;
}

function filePart(request: FastifyRequest, { sources }: Draft, trial: Trial | undefined): Html | undefined {
  if (sources === undefined) return undefined;
  const say = sayTo(request);
  const { main, files } = sources;
  const own = trial?.problems.filter(({ file }) => file === `mappings/${main}`) ?? [];
  return html`<h2>${say(words.file)} <code>${main}</code></h2>
    ${listing(files[main] ?? '', say, { problems: own })}`;
}

// Serves one published version: its files, its difference from the one in force, and the rollback to it.
// Invariant: a version is shown as it was published; a rollback shows its changes first.

interface ShownVersion extends PlanRefused {
  readonly destination: string;
  readonly version: number;
}

export function mappingVersionRoutes(server: FastifyInstance, desk: Desk, trials: Trials): void {
  const path = '/mappings/:id/versions/:version';
  server.get(path, { config: { gate: 'mapping.read' } }, (request, reply) => {
    const version = numberOf(request, 'version');
    if (version === undefined) return notFound(reply);
    return onePage(desk, trials, request, reply, { destination: nameOf(request), version });
  });
  server.post(`${path}/rollback`, { config: { gate: 'mapping.publish' } }, async (request, reply) => {
    const version = numberOf(request, 'version');
    if (version === undefined) return notFound(reply);
    const shown = { destination: nameOf(request), version };
    const refused = await planRefusal(async () => {
      const asked = { to: [shown.destination, String(version)], input: agreedIn(request) };
      await perform(desk.place, rollbackMapping, actingOf(request), asked);
    });
    if (refused !== undefined) return onePage(desk, trials, request, reply, { ...shown, ...refused });
    return reply.redirect(`${mappingPath(shown.destination)}?say=published`, 303);
  });
}

async function onePage(
  { place, show }: Desk,
  trials: Trials,
  request: FastifyRequest,
  reply: FastifyReply,
  { destination, version, problem, refusal }: ShownVersion,
): Promise<FastifyReply> {
  const { say, holder } = personOf(request);
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
    body: html`${problem !== undefined && notice(say(problem), 'bad')}
      ${refused !== undefined && refusalNotice(request, refused)}
      <div class="card">${factsOf(request, destination, { ...page, author: named(page.author) })}</div>
      ${holder.clientId === undefined && (await differenceHere(place, trials, request, { destination, version }))}
      ${
        planned !== undefined &&
        !isRelaisError(planned) &&
        html`${planPart(request, destination, planned, (name) => place.config.secrets(name).length > 0)}
        ${agreeForm(request, planned, {
          action: `${mappingPath(destination)}/versions/${version}/rollback`,
          button: say(words.rollback),
          carried: '',
        })}`
      }
      ${filesPart(request, destination, page)}`,
  });
}

function factsOf(request: FastifyRequest, destination: string, page: VersionPage): Html {
  const say = sayTo(request);
  const rows: Parameters<typeof facts>[0] = [
    [say(words.version), html`${page.version} ${inForceTag(page, request)}`],
    [say(words.published), timeOf(page.publishedAt, visitOf(request).language)],
    page.author !== '' && [say(frame.by), page.author],
    page.note !== '' && [say(words.note), page.note],
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
