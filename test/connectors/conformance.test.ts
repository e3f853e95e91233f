// The promises every connector keeps, run on the production path against real servers on loopback.
import type { Outcome, Parcel, SendContext } from '../../connectors/contract.ts';
import { connectors } from '../../connectors/index.ts';
import { contextOf, emailRig, flowRig, opening, parcelOf, webhookRig } from './rigs.ts';
import type { Rig } from './rigs.ts';
import { ftpsRig, httpsRig, mailedFileRig, s3Rig } from './file-rigs.ts';
import { smsRig } from './sms-rig.ts';
import { templateRig } from './template-rig.ts';

const rigs: Readonly<Record<string, () => Promise<Rig>>> = {
  webhook: webhookRig,
  email: emailRig,
  flow: flowRig,
  sms: smsRig,
  template: templateRig,
};
/** Further ways of one connector. */
const ways: Readonly<Record<string, () => Promise<Rig>>> = {
  'flow, explicit FTPS': () => ftpsRig('explicit'),
  'flow, implicit FTPS': () => ftpsRig('implicit'),
  'flow, HTTPS PUT': () => httpsRig(),
  'flow, HTTPS POST': () => httpsRig({ field: 'file' }),
  'flow, S3': s3Rig,
  'flow, mail': mailedFileRig,
};
const short = { connectMs: 100, responseMs: 100, totalMs: 200 };
/** Little time for the answer. */
const shortAnswer = (ms: number) => ({ connectMs: 30_000, responseMs: ms, totalMs: 4 * ms });
/** Little time for everything. */
const shortInAll = (ms: number) => ({ connectMs: 30_000, responseMs: 30_000, totalMs: ms });

type Timeouts = SendContext['timeouts'];

/** Everything an outcome or a composition says, for looking for what must not be there. */
const said = (value: unknown): string =>
  JSON.stringify(value, (_key, inner: unknown) =>
    inner instanceof Uint8Array ? Buffer.from(inner).toString('latin1') : inner,
  );

test('every registered connector that sends is held to these promises, and so is the one to copy, which is not registered', () => {
  // What is fetched has no wire: its promises are those of fetched.unit.test.ts.
  const sending = Object.values(connectors).filter(({ fetched }) => fetched === undefined);
  expect(Object.keys(rigs).toSorted()).toEqual([...sending.map(({ type }) => type), 'template'].toSorted());
  for (const [type, connector] of Object.entries(connectors)) expect(connector.type).toBe(type);
});

