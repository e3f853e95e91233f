// A recipient that says yes at once, in a process of its own so that its work is nobody else's. Sends its port, and its count when asked.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

let count = 0;
const server = createServer((request, response) => {
  request.resume();
  request.on('end', () => {
    count += 1;
    response.setHeader('content-type', 'application/json');
    response.end(`{"success":true,"id":"R-${count}"}`);
  });
});
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
process.on('message', () => process.send?.(count));
