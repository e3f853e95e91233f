// Serves the files a page loads: our style sheet, htmx and a script of ours, from this host alone.
// Invariant: an address names the content, so that it may be cached for ever and is never outdated.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';

const asset = (name: string, type: string, bytes: Buffer) => ({
  address: `/assets/${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}/${name}`,
  type,
  bytes,
});

const style = asset(
  'console.css',
  'text/css; charset=utf-8',
  readFileSync(join(import.meta.dirname, 'assets/console.css')),
);
const icon = asset('icon.svg', 'image/svg+xml', readFileSync(join(import.meta.dirname, 'assets/icon.svg')));
const script = asset(
  'htmx.js',
  'text/javascript; charset=utf-8',
  readFileSync(createRequire(import.meta.url).resolve('htmx.org/dist/htmx.min.js')),
);
const live = asset(
  'live.js',
  'text/javascript; charset=utf-8',
  readFileSync(join(import.meta.dirname, 'assets/live.js')),
);

export const assets = {
  style: style.address,
  script: script.address,
  icon: icon.address,
  live: live.address,
} as const;

export function assetRoutes(server: FastifyInstance): void {
  for (const { address, type, bytes } of [style, script, icon, live])
    server.get(address, { config: { gate: 'open' } }, (_request, reply) =>
      reply.type(type).header('cache-control', 'public, max-age=31536000, immutable').send(bytes),
    );
}
