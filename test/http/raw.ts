// A request as bytes on a connection, and all that comes back until the connection is closed.
import { connect, type Socket } from 'node:net';

export interface RawConnection {
  readonly socket: Socket;
  readonly send: (bytes: string | Buffer) => void;
  /** Answers when the other side has closed the connection. */
  readonly answer: Promise<string>;
}

export async function openRaw(port: number): Promise<RawConnection> {
  const socket = connect(port, '127.0.0.1');
  const parts: Buffer[] = [];
  socket.on('data', (part) => parts.push(part));
  // Whoever is refused may be cut off while it still sends.
  socket.on('error', () => undefined);
  const answer = new Promise<string>((done) =>
    socket.on('close', () => done(Buffer.concat(parts).toString('utf8'))),
  );
  await new Promise<void>((done) => socket.once('connect', () => done()));
  return { socket, send: (bytes) => void socket.write(bytes), answer };
}

export async function askRaw(port: number, bytes: string | Buffer): Promise<string> {
  const { send, answer } = await openRaw(port);
  send(bytes);
  return answer;
}

export const statusIn = (answer: string): number => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1]);

export const bodyIn = (answer: string): string => answer.slice(answer.indexOf('\r\n\r\n') + 4);
