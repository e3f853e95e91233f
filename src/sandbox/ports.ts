// Free TCP ports on the loopback, and waiting for what should come to listen there.
// Invariant: a port found free may be lost again before its server binds it, so callers must be ready to retry.
import { connect, createServer } from 'node:net';
import type { NetConnectOpts } from 'node:net';

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

/**
 * Connects, says `words` if any, and returns what is answered until `enough` or the end of the line.
 * Returns '' when nobody listens: while a server starts that is an ordinary answer.
 */
export function converse(
  to: NetConnectOpts,
  words: string,
  enough: (answer: string) => boolean,
  timeoutMs = 2_000,
): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(to);
    const settle = (): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setEncoding('latin1');
    socket.setTimeout(timeoutMs, settle);
    socket.once('error', settle);
    socket.once('close', settle);
    socket.once('connect', () => {
      if (words !== '') socket.write(words);
    });
    socket.on('data', (text: string) => {
      answer += text;
      if (enough(answer)) settle();
    });
  });
}
