// Runs before every test file, and prepares nock and fast-check where the file itself imports them.
// nock patches Node's HTTP when it is loaded and must be restored after each file, or the next file in the same worker sees none of its
// interceptors. Tests that connect to real servers then run on an unpatched Node. fast-check gets a seed: a test that fails by chance is
// a defect. TEST_ORDER, any word, gives another seed.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { default as FastCheck } from 'fast-check';
import type { default as Nock } from 'nock';

const LOOPBACK = /^(localhost|127\.0\.0\.1|\[::1\]|::1)(:\d+)?$/;

const { testPath } = expect.getState();
const source = testPath === undefined ? '' : readFileSync(testPath, 'utf8');
const imports = (name: string): boolean =>
  new RegExp(String.raw`(from\s+|require\(|import\()['"]${name}['"]`).test(source);

if (imports('fast-check')) {
  const { configureGlobal } = jest.requireActual<typeof FastCheck>('fast-check');
  configureGlobal({
    seed: createHash('sha256')
      .update(process.env['TEST_ORDER'] ?? '')
      .digest()
      .readInt32BE(),
  });
}

if (imports('nock')) {
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
