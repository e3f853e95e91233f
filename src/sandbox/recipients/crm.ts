// Horizon's CRM: a small HTTPS server that checks what it gets, recognises what it has, and has its moods.
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
}

export interface CrmOptions {
  readonly certificate: Certificate;
  readonly secrets: CrmSecrets;
  /** leads.jsonl goes here. */
  readonly file: string;
  readonly destination: string;
  readonly mood: () => Mood;
  /** Ordinary thinking time, ms. */
  readonly latencyMs: () => number;
}

export async function startCrm(options: CrmOptions): Promise<Crm> {
  const { file, destination } = options;
  writeFileSync(file, '');
  const judge = createCrmRules(options.secrets);
  const known = new Map<string, Line>();
  const ids = new Set<string>();
  const moods = new Map<string, Mood>();
  const answers: Record<number, number> = {};

  const keep = (line: Line): void => appendFileSync(file, `${JSON.stringify(line)}\n`);

  const answerTo = async (raw: IncomingMessage, body: string): Promise<CrmAnswer> => {
    const headers = Object.fromEntries(
      Object.entries(raw.headers).map(([name, value]) => [name, [value].flat().join(', ')]),
    );
    const [key = '', idempotencyKey = ''] = [headers['webhook-id'], headers['idempotency-key']];
    const judged = judge({ method: raw.method ?? '', headers, body });
    if (!judged.ok) return judged.answer;
    const before =
      known.get(key) ?? [...known.values()].find((known) => known.idempotencyKey === idempotencyKey);
    if (before !== undefined) {
      keep({ ...withoutLead(before), again: true });
      return { status: 200, body: { success: false, error: { code: 'DUPLICATE' }, existing_id: before.id } };
    }
    const action = actionOf(raw.method);
    const reference = judged.content?.reference ?? '';
    const named = /^\/api\/leads\/([A-Za-z0-9-]+)$/.exec(raw.url ?? '')?.[1];
    if (action !== 'create' && (named === undefined || !ids.has(named))) {
      return { status: 404, body: { success: false, error: { code: 'NOT_FOUND' } } };
    }
    const mood = moods.has(key) ? 'kind' : options.mood();
    moods.set(key, mood);
    if (mood === 'busy')
      return {
        status: 429,
        headers: { 'retry-after': '1' },
        body: { success: false, error: { code: 'RATE' } },
      };
    if (mood === 'broken') return { status: 500, body: { success: false, error: { code: 'INTERNAL' } } };
    if (mood === 'evasive') return { status: 200, body: { success: false, error: { code: 'LATER' } } };
    await sleep(mood === 'slow' ? 1_500 : options.latencyMs());
    const id = named ?? `H-${String(ids.size + 1).padStart(5, '0')}`;
    const line: Line = {
      key,
      idempotencyKey,
      action,
      id,
      reference:
        reference === ''
          ? ([...known.values()].find((known) => known.id === id)?.reference ?? '')
          : reference,
      ...(judged.content === undefined ? {} : { lead: judged.content }),
    };
    known.set(key, line);
    ids.add(id);
    keep(line);
    if (mood === 'forgetful') return { status: 500, body: { success: false, error: { code: 'INTERNAL' } } };
    return { status: action === 'create' ? 201 : 200, body: { success: true, id } };
  };

  const onRequest = (raw: IncomingMessage, response: ServerResponse): void => {
    const chunks: Buffer[] = [];
    raw.on('error', () => undefined);
    response.on('error', () => undefined);
    raw.on('data', (chunk: Buffer) => chunks.push(chunk));
    raw.on('end', () => {
      void answerTo(raw, Buffer.concat(chunks).toString('utf8')).then(({ status, headers, body }) => {
        answers[status] = (answers[status] ?? 0) + 1;
        response
          .writeHead(status, { 'content-type': 'application/json', ...headers })
          .end(JSON.stringify(body));
      });
    });
  };
  const server = https.createServer(
    { key: options.certificate.key, cert: options.certificate.cert },
    onRequest,
  );
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  return {
    destination,
    place: file,
    port: (server.address() as AddressInfo).port,
    answers: () => answers,
    read: () => Promise.resolve(readCrmFile(file, destination)),
    sample: () => {
      const line = linesOf(file).find(
        (known) =>
          known.action === 'create' && known.lead !== undefined && known.lead.RGPD_DATE !== undefined,
      );
      if (line === undefined) return Promise.resolve(undefined);
      return Promise.resolve({
        title: 'JSON by HTTPS POST to https://crm.horizon.example/api/leads',
        text: JSON.stringify(line.lead, undefined, 2),
        optInLines: /"RGPD_/,
      });
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
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

/** The CRM's record as its file tells it. */
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
