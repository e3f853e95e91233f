// Decodes, measures and parses JSON bodies for every route.
// Invariant: nothing is repaired or chosen for the sender: bytes that are not UTF-8, a repeated name, and a body that is too deep
// or too wide are refused before any route sees them.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { jsonFaults, readJson, type JsonFault } from '../domain/json-text.ts';
import { RefusedRequest } from './problems.ts';

const details: Readonly<Record<JsonFault, string>> = {
  not_json: 'The body cannot be read: it is not JSON.',
  too_deep: `The body is refused: ${jsonFaults.too_deep}.`,
  too_wide: `The body is refused: ${jsonFaults.too_wide}.`,
  name_twice: `The body is refused: ${jsonFaults.name_twice}, and nobody can say which value counts.`,
};

export function readsJsonBodies(server: FastifyInstance): void {
  server.removeAllContentTypeParsers();
  server.addContentTypeParser<Buffer>(
    'application/json',
    { parseAs: 'buffer' },
    async (request: FastifyRequest, bytes: Buffer) => bodyOf(request, bytes),
  );
}

function bodyOf({ headers }: FastifyRequest, bytes: Buffer): unknown {
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding.toLowerCase() !== 'identity')
    throw new RefusedRequest({ status: 415, detail: 'A body is sent without Content-Encoding.' });
  const charset = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(headers['content-type'] ?? '')?.[1] ?? 'utf-8';
  if (!/^utf-?8$/i.test(charset))
    throw new RefusedRequest({
      status: 415,
      detail: 'A body of JSON is written in UTF-8, and in no other charset.',
    });
  if (bytes.byteLength === 0)
    throw new RefusedRequest({ status: 400, detail: 'The body is empty: it is JSON, `{}` at least.' });
  const read = readJson(textOf(bytes));
  if ('fault' in read) throw new RefusedRequest({ status: 400, detail: details[read.fault] });
  return read.value;
}

function textOf(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new RefusedRequest({ status: 400, detail: 'The body cannot be read: its bytes are not UTF-8.' });
  }
}
