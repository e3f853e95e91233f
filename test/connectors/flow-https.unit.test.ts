// Files put or posted by HTTPS: asked for before, read back after, never one over another.
import type { Got, Outcome, Parcel, SendContext } from '../../connectors/contract.ts';
import { flow } from '../../connectors/flow/index.ts';
import { httpsRig, type HttpsRig } from './file-rigs.ts';
import { bytesInPieces, contextOf, parcelOf, sendInPieces } from './rigs.ts';

let rig: HttpsRig;
const path = 'files/in/LEADS_20261120_000042.csv';
const bytes = Buffer.from('NOM;TEL\r\nMARTIN;0612345678\r\n');
const body = { bytes, mediaType: 'text/csv', extension: 'csv' };

beforeAll(async () => {
  rig = await httpsRig();
});
afterEach(() => rig.recover());
afterAll(() => rig.close());

const context = (over: Partial<SendContext> = {}): SendContext =>
  contextOf(rig, { timeouts: { connectMs: 20_000, responseMs: 20_000, totalMs: 60_000 }, ...over });
const settingsWith = (over: object = {}, server: object = {}): unknown => ({
  ...rig.settings,
  ...over,
  server: { ...(rig.settings['server'] as object), ...server },
});
const send = async (over: object = {}, parcel: Partial<Parcel> = {}, server: object = {}): Promise<Outcome> =>
  await flow.send(parcelOf({ body, ...parcel }), settingsWith(over, server), context());
const asked = async (over: object = {}): Promise<Outcome | undefined> =>
  await flow.lookup?.(parcelOf({ body }), settingsWith(over), context());
const sent = (): readonly string[] => rig.recipient.log.filter((line) => /^(PUT|POST)/.test(line));
const at = (name: string): string => `https://localhost:${rig.recipient.port}/${name}`;

test('a file is put once at its own address, its control file behind it, and the same batch is recognised', async () => {
  expect(await send()).toMatchObject({ kind: 'accepted' });
  expect(sent()).toEqual([`PUT ${path}`, `PUT ${path}.ctl`]);
  expect(rig.recipient.files.get(path)).toEqual(bytes);
  expect(await send()).toMatchObject({ kind: 'duplicate' });
  expect(sent()).toHaveLength(2);
});

test.each<[string, object]>([
  ['as a body', {}],
  ['in a form', { field: 'file' }],
])('a file is posted %s, seen at its own address, and never posted again', async (_name, post) => {
  const server = { post: { url: at('upload'), ...post } };
  expect(await send({ control: undefined }, {}, server)).toMatchObject({ kind: 'accepted' });
  expect(rig.recipient.files.get(path)).toEqual(bytes);
  expect(await send({ control: undefined }, {}, server)).toMatchObject({ kind: 'duplicate' });
  expect(sent()).toEqual(['POST upload']);
});

test('what stands there is never replaced, not even what came between our look and our sending', async () => {
  rig.recipient.files.set(path, Buffer.from('x'.repeat(bytes.length)));
  expect(await send()).toMatchObject({ kind: 'refused', reason: 'NAME_TAKEN' });
  expect(sent()).toEqual([]);
  rig.recipient.files.clear();
  rig.recipient.fault = (step) => {
    if (step === 'sent') rig.recipient.files.set(path, Buffer.from('theirs'));
    return undefined;
  };
  expect(await send()).toMatchObject({ kind: 'refused', reason: 'NAME_TAKEN' });
  expect(rig.recipient.files.get(path)?.toString()).toBe('theirs');
});

test('a lost answer is unknown, and the next attempt or a look-up finds the file', async () => {
  rig.recipient.fault = (step) => (step === 'stored' ? 'reset' : undefined);
  expect(await send()).toMatchObject({ kind: 'unknown', reason: 'CONNECTION_LOST' });
  rig.recipient.fault = () => undefined;
  expect(await asked()).toMatchObject({ kind: 'accepted' });
  expect(await send()).toMatchObject({ kind: 'duplicate' });
});

test('a long file goes through as a stream, whatever time-out its pieces keep', async () => {
  const outcome = await sendInPieces((long, timeouts) =>
    flow.send(
      parcelOf({ body: { ...body, bytes: new Uint8Array(0), long } }),
      settingsWith(),
      context({ timeouts }),
    ),
  );
  expect(outcome).toMatchObject({ kind: 'accepted' });
  expect(rig.recipient.files.get(path)?.length).toBe(bytesInPieces);
});

