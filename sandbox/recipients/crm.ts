// Serves Horizon's CRM over HTTPS: checks each request, recognises repeats, and has bad days.
// Invariant: keeps a lead once per webhook-id and writes every request it kept or recognised as one line of its own file.
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createCrmRules } from './crm-rules.ts';
import type { CrmAnswer, CrmLead, CrmSecrets } from './crm-rules.ts';
import type { Certificate } from './identity.ts';
import type { Mood } from './moods.ts';
import type { RecipientReport, Received, DemoRecipient } from './record.ts';

/** One line of leads.jsonl. */
interface Line {
  readonly key: string;
  readonly idempotencyKey: string;
  readonly action: Received['action'];
  readonly id: string;
  readonly reference: string;
  /** True when it was recognised: nothing was kept a second time. */
  readonly again?: boolean;
  readonly lead?: CrmLead;
}

export interface Crm extends DemoRecipient {
  readonly port: number;
  /** Requests answered, by status. */
  readonly answers: () => Readonly<Record<number, number>>;
  /** A mistake of its own: while it lasts, every lead with a phone is refused as if the phone were wrong (E12). */
  readonly refusePhones: (refuses: boolean) => void;
}

export interface CrmOptions {
  readonly certificate: Certificate;
  readonly secrets: CrmSecrets;
  /** Path of leads.jsonl. */
  readonly file: string;
  readonly destination: string;
  readonly mood: () => Mood;
  /** Ordinary thinking time, ms. */
  readonly latencyMs: () => number;
}

/** The CRM's memory. */
interface Memory {
  /** By webhook-id. */
  readonly known: Map<string, Line>;
  readonly ids: Set<string>;
  /** The mood each webhook-id met first: its later requests meet a kind one. */
  readonly moods: Map<string, Mood>;
  refusesPhones: boolean;
}

