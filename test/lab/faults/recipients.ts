// The recipients of a storm, with moods, writing down everything they really received: the third ledger.
// Invariant: a receipt is written when the whole content has come, before any answer.
import type { ServerResponse } from 'node:http';
import { startHttpRecipient, type HttpRecipient, type Received } from '../../connectors/servers/http.ts';
import { startSmtpRecipient, type Fault } from '../../connectors/servers/smtp.ts';
import { certificateFor } from '../../connectors/servers/certificate.ts';
import { startFileRecipients, type FileRecipients } from './file-recipients.ts';
import { digest, filed } from './filed.ts';
import { givenName, type Receipt } from './ledgers.ts';
import type { Pace, Places } from './mappings.ts';
import { startProxy } from './proxy.ts';
import type { Random } from './random.ts';
import { drip, slowest } from './slow-answers.ts';
import { application, startTokenDoor, type TokenDoor } from './tokens.ts';

export interface Recipients {
  readonly places: Places;
  /** How often a destination misbehaves, 0 to 1. */
  readonly trouble: Map<string, number>;
  /** Everybody refuses connections, or takes them and says nothing. */
  readonly door: (how: 'open' | 'refuses' | 'hangs') => void;
  /** Whether answers over HTTP come late, though within the time-out. */
  readonly atLeisure: (are: boolean) => void;
  readonly tokens: TokenDoor;
  readonly fileLines: FileRecipients['lines'];
  readonly writeLate: FileRecipients['writeLate'];
  /** What the gateway must know to reach them. */
  readonly environment: Readonly<Record<string, string>>;
  /** Everything received so far, the rows of files included; and files that stand twice or not whole. */
  readonly received: () => Promise<{
    readonly receipts: readonly Receipt[];
    readonly spoiltFiles: readonly string[];
  }>;
  readonly close: () => Promise<void>;
}

/** Each piece of a conversation over TLS takes so long each way, ms. */
const slowestPieceMs: Record<Pace, number> = { usual: 60, brisk: 10 };

const moods = ['reset', 'late', 'hang', 'drip', '500', '503', '429', 'yes and die', 'not json'] as const;
/** Whether it arrived, nobody can tell by the answer. */
const silentMoods = ['reset', 'hang', 'yes and die', '503'] as const;
type Mood = (typeof moods)[number] | 'yes' | '422';

const actions: Readonly<Record<string, Receipt['action']>> = {
  POST: 'create',
  PUT: 'update',
  PATCH: 'update',
  DELETE: 'erase',
};

export async function startRecipients(folder: string, pace: Pace, random: Random): Promise<Recipients> {
  const certificate = await certificateFor('localhost', '127.0.0.1');
  const http = await startHttpRecipient();
  const https = await startHttpRecipient(certificate);
  // So slow that a process is stopped in the middle of a handshake now and then.
  const overTls = await startProxy({ host: '127.0.0.1', port: https.port });
  overTls.delay(slowestPieceMs[pace]);
  const smtp = await startSmtpRecipient(undefined);
  const tokens = await startTokenDoor(random);
  const receipts: Receipt[] = [];
  const trouble = new Map<string, number>();
  const troubled = (destination: string, share = 1): boolean =>
    random.next() < (trouble.get(destination) ?? 0) * share;
  const files = await startFileRecipients(folder, { troubled, tokens, random, certificate });

  const records = startRecords(pace, random);
  let leisurely = false;

  const answering: HttpRecipient['answer'] = (request, response) => {
    // Turned away at the door: nothing of it was read.
    if (request.url.startsWith('/oauth/') && !tokens.letsIn(bearerOf(request)))
      return void response.writeHead(401).end('{}');
    const body = JSON.parse(request.body.toString() || '{}') as {
      ref?: string;
      nom?: string;
      OPTIN?: string;
    };
    const destination = `essai-${request.url.split('/')[1] ?? ''}`;
    const worse = destination === 'essai-asked' ? silentMoods : moods;
    const drawn = troubled(destination) ? random.pick(worse) : 'yes';
    const mood = poisoned(body.ref, request.url) ?? drawn;
    for (const one of [http, https]) one.received.length = 0;
    if (destination === 'essai-tls') response.setHeader('connection', 'close');
    // Never at once, and some of them slowly: a stop or a kill must find sends in flight.
    const soon = random.next() < 0.7 ? random.between(0, 60) : random.between(100, 900);
    const wait = leisurely ? slowest[pace] : soon;
    if (request.method === 'GET') {
      const asked = decodeURIComponent(request.url.split('/').at(-1) ?? '');
      const found = records.shows(asked) ? asked : undefined;
      setTimeout(() => (mood === 'yes' ? tell(found, response) : answer(mood, '', response, random)), wait);
      return;
    }
    const kept = destination !== 'essai-asked' || records.write(request, body.ref, mood);
    const sentKey = String(request.headers['idempotency-key']);
    receipts.push({
      destination,
      at: Date.now(),
      key: String(request.headers['webhook-id']).replace(/-(person|deal|update|erase)$/, ''),
      sentKey,
      action: actions[request.method] ?? 'create',
      optIn: body.OPTIN,
      named: body.nom === undefined ? undefined : (givenName(body.nom) ?? ''),
      content: digest(request.body),
      did: mood === '422' || mood === '429' || !kept ? 'refused' : mood === 'yes' ? 'taken' : 'silent',
    });
    setTimeout(() => answer(mood, referenceOf(request, body.ref), response, random), wait);
  };
  for (const one of [http, https]) one.answer = answering;
  let door: 'open' | 'refuses' | 'hangs' = 'open';
  const mailFaults = {
    get connect(): Fault | undefined {
      return door === 'open' ? undefined : door === 'hangs' ? 'hang' : 'reset';
    },
    // Asked for when the mail has come whole: the moment to write it down.
    get content(): Fault | undefined {
      const mail = smtp.received.at(-1);
      const fault = troubled('essai-mail') ? random.pick([451, 'reset', 'hang'] as const) : undefined;
      const raw = mail?.raw.toString('latin1') ?? '';
      // A soft line break may stand in the middle of a word.
      const words = raw.slice(raw.indexOf('\r\n\r\n')).replaceAll('=\r\n', '');
      const key = /^X-Relais-Delivery: (\S+)/m.exec(raw)?.[1] ?? '';
      receipts.push({
        destination: 'essai-mail',
        at: Date.now(),
        key,
        sentKey: /^Message-ID:\s*<([^@>]+)/im.exec(raw)?.[1] ?? '',
        action: 'create',
        optIn: words.includes('RETRAIT') ? 'RETRAIT' : 'OUI',
        named: givenName(words) ?? '',
        content: digest(raw),
        did: fault === undefined ? 'taken' : fault === 451 ? 'refused' : 'silent',
      });
      smtp.received.length = 0;
      return fault;
    },
  };
  smtp.faults = mailFaults;

  return {
    places: {
      http: http.port,
      https: overTls.port,
      smtp: smtp.port,
      tokens: tokens.port,
      files: files.places,
      pace,
    },
    trouble,
    tokens,
    fileLines: files.lines,
    writeLate: files.writeLate,
    environment: { ...files.environment, RELAIS_SECRET_APPLICATION: application.secret },
    atLeisure: (are) => (leisurely = are),
    door: (how) => {
      for (const one of [http, https]) {
        one.cutAtOnce = how === 'refuses';
        one.hangAtOnce = how === 'hangs';
      }
      door = how;
      for (const { line } of files.lines)
        line.set(how === 'open' ? 'open' : how === 'refuses' ? 'shut' : 'frozen');
    },
    received: async () => {
      const { rows, unreadable } = filed(await files.standing());
      return {
        receipts: [...receipts, ...rows],
        spoiltFiles: [
          ...files.replaced().map((name) => `${name}: another stood there`),
          ...unreadable.map((name) => `${name}: not whole`),
        ],
      };
    },
    close: async () => {
      await files.close();
      await tokens.close();
      await http.close();
      await overTls.close();
      await https.close();
      await smtp.close();
    },
  };
}

