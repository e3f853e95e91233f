// Renders alerts on pages, grouped by kind and client, each with a link to the page that settles it; and the advice on a delivery.
// Invariant: none is left out; a group shows its count and links to each of its alerts.
import type { FastifyRequest } from 'fastify';
import { may, roleWords, ruleOf, type Permission } from '../access/permissions.ts';
import { html, type Html, type Piece } from '../privacy/papers/html.ts';
import { isOfPlanning, type AlertHead, type AlertKind } from '../support/reads/tasks.ts';
import type { Both } from '../support/words.ts';
import { personOf, visitOf } from './gate.ts';
import { destinationLink, destinationPath, goLivePath, leadPath, countText, timeOf } from './labels.ts';
import { facts, table } from './parts.ts';
import { sayTo } from './layout.ts';
import { deskWords as words } from './words/desk.ts';
import { frame } from './words/frame.ts';
import { searchWords } from './words/work.ts';
import { mappingWords } from './words/mappings.ts';
import type { Advice, AdvisedAct } from '../support/advice.ts';
import type { DeliveryHead } from '../support/reads/deliveries.ts';

/** The catalogue has both languages in one text, French first. */
export function alertTitle({ title }: Pick<AlertHead, 'title'>, request: FastifyRequest): string {
  const [french = title, english = french] = title.split(' / ');
  return sayTo(request)([french, english]);
}

export function alertsTable(request: FastifyRequest, alerts: readonly AlertHead[]): Html {
  const say = sayTo(request);
  return table(
    say(words.alerts),
    columns(request),
    alerts.map((alert) => [
      timeOf(alert.raisedAt, visitOf(request).language),
      html`<a href="/tasks/alerts/${alert.id}">${alertTitle(alert, request)}</a>`,
      whose(alert),
      say(alert.text),
    ]),
  );
}

export function alertFacts(request: FastifyRequest, alert: AlertHead): Html {
  const say = sayTo(request);
  const concerned = whose(alert);
  const text = say(alert.text);
  return html`<div class="card">
    ${facts([
      [say(words.raised), timeOf(alert.raisedAt, visitOf(request).language)],
      concerned !== '' && [say(words.concerned), concerned],
      text !== '' && [say(frame.cause), text],
    ])}
  </div>`;
}

/** The newest group first. */
export function alertGroups(request: FastifyRequest, alerts: readonly AlertHead[]): Html {
  const groups = Map.groupBy(alerts, ({ kind, client }) => `${kind} ${client}`);
  return table(
    sayTo(request)(words.alerts),
    columns(request),
    [...groups.values()].map((group) => groupRow(request, group)),
  );
}

const columns = (request: FastifyRequest): readonly { readonly name: string }[] =>
  [words.raised, words.alert, words.concerned, frame.cause].map((name) => ({ name: sayTo(request)(name) }));

const whose = ({ destination, client }: AlertHead): Html | string =>
  destination === '' ? client : destinationLink(destination);

const mostTold = 3;

function groupRow(
  request: FastifyRequest,
  group: readonly AlertHead[],
): readonly (Html | string | undefined)[] {
  const { say, language } = visitOf(request);
  const [newest] = group;
  if (newest === undefined) return [];
  const { kind, client } = newest;
  const texts = [...new Set(group.map(({ text }) => say(text)))].filter((text) => text !== '');
  const destinations = [...new Set(group.map(({ destination }) => destination))].filter((id) => id !== '');
  const path =
    group.length === 1
      ? `/tasks/alerts/${newest.id}`
      : `/tasks?${new URLSearchParams({ alert: kind, client }).toString()}`;
  return [
    timeOf(newest.raisedAt, language),
    html`<a href="${path}"
      >${alertTitle(newest, request)}${group.length === 1 ? '' : ` (${countText(group.length, language)})`}</a
    >`,
    destinations.length === 1 ? destinationLink(destinations[0] ?? '') : client,
    texts.slice(0, mostTold).join(' ; ') + (texts.length > mostTold ? ` ; ${say(words.andMore)}` : ''),
  ];
}

interface Door {
  readonly needs: Permission;
  readonly name: Both;
  /** Undefined where the alert names none. */
  readonly pathOf: (alert: AlertHead, ofClient: string | undefined) => string | undefined;
}

const ofDestination: Door = {
  needs: 'delivery.read',
  name: words.destination,
  pathOf: ({ destination }) => (destination === '' ? undefined : destinationPath(destination)),
};
const ofRefusedRows: Door = {
  needs: 'task.read',
  name: searchWords.refusedRows,
  pathOf: ({ client }) => `/refused-rows?${new URLSearchParams({ client }).toString()}`,
};
/** The alert's own page has the act for changes that planning set aside. */
const ofRowSetAside: Door = {
  ...ofRefusedRows,
  pathOf: (alert, ofClient) =>
    alert.client === '' || isOfPlanning(alert) ? undefined : ofRefusedRows.pathOf(alert, ofClient),
};
/** Its number is at the start of the reason. */
const ofRequest: Door = {
  needs: 'request.read',
  name: frame.requests,
  pathOf: ({ reason }) => `/requests/${/^\d+/.exec(reason)?.[0] ?? ''}`,
};

