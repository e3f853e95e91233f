// An act in the console: its address below a page, its boxes and its input, by the fields of its declaration.
// Invariant: the address asks for the permission of the act; a refusal is explained on the page, and nothing is done.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Permission } from '../access/permissions.ts';
import { html, type Html, type Piece } from '../privacy/papers/html.ts';
import { perform, typedFields, type Act, type Asked } from '../support/acts/act.ts';
import type { Both } from '../support/words.ts';
import { field, sentAgain, wasSent, nameOf } from './forms.ts';
import { actingOf } from './gate.ts';
import { hidden, input, select, tickBox } from './parts.ts';
import type { ConsolePlace } from './place.ts';
import { refusal, doneOrRefused, type Refused } from './refused.ts';
import { sayTo } from './layout.ts';

type AnyAct = Parameters<typeof typedFields>[0];

/** An act as a page offers it. */
export interface Offered {
  readonly permission: Permission;
  /** @returns a word that `saidDone` knows, for the page; the address of another page; or a refusal in words */
  readonly work: (place: ConsolePlace, request: FastifyRequest, id: string) => Promise<string | Both>;
}

/** @param more what the page adds to the typed fields */
export const offered = <Input extends object, Done>(
  act: Act<Input, Done, ConsolePlace>,
  told: (done: Done) => string | Both = () => 'done',
  more: (
    request: FastifyRequest,
    place: ConsolePlace,
  ) => Partial<Asked> | Promise<Partial<Asked>> = () => ({}),
): Offered => ({
  permission: act.permission,
  work: async (place, request, id) => {
    const { input: added, ...rest } = await more(request, place);
    const asked = { to: [id], ...rest, input: { ...inputOf(act, request), ...added } };
    return told(await perform(place, act, actingOf(request), asked));
  },
});

/** The subject of a page, and the refusal of an act on it. */
export interface OnPage {
  readonly id: string;
  readonly refused?: Refused | undefined;
}
export type ShowPage = (request: FastifyRequest, reply: FastifyReply, on: OnPage) => Promise<FastifyReply>;

/** The addresses of acts on what `path` lists, each below its page. */
export function actRoutes(
  server: FastifyInstance,
  place: ConsolePlace,
  path: string,
  acts: Readonly<Record<string, Offered>>,
  show: ShowPage,
): void {
  for (const [name, { permission, work }] of Object.entries(acts))
    server.post(`${path}/:id/${name}`, { config: { gate: permission } }, async (request, reply) => {
      const id = nameOf(request);
      const { done, refused } = await doneOrRefused(() => work(place, request, id));
      if (refused !== undefined) return show(request, reply, { id, refused });
      if (typeof done !== 'string') return show(request, reply, { id, refused: refusal(done) });
      const page = `${path}/${encodeURIComponent(id)}`;
      return reply.redirect(done.startsWith('/') ? done : `${page}${done === '' ? '' : `?say=${done}`}`, 303);
    });
}

export const inputOf = (act: AnyAct, request: FastifyRequest): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    typedFields(act).map(([name, { schema }]) => {
      const text = field(request, name, 1_000).trim();
      return [name, schema.type === 'boolean' ? text === 'yes' : text];
    }),
  );

interface FormAsked {
  readonly action: string;
  readonly button: Html | string;
  readonly tone?: string | undefined;
  /** The fields it has: every one where none is named. */
  readonly names?: readonly string[] | undefined;
  readonly layout?: string;
  readonly hidden?: Readonly<Record<string, string>>;
  /** Before the hint of its field. */
  readonly hint?: Both | undefined;
}

/** A form of an act. It shows a refused input again. */
export function actForm(request: FastifyRequest, act: AnyAct, asked: FormAsked): Html {
  const { action, button, tone = '', names, layout = 'line' } = asked;
  return html`<form class="${layout}" method="post" action="${action}">
    ${Object.entries(asked.hidden ?? {}).map(([name, value]) => hidden(name, value))}
    ${boxes(request, act, action, names, asked.hint)}
    <button class="${tone}">${button}</button>
  </form>`;
}

interface Folded {
  readonly action: string;
  readonly title: Piece;
  /** The title, where it has no words of its own. */
  readonly button?: Piece;
  readonly tone?: string;
  /** In a row of a list it is no card. */
  readonly isInRow?: true;
}

/** A form folded into its title, so that the page stays readable; open where it was sent and refused. */
export const foldedForm = (
  request: FastifyRequest,
  { action, title, button = title, tone = 'second', isInRow }: Folded,
  parts: Piece,
): Html =>
  html`<details ${isInRow ? '' : html` class="card"`} ${wasSent(request, action) ? html` open` : ''}>
    <summary>${title}</summary>
    <form class="stack" method="post" action="${action}">
      ${parts} <button class="${tone}">${button}</button>
    </form>
  </details>`;

/** The boxes of an act's typed fields, or of those that are named. */
export const boxes = (
  request: FastifyRequest,
  act: AnyAct,
  action: string,
  names?: readonly string[],
  before?: Both,
): readonly Html[] => {
  const say = sayTo(request);
  return typedFields(act)
    .filter(([name]) => names?.includes(name) !== false)
    .map(([name, { schema, words, hint, choices, isOptional }]) => {
      const value = sentAgain(request, action, name, 1_000);
      if (schema.type === 'boolean') return tickBox(name, 'yes', say(words), value === 'yes');
      if (choices !== undefined) {
        const options = Object.entries(choices).map(([one, text]) => ({ value: one, text: say(text) }));
        return select(name, say(words), options, value);
      }
      return input(name, say(words), {
        ...(hint === undefined
          ? {}
          : { hint: before === undefined ? say(hint) : `${say(before)} ${say(hint)}` }),
        ...(isOptional === true ? { optional: true as const } : {}),
        value,
      });
    });
};
