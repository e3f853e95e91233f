// Connects a writer that pushes pieces to a reader that pulls them.
// Invariant: one piece is held at a time; the writer waits until it was taken, or until reading has stopped.

export interface Pulled {
  readonly take: (piece: Uint8Array) => Promise<void>;
  readonly end: () => void;
  /** Drops everything that is pushed from now on. */
  readonly stop: () => void;
  readonly pieces: AsyncIterable<Uint8Array>;
}

export function pulled(): Pulled {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const none = (): void => undefined;
  // No code awaits it: pieces written after the end of the reading are dropped.
  writer.closed.catch(none);
  let stopped = false;
  return {
    take: async (piece) => {
      if (stopped) return;
      await writer.ready.catch(none);
      writer.write(piece).catch(none);
    },
    end: () => void writer.close().catch(none),
    stop: () => {
      stopped = true;
      writer.abort().catch(none);
    },
    pieces: readable,
  };
}
