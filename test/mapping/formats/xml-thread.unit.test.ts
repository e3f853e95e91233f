// The question to the XML thread waits for its own answer, whatever wakes it.
import { MessageChannel, Worker } from 'node:worker_threads';
import { askOver } from '../../../src/mapping/formats/xml-thread.ts';

test('a late wake-up of the answer before does not end the next question', async () => {
  const { port1, port2 } = new MessageChannel();
  const signal = new Int32Array(new SharedArrayBuffer(4));
  // Wakes who waits while nothing has been answered, sends the answer before once more, and only then the right one.
  const worker = new Worker(
    `const { port, signal } = require('node:worker_threads').workerData;
     port.on('message', ({ number }) => {
       for (let waiting = 0; waiting === 0; ) waiting = Atomics.notify(signal, 0);
       port.postMessage({ number: number - 1, content: { kind: 'forgotten' } });
       Atomics.add(signal, 0, 1);
       Atomics.notify(signal, 0);
       port.postMessage({ number, content: { kind: 'compiled' } });
       Atomics.add(signal, 0, 1);
       Atomics.notify(signal, 0);
     });`,
    { eval: true, workerData: { port: port2, signal }, transferList: [port2] },
  );
  try {
    const question = { ask: 'read', xml: '<a/>', xpaths: [] } as const;
    for (let number = 1; number <= 50; number += 1)
      expect(askOver({ port: port1, signal }, { number, content: question }, 20_000)).toEqual({
        kind: 'compiled',
      });
  } finally {
    await worker.terminate();
    port1.close();
  }
});
