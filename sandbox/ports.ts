// Finds free TCP ports on the loopback, and waits for a server to listen there.
// Invariant: a free port may be taken before its server binds it, but by no outgoing connection.
import { randomInt } from 'node:crypto';
import { connect, createServer } from 'node:net';
import type { NetConnectOpts } from 'node:net';

/** Below those the system gives to outgoing connections (32,768 and up on Linux): a program takes seconds to bind its port. */
const ports = { from: 20_000, below: 32_768 };
const mostTries = 100;

export async function freePort(): Promise<number> {
  for (let tries = 1; ; tries += 1) {
    const port = randomInt(ports.from, ports.below);
    try {
      return await bound(port);
    } catch (error) {
      if (tries === mostTries) throw error;
    }
  }
}

/** Binds the port and releases it. */
const bound = (port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(port)));
  });

/**
 * Connects, sends `words` if any, and returns the answer until `enough` or the end of the line.
 * Returns '' when no server listens: while a server starts that is an ordinary answer.
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
