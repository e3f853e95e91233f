// Reads the fields of a form or an address one by one, by their names.
// Invariant: a field that no page reads is ignored; one that came twice is empty.
import type { FastifyRequest } from 'fastify';

type Fields = Readonly<Record<string, unknown>>;

const read = (fields: unknown, name: string, most: number): string => {
  const value = typeof fields === 'object' && fields !== null ? (fields as Fields)[name] : undefined;
  return typeof value === 'string' ? value.slice(0, most) : '';
};

/** A field of the sent form; empty where it has none. */
export const field = ({ body }: FastifyRequest, name: string, most = 200): string => read(body, name, most);

/** True where this very form was sent: a page has several, and the input of one is not shown in another. */
export const wasSent = ({ method, url }: FastifyRequest, action: string): boolean =>
  method === 'POST' && url.split('?')[0] === action;

/** Input of this very form, so that it can be corrected after a refusal. */
export const sentAgain = (request: FastifyRequest, action: string, name: string, most = 200): string =>
  wasSent(request, action) ? field(request, name, most) : '';

/** A field of the address, after `?`. */
export const asked = ({ query }: FastifyRequest, name: string, most = 200): string =>
  read(query, name, most).trim();

/** Values of ticked boxes: each once, in the order of the page. */
export function ticked({ body }: FastifyRequest, name: string): readonly string[] {
  const value = typeof body === 'object' && body !== null ? (body as Fields)[name] : undefined;
  const all = Array.isArray(value) ? (value as readonly unknown[]) : [value];
  return [...new Set(all.flatMap((one) => (typeof one === 'string' ? [one.slice(0, 200)] : [])))];
}

/** A number in the address; undefined where it is none. */
export function numberOf({ params }: FastifyRequest, name = 'id'): number | undefined {
  const text = read(params, name, 20);
  return /^[1-9]\d{0,14}$/.test(text) ? Number(text) : undefined;
}