describe.each(Object.entries({ ...rigs, ...ways }))('%s', (_type, rigOf) => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await rigOf();
  });
  afterEach(() => rig.recover());
  afterAll(async () => {
    await rig.connector.close?.();
    await rig.close();
  });
  const send = async (
    over: Parameters<typeof contextOf>[1] = {},
    settings: unknown = rig.settings,
    parcel: Parcel = parcelOf(),
  ): Promise<Outcome> => await rig.connector.send(parcel, settings, contextOf(rig, over));

  /** Sends to a recipient that takes the content and falls silent; a machine that could not hand it over in time gets longer. */
  async function unanswered(timeoutsFor: (ms: number) => Timeouts): Promise<Outcome> {
    for (let ms = 150; ms < 6_000; ms *= 2) {
      rig.recover();
      rig.misbehave('hangAfter');
      const outcome = await send({ timeouts: timeoutsFor(ms) });
      if (outcome.kind !== 'unavailable' && rig.arrivedKeys().length > 0) return outcome;
    }
    throw new Error('nothing was handed over, however long it might take');
  }

  test('accepts its own settings and names their secrets and targets', () => {
    expect(rig.connector.check(rig.settings)).toEqual([]);
    expect(rig.connector.targets(rig.settings)).toEqual([rig.target]);
    expect(rig.connector.secretNames(rig.settings).toSorted()).toEqual(Object.keys(rig.secrets).toSorted());
  });

  test('hands a parcel over', async () => {
    expect(await send()).toMatchObject({ kind: rig.good });
    expect(rig.arrivedKeys()).toHaveLength(1);
  });

  test('uses the same key at every attempt', async () => {
    await send();
    const [first] = rig.arrivedKeys();
    const again = await send();
    expect([rig.good, 'duplicate']).toContain(again.kind);
    expect(new Set(rig.arrivedKeys())).toEqual(new Set([first]));
    expect(first).toMatch(/dlv_7f3a|000042/);
  });

  test('sends nothing to a target that is not allowed, and opens no connection', async () => {
    const before = rig.connections();
    expect(await send({ allowedTargets: ['elsewhere.example', 'someone@horizon.example'] })).toMatchObject({
      kind: 'unauthorized',
      reason: 'TARGET_NOT_ALLOWED',
    });
    expect(await send({ allowedTargets: [] })).toMatchObject({
      kind: 'unauthorized',
      reason: 'TARGET_NOT_ALLOWED',
    });
    expect(rig.connections()).toBe(before);
    expect(rig.arrivedKeys()).toEqual([]);
  });

  test('sends nothing to an address outside the policy, and opens no connection', async () => {
    const before = rig.connections();
    const network = { ...contextOf(rig).network, allowedRanges: [] };
    expect(await send({ network })).toMatchObject({ kind: 'unauthorized', reason: 'ADDRESS_NOT_ALLOWED' });
    expect(await rig.connector.test(rig.settings, contextOf(rig, { network }))).toMatchObject({
      kind: 'unauthorized',
      reason: 'ADDRESS_NOT_ALLOWED',
    });
    expect(rig.connections()).toBe(before);
  });

  test('sends nothing in clear under a production policy', async () => {
    const clear = await rig.plaintext?.();
    if (clear === undefined) return; // SSH has no clear form.
    try {
      const outcome = await send({}, clear.settings);
      expect(outcome).toMatchObject({ kind: 'unauthorized' });
      expect(said(outcome)).toMatch(/PLAINTEXT_NOT_ALLOWED|TLS_REFUSED/);
      expect(clear.received()).toBe(0);
      const sandbox = { ...contextOf(rig).network, allowPlaintext: true };
      expect(
        await rig.connector.send(parcelOf(), clear.settings, contextOf(rig, { network: sandbox })),
      ).toMatchObject({ kind: rig.good });
    } finally {
      await rig.connector.close?.();
      await clear.close();
    }
  });

  test('sends nothing to a recipient whose identity cannot be verified', async () => {
    const outcome =
      rig.wrongIdentity === undefined
        ? await send({ network: { allowedRanges: ['127.0.0.0/8'], allowPlaintext: false } })
        : await send({}, rig.wrongIdentity);
    expect(outcome).toMatchObject({ kind: 'unauthorized', reason: rig.identityReason });
    expect(rig.arrivedKeys()).toEqual([]);
  });

  test('reports refused credentials as unauthorized', async () => {
    const outcome = await rig.connector.send(
      parcelOf(),
      rig.settings,
      contextOf({ ...rig, secrets: rig.badSecrets }),
    );
    expect(outcome).toMatchObject({ kind: 'unauthorized', reason: rig.authReason });
  });

  test('sends nothing when a secret is missing', async () => {
    const before = rig.arrivedKeys().length;
    const outcome = await rig.connector.send(parcelOf(), rig.settings, contextOf({ ...rig, secrets: {} }));
    expect(outcome).toMatchObject({ kind: 'unauthorized', reason: 'SECRET_MISSING' });
    expect(rig.arrivedKeys()).toHaveLength(before);
  });

  test('a connection cut before the content is unavailable and certainly not received', async () => {
    await rig.connector.close?.();
    rig.misbehave('cutBefore');
    expect(await send()).toMatchObject({ kind: 'unavailable', maybeReceived: false });
    expect(rig.arrivedKeys()).toEqual([]);
  });

  test('a connection cut after the content is unknown', async () => {
    rig.misbehave('cutAfter');
    expect(await send()).toMatchObject({ kind: 'unknown' });
    expect(rig.arrivedKeys()).toHaveLength(1);
  });

  test('a recipient that never speaks ends as unavailable', async () => {
    await rig.connector.close?.();
    rig.misbehave('hangBefore');
    expect(await send({ timeouts: short })).toMatchObject({ kind: 'unavailable', maybeReceived: false });
  });

  test('a recipient that takes the content and falls silent ends as unknown', async () => {
    expect(await unanswered(shortAnswer)).toMatchObject({ kind: 'unknown' });
    expect(await unanswered(shortInAll)).toMatchObject({ kind: 'unknown', reason: 'TOTAL_TIMEOUT' });
  });

  test('the total timeout holds whatever the others say', async () => {
    await rig.connector.close?.();
    rig.misbehave('hangBefore');
    expect(await send({ timeouts: shortInAll(200) })).toMatchObject({
      kind: 'unavailable',
      maybeReceived: false,
    });
  });

  test('an abort before departure sends nothing; one after the content is unknown', async () => {
    const controller = new AbortController();
    controller.abort();
    expect(await send({ signal: controller.signal })).toMatchObject({
      kind: 'unavailable',
      maybeReceived: false,
    });
    expect(rig.arrivedKeys()).toEqual([]);
    rig.misbehave('hangAfter');
    const later = new AbortController();
    const pending = send({ signal: later.signal });
    await until(() => rig.arrivedKeys().length > 0);
    later.abort();
    expect(await pending).toMatchObject({ kind: 'unknown', reason: 'ABORTED' });
  });

  test('a lease that is lost during the last wait before the content: nothing leaves', async () => {
    for (const [wait, during] of Object.entries(rig.waits)) {
      await rig.connector.close?.();
      let isLost = false;
      during(() => (isLost = true));
      const outcome = await send({ mayLeave: () => !isLost });
      expect([wait, isLost, outcome]).toEqual([
        wait,
        true,
        expect.objectContaining({
          kind: 'unavailable',
          reason: expect.stringMatching(/^LEASE_LOST(_MIDWAY)?$/) as string,
        }),
      ]);
      expect([wait, rig.arrivedKeys()]).toEqual([wait, []]);
      if (wait === opening) expect(rig.bytesKept?.()).toBe(0);
      rig.recover();
    }
    expect(Object.keys(rig.waits)).not.toEqual([]);
  });

  test('a lease that is lost before anything: no content leaves, and the recipient knows nothing of it', async () => {
    expect(await send({ mayLeave: () => false })).toMatchObject({
      kind: 'unavailable',
      reason: 'LEASE_LOST',
      maybeReceived: false,
    });
    expect(rig.arrivedKeys()).toEqual([]);
  });

  test('composes without I/O, the same bytes each time, and other bytes for another content', () => {
    const before = rig.connections();
    const first = rig.connector.compose(parcelOf(), rig.settings);
    expect(rig.connector.compose(parcelOf(), rig.settings)).toEqual(first);
    expect(rig.connector.compose(parcelOf(), rig.settings, (name) => rig.secrets[name]).content).toEqual(
      first.content,
    );
    const other = parcelOf({ body: { ...parcelOf().body, bytes: Buffer.from('{}') } });
    expect(rig.connector.compose(other, rig.settings).content).not.toEqual(first.content);
    expect(first.targetKeys).toEqual([rig.target]);
    expect(rig.connections()).toBe(before);
  });

  test('no secret is in what is composed or answered', async () => {
    const outcomes: unknown[] = [await send()];
    for (const how of ['refuse', 'cutAfter'] as const) {
      rig.misbehave(how);
      outcomes.push(await send());
      rig.recover();
    }
    outcomes.push(
      rig.connector.compose(parcelOf(), rig.settings, (name) => rig.secrets[name]),
      rig.connector.compose(parcelOf(), rig.settings),
    );
    for (const secret of Object.values(rig.secrets)) {
      expect(said(outcomes)).not.toContain(secret);
      expect(said(outcomes)).not.toContain(Buffer.from(secret).toString('base64'));
    }
  });

  test('no text of the recipient and no content is in an outcome', async () => {
    const outcomes: Outcome[] = [await send()];
    for (const how of ['refuse', 'cutBefore', 'cutAfter'] as const) {
      if (how === 'cutBefore') await rig.connector.close?.();
      rig.misbehave(how);
      outcomes.push(await send());
      rig.recover();
    }
    expect(said(outcomes)).not.toMatch(/zo[eé]|martin|bonjour|at .*\.ts/i);
    for (const outcome of outcomes)
      if ('reason' in outcome) expect(outcome.reason).toMatch(/^[A-Za-z0-9_.-]{1,64}$/);
  });

  test('a test call reaches the recipient and hands nothing over', async () => {
    expect(await rig.connector.test(rig.settings, contextOf(rig))).toMatchObject({ kind: 'accepted' });
    expect(rig.arrivedKeys()).toEqual([]);
  });

  test('an update and an erasure travel as well as a creation', async () => {
    for (const action of ['update', 'erase'] as const) {
      expect(await send({}, rig.settings, parcelOf({ action }))).toMatchObject({ kind: rig.good });
      rig.recover();
    }
  });

  test('close() leaves no socket open, and sending works again afterwards', async () => {
    await rig.connector.close?.();
    // Long limits, so that nothing closes by itself.
    await send({ timeouts: { connectMs: 2_000, responseMs: 60_000, totalMs: 60_000 } });
    await rig.connector.close?.();
    await until(async () => (await rig.openNow()) === 0);
    rig.recover();
    expect(await send()).toMatchObject({ kind: rig.good });
  });

  test('an attempt that ran out of time leaves no socket open', async () => {
    await rig.connector.close?.();
    expect(await unanswered(shortAnswer)).toMatchObject({ kind: 'unknown' });
    await until(async () => (await rig.openNow()) === 0);
  });
});

// Less than any idle limit that would tidy up by itself, and as many turns of the loop on a slow machine.
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let turn = 0; turn < 350 && !(await condition()); turn += 1) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  expect(await condition()).toBe(true);
}
