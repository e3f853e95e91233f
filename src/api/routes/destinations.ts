// Destinations with their health, their files and mapping versions; suspend, resume, test, file now.
import type { FastifyInstance } from 'fastify';
import {
  resumeDestination,
  sendFileNow,
  suspendDestination,
  tryDestination,
} from '../../support/acts/destinations.ts';
import {
  destinationColumns,
  destinationPage,
  destinationsWithHealth,
  filesPage,
  type DestinationHealth,
} from '../../support/reads/destinations.ts';
import type { TestedDestination } from '../../support/destination-test.ts';
import { filterSchemas } from '../../support/reads/filter.ts';
import { mappingVersion, mappingVersions, versionColumns } from '../../support/reads/mappings.ts';
import { offers, asks, reads, type RouteDeps, once, pageByPage } from '../route.ts';
import * as s from '../schemas.ts';

const tag = 'destinations';
const params = { destination: s.destinationName('name of the destination') };

const destination = {
  ...s.schemasOf(destinationColumns),
  trouble: s.orNull(s.bothWords),
  open: s.table(s.whole(), 'deliveries that have not ended, by state'),
  oldestSeconds: s.orNull(s.whole('age of the oldest of them')),
  oldestReason: s.text(),
  tasks: s.whole('deliveries that need a person'),
};

const shown = (health: DestinationHealth): unknown =>
  s.asJson({ ...health, trouble: health.trouble === null ? null : s.words(health.trouble) });

export function destinationRoutes(server: FastifyInstance, deps: RouteDeps): void {
  const { support } = deps;
  reads(server, {
    url: '/v1/destinations',
    id: 'listDestinations',
    permission: 'delivery.read',
    tag,
    summary: 'Destinations with their health',
    description: 'Each with its state, the work that waits and for how long.',
    query: { client: filterSchemas.client },
    answer: s.object({ items: s.list(s.object(destination)) }),
    work: async ({ query: { client }, caller }) => ({
      items: (
        await destinationsWithHealth(support, caller.holder, client === undefined ? {} : { client })
      ).map(shown),
    }),
  });
  reads(server, {
    url: '/v1/destinations/:destination',
    id: 'getDestination',
    permission: 'delivery.read',
    tag,
    params,
    summary: 'One destination, and how long its newest deliveries took',
    description: 'Its durations are of the newest deliveries, from planning to acceptance.',
    answer: s.object({
      ...destination,
      durations: s.object({
        count: s.whole(),
        p50Ms: s.orNull({ type: 'number' }),
        p95Ms: s.orNull({ type: 'number' }),
      }),
    }),
    work: async ({ params: named, caller }) =>
      shown(await destinationPage(support, caller.holder, named['destination'] ?? '')),
  });
  files(server, deps);
  versions(server, deps);
  actsOnDestination(server, deps);
}

function files(server: FastifyInstance, { support }: RouteDeps): void {
  reads(server, {
    url: '/v1/files',
    id: 'listFiles',
    permission: 'delivery.read',
    tag,
    summary: 'Files of flows, newest first',
    description: pageByPage,
    query: {
      client: filterSchemas.client,
      destination: filterSchemas.destination,
      limit: s.limitField,
      after: s.afterField,
    },
    answer: s.pageOf(
      s.object({
        id: s.whole(),
        client: s.text(),
        destination: s.text(),
        sequence: s.orNull(s.whole()),
        slotAt: s.moment(),
        state: s.oneOf(['open', 'written', 'sent', 'refused', 'voided', 'empty']),
        attempt: s.whole(),
        fileName: s.text(),
        rows: s.whole(),
        writtenAt: s.orNull(s.moment()),
        settledAt: s.orNull(s.moment()),
        acknowledged: s.object(
          { read: s.whole(), unreadable: s.whole() },
          'acknowledgements that were read, and such that nobody could',
        ),
      }),
    ),
    work: async ({ query, caller }) => {
      const { client, destination: id } = query;
      const asked = { client, destination: id };
      return s.pageAnswer(await filesPage(support, caller.holder, asked, s.pageAsked(query)), (file) => ({
        ...file,
        client: file.clientId,
        destination: file.destinationId,
      }));
    },
  });
}

const version = s.schemasOf(versionColumns);

function versions(server: FastifyInstance, { support }: RouteDeps): void {
  reads(server, {
    url: '/v1/destinations/:destination/versions',
    id: 'listVersions',
    permission: 'mapping.read',
    tag: 'mappings',
    params,
    summary: 'Published versions of its mapping, newest first',
    description: 'Every version since the first, with its author and note where the key is the centre’s.',
    answer: s.object({ items: s.list(s.object(version)) }),
    work: async ({ params: named, caller }) => ({
      items: s.asJson(await mappingVersions(support, caller.holder, named['destination'] ?? '')),
    }),
  });
  reads(server, {
    url: '/v1/destinations/:destination/versions/:version',
    id: 'getVersion',
    permission: 'mapping.read',
    tag: 'mappings',
    summary: 'One version, with its files as they were published',
    description: 'The files are those that were published, byte for byte.',
    params: {
      ...params,
      version: { type: 'string', pattern: '^[0-9]{1,9}$', description: 'number of the version' },
    },
    answer: s.object({ ...version, files: s.table(s.text(), 'file by file') }),
    work: async ({ params: named, caller }) =>
      s.asJson(
        await mappingVersion(support, caller.holder, {
          destination: named['destination'] ?? '',
          version: Number(named['version']),
        }),
      ),
  });
}

/** Further findings in English, like the interface. */
const answerOf = ({ isReached, outcome, reason, durationMs, tried, notes }: TestedDestination): unknown => ({
  isReached,
  outcome,
  reason,
  durationMs,
  tried: s.words(tried),
  notes: notes.map(([, english]) => english),
});

function actsOnDestination(server: FastifyInstance, deps: RouteDeps): void {
  for (const [act, verb, status, summary] of [
    [suspendDestination, 'suspend', 'suspended', 'Stop sending; its leads wait, visibly'],
    [resumeDestination, 'resume', 'active', 'Send again; a held destination probes at once'],
  ] as const)
    offers(server, deps, act, {
      url: `/v1/destinations/:destination/${verb}`,
      id: `${verb}Destination`,
      tag,
      params,
      summary,
      description: once,
      answer: s.object({ destination: s.text(), status: s.text() }),
      body: (_done, name) => ({ destination: name, status }),
    });
  offers(server, deps, sendFileNow, {
    url: '/v1/destinations/:destination/send-file',
    id: 'sendFile',
    tag,
    params,
    summary: 'Make a file of what waits now',
    description: 'It leaves within a second, if anything waits for it; /v1/files shows it.',
    status: 202,
    answer: s.object({ destination: s.text() }),
    body: (_done, name) => ({ destination: name }),
  });
  asks<Readonly<Record<string, never>>>(server, {
    url: '/v1/destinations/:destination/test',
    id: 'testDestination',
    permission: 'destination.test',
    // It waits for the recipient, as long as the mapping says.
    answerWithinMs: Infinity,
    tag,
    params,
    summary: 'Reach the recipient without sending any lead: address, TLS, login',
    description: 'Opens a connection as a delivery would, and ends it before any lead is sent.',
    body: s.request({}),
    answer: s.object({
      isReached: s.flag(),
      outcome: s.text(),
      reason: s.text(),
      durationMs: s.orNull(s.whole()),
      tried: s.bothWords,
      notes: s.list(s.text()),
    }),
    work: async (asked) => {
      const name = asked.params['destination'] ?? '';
      return answerOf(await tryDestination(deps.support, asked.caller.holder, name));
    },
  });
}
