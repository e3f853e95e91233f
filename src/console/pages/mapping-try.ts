// Serves the trial of a pasted mapping: the check's messages at their lines, and the rendering of one lead.
// Invariant: nothing of it is sent, stored or logged; it is checked in a thread of its own, bounded in size and time.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { may } from '../../access/permissions.ts';
import { isRelaisError, type RelaisError } from '../../errors.ts';
import { html, type Html } from '../../privacy/papers/html.ts';
import {
  draftOf,
  sourcesOf,
  sourcesToTry,
  type MappingSources,
  type TypedTrial,
} from '../../support/mappings/files.ts';
import { builtIn, ownSamples, sampleName, type SampleText } from '../../support/mappings/trial.ts';
import type { TrialAnswer, Trials } from '../../support/mappings/trial-thread.ts';
import { mappingHeads } from '../../support/reads/mappings.ts';
import type { Both } from '../../support/words.ts';
import { asked, field, typedFormBytes, typedText } from '../forms.ts';
import { personOf } from '../gate.ts';
import { lineLink, listing, problemsTable, previewPart } from '../mapping-parts.ts';
import { notice, select } from '../parts.ts';
import { sayTo } from '../layout.ts';
import { frame } from '../words/frame.ts';
import { mappingWords as words } from '../words/mappings.ts';
import { refusalNotice } from './mapping-draft.ts';
import { mappingPath } from './mappings.ts';
import type { Desk, PageOf } from './sign-in.ts';

interface Typed extends TypedTrial {
  readonly sample: string;
  readonly problem?: Both | undefined;
}

interface Tried extends Typed {
  readonly sources?: MappingSources | undefined;
  readonly answer?: TrialAnswer;
  readonly refusal?: RelaisError;
}

export function mappingTryRoutes(server: FastifyInstance, desk: Desk, trials: Trials): void {
  server.get('/try', { config: { gate: 'mapping.try' } }, async (request, reply) => {
    const destination = asked(request, 'destination', 100);
    const none = { destination, text: '', clientText: '', sample: builtIn.text };
    if (destination === '') return page(desk, request, reply, none);
    const { sources: disk, inForce } = await draftOf(desk.place, personOf(request).holder, destination);
    const sources = disk ?? (inForce === undefined ? undefined : sourcesOf(inForce));
    const [first] = sources === undefined ? [] : ownSamples(sources);
    return page(desk, request, reply, {
      ...none,
      sources,
      text: sources?.files[sources.main] ?? '',
      sample: first?.text ?? builtIn.text,
    });
  });
  server.post(
    '/try',
    { config: { gate: 'mapping.try' }, bodyLimit: typedFormBytes },
    async (request, reply) => page(desk, request, reply, await tried(desk, trials, request)),
  );
}

function typedIn(request: FastifyRequest): Typed {
  const [mapping, client, sample] = ['mapping', 'client', 'sample'].map((name) => typedText(request, name));
  return {
    destination: field(request, 'destination', 100),
    text: mapping?.text ?? '',
    clientText: client?.text ?? '',
    sample: sample?.text ?? '',
    problem: mapping?.problem ?? client?.problem ?? sample?.problem,
  };
}

async function tried({ place }: Desk, trials: Trials, request: FastifyRequest): Promise<Tried> {
  const typed = typedIn(request);
  if (typed.problem !== undefined) return typed;
  try {
    const sources = await sourcesToTry(place, personOf(request).holder, typed);
    const wanted = field(request, 'do', 10) === 'example' ? field(request, 'example', 200) : undefined;
    const example = [...ownSamples(sources), builtIn].find((one) => sampleName(one) === wanted);
    const sample = example?.text ?? typed.sample;
    const answer = await trials.ask({
      sources,
      now: place.database.now(),
      ...(sample.trim() === '' ? {} : { sample: { name: 'lead', text: sample } }),
    });
    return { ...typed, sample, sources, answer };
  } catch (error) {
    if (!isRelaisError(error) || !/^(USAGE|MAPPING)-/.test(error.code)) throw error;
    return { ...typed, refusal: error };
  }
}

const page: PageOf<[tried: Tried]> = async ({ place, show }, request, reply, tried) => {
  const { say, holder } = personOf(request);
  const known = (await mappingHeads(place, holder)).map(({ destination }) => destination);
  const named = known.map((destination) => ({ value: destination, text: destination }));
  const options = [{ value: '', text: say(words.newClient) }, ...named];
  const start = [{ value: '', text: say(frame.choose) }, ...named];
  const { problem, refusal, destination } = tried;
  return show(request, reply, {
    title: say(words.tryTitle),
    at: '/mappings',
    status: problem === undefined && refusal === undefined ? 200 : 422,
    body: html`<p>${say(words.tryText)}</p>
      ${problem !== undefined && notice(say(problem), 'bad')}
      ${refusal !== undefined && refusalNotice(request, refusal)}
      ${tried.answer !== undefined && resultPart(request, tried, tried.answer)}
      <form class="line card" method="get" action="/try">
        ${select('destination', say(words.start), start, destination)}
        <button class="second">${say(words.load)}</button>
      </form>
      ${typedForm(request, tried, options)}`,
  });
};

