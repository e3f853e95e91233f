// A recipient that never stops talking: what is read of it has an end in bytes, not only in time.
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { email } from '../../connectors/email/index.ts';
import { webhook } from '../../connectors/webhook/index.ts';
import { contextOf, parcelOf } from './rigs.ts';

const timeouts = { connectMs: 20_000, responseMs: 20_000, totalMs: 30_000 };
const network = { allowedRanges: ['127.0.0.0/8'], allowPlaintext: true };

/** Answers what comes first with `head`, then sends `part` for ever; resolves with the bytes taken when it is cut off. */
async function endless(greeting: string, head: string, part: string) {
  const sockets = new Set<Socket>();
  let cut: (bytes: number) => void;
  const taken = new Promise<number>((resolve) => (cut = resolve));
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => cut(socket.bytesWritten));
    if (greeting !== '') socket.write(greeting);
    socket.once('data', () => {
      socket.write(head);
      const flood = (): void => {
        while (!socket.destroyed && socket.write(part));
      };
      socket.on('drain', flood);
      flood();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    taken,
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

afterAll(async () => {
  await webhook.close?.();
  await email.close?.();
});

const blank = '\r\n'.repeat(16 * 1024);

test.each([
  ['blank lines', '250-localhost\r\n250 OK\r\n', blank],
  ['one reply of many lines', '', '250-PART\r\n'.repeat(4 * 1024)],
  ['one line', '', '2'.repeat(32 * 1024)],
])('a mail server that sends %s for ever is cut off', async (_what, head, part) => {
  const server = await endless('220 localhost\r\n', head, part);
  try {
    const outcome = await email.send(
      parcelOf(),
      {
        to: 'leads@horizon.example',
        from: 'Relais <relais@centre.example>',
        smtp: { host: '127.0.0.1', port: server.port },
        attachment: 'json',
      },
      contextOf({ secrets: {}, target: 'leads@horizon.example' }, { timeouts, network }),
    );
    expect(outcome.kind).toBe('unavailable');
    expect(outcome).not.toMatchObject({ reason: 'TOTAL_TIMEOUT' });
    expect(await server.taken).toBeLessThan(256 * 1024 * 1024);
  } finally {
    server.close();
  }
});

test('blank lines without end keep nothing busy once the server is cut off', async () => {
  const { default: Connection } = await import('nodemailer/lib/smtp-connection');
  const turns = jest.spyOn(
    Connection.prototype as unknown as { _processResponse: () => void },
    '_processResponse',
  );
  const server = await endless('220 localhost\r\n', '250-localhost\r\n250 OK\r\n', blank);
  try {
    await email.send(
      parcelOf(),
      {
        to: 'leads@horizon.example',
        from: 'Relais <relais@centre.example>',
        smtp: { host: '127.0.0.1', port: server.port },
        attachment: 'json',
      },
      contextOf({ secrets: {}, target: 'leads@horizon.example' }, { timeouts, network }),
    );
    await server.taken;
    // Each turn asks for the next one at once: as long as any is left, one more comes with every turn of the loop.
    for (let before = -1; before < turns.mock.calls.length;) {
      before = turns.mock.calls.length;
      await new Promise((resolve) => setImmediate(resolve));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(turns.mock.calls.length).toBeLessThan(5_000);
  } finally {
    turns.mockRestore();
    server.close();
  }
});

const ok = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n';

test.each([
  ['headers', ok, `x-more: ${'x'.repeat(1024)}\r\n`, 'unknown'],
  ['a body', `${ok}transfer-encoding: chunked\r\n\r\n`, `400\r\n${' '.repeat(1024)}\r\n`, 'unknown'],
  ['answers before the answer', '', 'HTTP/1.1 102 Processing\r\n\r\n', 'unknown'],
])('a CRM that sends %s for ever is cut off', async (_what, head, part, kind) => {
  const server = await endless('', head, part);
  try {
    const outcome = await webhook.send(
      parcelOf(),
      { url: `http://127.0.0.1:${server.port}/leads` },
      contextOf({ secrets: {}, target: '127.0.0.1' }, { timeouts, network }),
    );
    expect(outcome.kind).toBe(kind);
    expect(outcome).not.toMatchObject({ reason: 'TOTAL_TIMEOUT' });
    expect(await server.taken).toBeLessThan(64 * 1024 * 1024);
  } finally {
    server.close();
  }
});
