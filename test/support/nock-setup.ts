// Runs before every test file. nock patches Node's HTTP when it is loaded and must be restored after each
// file, or the next file in the same worker sees none of its interceptors. It is loaded only where the test
// file itself imports it: tests that talk to real servers then run on an unpatched Node.
import { readFileSync } from 'node:fs';
import type { default as Nock } from 'nock';

const LOOPBACK = /^(localhost|127\.0\.0\.1|\[::1\]|::1)(:\d+)?$/;

const testFile = expect.getState().testPath;

if (
  testFile !== undefined &&
  /(from\s+|require\(|import\()['"]nock['"]/.test(readFileSync(testFile, 'utf8'))
) {
  const nock = jest.requireActual<typeof Nock>('nock');

  beforeAll(() => {
    if (!nock.isActive()) nock.activate();
    // A mistyped host must fail at once, not wander out to the real network.
    nock.disableNetConnect();
    nock.enableNetConnect(LOOPBACK);
  });

  afterAll(() => {
    nock.cleanAll();
    nock.enableNetConnect();
    nock.restore();
  });
}