function typedForm(
  request: FastifyRequest,
  tried: Tried,
  options: readonly { readonly value: string; readonly text: string }[],
): Html {
  const say = sayTo(request);
  const examples = [...(tried.sources === undefined ? [] : ownSamples(tried.sources)), builtIn];
  const nameOf = (sample: SampleText): string =>
    sample === builtIn ? say(words.builtIn) : sampleName(sample);
  return html`<form class="stack card" method="post" action="/try">
    ${select('destination', say(words.base), options, tried.destination)}
    <div class="beside">
      ${area('mapping', say(words.mapping), tried.text)} ${area('sample', say(words.sample), tried.sample)}
    </div>
    <details ${tried.destination === '' ? html` open` : ''}>
      <summary>${say(words.clientFile)}</summary>
      <p class="quiet">${say(words.clientHint)}</p>
      ${area('client', say(words.clientFile), tried.clientText)}
    </details>
    <p class="actions">
      <button name="do" value="run">${say(words.run)}</button> ${publishButton(request, tried)}
    </p>
    ${select(
      'example',
      say(words.example),
      examples.map((one) => ({ value: sampleName(one), text: nameOf(one) })),
      '',
    )}
    <button class="second" name="do" value="example">${say(words.useExample)}</button>
  </form>`;
}

/** A sound mapping of an existing destination, with that destination's own client.yaml, may be published. */
function publishButton(
  request: FastifyRequest,
  { destination, clientText, answer }: Tried,
): Html | undefined {
  const isSound = answer?.kind === 'tried' && answer.trial.isSound;
  if (!isSound || destination === '' || clientText.trim() !== '') return undefined;
  if (!may(personOf(request).holder, 'mapping.publish')) return undefined;
  return html`<button class="second" formaction="${mappingPath(destination)}/draft">
    ${sayTo(request)(words.publishText)}
  </button>`;
}

/** A line end before the text: browsers drop the first one of a field. */
const area = (name: string, label: string, text: string): Html =>
  html`<label
    ><span>${label}</span
    ><textarea
      class="typed"
      name="${name}"
      rows="18"
      spellcheck="false"
      autocapitalize="off"
      autocomplete="off"
    >
${text}</textarea>
  </label>`;

function resultPart(request: FastifyRequest, { sources, text, sample }: Tried, answer: TrialAnswer): Html {
  const say = sayTo(request);
  if (answer.kind !== 'tried') return notice(say(answer.kind === 'busy' ? words.busy : words.endless), 'bad');
  const { problems, sampleProblems, isSound, previews } = answer.trial;
  const main = `mappings/${sources?.main ?? ''}`;
  const clientFile = `mappings/${sources?.clientId ?? ''}/client.yaml`;
  const clientText = sources?.files[clientFile.replace('mappings/', '')];
  const marks = new Map([
    [main, { mark: 'L', text }],
    [clientFile, { mark: 'C', text: clientText ?? '' }],
  ]);
  const ofMain = problems.filter(({ file }) => file === main);
  const ofClient = problems.filter(({ file }) => file === clientFile);
  return html`${notice(say(isSound ? words.sound : words.unsound), isSound ? 'good' : 'bad')}
  ${
    problems.length > 0 &&
    html`<h2>${say(words.messages)}</h2>
      ${problemsTable(say(words.messages), problems, say, ({ file, line }) => {
        const shown = marks.get(file);
        return shown === undefined ? undefined : lineLink(shown.text, line, shown.mark);
      })}`
  }
  ${
    ofMain.length > 0 &&
    html`<h2>${say(words.listing)}</h2>
      ${listing(text, say, { problems: ofMain })}`
  }
  ${
    ofClient.length > 0 &&
    clientText !== undefined &&
    html`<h3><code>client.yaml</code></h3>
      ${listing(clientText, say, { problems: ofClient, mark: 'C' })}`
  }
  ${
    sampleProblems.length > 0 &&
    html`<h2>${say(words.sampleMessages)}</h2>
      ${listing(sample, say, { problems: sampleProblems, mark: 'S' })}`
  }
  ${previews.map((preview) => previewPart(request, preview))}`;
}
