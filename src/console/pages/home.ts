// The first page: what needs a person now, and nothing else.
import type { FastifyInstance } from 'fastify';
import { html } from '../../privacy/papers/html.ts';
import { sayTo } from '../show.ts';
import { frame } from '../words/frame.ts';
import type { Desk } from './sign-in.ts';

export function homeRoutes(server: FastifyInstance, { show }: Desk): void {
  server.get('/', { config: { gate: 'delivery.read' } }, (request, reply) => {
    const say = sayTo(request);
    return show(request, reply, { title: say(frame.home), at: '/', body: html`<p>${say(frame.none)}</p>` });
  });
}
