// The flow connector: names, settings, and a file that is whole or not there.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import type { Outcome, Parcel, SendContext } from '../../connectors/contract.ts';
import { startDeadline } from '../../connectors/guard.ts';
import { flow } from '../../connectors/flow/index.ts';
import { openLocalDrop } from '../../connectors/flow/folder/drop.ts';
import { fillName } from '../../connectors/flow/names.ts';
import { contextOf, parcelOf } from './rigs.ts';
import { sftpUser, startSftpRecipient } from './servers/sftp.ts';
import type { SftpRecipient } from './servers/sftp.ts';

const paris = 'Europe/Paris';

describe('names', () => {
  const facts = {
    client: 'horizon',
    destination: 'horizon flux',
    timezone: paris,
    batch: { sequence: 42, slot: new Date('2026-06-30T22:30:05Z') },
  };

  test('are filled in Paris time, from the slot', () => {
    expect(fillName('LEADS_{client}_{destination}_{date:yyyyMMdd}-{time:HHmmss}_{seq:6}.csv', facts)).toBe(
      'LEADS_horizon_horizon_flux_20260701-003005_000042.csv',
    );
    expect(fillName('{date:yy-MM-dd}_{seq}.xml', facts)).toBe('26-07-01_42.xml');
  });

  test('a name fixed by the batch is kept', () => {
    const batch = { sequence: 42, slot: new Date(), rows: 1, fileName: 'FIXE.csv' };
    expect(flow.compose(parcelOf({ batch }), settingsFor('x', 1)).fileName).toBe('FIXE.csv');
  });
});

function settingsFor(
  hostKey: string,
  port: number,
): Record<string, unknown> & { server: Record<string, unknown> } {
  return {
    name: 'LEADS_{date:yyyyMMdd}_{seq:6}.csv',
    to: 'sftp:horizon/in',
    server: { host: 'localhost', port, user: sftpUser.user, password: 'secret:SFTP', hostKey },
    schedule: { cron: '0 7,13,19 * * 1-6' },
    control: { sidecar: '.ctl', fields: ['seq', 'rows', 'sha256', 'name', 'size'] },
  };
}