/** Page of the console for the subject of an alert; a delivery has its own link beside it. */
const doors: Readonly<Partial<Record<AlertKind, Door>>> = {
  file_late: ofDestination,
  file_unacknowledged: ofDestination,
  ack_unreadable: ofDestination,
  ack_lines_unknown: ofDestination,
  file_gap: ofDestination,
  file_held: ofDestination,
  file_bounced: ofDestination,
  right_waits: ofDestination,
  erased_comes_back: ofRefusedRows,
  intake_failed: ofRowSetAside,
  intake_refused: ofRefusedRows,
  internal_error: ofDestination,
  request_due: ofRequest,
  request_recipient: ofRequest,
  anomalies_pile_up: {
    needs: 'lead.read',
    name: frame.anomalies,
    pathOf: ({ client }) => `/anomalies?client=${encodeURIComponent(client)}`,
  },
  // The list belongs to the client: each of its destinations shows it.
  go_live_incomplete: {
    needs: 'mapping.read',
    name: mappingWords.goLive,
    pathOf: (_, ofClient) => (ofClient === undefined ? '/mappings' : goLivePath(ofClient)),
  },
  mapping_unusable: {
    needs: 'mapping.read',
    name: frame.mappings,
    pathOf: ({ destination }) => `/mappings/${encodeURIComponent(destination)}`,
  },
  bulk_stuck: {
    needs: 'task.read',
    name: frame.runs,
    pathOf: ({ reason }) => `/runs/${/^BULK_RUN_(\d+)/.exec(reason)?.[1] ?? ''}`,
  },
  proofs_not_handed_over: { needs: 'retention.read', name: frame.retention, pathOf: () => '/retention' },
  retention_kept: { needs: 'retention.read', name: frame.retention, pathOf: () => '/retention' },
  log_altered: { needs: 'audit.read', name: frame.audit, pathOf: () => '/audit' },
};

/**
 * The advice in words, the page of the console for it, and the command for operators at the terminal.
 * @param ofClient a destination of the client that the alert is about
 */
export function alertAdvicePart(
  request: FastifyRequest,
  alert: AlertHead,
  ofClient: string | undefined,
): Html {
  const say = sayTo(request);
  const { words: text, command } = alert.advice;
  const links = [
    ...(alert.delivery === null
      ? []
      : [
          html`<a class="button" href="/deliveries/${alert.delivery}"
            >${say(words.delivery)} ${alert.delivery}</a
          >`,
        ]),
    alertDoor(request, alert, ofClient),
  ].filter((link) => link !== undefined);
  return html`<h2>${say(words.toDo)}</h2>
    ${text !== undefined && html`<p>${say(text)}</p>`}
    ${links.length > 0 && html`<p class="actions">${links}</p>`}
    ${command !== undefined && html`<p class="quiet">${say(words.terminal)} : <code>${command}</code></p>`}`;
}

/** Link to the page of an alert; undefined where the console has none. A reader without the permission sees whose page it is. */
function alertDoor(
  request: FastifyRequest,
  alert: AlertHead,
  ofClient: string | undefined,
): Html | undefined {
  const isOfRow = alert.kind === 'right_waits' && alert.destination === '';
  const door = isOfRow ? ofRefusedRows : doors[alert.kind];
  const path = door?.pathOf(alert, ofClient);
  if (door === undefined || path === undefined) return undefined;
  const say = sayTo(request);
  if (may(personOf(request).holder, door.needs))
    return html`<a class="button" href="${path}">${say(door.name)}</a>`;
  const { language } = visitOf(request);
  const names = ruleOf(door.needs)
    .roles.filter((role) => role !== 'viewer')
    .map((role) => roleWords[role][language]);
  return html`<span>${say(words.anotherRole)} ${names.join(', ')}.</span>`;
}

// Renders a piece of advice on a page: the words, and the button or page for it where the reader may use one.
// Invariant: no command of the terminal; a reader without the permission gets the words alone.

interface AdviceDoor {
  readonly needs: Permission;
  /** Name of the button or page. */
  readonly name: Both;
  /** Undefined: on the page of the delivery itself. */
  readonly pathOf?: (delivery: DeliveryHead) => string;
}

const itsDestination = ({ destination }: DeliveryHead): string => destinationPath(destination);
const here = (needs: Permission, name: Both): AdviceDoor => ({ needs, name });
const there = (needs: Permission, name: Both, pathOf: AdviceDoor['pathOf'] = itsDestination): AdviceDoor => ({
  needs,
  name,
  pathOf,
});

const adviceDoors: Readonly<Record<AdvisedAct, AdviceDoor>> = {
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
  see_lead: there('lead.read', frame.lead, ({ client, lead }) => leadPath(client, lead)),
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
  const door = act === undefined ? undefined : adviceDoors[act];
  const isOpen = door !== undefined && may(personOf(request).holder, door.needs);
  return html`${say(text)}${isOpen && html`${say(colon)}${doorText(door, delivery, say(door.name))}`}${next !== undefined && `${say(semicolon)}${say(next)}`}`;
}

const colon: Both = [' : ', ': '];
const semicolon: Both = [' ; ', '; '];

const doorText = ({ pathOf }: AdviceDoor, delivery: DeliveryHead, name: string): Piece =>
  pathOf === undefined ? html`<strong>${name}</strong>` : html`<a href="${pathOf(delivery)}">${name}</a>`;
