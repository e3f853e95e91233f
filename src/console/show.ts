// Answers with a page in its frame, with its status and the header against caching.
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

/** The address of a sent form is no page to return to. */
const hereOf = ({ method, url }: FastifyRequest): Here => ({
  back: method === 'GET' ? url : '/',
  path: url.split('?')[0] ?? url,
});

export const sayTo = (request: FastifyRequest): Say => sayIn(visitOf(request).language);

/** Answers like an unknown address: a page without permission must not reveal that it exists. */
export function notFound(reply: FastifyReply): FastifyReply {
  reply.callNotFound();
  return reply;
}
