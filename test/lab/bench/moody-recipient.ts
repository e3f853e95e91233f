// Forty recipients in one process of its own, by the first word of the path: hang, 500, 429, yes after 10 ms, or, busy, after 200.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

let count = 0;
const server = createServer((request, response) => {
  request.resume();
  const mood = /^\/(\w+)-/.exec(request.url ?? '')?.[1];
  request.on('end', () => {
    count += 1;
    if (mood === 'hangs') return;
    if (mood === 'fails') return void response.writeHead(500).end();
    if (mood === 'throttles') return void response.writeHead(429, { 'retry-after': '1' }).end();
    const body = `{"success":true,"id":"R-${count}"}`;
    setTimeout(
      () => response.writeHead(200, { 'content-type': 'application/json' }).end(body),
      mood === 'busy' ? 200 : 10,
    );
  });
});
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
