// Reads what a form or an address sends: fields, long texts, files; words why a typed reason is refused.
// Invariant: a field that no page reads is ignored; one that came twice is empty.
import type { FastifyRequest, FastifyInstance } from 'fastify';
import { lineOfInvisible } from '../privacy/papers/html.ts';
import type { Both } from '../support/words.ts';
import { mappingWords as words } from './words/mappings.ts';
import { isRelaisError } from '../errors.ts';
import { typedReason } from '../support/typed-text.ts';

type Fields = Readonly<Record<string, unknown>>;

const read = (fields: unknown, name: string, most: number): string => {
  const value = typeof fields === 'object' && fields !== null ? (fields as Fields)[name] : undefined;
  return typeof value === 'string' ? value.slice(0, most) : '';
};

/** A field of the sent form; empty where it has none. */
export const field = ({ body }: FastifyRequest, name: string, most = 200): string => read(body, name, most);

/** True where this very form was sent: a page has several, and the input of one is not shown in another. */
export const wasSent = ({ method, url }: FastifyRequest, action: string): boolean =>
  method === 'POST' && url.split('?')[0] === action;

/** Input of this very form, so that it can be corrected after a refusal. */
export const sentAgain = (request: FastifyRequest, action: string, name: string, most = 200): string =>
  wasSent(request, action) ? field(request, name, most) : '';

/** A field of the address, after `?`. */
export const asked = ({ query }: FastifyRequest, name: string, most = 200): string =>
  read(query, name, most).trim();

/** Values of ticked boxes: each once, in the order of the page. */
export function ticked({ body }: FastifyRequest, name: string): readonly string[] {
  const value = typeof body === 'object' && body !== null ? (body as Fields)[name] : undefined;
  const all = Array.isArray(value) ? (value as readonly unknown[]) : [value];
  return [...new Set(all.flatMap((one) => (typeof one === 'string' ? [one.slice(0, 200)] : [])))];
}

/** A name in the address, as it was typed. */
export const nameOf = ({ params }: FastifyRequest, name = 'id'): string => read(params, name, 200);

/** A number in the address; undefined where it is none. */
export function numberOf({ params }: FastifyRequest, name = 'id'): number | undefined {
  const text = read(params, name, 20);
  return /^[1-9]\d{0,14}$/.test(text) ? Number(text) : undefined;
}

// Reads a form with a file, whole, by the platform's own reader, up to the size of a demand.
// Invariant: only on the few addresses that take one, after the gate; a file is bytes and a name, and its content is not parsed.

/** A demand has 10 MB at most; the fields around it are short. */
export const mostUploaded = 11 * 1024 * 1024;

export interface Upload {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** The routes of `declare` take forms with files; those of `server` do not. */
export function withUploads(server: FastifyInstance, declare: (inner: FastifyInstance) => void): void {
  void server.register((inner, _options, done) => {
    inner.addContentTypeParser(
      'multipart/form-data',
      { parseAs: 'buffer', bodyLimit: mostUploaded },
      async (request: FastifyRequest, body: string | Buffer) => readForm(request, Buffer.from(body)),
    );
    declare(inner);
    done();
  });
}

async function readForm({ headers }: FastifyRequest, body: Buffer): Promise<Record<string, unknown>> {
  const type = headers['content-type'] ?? '';
  const form = await new Response(body as Uint8Array<ArrayBuffer>, { headers: { 'content-type': type } })
    .formData()
    .catch(() => {
      throw Object.assign(new Error('The form cannot be read.'), { statusCode: 400 });
    });
  const fields = new Map<string, unknown>();
  for (const name of new Set(form.keys())) {
    const values = form.getAll(name);
    const [first] = values;
    if (values.every((value) => typeof value === 'string'))
      fields.set(name, values.length === 1 ? first : values);
    else if (values.length === 1 && first instanceof File && first.size > 0)
      fields.set(name, { name: first.name, bytes: await first.bytes() } satisfies Upload);
  }
  return Object.fromEntries(fields);
}

/** Undefined where no file was chosen. */
export function uploadOf({ body }: FastifyRequest, name: string): Upload | undefined {
  const value =
    typeof body === 'object' && body !== null ? (body as Record<string, unknown>)[name] : undefined;
  return typeof value === 'object' && value !== null && 'bytes' in value && value.bytes instanceof Uint8Array
    ? (value as Upload)
    : undefined;
}

// Reads long pasted texts: a mapping, a client's file, a sample.
// Invariant: the checked text is the shown text: an invisible character is reported, not passed on.

const most = 100_000;
/** Bytes of a form with three such texts, as browsers encode them. */
export const typedFormBytes = 1_200_000;

export function typedText(
  request: FastifyRequest,
  name: string,
): { readonly text: string; readonly problem: Both | undefined } {
  const whole = field(request, name, most * 2).replaceAll(/\r\n?/g, '\n');
  if (whole.length > most) return { text: whole.slice(0, most), problem: words.tooLong };
  const line = lineOfInvisible(whole);
  return {
    text: whole,
    problem:
      line === undefined
        ? undefined
        : [
            `La ligne ${line} contient un caractère invisible, qui ne peut pas être repris.`,
            `Line ${line} holds a sign that does not show: it cannot be taken over.`,
          ],
  };
}

// Checks a text typed for the log, and words its refusal for a page before the act.

/** In both languages why it is refused; undefined: it is not. */
export function problemOf(check: () => unknown): Both | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (!isRelaisError(error) || error.french === undefined) throw error;
    return [error.french, error.message];
  }
}

export const reasonProblem = (text: string): Both | undefined => problemOf(() => typedReason(text));
