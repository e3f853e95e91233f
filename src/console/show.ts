// Pages as answers: with their frame, their status and the word not to keep them.
import type { FastifyReply, FastifyRequest } from 'fastify';
import { visitOf } from './gate.ts';
import { pageOf, sayIn, type Here, type Page, type Say } from './layout.ts';

export interface Shown extends Page {
  readonly status?: number;
}

export type Show = (request: FastifyRequest, reply: FastifyReply, page: Shown) => FastifyReply;

export const showWith =
  (now: () => Date): Show =>
  (request, reply, page) =>
    reply
      .code(page.status ?? 200)
      .type('text/html; charset=utf-8')
      .send(pageOf(page, visitOf(request), hereOf(request), now()));

/** A form that was sent is not asked for again by its address. */
const hereOf = ({ method, url }: FastifyRequest): Here => ({
  back: method === 'GET' ? url : '/',
  path: url.split('?')[0] ?? url,
});

export const sayTo = (request: FastifyRequest): Say => sayIn(visitOf(request).language);

/** As an address that does not exist: what is not theirs is told no other way. */
export function notFound(reply: FastifyReply): FastifyReply {
  reply.callNotFound();
  return reply;
}
