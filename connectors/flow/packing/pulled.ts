// Pieces that are handed over by one side and asked for by another.
// Invariant: one piece is held at a time; whoever hands over waits until it was taken, or nobody takes any more.

export interface Pulled {
  readonly take: (piece: Uint8Array) => Promise<void>;
  readonly end: () => void;
  /** From now on what is handed over is dropped. */
  readonly stop: () => void;
  readonly pieces: AsyncIterable<Uint8Array>;
}

export function pulled(): Pulled {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const none = (): void => undefined;
  // Nobody waits for it: what is written after the end of the reading is dropped.
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
