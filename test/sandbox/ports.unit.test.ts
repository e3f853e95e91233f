// A port found free stays free until the process that was promised it has started, which takes seconds.
import { createServer } from 'node:net';
import { freePort } from '../../sandbox/ports.ts';

test('a free port is none that the system gives to outgoing connections', async () => {
  const ports = await Promise.all(Array.from({ length: 20 }, freePort));
  for (const port of ports) {
    expect(port).toBeGreaterThanOrEqual(20_000);
    // Linux begins there, others later.
    expect(port).toBeLessThan(32_768);
  }
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(ports[0], '127.0.0.1', resolve));
  await new Promise((resolve) => server.close(resolve));
});
