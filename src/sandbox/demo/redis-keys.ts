// Removes the demo's keys from a Redis that is not ours to stop: a few words of its protocol, without a client library.
// Invariant: touches only keys that hold the demo's own prefix, which no other program uses.
import { connect } from 'node:net';

/** Best effort: what stays behind is a handful of empty queues. Over TLS it does nothing. */
export async function removeRedisKeys(redisUrl: string, prefix: string): Promise<void> {
  const url = new URL(redisUrl);
  if (url.protocol !== 'redis:' || !/^[A-Za-z0-9_]+$/.test(prefix)) return;
  const database = url.pathname.slice(1);
  const socket = connect({
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port === '' ? 6379 : url.port),
  });
  socket.setEncoding('utf8');
  socket.setTimeout(5_000, () => socket.destroy(new Error('Redis does not answer')));
  const said = createInbox();
  socket.on('data', said.add);
  socket.on('error', said.fail);
  socket.on('close', () => said.fail(new Error('Redis closed the connection')));
  const ask = async (...words: readonly string[]): Promise<unknown> => {
    socket.write(
      `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`,
    );
    return await said.next();
  };
  try {
    if (url.password !== '') {
      const user = decodeURIComponent(url.username);
      await ask('AUTH', ...(user === '' ? [] : [user]), decodeURIComponent(url.password));
    }
    if (database !== '') await ask('SELECT', database);
    let cursor = '0';
    do {
      const [next, keys] = (await ask('SCAN', cursor, 'MATCH', `*${prefix}*`, 'COUNT', '1000')) as [
        string,
        string[],
      ];
      // One at a time: on a cluster keys of different slots may not share a command.
      for (const key of keys) await ask('DEL', key);
      cursor = next;
    } while (cursor !== '0');
  } finally {
    socket.destroy();
  }
}

function createInbox(): {
  readonly add: (text: string) => void;
  readonly fail: (error: Error) => void;
  readonly next: () => Promise<unknown>;
} {
  let text = '';
  let failure: Error | undefined;
  let wake = (): void => undefined;
  return {
    add: (part) => {
      text += part;
      wake();
    },
    fail: (error) => {
      failure ??= error;
      wake();
    },
    next: async () => {
      for (;;) {
        const answer = readAnswer(text, 0);
        if (answer !== undefined) {
          text = text.slice(answer.end);
          if (answer.value instanceof Error) throw answer.value;
          return answer.value;
        }
        if (failure !== undefined) throw failure;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}

/** One answer of the protocol (RESP 2); undefined while it is not whole. Keys of ours are ASCII: bytes are characters. */
export function readAnswer(
  text: string,
  start: number,
): { readonly value: unknown; readonly end: number } | undefined {
  const stop = text.indexOf('\r\n', start);
  if (stop < 0) return undefined;
  const kind = text[start];
  const word = text.slice(start + 1, stop);
  if (kind === '-') return { value: new Error(`Redis: ${word.split(' ')[0] ?? ''}`), end: stop + 2 };
  if (kind === '$') {
    const end = stop + 2 + Number(word);
    if (Number(word) < 0) return { value: null, end: stop + 2 };
    return text.length < end + 2 ? undefined : { value: text.slice(stop + 2, end), end: end + 2 };
  }
  if (kind !== '*') return { value: word, end: stop + 2 };
  const values: unknown[] = [];
  let end = stop + 2;
  for (let left = Number(word); left > 0; left -= 1) {
    const answer = readAnswer(text, end);
    if (answer === undefined) return undefined;
    values.push(answer.value);
    end = answer.end;
  }
  return { value: values, end };
}