describe('settings', () => {
  const ajv = new Ajv({ strict: true, keywords: ['x-forme'] });
  const good = {
    ...settingsFor(`SHA256:${'A'.repeat(43)}`, 22),
    ack: { path: '/out/ACK_{seq}.csv', within: '4h' },
    empty: 'skip',
  };

  const { hostKey: _hostKey, ...keyless } = good.server;

  test('the schema takes what the guide shows and nothing else', () => {
    expect(ajv.validate(flow.settingsSchema, good)).toBe(true);
    expect(flow.check(good)).toEqual([]);
    for (const wrong of [
      { ...good, server: { ...good.server, hostKey: 'MD5:aa' } },
      { ...good, server: { ...good.server, password: 'clair' } },
      { ...good, to: 'ftp:horizon/in' },
      { ...good, tempSuffix: '/x' },
      { ...good, vide: 'skip' },
    ]) {
      expect(ajv.validate(flow.settingsSchema, JSON.parse(JSON.stringify(wrong)))).toBe(false);
    }
  });

  const places = (over: object): readonly string[] =>
    flow.check({ ...good, ...over }).map(({ path }) => path);
  test.each([
    ['hidden by a date', { name: '{date:.yyyy}_{seq}.csv' }, '/name'],
    ['above its folder by a date', { name: '{date:..yyyy}_{seq}.csv' }, '/name'],
    ['a second command', { name: 'LEADS\r\nDELE {seq}.csv' }, '/name'],
    ['cut at a zero byte', { name: 'LEADS_{seq}\u0000.csv' }, '/name'],
    ['longer than the log keeps', { name: `${'{time:HHmmss}'.repeat(34)}_{seq}.csv` }, '/name'],
    [
      'longer than a server keeps, in bytes',
      { name: `${'é'.repeat(110)}_{seq:12}.csv.${'x'.repeat(20)}` },
      '/name',
    ],
    [
      'longer with its temporary name',
      { name: `${'é'.repeat(118)}_{seq}.csv.${'x'.repeat(6)}`, tempSuffix: `.${'t'.repeat(19)}` },
      '/name',
    ],
    ['a folder with a second command', { to: 'sftp:horizon/in\rDELE' }, '/to'],
    [
      'an answer with a second command',
      { ack: { path: 'out/ACK_{seq}\r\nDELE', within: '4h' } },
      '/ack/path',
    ],
  ])('a name that is %s is refused', (_what, over, path) => {
    expect(places(over)).toEqual([path]);
  });
  test.each([
    ['accents', 'Léads été {date:yyyyMMdd} n°{seq:6}.csv'],
    ['client and destination', '{client}_{destination}_{date:yyyyMMdd}_{time:HHmm}_{seq:6}.csv'],
    ['lengths that its placeholders alone could pass', `${'{destination}'.repeat(4)}_{seq}.csv`],
    ['dots within', '{date:yyyy.MM.dd}_{seq}..csv'],
  ])('a name with %s is taken', (_what, name) => {
    expect(places({ name })).toEqual([]);
  });

  test('the signed document says how a file is whole, what its control file holds, and no delay that nobody agreed', () => {
    const rows = (over: object): readonly string[] =>
      flow.words.transport({ ...good, ...over }, []).map(({ agreed: [fr] }) => fr);
    expect(rows({ control: { sidecar: '.ctl' } })).toContain('.ctl : seq, rows, sha256');
    expect(rows({ ack: { path: 'out/ACK_{seq}.csv' } })).toContain('out/ACK_{seq}.csv');
    expect(rows({ ack: { path: 'out/ACK_{seq}.csv', within: '4h' } })).toContain(
      'out/ACK_{seq}.csv, attendu sous 4h',
    );
    const { delivered } = flow.words;
    expect(typeof delivered === 'function' ? delivered(good)[0] : '').toContain('témoin');
  });

  test.each<[string, Record<string, unknown>, string]>([
    ['no sequence in the name', { name: 'LEADS_{date:yyyyMMdd}.csv' }, '/name'],
    ['an unknown placeholder', { name: 'L_{seq}_{lead.id}.csv' }, '/name'],
    ['a path in the name', { name: '../{seq}.csv' }, '/name'],
    ['a folder that climbs', { to: 'sftp:horizon/../etc' }, '/to'],
    ['a cron line that is none', { schedule: { cron: 'tous les jours' } }, '/schedule'],
    ['a zone that does not exist', { schedule: { cron: '0 7 * * *', timezone: 'Europe/Lyon' } }, '/schedule'],
    ['a password in clear', { server: { ...good.server, password: 'clair' } }, '/server/password'],
    ['no way to log in', { server: { ...good.server, password: undefined } }, '/server'],
    ['an SFTP server without its host key', { server: keyless }, '/to'],
    ['a folder behind sftp:', { server: { folder: '/srv/x' } }, '/to'],
    ['a marker beside a rename', { marker: '.done', tempSuffix: '.tmp' }, '/marker'],
    [
      'a marker that only case tells from the control file',
      { marker: '.CTL', control: { sidecar: '.ctl' } },
      '/marker',
    ],
    ['a control file under the temporary name', { control: { sidecar: '.PART' } }, '/control/sidecar'],
    ['an answer of no file', { ack: { path: '/out/ACK.csv' } }, '/ack/path'],
  ])('%s is a problem', (_name, over, path) => {
    const found = flow.check({ ...good, ...over });
    expect(found.map((problem) => problem.path)).toContain(path);
    expect(JSON.stringify(found)).not.toContain('clair');
  });
});

