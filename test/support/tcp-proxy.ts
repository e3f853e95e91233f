// A TCP proxy that a test can cut: connections then fail, or hang as behind a partition.
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface TcpProxy {
  readonly port: number;
  /** `pass`; `refuse` ends every connection, new ones too; `hang` carries nothing any more and ends nothing. */
  mode: (mode: 'pass' | 'refuse' | 'hang') => void;
  readonly close: () => Promise<void>;
}

export async function startTcpProxy(
  target: { readonly host: string; readonly port: number },
  address = '127.0.0.1',
): Promise<TcpProxy> {
  let now: 'pass' | 'refuse' | 'hang' = 'pass';
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    sockets.add(client);
    client.on('error', () => undefined);
    client.on('close', () => sockets.delete(client));
    if (now === 'refuse') return void client.destroy();
    const upstream = connect(target);
    sockets.add(upstream);
    upstream.on('error', () => client.destroy());
    upstream.on('close', () => {
      sockets.delete(upstream);
      client.destroy();
    });
    client.on('close', () => upstream.destroy());
    client.on('data', (part) => void (now === 'pass' && upstream.write(part)));
    upstream.on('data', (part) => void (now === 'pass' && client.write(part)));
  });
  await new Promise<void>((done) => server.listen(0, address, done));
  const cut = (): void => sockets.forEach((socket) => socket.destroy());
  return {
    port: (server.address() as AddressInfo).port,
    mode: (mode) => {
      // What hung has lost bytes: those connections are of no use afterwards.
      if (mode === 'refuse' || now === 'hang') cut();
      now = mode;
    },
    close: async () => {
      cut();
      await new Promise((done) => server.close(done));
    },
  };
}
