// Answers with a file: saved by the browser, never shown by it.
// Invariant: an uploaded file is returned as bytes; its name can break neither the header nor a folder.
import type { FastifyReply } from 'fastify';

/** Bytes that no browser opens by itself; `text` for plain text of ours. */
export function download(
  reply: FastifyReply,
  {
    name,
    bytes,
    type = 'application/octet-stream',
  }: { name: string; bytes: Uint8Array | string; type?: string },
): FastifyReply {
  const plain = name
    .normalize('NFKD')
    .replaceAll(/[^A-Za-z0-9._-]+/g, '_')
    .replace(/^\.+/, '')
    .slice(-100);
  return reply
    .type(type)
    .header('content-disposition', `attachment; filename="${plain === '' ? 'document' : plain}"`)
    .header('content-security-policy', "default-src 'none'; sandbox")
    .send(typeof bytes === 'string' ? bytes : Buffer.from(bytes));
}
