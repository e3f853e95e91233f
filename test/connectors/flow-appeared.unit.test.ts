// A file that stands at the recipient while whatever comes after it fails: the recipient has it, and the outcome says so.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Outcome } from '../../connectors/contract.ts';
import { flow } from '../../connectors/flow/index.ts';
import { ftpsRig, httpsRig, s3Rig } from './file-rigs.ts';
import { contextOf, parcelOf, type Rig } from './rigs.ts';

let open: Rig | undefined;
const opened = <R extends Rig>(rig: R): R => {
  open = rig;
  return rig;
};
afterEach(() => open?.close());

const name = 'LEADS_20261120_000042.csv';
const body = { bytes: Buffer.from('NOM\r\nMARTIN\r\n'), mediaType: 'text/csv', extension: 'csv' };
const send = (rig: Rig, over: object = {}): Promise<Outcome> =>
  flow.send(
    parcelOf({ body }),
    { ...rig.settings, ...over },
    contextOf(rig, { timeouts: { connectMs: 20_000, responseMs: 20_000, totalMs: 60_000 } }),
  );
const has = (rig: Rig): boolean => rig.arrivedKeys().some((path) => path.endsWith(name));

test('HTTPS: a token that is refused when the size is read back', async () => {
  const rig = opened(await httpsRig());
  let isIn = true;
  rig.recipient.letsIn = () => isIn;
  rig.recipient.fault = (step) => {
    if (step === 'stored') isIn = false;
    return undefined;
  };
  expect(await send(rig)).toMatchObject({ kind: 'unauthorized', reason: 'HTTP_401', maybeReceived: true });
  expect(has(rig)).toBe(true);
});

test('HTTPS: no other token to be had when the size is read back', async () => {
  const rig = opened(await httpsRig());
  let isIn = true;
  rig.recipient.letsIn = () => isIn;
  rig.recipient.fault = (step) => {
    if (step === 'stored') isIn = false;
    return undefined;
  };
  const endings: readonly Outcome[] = [
    { kind: 'unauthorized', reason: 'TOKEN_INVALID_CLIENT' },
    { kind: 'unavailable', reason: 'TOKEN_HTTP_503', maybeReceived: false },
    { kind: 'throttled', reason: 'TOKEN_TOO_MANY_REQUESTS' },
  ];
  const oauth2 = {
    grant: 'client_credentials',
    tokenUrl: 'https://login.horizon.example/token',
    clientId: 'relais',
    clientSecret: 'secret:FILES',
  };
  const server = { ...(rig.settings['server'] as object), auth: { oauth2 } };
  for (const outcome of endings) {
    isIn = true;
    rig.recipient.files.clear();
    let given = 0;
    const obtain = () =>
      Promise.resolve(
        (given += 1) === 1
          ? { ok: true as const, credential: { token: 'jeton', version: 1 } }
          : { ok: false as const, outcome },
      );
    const context = contextOf(rig, { credentials: { obtain } });
    const ended = await flow.send(parcelOf({ body }), { ...rig.settings, server }, context);
    expect(ended).toMatchObject({ ...outcome, maybeReceived: true });
    expect(has(rig)).toBe(true);
  }
});

test('S3: a key that may write and not look', async () => {
  const rig = opened(await s3Rig());
  let isThere = false;
  rig.recipient.fault = (step) => {
    if (step === 'stored') isThere = true;
    return step === 'asked' && isThere ? { status: 403, code: 'AccessDenied' } : undefined;
  };
  expect(await send(rig)).toMatchObject({ kind: 'unauthorized', maybeReceived: true });
  expect(has(rig)).toBe(true);
});

test('FTPS: a size that is told no more, and a control file that may not be written', async () => {
  const rig = opened(await ftpsRig('explicit'));
  rig.fault = (step) => {
    if (step === 'renamed') rig.unknown = ['SIZE'];
    return undefined;
  };
  expect(await send(rig)).toMatchObject({ kind: 'unauthorized', reason: 'SIZE_UNTOLD', maybeReceived: true });
  expect(has(rig)).toBe(true);
  rig.recover();
  rig.unknown = [];
  rig.fault = (step, path) => (step === 'open' && path.includes('.ctl') ? 553 : undefined);
  expect(await send(rig)).toMatchObject({
    kind: 'unauthorized',
    reason: 'FOLDER_FORBIDDEN',
    maybeReceived: true,
  });
  expect(has(rig)).toBe(true);
});

test('another’s control file stands beside ours', async () => {
  const rig = opened(await ftpsRig('explicit'));
  writeFileSync(join(rig.home, 'in', `${name}.ctl`), 'theirs');
  expect(await send(rig)).toMatchObject({ kind: 'refused', reason: 'NAME_TAKEN', maybeReceived: true });
  expect(has(rig)).toBe(true);
});

test('a plain no to the file itself is a no: nothing was received', async () => {
  const rig = opened(await s3Rig());
  rig.recipient.fault = (step) => (step === 'put' ? { status: 403, code: 'AccessDenied' } : undefined);
  expect(await send(rig)).not.toHaveProperty('maybeReceived', true);
  expect(has(rig)).toBe(false);
});
