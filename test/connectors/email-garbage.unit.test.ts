// A server whose words are no SMTP: it says nothing about the lead, which waits.
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { createEmailConnector } from '../../connectors/email/index.ts';
import { contextOf, parcelOf } from './rigs.ts';

const email = createEmailConnector();
afterAll(() => email.close?.());

const said: Readonly<Record<string, string>> = { MAIL: '250 ok', RCPT: '250 ok', DATA: '354 go on' };

/** Answers one command with words of its own. */
async function serverSaying(words: string, to: string): Promise<{ port: number; close: () => void }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    socket.write('220 here\r\n');
    socket.on('data', (bytes) => {
      const command = bytes.toString('latin1').slice(0, 4);
      socket.write(`${command === to ? words : (said[command] ?? '250 ok')}\r\n`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = (): void => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  return { port: (server.address() as AddressInfo).port, close };
}

test.each(['MAIL', 'RCPT', 'DATA'].flatMap((to) => ['999 x', '199 x', '<html>'].map((words) => [to, words])))(
  '%s answered with %s is tried again, and burns no lead',
  async (to = '', words = '') => {
    const { port, close } = await serverSaying(words, to);
    const outcome = await email.send(
      parcelOf(),
      {
        to: 'leads@horizon.example',
        from: 'relais@centre.example',
        smtp: { host: 'localhost', port },
      },
      contextOf(
        { secrets: {}, target: 'leads@horizon.example' },
        { network: { allowedRanges: ['127.0.0.0/8'], allowPlaintext: true } },
      ),
    );
    close();
    expect(outcome).toMatchObject({
      ...{ kind: 'unavailable', reason: 'ANSWER_UNREADABLE', maybeReceived: false },
    });
  },
);