test('C22: a lease that is lost behind the last piece: the end of the file does not leave, and the server has none', async () => {
  let isLost = false;
  async function* read(): AsyncGenerator<Uint8Array> {
    yield await Promise.resolve(bytes);
    isLost = true;
  }
  const outcome = await flow.send(
    parcelOf({ body: { ...body, bytes: new Uint8Array(0), long: { size: bytes.length, read } } }),
    settingsWith(),
    context({ mayLeave: () => !isLost }),
  );
  expect(outcome).toMatchObject({ reason: expect.stringMatching(/^LEASE_LOST/) as string });
  expect(rig.recipient.files.size).toBe(0);
});

test('a token is got before, and anew once where it is refused', async () => {
  const given: string[] = [];
  const obtain = async (): Promise<{
    readonly ok: true;
    readonly credential: { readonly token: string; readonly version: number };
  }> => {
    given.push(`jeton-${given.length + 1}`);
    return await Promise.resolve({
      ok: true,
      credential: { token: given.at(-1) ?? '', version: given.length },
    });
  };
  const oauth2 = {
    grant: 'client_credentials',
    tokenUrl: 'https://login.horizon.example/token',
    clientId: 'relais',
    clientSecret: 'secret:FILES',
  };
  rig.recipient.letsIn = (given) => given === 'jeton-2';
  const settings = settingsWith({}, { auth: { oauth2 } });
  const outcome = await flow.send(parcelOf({ body }), settings, context({ credentials: { obtain } }));
  expect(outcome).toMatchObject({ kind: 'accepted' });
  expect(given).toEqual(['jeton-1', 'jeton-2']);
  expect(flow.dials?.(settings)).toEqual(['localhost', 'login.horizon.example']);
  const held: Extract<Got, { ok: false }> = {
    ok: false,
    outcome: { kind: 'unauthorized', reason: 'TOKEN_INVALID_CLIENT' },
  };
  const refusing = { obtain: async () => await Promise.resolve(held) };
  expect(await flow.send(parcelOf({ body }), settings, context({ credentials: refusing }))).toMatchObject({
    reason: 'TOKEN_INVALID_CLIENT',
  });
});

test.each<[number, string, string]>([
  [403, 'unauthorized', 'HTTP_403'],
  [405, 'unauthorized', 'METHOD_REFUSED'],
  [409, 'unauthorized', 'FOLDER_MISSING'],
  [413, 'refused', 'FILE_TOO_LARGE'],
  [501, 'unauthorized', 'CONDITION_UNKNOWN'],
  [503, 'unavailable', 'SERVER_FAILURE'],
  [504, 'unknown', 'CONNECTION_LOST'],
  [507, 'unavailable', 'FOLDER_FULL'],
  [302, 'unavailable', 'SERVER_FAILURE'],
])('a %i is read as %s: %s', async (status, kind, reason) => {
  rig.recipient.fault = (step) => (step === 'sent' ? status : undefined);
  expect(await send()).toMatchObject({ kind, reason });
});

test('the acknowledgement is looked for below the address', async () => {
  const ack = { path: 'out/ACK_{seq}.csv' };
  expect(await send({ ack })).toMatchObject({ kind: 'pending' });
  rig.recipient.files.set('files/out/ACK_42.csv', Buffer.from('"success":true'));
  expect(await asked({ ack })).toMatchObject({ kind: 'accepted', reference: 'CRM-1' });
});

test.each<[string, object, object, string]>([
  ['a scheme of another server', { to: 's3:horizon/in' }, {}, '/to'],
  ['a temporary name', { tempSuffix: '.tmp' }, {}, '/tempSuffix'],
  ['an address that is a secret', {}, { url: 'secret:PLACE' }, '/server/url'],
  ['a placeholder in it', {}, { url: 'https://files.horizon.example/{name}' }, '/server/url'],
  ['a token in clear', {}, { auth: { bearer: 'jeton-4f2a' } }, '/server/auth/bearer'],
])('%s is a problem', (_name, over, server, where) => {
  const found = flow.check(settingsWith(over, server));
  expect(found.map((problem) => problem.path)).toContain(where);
  expect(JSON.stringify(found)).not.toContain('jeton-4f2a');
});

test('the check tells what nobody keeps from being replaced, and what would travel in clear', () => {
  expect(flow.doubts?.(settingsWith())).toEqual([]);
  expect(flow.doubts?.(settingsWith({}, { conditional: false }))).toHaveLength(1);
  expect(flow.doubts?.(settingsWith({}, { post: { url: at('upload') } }))).toHaveLength(1);
  expect(flow.inClear?.(settingsWith({}, { url: 'http://files.horizon.example/in' }))).toEqual([
    '/server/url',
  ]);
});
