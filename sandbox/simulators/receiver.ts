// Simulates a client's own endpoint, JSON or XML, as docs/webhook.md asks a client to build it: strict, and modelled on that page alone.
// Invariant: no unsigned request is read; one webhook-id creates one lead, even when it comes again.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { page } from './simulator.ts';
import type {
  CrmAnswer,
  CrmRecord,
  CrmRequest,
  SimulatedCrm,
  Simulator,
  SimulatorOptions,
} from './simulator.ts';
import { readJson, readXml, writeJson, writeXml } from './receiver-formats.ts';
import type { Fields, Said } from './receiver-formats.ts';

interface Lead {
  readonly id: string;
  fields: Fields;
}

interface Format {
  readonly mediaType: string;
  /** Undefined for a body that is not of this form. */
  readonly read: (body: Buffer) => Fields | undefined;
  readonly write: (said: Said) => string;
}

interface Books {
  readonly format: Format;
  readonly leads: Map<string, Lead>;
  /** By webhook-id: the digest of its first content, and the lead it created. */
  readonly keys: Map<string, { readonly content: string; readonly id: string }>;
  readonly complaints: Set<string>;
  lastNumber: number;
}

const receiver = (preset: string, format: Format): Simulator => ({
  preset,
  modelled: 'docs/webhook.md',
  secretNames: ['HTTP_TOKEN', 'HTTP_SIGNING'],
  open: (options) => openReceiver(options, format),
});

export const jsonReceiver = receiver('http-json', {
  mediaType: 'application/json',
  read: readJson,
  write: writeJson,
});
export const xmlReceiver = receiver('http-xml', {
  mediaType: 'application/xml',
  read: readXml,
  write: writeXml,
});

function openReceiver({ secrets, strangers, now }: SimulatorOptions, format: Format): SimulatedCrm {
  const books: Books = {
    format,
    leads: new Map(),
    keys: new Map(),
    complaints: new Set(),
    lastNumber: 700,
  };
  for (const { lastName, firstName, email, phone } of strangers)
    keep(books, {
      nom: lastName,
      prenom: firstName,
      email,
      tel: nationalOf(phone),
      RGPD_OPTIN: 'OUI',
      RGPD_TEL: 'OUI',
    });
  let good = true;
  let wrongKeys = 0;
  return {
    // Its proxy answers with a page for that, first with a misleading status 200.
    whenDown: [page(200, 'Maintenance'), page(503, 'Service Unavailable')],
    whenBusy: answer(format, 429, { error: 'TOO_FAST' }, { 'retry-after': '1' }),
    answer: (request) => {
      if (!good || request.headers['authorization'] !== `Bearer ${secrets['HTTP_TOKEN'] ?? ''}`) {
        wrongKeys += 1;
        return answer(format, 401, { error: 'TOKEN' });
      }
      if (!isSigned(request, secrets['HTTP_SIGNING'] ?? '', now()))
        return answer(format, 401, { error: 'SIGNATURE' });
      return route(books, request);
    },
    records: () => [...books.leads.values()].map(shown),
    complaints: () => [...books.complaints],
    wrongKeys: () => wrongKeys,
    deletedByHand: (id) => void books.leads.delete(id),
    unsubscribes: (id) => {
      const lead = books.leads.get(id);
      if (lead !== undefined) lead.fields = { ...lead.fields, RGPD_OPTIN: 'NON' };
    },
    keyIsGood: (isGood) => {
      good = isGood;
    },
  };
}

const answer = (
  { mediaType, write }: Format,
  status: number,
  said: Said,
  headers: Readonly<Record<string, string>> = {},
): CrmAnswer => ({ status, headers: { 'content-type': mediaType, ...headers }, body: write(said) });

const fiveMinutes = 300;

/** Standard Webhooks, version 1, as the page's examples verify it: over the bytes as received. */
function isSigned({ headers, body }: CrmRequest, secret: string, nowMs: number): boolean {
  const [id = '', moment = ''] = [headers['webhook-id'], headers['webhook-timestamp']];
  if (id === '' || Math.abs(nowMs / 1_000 - Number(moment)) > fiveMinutes) return false;
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const wanted = createHmac('sha256', key).update(`${id}.${moment}.`).update(body).digest();
  return (headers['webhook-signature'] ?? '').split(' ').some((text) => {
    const given = Buffer.from(text.replace(/^v1,/, ''), 'base64');
    return text.startsWith('v1,') && given.length === wanted.length && timingSafeEqual(given, wanted);
  });
}

