// An act on a page: its boxes and its input, by the fields of its declaration.
import type { FastifyRequest } from 'fastify';
import { html, type Html } from '../privacy/papers/html.ts';
import { fieldsOf, type Act } from '../support/acts/act.ts';
import { field, sentAgain } from './forms.ts';
import { hidden, input, tickBox } from './parts.ts';
import { sayTo } from './show.ts';

type AnyAct = Parameters<typeof fieldsOf>[0];

/** Values typed into the form, by field name. */
export const inputOf = <Input extends object>(
  act: Pick<Act<Input, never>, 'fields'>,
  request: FastifyRequest,
): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    fieldsOf(act).map(([name, { schema }]) => {
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
}

/** A form of an act. It shows a refused input again. */
export function actForm(request: FastifyRequest, act: AnyAct, asked: FormAsked): Html {
  const { action, button, tone = '', names, layout = 'line' } = asked;
  return html`<form class="${layout}" method="post" action="${action}">
    ${Object.entries(asked.hidden ?? {}).map(([name, value]) => hidden(name, value))}
    ${boxes(request, act, action, names)}
    <button class="${tone}">${button}</button>
  </form>`;
}

/** The boxes of an act's fields, or of those that are named. */
export const boxes = (
  request: FastifyRequest,
  act: AnyAct,
  action: string,
  names?: readonly string[],
): readonly Html[] => {
  const say = sayTo(request);
  return fieldsOf(act)
    .filter(([name]) => names?.includes(name) !== false)
    .map(([name, { schema, words, hint, isOptional }]) => {
      const value = sentAgain(request, action, name, 1_000);
      if (schema.type === 'boolean') return tickBox(name, 'yes', say(words), value === 'yes');
      return input(name, say(words), {
        ...(hint === undefined ? {} : { hint: say(hint) }),
        ...(isOptional === true ? { optional: true as const } : {}),
        value,
      });
    });
};