const bearerOf = ({ headers }: Received): string => (headers.authorization ?? '').replace('Bearer ', '');

const poisoned = (reference = '', url = ''): Mood | undefined =>
  reference.startsWith('P-refused') || (reference.startsWith('D-') && url.endsWith('/deals'))
    ? '422'
    : reference.startsWith('P-broken')
      ? '500'
      : reference.startsWith('P-cut')
        ? 'reset'
        : undefined;

/** The gateway's settling time in a storm is a second longer. */
export const slowestCommitMs = 24_000;

interface Records {
  /** Keeps what came, unless the mood is not to. Returns whether it was kept. */
  readonly write: (request: Received, reference: string | undefined, mood: Mood) => boolean;
  /** Whether the record of a reference can be seen already. */
  readonly shows: (reference: string) => boolean;
}

/** A recipient's table whose commits take a while: what was written can be looked up only later. */
function startRecords(pace: Pace, random: Random): Records {
  const seenFrom = new Map<string, number>();
  return {
    write: (request, reference, mood) => {
      if (mood === '422' || mood === '429' || mood === '500' || mood === '503') return false;
      const after = mood === 'yes' ? 0 : pace === 'brisk' ? 1_000 : random.between(8_000, slowestCommitMs);
      if (request.method === 'POST' && reference !== undefined && !seenFrom.has(reference))
        seenFrom.set(reference, Date.now() + after);
      return true;
    },
    shows: (reference) => (seenFrom.get(reference) ?? Infinity) <= Date.now(),
  };
}

/** A record as the recipient shows it: our reference whole, and its own number. */
function tell(ref: string | undefined, response: ServerResponse): void {
  const record = ref === undefined ? { there: false } : { there: true, ref, id: `CRM-${ref}` };
  response
    .writeHead(ref === undefined ? 404 : 200, { 'content-type': 'application/json' })
    .end(JSON.stringify(record));
}

const referenceOf = (request: Received, ref: string | undefined): string =>
  `CRM-${ref ?? decodeURIComponent(request.url.split('/').at(-1) ?? '').replace(/^CRM-/, '')}`;

function answer(mood: Mood, id: string, response: ServerResponse, random: Random): void {
  const say = (status: number, text: string, headers: Record<string, string> = {}): void => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text);
  };
  const yes = JSON.stringify({ success: true, id });
  switch (mood) {
    case 'yes':
      return say(200, yes);
    case 'late':
      // Half of them past the time-out.
      setTimeout(() => say(200, yes), random.between(200, 4_000));
      return;
    case 'drip':
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': String(yes.length) });
      drip(response, yes, random.between(20, 300));
      return;
    case 'reset':
    case 'yes and die':
      response.destroy();
      return;
    case 'hang':
      return;
    case '429':
      return say(429, '{}', { 'retry-after': '1' });
    case 'not json':
      return say(200, '<html>Bientôt de retour</html>', { 'content-type': 'text/html' });
    case '422':
      return say(422, '{"success":false}');
    case '500':
    case '503':
      return say(Number(mood), '{}');
  }
}
