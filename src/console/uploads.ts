// Reads a form with a file, whole, by the platform's own reader, up to the size of a demand.
// Invariant: only on the few addresses that take one, after the gate; a file is bytes and a name, and its content is not parsed.
import type { FastifyInstance, FastifyRequest } from 'fastify';

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
