// A small TCP proxy between a process and a service: what networks do, on demand.
// Invariant: it never changes a byte; it delays, withholds or cuts. Its port stays while its target moves.
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface Target {
  readonly host: string;
  readonly port: number;
}

/** `open` passes; `frozen` passes nothing in either direction; `mute` passes questions and withholds answers; `shut` refuses. */
export type Passage = 'open' | 'frozen' | 'mute' | 'shut';

export interface Proxy {
  readonly port: number;
  /** What passes from now on. Opening again lets what was withheld through, as a healed network does. */
  readonly set: (passage: Passage) => void;
  /** Adds this much to every piece of data, each way, ms. */
  readonly delay: (ms: number) => void;
  /** Each piece of data, either way, ends its connection instead of passing with this probability. */
  readonly fray: (chance: number) => void;
  /** Cuts every connection, at once and without a goodbye. */
  readonly cut: () => void;
  /**
   * Leaves the connections of now silent for ever for the one who dialled; new ones pass. As a NAT that forgot.
   * The service learns of the end after `ms`, as by its own keep-alive.
   */
  readonly strand: (ms: number) => void;
  /** New connections go there. */
  readonly aim: (target: Target) => void;
  readonly close: () => Promise<void>;
}

interface Pair {
  readonly inner: Socket;
  readonly outer: Socket;
  stranded: boolean;
}

export async function startProxy(first: Target): Promise<Proxy> {
  let target = first;
  let passage: Passage = 'open';
  let delayMs = 0;
  let frayed = 0;
  const pairs = new Set<Pair>();

  const end = ({ outer, inner }: Pair): void => {
    abort(outer);
    inner.destroy();
  };
  const regulate = (pair: Pair): void => {
    const silent = pair.stranded || passage === 'frozen' || passage === 'shut';
    for (const [socket, stopped] of [
      [pair.outer, silent],
      [pair.inner, silent || passage === 'mute'],
    ] as const) {
      if (stopped) socket.pause();
      else socket.resume();
    }
  };
  const pump = (from: Socket, to: Socket, pair: Pair): void => {
    const late: Buffer[] = [];
    from.on('data', (data: Buffer) => {
      if (Math.random() < frayed) {
        end(pair);
        return;
      }
      if (delayMs === 0 && late.length === 0) {
        to.write(data);
        return;
      }
      late.push(data);
      // Whichever timer fires writes what came first: bytes keep their order when the delay changes.
      setTimeout(() => {
        const [next] = late.splice(0, 1);
        if (next !== undefined) to.write(next);
      }, delayMs);
    });
    from.on('error', () => undefined);
    from.on('close', () => {
      // Who dialled hears of no end; its own end is the service's.
      if (pair.stranded && from === pair.inner) return;
      pairs.delete(pair);
      if (late.length === 0) to.destroy();
      // What is still under way arrives before the end does.
      else
        setTimeout(() => {
          for (const data of late.splice(0)) to.write(data);
          to.destroySoon();
        }, delayMs);
    });
  };
  const server = createServer({ noDelay: true }, (outer) => {
    outer.on('error', () => undefined);
    if (passage === 'shut') {
      abort(outer);
      return;
    }
    const inner = connect({ ...target, noDelay: true });
    const pair: Pair = { inner, outer, stranded: false };
    pairs.add(pair);
    pump(outer, inner, pair);
    pump(inner, outer, pair);
    regulate(pair);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));

  const cut = (): void => {
    for (const pair of pairs) end(pair);
    pairs.clear();
  };
  return {
    port: (server.address() as AddressInfo).port,
    set: (next) => {
      passage = next;
      if (next === 'shut') cut();
      for (const pair of pairs) regulate(pair);
    },
    delay: (ms) => {
      delayMs = ms;
    },
    fray: (chance) => {
      frayed = chance;
    },
    cut,
    strand: (ms) => {
      const stranded = [...pairs];
      for (const pair of stranded) {
        pair.stranded = true;
        regulate(pair);
      }
      setTimeout(() => stranded.forEach((pair) => pair.inner.destroy()), ms).unref();
    },
    aim: (next) => {
      target = next;
    },
    close: async () => {
      cut();
      await new Promise((done) => server.close(done));
    },
  };
}

/** A reset of a socket that is ending already leaves its handle open for ever, and the event loop spinning on it. */
function abort(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}
