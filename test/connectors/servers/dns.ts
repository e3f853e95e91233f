// A name server on loopback for TXT records (RFC 1035 over UDP): real enough for Node's resolver.
import { createSocket } from 'node:dgram';

export interface DnsServer {
  /** `127.0.0.1:port`. */
  readonly address: string;
  /** Records by name: each a list of strings. */
  readonly texts: Map<string, readonly (readonly string[])[]>;
  /** Says nothing, as a resolver does that cannot be reached. */
  silent: boolean;
  readonly close: () => Promise<void>;
}

export async function startDnsServer(): Promise<DnsServer> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => {
    socket.bind(0, '127.0.0.1', resolve);
  });
  const server: DnsServer = {
    address: `127.0.0.1:${socket.address().port}`,
    texts: new Map(),
    silent: false,
    close: () =>
      new Promise((resolve) => {
        socket.close(() => resolve());
      }),
  };
  socket.on('message', (query, from) => {
    if (server.silent) return;
    const name: string[] = [];
    let at = 12;
    for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
      name.push(query.toString('latin1', at + 1, at + 1 + length));
      at += length + 1;
    }
    const question = query.subarray(12, at + 5);
    const records = server.texts.get(name.join('.').toLowerCase()) ?? [];
    const head = Buffer.alloc(12);
    head.writeUInt16BE(query.readUInt16BE(0), 0);
    // An answer with recursion; 3: no such name.
    head.writeUInt16BE(records.length === 0 ? 0x8183 : 0x8180, 2);
    head.writeUInt16BE(1, 4);
    head.writeUInt16BE(records.length, 6);
    const answers = records.map((strings) => {
      const data = Buffer.concat(
        strings.map((text) => Buffer.from([text.length, ...Buffer.from(text, 'latin1')])),
      );
      const fixed = Buffer.from([0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 60, 0, 0]);
      fixed.writeUInt16BE(data.length, 10);
      return Buffer.concat([fixed, data]);
    });
    socket.send(Buffer.concat([head, question, ...answers]), from.port, from.address);
  });
  return server;
}
