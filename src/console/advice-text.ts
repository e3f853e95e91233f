// Renders a piece of advice on a page: the words, and the button or page for it where the reader may use one.
// Invariant: no command of the terminal; a reader without the permission gets the words alone.
import type { FastifyRequest } from 'fastify';
import { may, type Permission } from '../access/permissions.ts';
import { html, type Html, type Piece } from '../privacy/papers/html.ts';
import type { Advice, AdvisedAct } from '../support/advice.ts';
import type { DeliveryHead } from '../support/reads/deliveries.ts';
import type { Both } from '../support/words.ts';
import { personOf } from './gate.ts';
import { destinationPath, leadPath } from './labels.ts';
import { sayTo } from './show.ts';
import { deskWords as words } from './words/desk.ts';
import { frame } from './words/frame.ts';

interface Door {
  readonly needs: Permission;
  /** Name of the button or page. */
  readonly name: Both;
  /** Undefined: on the page of the delivery itself. */
  readonly pathOf?: (delivery: DeliveryHead) => string;
}

const ofDestination = ({ destination }: DeliveryHead): string => destinationPath(destination);
const here = (needs: Permission, name: Both): Door => ({ needs, name });
const there = (needs: Permission, name: Both, pathOf: Door['pathOf'] = ofDestination): Door => ({
  needs,
  name,
  ...(pathOf === undefined ? {} : { pathOf }),
});

const doors: Readonly<Record<AdvisedAct, Door>> = {
  replay: here('delivery.replay', words.replay),
  cancel: here('delivery.cancel', words.cancel),
  close: here('task.close', words.close),
  received: here('delivery.resolve', words.received),
  not_received: here('delivery.resolve', words.notReceived),
  resume: there('destination.suspend', words.resume),
  test: there('destination.test', words.testIt),
  send_file: there('file.send', words.fileNow),
  release_file: there('file.decide', words.releaseFile),
  discard_file: there('file.decide', words.discardFile),
  publish: there(
    'mapping.read',
    frame.mappings,
    ({ destination }) => `/mappings/${encodeURIComponent(destination)}`,
  ),
  authorise: there('authorisation.manage', words.authorisations, () => '/authorisations'),
  see_lead: there('lead.read', words.lead, ({ client, lead }) => leadPath(client, lead)),
  see_deliveries: there(
    'delivery.read',
    frame.deliveries,
    ({ client, lead }) => `/deliveries?${new URLSearchParams({ client, lead }).toString()}`,
  ),
  see_requests: there('request.read', frame.requests, () => '/requests'),
};

export function adviceText(request: FastifyRequest, advice: Advice, delivery: DeliveryHead): Html {
  const say = sayTo(request);
  const { words: text, act, next } = advice;
  const door = act === undefined ? undefined : doors[act];
  const isOpen = door !== undefined && may(personOf(request).holder, door.needs);
  return html`${say(text)}${isOpen ? html`${say(colon)}${doorText(door, delivery, say(door.name))}` : undefined}${
    next === undefined ? undefined : `${say(semicolon)}${say(next)}`
  }`;
}

const colon: Both = [' : ', ': '];
const semicolon: Both = [' ; ', '; '];

const doorText = ({ pathOf }: Door, delivery: DeliveryHead, name: string): Piece =>
  pathOf === undefined ? html`<strong>${name}</strong>` : html`<a href="${pathOf(delivery)}">${name}</a>`;
