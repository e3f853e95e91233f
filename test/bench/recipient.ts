// A recipient that says yes at once, in a process of its own so that its work is nobody else's. Prints its port.
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
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
