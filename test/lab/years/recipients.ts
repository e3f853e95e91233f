// The client's systems in the world of ten years: they remember who got what when, fail now and then, and follow updates and erasures.
// Invariant: what they answered as taken stands in the book, with the world's time.
import type { ServerResponse } from 'node:http';
import { startHttpRecipient, type Received } from '../../connectors/servers/http.ts';
import type { Random } from '../faults/random.ts';
import type { Book, DestinationId } from './book.ts';
import { checkRelayed } from './check-retention.ts';
import type { Finder } from './figures.ts';
import type { World } from './moved-time.ts';

interface Body {
  readonly ref?: string;
  readonly nom?: string;
  readonly OPTIN?: string;
  readonly TEL?: string;
}

export interface Recipients {
  readonly ports: Readonly<Record<DestinationId, number>>;
  readonly close: () => Promise<void>;
}

/** This part of the requests finds the recipient unable; the same again a moment later passes. */
const unable = 0.01;

export async function startRecipients(needs: Omit<At, 'destination'>): Promise<Recipients> {
  const start = async (destination: DestinationId) => {
    const server = await startHttpRecipient();
    server.answer = (request, response) => {
      server.received.length = 0;
      answer({ ...needs, destination }, request, response);
    };
    return server;
  };
  const [crm, old] = [await start('essai-crm'), await start('essai-old')];
  return {
    ports: { 'essai-crm': crm.port, 'essai-old': old.port },
    close: async () => {
      await Promise.all([crm.close(), old.close()]);
    },
  };
}

interface At {
  readonly book: Book;
  readonly world: World;
  readonly random: Random;
  readonly find: Finder;
  readonly destination: DestinationId;
}

function answer(
  { book, world, random, find, destination }: At,
  request: Received,
  response: ServerResponse,
): void {
  if (random.next() < unable) return void response.writeHead(503).end();
  const body = JSON.parse(request.body.toString() || '{}') as Body;
  // Both name a lead by ours, with a letter before it.
  const reference = body.ref ?? decodeURIComponent(request.url.split('/').at(-1) ?? '').replace(/^C-/, '');
  const action = request.method === 'POST' ? 'create' : request.method === 'PUT' ? 'update' : 'erase';
  const at = world.now();
  checkRelayed(book, find, { action, reference, destination, at });
  book.received({
    at,
    destination,
    reference,
    action,
    yes: { email: body.OPTIN === 'OUI', phone: body.TEL === 'OUI' },
    name: body.nom ?? '',
  });
  response
    .writeHead(200, { 'content-type': 'application/json' })
    .end(JSON.stringify({ success: true, id: `C-${reference}` }));
}

const consent = `consent:
  - { to: OPTIN, purpose: marketing, channel: email, values: { granted: OUI, refused: NON, not_asked: SANS, withdrawn: RETRAIT } }
  - { to: TEL, purpose: marketing, channel: phone, values: { granted: OUI, refused: NON, not_asked: SANS, withdrawn: RETRAIT } }`;

const authorisation = (destination: DestinationId): string =>
  `  - { recipient: ${destination}, destination: ${destination}, targets: [localhost], categories: [identity, project, statistical], document: Contrat 1, from: 2026-01-01 }`;

const mapping = (
  destination: DestinationId,
  port: number,
  more: string,
): string => `destination: ${destination}
connector: webhook
send: { url: 'http://localhost:${port}/leads' }
timeouts: { connect: 5s, response: 20s, total: 30s }
retry: [1s, 2s, 5s, 10s]
maxAge: 3d
limits: { concurrency: 10 }
${consent}
fields:
  - { to: ref, from: id, required: true }
  - { to: nom, from: identity.lastName, required: true }
response:
  - { accepted: { status: 2xx, json: { success: true } }, reference: $.id }
update: { optIn: changed, send: { method: PUT, url: 'http://localhost:${port}/leads/{reference}' } }
${more}`;

/** A CRM that follows everything, and an old one that knows no erasure: that one is asked in writing. */
export const filesFor = (ports: Recipients['ports']): Readonly<Record<string, string>> => ({
  'essai/client.yaml': `id: essai
name: Essai Promotion
legalEntity: ESSAI PROMOTION SAS
hosts: [localhost]
categories: [identity, project, statistical]
contacts: { rights: dpo@essai.example }
authorisations:
${authorisation('essai-crm')}
${authorisation('essai-old')}
`,
  'essai/crm.yaml': mapping(
    'essai-crm',
    ports['essai-crm'],
    `erase: { send: { method: DELETE, url: 'http://localhost:${ports['essai-crm']}/leads/{reference}' }, fields: [] }\n`,
  ),
  'essai/old.yaml': mapping('essai-old', ports['essai-old'], ''),
});