export async function startCrm(options: CrmOptions): Promise<Crm> {
  const { file, destination } = options;
  writeFileSync(file, '');
  const judge = createCrmRules(options.secrets);
  const memory: Memory = { known: new Map(), ids: new Set(), moods: new Map(), refusesPhones: false };
  const answers: Record<number, number> = {};
  const server = https.createServer(
    { key: options.certificate.key, cert: options.certificate.cert },
    (raw, response) =>
      readBody(raw, response, async (body) => {
        const answer = await answerTo({ options, memory, judge }, raw, body);
        answers[answer.status] = (answers[answer.status] ?? 0) + 1;
        response
          .writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers })
          .end(JSON.stringify(answer.body));
      }),
  );
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  return {
    destination,
    place: file,
    port: (server.address() as AddressInfo).port,
    answers: () => answers,
    refusePhones: (refuses) => {
      memory.refusesPhones = refuses;
    },
    read: () => Promise.resolve(readCrmFile(file, destination)),
    sample: () => Promise.resolve(sampleOf(file)),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function readBody(
  raw: IncomingMessage,
  response: ServerResponse,
  then: (body: string) => Promise<void>,
): void {
  const chunks: Buffer[] = [];
  raw.on('error', () => undefined);
  response.on('error', () => undefined);
  raw.on('data', (chunk: Buffer) => chunks.push(chunk));
  raw.on('end', () => void then(Buffer.concat(chunks).toString('utf8')));
}

interface CrmParts {
  readonly options: CrmOptions;
  readonly memory: Memory;
  readonly judge: ReturnType<typeof createCrmRules>;
}

async function answerTo(parts: CrmParts, raw: IncomingMessage, body: string): Promise<CrmAnswer> {
  const { options, memory, judge } = parts;
  const headers = Object.fromEntries(
    Object.entries(raw.headers).map(([name, value]) => [name, [value].flat().join(', ')]),
  );
  const key = headers['webhook-id'] ?? '';
  const idempotencyKey = headers['idempotency-key'] ?? '';
  const judged = judge({ method: raw.method ?? '', headers, body });
  if (!judged.ok) return judged.answer;
  const before =
    memory.known.get(key) ??
    [...memory.known.values()].find((line) => line.idempotencyKey === idempotencyKey);
  if (before !== undefined) {
    keep(options.file, { ...withoutLead(before), again: true });
    return { status: 200, body: { success: false, error: { code: 'DUPLICATE' }, existing_id: before.id } };
  }
  const action = actionOf(raw.method);
  const named = /^\/api\/leads\/([A-Za-z0-9-]+)$/.exec(raw.url ?? '')?.[1];
  if (action !== 'create' && (named === undefined || !memory.ids.has(named)))
    return { status: 404, body: { success: false, error: { code: 'NOT_FOUND' } } };
  if (memory.refusesPhones && judged.content?.contact.tel !== undefined)
    return { status: 422, body: { success: false, error: { code: 'E12' } } };
  const mood = memory.moods.has(key) ? 'kind' : options.mood();
  memory.moods.set(key, mood);
  const refusal = refusalIn(mood);
  if (refusal !== undefined) return refusal;
  await sleep(mood === 'slow' ? 1_500 : options.latencyMs());
  const id = remember(parts, { key, idempotencyKey, action, named, content: judged.content });
  if (mood === 'forgetful') return { status: 500, body: { success: false, error: { code: 'INTERNAL' } } };
  return { status: action === 'create' ? 201 : 200, body: { success: true, id } };
}

/** Moods in which nothing is kept. */
function refusalIn(mood: Mood): CrmAnswer | undefined {
  const no = (code: string): CrmAnswer['body'] => ({ success: false, error: { code } });
  if (mood === 'busy') return { status: 429, headers: { 'retry-after': '1' }, body: no('RATE') };
  if (mood === 'broken') return { status: 500, body: no('INTERNAL') };
  if (mood === 'evasive') return { status: 200, body: no('LATER') };
  return undefined;
}

/** Keeps a lead, in memory and as a line of the file. Returns its id. */
function remember(
  { options, memory: { known, ids } }: CrmParts,
  {
    named,
    content,
    ...request
  }: Pick<Line, 'key' | 'idempotencyKey' | 'action'> & {
    readonly named: string | undefined;
    readonly content: CrmLead | undefined;
  },
): string {
  const id = named ?? `H-${String(ids.size + 1).padStart(5, '0')}`;
  const own = content?.reference ?? '';
  const earlier = [...known.values()].find((line) => line.id === id)?.reference ?? '';
  const kept: Line = {
    ...request,
    id,
    reference: own === '' ? earlier : own,
    ...(content === undefined ? {} : { lead: content }),
  };
  known.set(request.key, kept);
  ids.add(id);
  keep(options.file, kept);
  return id;
}

const keep = (file: string, line: Line): void => appendFileSync(file, `${JSON.stringify(line)}\n`);

function sampleOf(file: string): Awaited<ReturnType<DemoRecipient['sample']>> {
  const line = linesOf(file).find(({ action, lead }) => action === 'create' && lead?.RGPD_DATE !== undefined);
  if (line === undefined) return undefined;
  return {
    title: 'JSON by HTTPS POST to https://crm.horizon.example/api/leads',
    text: JSON.stringify(line.lead, undefined, 2),
    optInLines: /"RGPD_/,
  };
}

function actionOf(method: string | undefined): Received['action'] {
  return method === 'DELETE' ? 'erase' : method === 'PUT' ? 'update' : 'create';
}

const withoutLead = ({ lead: _lead, ...line }: Line): Line => line;

function linesOf(file: string): readonly Line[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
}

/** The CRM's report, read from its file. */
export function readCrmFile(file: string, destination: string): RecipientReport {
  const kept = new Map<string, Received & { times: number }>();
  const complaints: string[] = [];
  for (const { key, action, id, reference, again, lead } of linesOf(file)) {
    const before = kept.get(key);
    if (again === true) {
      if (before === undefined)
        complaints.push(`${file}: ${reference} was recognised (${key}) but is not there`);
      else before.times += 1;
      continue;
    }
    if (before !== undefined) complaints.push(`${file}: ${reference} was kept twice under ${key}`);
    const optIn: Record<string, string> = {};
    for (const name of ['RGPD_OPTIN', 'RGPD_TEL'] as const) if (lead !== undefined) optIn[name] = lead[name];
    kept.set(key, { destination, key, reference, action, optIn, times: 1, place: `${file} (${id})` });
  }
  return { received: [...kept.values()], complaints };
}
