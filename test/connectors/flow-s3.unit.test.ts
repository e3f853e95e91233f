// Files in S3-compatible storage: whole or not there, never one over another.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Outcome, Parcel, SendContext } from '../../connectors/contract.ts';
import { flow } from '../../connectors/flow/index.ts';
import { serversIn } from '../../sandbox/recipients/stand-in.ts';
import { s3Rig, type S3Rig } from './file-rigs.ts';
import { contextOf, parcelOf } from './rigs.ts';

let rig: S3Rig;
const key = 'in/LEADS_20261120_000042.csv';
const bytes = Buffer.from('NOM;TEL\r\nMARTIN;0612345678\r\n');
const body = { bytes, mediaType: 'text/csv', extension: 'csv' };
const mega = 1024 * 1024;

beforeAll(async () => {
  rig = await s3Rig();
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
const long = (pieces: number): Partial<Parcel> => ({
  body: {
    ...body,
    bytes: new Uint8Array(0),
    long: {
      size: pieces * mega,
      async *read() {
        for (let index = 0; index < pieces; index += 1)
          yield await Promise.resolve(Buffer.alloc(mega, String(index % 10)));
      },
    },
  },
});

test('a file is written once, with its control file behind it, and the same batch is recognised', async () => {
  expect(await send()).toMatchObject({ kind: 'accepted' });
  expect([...rig.recipient.objects.keys()]).toEqual([key, `${key}.ctl`]);
  expect(rig.recipient.objects.get(key)).toEqual(bytes);
  rig.recipient.log.length = 0;
  expect(await send()).toMatchObject({ kind: 'duplicate' });
  expect(rig.recipient.log.filter((line) => line.startsWith('PUT'))).toEqual([]);
});

test('what stands under the name is never replaced, not even what came between our look and our writing', async () => {
  rig.recipient.objects.set(key, Buffer.from('x'.repeat(bytes.length)));
  expect(await send()).toMatchObject({ kind: 'refused', reason: 'NAME_TAKEN' });
  rig.recipient.objects.clear();
  rig.recipient.fault = (step) => {
    if (step === 'put') rig.recipient.objects.set(key, Buffer.from('theirs'));
    return undefined;
  };
  expect(await send()).toMatchObject({ kind: 'refused', reason: 'NAME_TAKEN' });
  expect(rig.recipient.objects.get(key)?.toString()).toBe('theirs');
});

test('a long file goes in parts that are put together at the end, and the same one is recognised', async () => {
  expect(await send({}, long(20))).toMatchObject({ kind: 'accepted' });
  expect(rig.recipient.objects.get(key)?.length).toBe(20 * mega);
  expect(rig.recipient.open.size).toBe(0);
  expect(await send({}, long(20))).toMatchObject({ kind: 'duplicate' });
});

test('a long file under a name that was taken meanwhile leaves neither the name nor parts behind', async () => {
  rig.recipient.fault = (step) => {
    if (step === 'put') rig.recipient.objects.set(key, Buffer.from('theirs'));
    return undefined;
  };
  expect(await send({}, long(20))).toMatchObject({ kind: 'refused', reason: 'NAME_TAKEN' });
  expect(rig.recipient.objects.get(key)?.toString()).toBe('theirs');
  expect(rig.recipient.open.size).toBe(0);
});

test('a cut before the object stands and one behind it are both unknown, and a look-up or the next attempt settles them', async () => {
  rig.recipient.fault = (step) => (step === 'put' ? 'reset' : undefined);
  expect(await send()).toMatchObject({ kind: 'unknown', reason: 'CONNECTION_LOST' });
  expect(rig.recipient.objects.size).toBe(0);
  rig.recipient.fault = (step) => (step === 'stored' ? 'reset' : undefined);
  expect(await send()).toMatchObject({ kind: 'unknown', reason: 'CONNECTION_LOST' });
  rig.recipient.fault = () => undefined;
  expect(await asked()).toMatchObject({ kind: 'accepted' });
  expect(await send()).toMatchObject({ kind: 'duplicate' });
});

test('the acknowledgement is looked for below the bucket', async () => {
  const ack = { path: '/out/ACK_{seq}.csv' };
  expect(await send({ ack })).toMatchObject({ kind: 'pending' });
  rig.recipient.objects.set('out/ACK_42.csv', Buffer.from('"success":true'));
  expect(await asked({ ack })).toMatchObject({ kind: 'accepted', reference: 'CRM-1' });
});

test.each<[number, string, string, string]>([
  [403, 'AccessDenied', 'unauthorized', 'FOLDER_FORBIDDEN'],
  [403, 'RequestTimeTooSkewed', 'unauthorized', 'CLOCK_SKEWED'],
  [301, 'PermanentRedirect', 'unauthorized', 'S3_REGION'],
  [501, 'NotImplemented', 'unauthorized', 'CONDITION_UNKNOWN'],
  [400, 'EntityTooLarge', 'refused', 'FILE_TOO_LARGE'],
  [507, 'XMinioStorageFull', 'unavailable', 'FOLDER_FULL'],
  [503, 'SlowDown', 'unavailable', 'SERVER_FAILURE'],
  [504, '', 'unknown', 'CONNECTION_LOST'],
])('an answer %i %s is read as %s: %s', async (status, code, kind, reason) => {
  rig.recipient.fault = (step) => (step === 'put' ? { status, code } : undefined);
  expect(await send()).toMatchObject({ kind, reason });
});

test('the bucket may stand before the host name', async () => {
  const { port } = rig.recipient;
  const network = {
    ...contextOf(rig).network,
    connectTo: { 'horizon-leads.localhost': { host: '127.0.0.1', port } },
  };
  const settings = settingsWith({}, { addressing: 'host' });
  expect(flow.dials?.(settings)).toEqual(['horizon-leads.localhost']);
  expect(await flow.send(parcelOf({ body }), settings, context({ network }))).toMatchObject({
    kind: 'accepted',
  });
});

test('another bucket, and a key that is not known, hold the destination', async () => {
  expect(await send({}, {}, { bucket: 'another' })).toMatchObject({
    kind: 'unauthorized',
    reason: 'FOLDER_MISSING',
  });
  expect(await send({}, {}, { region: 'eu-west-1' })).toMatchObject({
    kind: 'unauthorized',
    reason: 'S3_AUTH',
  });
});

test.each<[string, object, object, string]>([
  ['a scheme of another server', { to: 'ftps:horizon/in' }, {}, '/to'],
  ['a temporary name', { tempSuffix: '.tmp' }, {}, '/tempSuffix'],
  ['a key in clear', {}, { secretAccessKey: 'clair' }, '/server/secretAccessKey'],
  ['an endpoint that is none', {}, { endpoint: 'stockage' }, '/server/endpoint'],
])('%s is a problem', (_name, over, server, path) => {
  const found = flow.check(settingsWith(over, server));
  expect(found.map((problem) => problem.path)).toContain(path);
  expect(JSON.stringify(found)).not.toContain('clair');
});

test('the check tells what is lost without conditional writes, and the document names the bucket', () => {
  expect(flow.doubts?.(settingsWith())).toEqual([]);
  expect(flow.doubts?.(settingsWith({}, { conditional: false }))).toHaveLength(1);
  const rows = flow.words.transport(settingsWith() as object, []);
  expect(rows.map(({ agreed: [fr] }) => fr)).toContain('S3, compartiment horizon-leads (eu-west-3)');
});

test('a trial leaves the file on a server of this machine, whatever it travels by', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'relais-trial-'));
  const standIn = await flow.standIn([settingsWith()], serversIn(folder));
  if (typeof standIn === 'string' || standIn.server === undefined) throw new Error('nothing stands in');
  const { port } = standIn.server;
  const outcome = await flow.send(
    parcelOf({ body }),
    standIn.settingsOf(settingsWith()),
    context({
      secret: standIn.secret,
      allowedTargets: standIn.allowedTargets,
      network: {
        allowedRanges: ['127.0.0.0/8'],
        allowPlaintext: false,
        connectTo: Object.fromEntries(standIn.hosts.map((host) => [host, { host: '127.0.0.1', port }])),
      },
    }),
  );
  expect(outcome).toMatchObject({ kind: 'accepted' });
  expect(readFileSync(join(folder, key))).toEqual(bytes);
  expect(rig.recipient.log).toEqual([]);
  await standIn.server.close();
  rmSync(folder, { recursive: true });
});