function route(books: Books, request: CrmRequest): CrmAnswer {
  const { format, leads } = books;
  const { method, path } = request;
  if (path === '/api/leads' && method === 'POST') return create(books, request);
  const [, id] = /^\/api\/leads\/(H-\d+)$/.exec(path) ?? [];
  if (id === undefined) return page(404, 'Not Found');
  const lead = leads.get(id);
  if (lead === undefined) return answer(format, 410, { error: 'GONE' });
  switch (method) {
    case 'PUT': {
      const read = fieldsIn(books, request);
      if ('refused' in read) return read.refused;
      // Fields the request does not name stay unchanged.
      lead.fields = { ...lead.fields, ...read.fields };
      return answer(format, 200, { id });
    }
    case 'DELETE':
      leads.delete(id);
      return answer(format, 200, { id });
    default:
      return page(405, 'Method Not Allowed');
  }
}

/** A known webhook-id is a repeat: it creates nothing, and the answer names its lead. */
function create(books: Books, request: CrmRequest): CrmAnswer {
  const { format, keys, complaints } = books;
  const key = request.headers['webhook-id'] ?? '';
  const content = createHash('sha256').update(request.body).digest('hex');
  const known = keys.get(key);
  if (known !== undefined) {
    if (known.content !== content) complaints.add(`the webhook-id ${key} came with another content`);
    return answer(format, 409, { error: 'DUPLICATE', id: known.id });
  }
  const read = fieldsIn(books, request);
  if ('refused' in read) return read.refused;
  const { fields } = read;
  if (fields['nom'] === undefined || fields['RGPD_OPTIN'] === undefined || fields['RGPD_TEL'] === undefined)
    return answer(format, 422, { error: 'MISSING' });
  const { id } = keep(books, fields);
  keys.set(key, { content, id });
  return answer(format, 201, { id });
}

const yesNo = /^(?:OUI|NON)$/;
/** Every field, its pattern, and the code of its refusal. */
const rules: Readonly<Record<string, readonly [RegExp, string]>> = {
  reference: [/^[\w.-]{1,64}$/, 'E01'],
  nom: [/^[^<>]{1,80}$/u, 'E10'],
  prenom: [/^[^<>]{1,80}$/u, 'E11'],
  tel: [/^0\d{9}$/, 'E12'],
  email: [/^[^\s@]+@[^\s@]+\.[^\s@]+$/, 'E13'],
  codePostal: [/^\d{5}$/, 'E14'],
  ville: [/^.{1,80}$/u, 'E15'],
  programme: [/^.{1,80}$/u, 'E16'],
  commentaire: [/^[\s\S]{1,4000}$/u, 'E17'],
  origine: [/^.{1,40}$/u, 'E18'],
  RGPD_OPTIN: [yesNo, 'E20'],
  RGPD_TEL: [yesNo, 'E21'],
  RGPD_PREUVE: [/^[\s\S]{1,1000}$/u, 'E22'],
};

/** The fields of a valid body, or the answer to an invalid one. */
function fieldsIn(
  { format }: Books,
  { headers, body }: CrmRequest,
): { readonly fields: Fields } | { readonly refused: CrmAnswer } {
  const refused = (status: number, error: string) => ({ refused: answer(format, status, { error }) });
  if (!(headers['content-type'] ?? '').startsWith(format.mediaType)) return refused(415, 'MEDIA_TYPE');
  const fields = format.read(body);
  if (fields === undefined) return refused(400, 'NOT_READ');
  for (const [name, value] of Object.entries(fields)) {
    const [allowed, code] = rules[name] ?? [undefined, 'UNKNOWN_FIELD'];
    if (allowed?.test(value) !== true) return refused(422, code);
  }
  return { fields };
}

function keep(books: Books, fields: Fields): Lead {
  books.lastNumber += 1;
  const lead: Lead = { id: `H-${books.lastNumber}`, fields };
  books.leads.set(lead.id, lead);
  return lead;
}

const nationalOf = (phone: string): string => phone.replace(/^\+33/, '0');

function shown({ id, fields }: Lead): CrmRecord {
  const { email = '', tel = '' } = fields;
  return {
    id,
    reference: fields['reference'] ?? '',
    lastName: fields['nom'] ?? '',
    firstName: fields['prenom'] ?? '',
    email,
    phone: tel.replace(/^0/, '+33'),
    mayContact: {
      ...(email === '' ? {} : { email: fields['RGPD_OPTIN'] === 'OUI' }),
      ...(tel === '' ? {} : { phone: fields['RGPD_TEL'] === 'OUI' }),
    },
  };
}