describe('a drop', () => {
  let root: string;
  let recipient: SftpRecipient;
  let settings: ReturnType<typeof settingsFor>;
  const bytes = Buffer.from('NOM;TEL\r\nMARTIN;0612345678\r\n');
  const body = { bytes, mediaType: 'text/csv; charset=windows-1252', extension: 'csv' };
  const name = 'LEADS_20261120_000042.csv';
  const files = (): readonly string[] => readdirSync(join(root, 'in')).toSorted();
  const contentOf = (file: string): string => readFileSync(join(root, 'in', file), 'utf8');

  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), 'relais-flow-'));
    mkdirSync(join(root, 'in'));
    mkdirSync(join(root, 'out'));
    recipient = await startSftpRecipient(root);
    settings = settingsFor(recipient.hostKey, recipient.port);
  });
  afterEach(async () => {
    await recipient.close();
    rmSync(root, { recursive: true });
  });

  const context = (over: Partial<SendContext> = {}): SendContext =>
    contextOf({ secrets: { SFTP: sftpUser.password }, target: 'sftp:horizon/in' }, over);
  const send = async (over: Record<string, unknown> = {}, parcel: Partial<Parcel> = {}): Promise<Outcome> =>
    await flow.send(parcelOf({ body, ...parcel }), { ...settings, ...over }, context());

  test('is written under a temporary name, renamed, and followed by its control file', async () => {
    expect(await send()).toMatchObject({ kind: 'accepted' });
    expect(recipient.log).toEqual([
      `open in/${name}.part`,
      `rename in/${name}.part in/${name}`,
      `open in/${name}.ctl.part`,
      `rename in/${name}.ctl.part in/${name}.ctl`,
    ]);
    expect(contentOf(name)).toBe(bytes.toString());
    expect(contentOf(`${name}.ctl`)).toBe(
      `seq=42\nrows=1\nsha256=${createHash('sha256').update(bytes).digest('hex')}\nname=${name}\nsize=${bytes.length}\n`,
    );
  });

  test('the same batch sent again is a duplicate and changes nothing', async () => {
    await send();
    recipient.log.length = 0;
    expect(await send()).toMatchObject({ kind: 'duplicate' });
    expect(recipient.log).toEqual([]);
    expect(files()).toEqual([name, `${name}.ctl`]);
  });

  test.each([
    ['another content of the same size', 'x'.repeat(28)],
    ['a shorter one', 'x'],
  ])('%s under the final name is never replaced', async (_name, other) => {
    writeFileSync(join(root, 'in', name), other);
    expect(await send()).toMatchObject({ kind: 'refused', reason: 'NAME_TAKEN' });
    expect(contentOf(name)).toBe(other);
    expect(files()).toEqual([name]);
  });

  test('a rename over a name that appeared meanwhile fails without harm', async () => {
    recipient.fault = (step, path) => {
      if (step === 'rename' && path.endsWith('.csv')) writeFileSync(join(root, 'in', name), 'theirs');
      return undefined;
    };
    expect(await send()).toMatchObject({
      kind: 'unavailable',
      reason: 'SERVER_FAILURE',
      maybeReceived: true,
    });
    expect(contentOf(name)).toBe('theirs');
    recipient.fault = () => undefined;
    expect(await send()).toMatchObject({ kind: 'refused', reason: 'NAME_TAKEN' });
  });

  test('what a crash left under the temporary name is replaced', async () => {
    writeFileSync(join(root, 'in', `${name}.part`), 'x'.repeat(10_000));
    expect(await send()).toMatchObject({ kind: 'accepted' });
    expect(contentOf(name)).toBe(bytes.toString());
    expect(files()).toEqual([name, `${name}.ctl`]);
  });

  test('also on a server that does not truncate, and never over a name on one that replaces', async () => {
    recipient.careless = true;
    writeFileSync(join(root, 'in', `${name}.part`), 'x'.repeat(10_000));
    expect(await send()).toMatchObject({ kind: 'accepted' });
    expect(contentOf(name)).toBe(bytes.toString());
    rmSync(join(root, 'in', name));
    recipient.fault = (step) => {
      if (step === 'write') writeFileSync(join(root, 'in', name), 'theirs');
      return undefined;
    };
    expect(await send()).toMatchObject({ kind: 'refused', reason: 'NAME_TAKEN' });
    expect(contentOf(name)).toBe('theirs');
  });

  test('a file that arrived shorter never gets its final name', async () => {
    recipient.loseBytes = 1;
    expect(await send()).toMatchObject({ kind: 'unavailable', reason: 'SIZE_MISMATCH' });
    expect(files()).toEqual([]);
  });

  test('with a marker nothing is renamed: the file, its control file, then the marker, once', async () => {
    const marked = { marker: '.done' };
    expect(await send(marked)).toMatchObject({ kind: 'accepted' });
    expect(recipient.log).toEqual([`open in/${name}`, `open in/${name}.ctl`, `open in/${name}.done`]);
    expect(contentOf(name)).toBe(bytes.toString());
    expect(contentOf(`${name}.done`)).toBe('');
    recipient.log.length = 0;
    expect(await send(marked)).toMatchObject({ kind: 'duplicate' });
    // The recipient takes the file and leaves the marker.
    rmSync(join(root, 'in', name));
    const again = {
      batch: { sequence: 42, slot: new Date('2026-11-20T12:00:00Z'), rows: 1, fileName: name },
    };
    expect(await send(marked, again)).toMatchObject({ kind: 'duplicate' });
    expect(recipient.log).toEqual([]);
    // Before the first departure it is not ours: the leads of a file that was never put would count as delivered.
    expect(await send(marked)).toMatchObject({ kind: 'refused', reason: 'NAME_TAKEN' });
    expect(files()).toEqual([`${name}.ctl`, `${name}.done`]);
  });

  test('with a marker, what was cut off is written again, and what somebody else put there is not', async () => {
    const marked = { marker: '.done' };
    const asked = async (): Promise<Outcome | undefined> =>
      await flow.lookup?.(parcelOf({ body }), { ...settings, ...marked }, context());
    writeFileSync(join(root, 'in', name), bytes.subarray(0, 5));
    expect(await asked()).toMatchObject({ kind: 'absent' });
    recipient.loseBytes = 1;
    expect(await send(marked)).toMatchObject({ kind: 'unavailable', reason: 'SIZE_MISMATCH' });
    expect(files()).toEqual([name]);
    recipient.loseBytes = 0;
    expect(await send(marked)).toMatchObject({ kind: 'accepted' });
    expect(await asked()).toMatchObject({ kind: 'accepted' });
    rmSync(join(root, 'in', `${name}.done`));
    writeFileSync(join(root, 'in', name), 'x'.repeat(bytes.length));
    expect(await send(marked)).toMatchObject({ kind: 'refused', reason: 'NAME_TAKEN' });
    expect(files()).not.toContain(`${name}.done`);
    writeFileSync(join(root, 'in', name), 'theirs');
    expect(await send(marked)).toMatchObject({ kind: 'refused', reason: 'NAME_TAKEN' });
    expect(contentOf(name)).toBe('theirs');
  });

  test('a whole file without its marker is not marked again by itself: the recipient may have taken the marker', async () => {
    const marked = { marker: '.done' };
    expect(await send(marked)).toMatchObject({ kind: 'accepted' });
    rmSync(join(root, 'in', `${name}.done`));
    expect(await flow.lookup?.(parcelOf({ body }), { ...settings, ...marked }, context())).toMatchObject({
      kind: 'unknown',
      reason: 'FILE_NOT_SEEN',
    });
  });

  test('a missing folder holds the destination', async () => {
    rmSync(join(root, 'in'), { recursive: true });
    expect(await send()).toMatchObject({ kind: 'unauthorized', reason: 'FOLDER_MISSING' });
    mkdirSync(join(root, 'in'));
  });

  test('a folder that may not be written holds the destination', async () => {
    recipient.fault = (step) => (step === 'open' ? 3 : undefined);
    expect(await send()).toMatchObject({ kind: 'unauthorized', reason: 'FOLDER_FORBIDDEN' });
  });

  test('a cut while the content travels is tried again; a cut after the rename is unknown, and lookup settles it', async () => {
    recipient.fault = (step) => (step === 'write' ? 'reset' : undefined);
    expect(await send()).toMatchObject({
      kind: 'unavailable',
      maybeReceived: true,
      reason: 'CONNECTION_LOST',
    });
    recipient.fault = () => undefined;
    expect(await flow.lookup?.(parcelOf({ body }), settings, context())).toMatchObject({ kind: 'absent' });
    recipient.fault = (step) => (step === 'renamed' ? 'reset' : undefined);
    expect(await send()).toMatchObject({ kind: 'unknown' });
    recipient.fault = () => undefined;
    expect(await flow.lookup?.(parcelOf({ body }), settings, context())).toMatchObject({ kind: 'accepted' });
    expect(await send()).toMatchObject({ kind: 'duplicate' });
    expect(files()).toEqual([name, `${name}.ctl`]);
  });

  test('a file that is nowhere proves nothing: the recipient may have taken it', async () => {
    expect(await flow.lookup?.(parcelOf({ body }), settings, context())).toMatchObject({
      kind: 'unknown',
      reason: 'FILE_NOT_SEEN',
    });
  });

  test('a wrong host key gets no password', async () => {
    const server = { ...settings.server, hostKey: [`SHA256:${'A'.repeat(43)}`, `SHA256:${'B'.repeat(43)}`] };
    expect(await send({ server })).toMatchObject({ kind: 'unauthorized', reason: 'HOST_KEY_MISMATCH' });
    expect(
      await send({ server: { ...server, hostKey: [`SHA256:${'A'.repeat(43)}`, recipient.hostKey] } }),
    ).toMatchObject({ kind: 'accepted' });
  });

  test('a private key that cannot be read is said to be so', async () => {
    const { password: _password, ...server } = settings.server;
    const outcome = await flow.send(
      parcelOf({ body }),
      { ...settings, server: { ...server, privateKey: 'secret:SFTP' } },
      context(),
    );
    expect(outcome).toMatchObject({ kind: 'unauthorized', reason: 'SECRET_MALFORMED' });
  });

  test('with an acknowledgement the batch is pending until the recipient answered', async () => {
    const ack = { path: '/out/ACK_{seq}.csv' };
    expect(await send({ ack })).toMatchObject({ kind: 'pending' });
    const lookup = async () => await flow.lookup?.(parcelOf({ body }), { ...settings, ack }, context());
    expect(await lookup()).toMatchObject({ kind: 'pending' });
    rmSync(join(root, 'in', name));
    expect(await lookup()).toMatchObject({ kind: 'pending' });
    writeFileSync(join(root, 'out', 'ACK_42.csv'), '"success":true');
    expect(await lookup()).toMatchObject({ kind: 'accepted', reference: 'CRM-1' });
  });

  test('an acknowledgement that announces five bytes and never ends is not understood, and not read on', async () => {
    const ack = { path: '/out/ACK_{seq}.csv' };
    await send({ ack });
    writeFileSync(join(root, 'out', 'ACK_42.csv'), '12345');
    recipient.endless = '/out';
    recipient.endlessBytes = 0;
    const outcome = await flow.lookup?.(parcelOf({ body }), { ...settings, ack }, context());
    expect(outcome).toMatchObject({ kind: 'unknown', reason: 'ANSWER_TOO_LARGE' });
    expect(recipient.endlessBytes).toBeLessThan(2 * 1024 * 1024);
  });

  test('a file of the size we sent that never ends is another file', async () => {
    await send();
    recipient.endless = 'in';
    recipient.endlessBytes = 0;
    expect(await send()).toMatchObject({ kind: 'refused', reason: 'NAME_TAKEN' });
    expect(recipient.endlessBytes).toBeLessThan(64 * 1024);
  });

  test('without a batch nothing is sent', async () => {
    const { batch: _batch, ...alone } = parcelOf({ body });
    expect(await flow.send(alone, settings, context())).toMatchObject({
      kind: 'invalid',
      reason: 'BATCH_MISSING',
    });
  });

  describe('in a local folder', () => {
    const local = (): Record<string, unknown> => ({
      ...settings,
      to: 'local:horizon/in',
      server: { folder: root },
    });
    const sendLocal = async (allowedTargets: readonly string[], allowPlaintext: boolean): Promise<Outcome> =>
      await flow.send(
        parcelOf({ body }),
        local(),
        context({ allowedTargets, network: { allowedRanges: [], allowPlaintext } }),
      );

    test('only when the operator allows it', async () => {
      expect(await sendLocal(['local:horizon/in'], false)).toMatchObject({
        kind: 'unauthorized',
        reason: 'TARGET_NOT_ALLOWED',
      });
      expect(files()).toEqual([]);
      expect(await sendLocal(['local:horizon/in', root], false)).toMatchObject({ kind: 'accepted' });
    });

    test('the group of the folder may read it, whatever the umask: the systemd units have 0077', async () => {
      const before = process.umask(0o077);
      try {
        expect(await sendLocal(['local:horizon/in'], true)).toMatchObject({ kind: 'accepted' });
      } finally {
        process.umask(before);
      }
      expect(files().map((file) => statSync(join(root, 'in', file)).mode & 0o777)).toEqual([0o640, 0o640]);
    });

    test('only where its path is named as it is written: on a disk Lac and lac differ', async () => {
      const paths = { capital: join(root, 'Lac'), small: join(root, 'lac') };
      const network = { allowedRanges: [], allowPlaintext: false };
      for (const path of Object.values(paths)) mkdirSync(join(path, 'in'), { recursive: true });
      const sentTo = async (folder: string, named: string): Promise<Outcome> =>
        await flow.send(
          parcelOf({ body }),
          { ...local(), server: { folder } },
          context({ allowedTargets: ['local:horizon/in', named], network }),
        );
      const refused = { kind: 'unauthorized', reason: 'TARGET_NOT_ALLOWED' };
      expect(await sentTo(paths.capital, paths.small)).toMatchObject(refused);
      expect(await sentTo(paths.small, paths.capital)).toMatchObject(refused);
      expect(await sentTo(paths.capital, paths.capital)).toMatchObject({ kind: 'accepted' });
      expect(await sentTo(paths.small, paths.small)).toMatchObject({ kind: 'accepted' });
    });

    test('moving to a name that exists fails in one step', async () => {
      writeFileSync(join(root, 'in', 'a'), 'ours');
      writeFileSync(join(root, 'in', 'b'), 'theirs');
      const deadline = startDeadline({
        totalMs: 5_000,
        signal: new AbortController().signal,
        mayLeave: () => true,
      });
      await expect(
        openLocalDrop(deadline).moveNew(join(root, 'in', 'a'), join(root, 'in', 'b')),
      ).rejects.toMatchObject({
        dropCode: 'NAME_TAKEN',
      });
      expect(contentOf('b')).toBe('theirs');
    });

    test('whole, never replaced, the same batch recognised', async () => {
      writeFileSync(join(root, 'in', `${name}.part`), 'x'.repeat(10_000));
      expect(await sendLocal(['local:horizon/in'], true)).toMatchObject({ kind: 'accepted' });
      expect(files()).toEqual([name, `${name}.ctl`]);
      expect(await sendLocal(['local:horizon/in'], true)).toMatchObject({ kind: 'duplicate' });
      writeFileSync(join(root, 'in', name), 'theirs');
      expect(await sendLocal(['local:horizon/in'], true)).toMatchObject({
        kind: 'refused',
        reason: 'NAME_TAKEN',
      });
      expect(contentOf(name)).toBe('theirs');
    });
  });
});
