// The webhook's carrier against real servers: no redirect, no proxy, no way around the gate, no endless answer.
import { gzipSync } from 'node:zlib';
import { startDeadline } from '../../connectors/guard.ts';
import { createCarrier } from '../../connectors/guard/http/carrier.ts';
import { startHttpRecipient } from './servers/http.ts';

const timeouts = { connectMs: 1_000, responseMs: 1_000, totalMs: 2_000 };

describe('HTTP', () => {
  const carryTo = async (url: string, ranges: readonly string[] = ['127.0.0.0/8'], limits = timeouts) => {
    const carrier = createCarrier({ allowedRanges: ranges, allowPlaintext: true });
    const deadline = startDeadline({
      ...limits,
      signal: new AbortController().signal,
      mayLeave: () => true,
    });
    try {
      return await carrier.carry(
        { url: new URL(url), method: 'POST', headers: {}, body: Buffer.from('x') },
        limits,
        deadline,
      );
    } finally {
      deadline.clear();
      carrier.close();
    }
  };

  test('a redirect is an answer, never followed', async () => {
    const elsewhere = await startHttpRecipient();
    const recipient = await startHttpRecipient();
    recipient.answer = (_request, response) =>
      response.writeHead(307, { location: `http://127.0.0.1:${elsewhere.port}/` }).end();
    try {
      expect(await carryTo(`http://127.0.0.1:${recipient.port}/`)).toMatchObject({
        kind: 'answer',
        answer: { status: 307 },
      });
      expect(elsewhere.received).toEqual([]);
    } finally {
      await recipient.close();
      await elsewhere.close();
    }
  });

  test('an endless answer and one that unpacks without end are cut, not waited for', async () => {
    const recipient = await startHttpRecipient();
    // Far beyond what a busy machine needs: waiting for the end would still run into them, and be lost.
    const limits = { connectMs: 30_000, responseMs: 30_000, totalMs: 30_000 };
    const carried = async () => carryTo(`http://127.0.0.1:${recipient.port}/`, undefined, limits);
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    try {
      recipient.answer = (_request, response) => {
        const more = (): void => {
          while (!response.destroyed && response.write('x'.repeat(10_000)));
        };
        response.on('drain', more);
        more();
      };
      const endless = await carried();
      expect(endless).toMatchObject({ kind: 'answer', answer: { truncated: true } });
      recipient.answer = (_request, response) =>
        response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb);
      const unpacked = await carried();
      expect(unpacked).toMatchObject({ kind: 'answer', answer: { truncated: true } });
      expect(unpacked.kind === 'answer' ? unpacked.bytes : 0).toBeLessThan(200_000);
    } finally {
      await recipient.close();
    }
  });

  test('the wait for an answer has its own limit, and a broken answer is no answer', async () => {
    const recipient = await startHttpRecipient();
    const address = `http://127.0.0.1:${recipient.port}/`;
    try {
      recipient.answer = () => undefined;
      expect(await carryTo(address)).toEqual({ kind: 'lost', code: 'RESPONSE_TIMEOUT' });
      recipient.answer = (_request, response) => {
        response.writeHead(200, { 'content-length': '100' }).write('x', () => response.destroy());
      };
      expect(await carryTo(address)).toEqual({ kind: 'lost', code: 'ANSWER_CUT' });
      recipient.answer = (_request, response) =>
        response.writeHead(200, { 'content-encoding': 'gzip' }).end('no gzip');
      expect(await carryTo(address)).toEqual({ kind: 'lost', code: 'ANSWER_UNREADABLE' });
      recipient.answer = (_request, response) => response.socket?.end('HELLO 2000\r\n\r\n');
      expect(await carryTo(address)).toEqual({ kind: 'lost', code: 'ANSWER_UNREADABLE' });
    } finally {
      await recipient.close();
    }
  });

  test('proxies of the environment are ignored', async () => {
    const proxy = await startHttpRecipient();
    const recipient = await startHttpRecipient();
    const names = [
      'HTTP_PROXY',
      'http_proxy',
      'HTTPS_PROXY',
      'https_proxy',
      'ALL_PROXY',
      'all_proxy',
      'NODE_USE_ENV_PROXY',
    ];
    const before = names.map((name) => process.env[name]);
    for (const name of names)
      process.env[name] = name === 'NODE_USE_ENV_PROXY' ? '1' : `http://127.0.0.1:${proxy.port}`;
    try {
      expect(await carryTo(`http://127.0.0.1:${recipient.port}/`)).toMatchObject({ kind: 'answer' });
      expect(await carryTo('http://10.255.255.1/')).toMatchObject({
        kind: 'unreached',
        code: 'ADDRESS_NOT_ALLOWED',
      });
      expect(proxy.connections()).toBe(0);
      expect(recipient.received).toHaveLength(1);
    } finally {
      names.forEach((name, index) => {
        const value = before[index];
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      });
      await recipient.close();
      await proxy.close();
    }
  });

  test.each(['127.0.0.1', '2130706433', '0x7f.1', '[::ffff:127.0.0.1]'])(
    'a literal in the address is judged: %s',
    async (host) => {
      const recipient = await startHttpRecipient();
      try {
        expect(await carryTo(`http://${host}:${recipient.port}/`, [])).toEqual({
          kind: 'unreached',
          code: 'ADDRESS_NOT_ALLOWED',
        });
        expect(recipient.connections()).toBe(0);
      } finally {
        await recipient.close();
      }
    },
  );
});
