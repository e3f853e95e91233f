// The gate to the network: which addresses it lets through, in every spelling, and that nothing walks around it.
import { connect as netConnect, createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { isReachable, literalAddress, parseRanges } from '../../connectors/guard/addresses.ts';
import { connectCodeOf, connectFailureOf, createGuard } from '../../connectors/guard.ts';
import { freePort } from '../../sandbox/ports.ts';

const reachable = (address: string, ranges: readonly string[] = []): boolean =>
  isReachable(literalAddress(address) ?? address, parseRanges(ranges));

describe('addresses', () => {
  test.each([
    ['127.0.0.1'],
    ['127.1'],
    ['2130706433'],
    ['0x7f.1'],
    ['0x7f000001'],
    ['017700000001'],
    ['0177.0.0.1'],
    ['0'],
    ['0.0.0.0'],
    ['[::1]'],
    ['::1'],
    ['[::]'],
    ['[::ffff:127.0.0.1]'],
    ['::ffff:7f00:1'],
    ['::127.0.0.1'],
    ['64:ff9b::127.0.0.1'],
    ['64:ff9b::a9fe:a9fe'],
    ['64:ff9b:1::1'],
    ['2002:7f00:1::'],
    ['2001:0:4136:e378:8000:63bf:3fff:fdd2'],
    ['10.1.2.3'],
    ['172.16.0.1'],
    ['192.168.1.1'],
    ['169.254.169.254'],
    ['100.64.0.1'],
    ['100.100.100.200'],
    ['168.63.129.16'],
    ['192.0.0.192'],
    ['198.18.0.1'],
    ['224.0.0.1'],
    ['255.255.255.255'],
    ['240.0.0.1'],
    ['fe80::1'],
    ['fe80::1%eth0'],
    ['fd00:ec2::254'],
    ['fc00::1'],
    ['fec0::1'],
    ['ff02::1'],
    ['2001:db8::1'],
    ['5f00::1'],
    ['4000::1'],
    ['not an address'],
    [''],
  ])('%s is not public', (address) => {
    expect(reachable(address)).toBe(false);
  });

  test.each([
    ['8.8.8.8'],
    ['134744072'],
    ['2606:4700::1111'],
    ['::ffff:8.8.8.8'],
    ['64:ff9b::8.8.8.8'],
    ['[2a00:1450:4007:80e::200e]'],
  ])('%s is public', (address) => {
    expect(reachable(address)).toBe(true);
  });

  test('the operator opens ranges, and only those', () => {
    expect(reachable('10.1.2.3', ['10.1.0.0/16'])).toBe(true);
    expect(reachable('[::ffff:10.1.2.3]', ['10.1.0.0/16'])).toBe(true);
    expect(reachable('10.2.2.3', ['10.1.0.0/16'])).toBe(false);
    expect(reachable('::1', ['127.0.0.0/8'])).toBe(false);
    expect(reachable('fd12::1', ['fd12::/16'])).toBe(true);
  });

  test('a range that cannot be read is an error, not a silence', () => {
    expect(() => parseRanges(['10.0.0.0'])).toThrow();
  });

  test('names are not taken for addresses', () => {
    for (const name of ['localhost', 'crm.horizon.example', '127.0.0.1.nip.io', 'dead.beef', 'a'])
      expect(literalAddress(name)).toBeUndefined();
  });
});

describe('connections', () => {
  let server: Server;
  let port: number;
  let connected: number;
  let heard: string;
  beforeEach(async () => {
    connected = 0;
    heard = '';
    server = createServer((socket) => {
      connected += 1;
      socket.on('error', () => undefined).on('data', (data) => (heard += data.toString()));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
  });
  afterEach(() => new Promise<void>((resolve) => void server.close(() => resolve())));

  const failure = async (work: Promise<unknown>): Promise<unknown> =>
    await work.then(() => 'connected', connectFailureOf);

  test.each([
    ['127.0.0.1'],
    ['2130706433'],
    ['0x7f.1'],
    ['017700000001'],
    ['[::ffff:127.0.0.1]'],
    ['localhost'],
  ])('refuses %s without connecting, and connects once the range is allowed', async (host) => {
    expect(await failure(createGuard({ allowedRanges: [] }).connect({ host, port, timeoutMs: 1_000 }))).toBe(
      'ADDRESS_NOT_ALLOWED',
    );
    expect(connected).toBe(0);
    const socket = await createGuard({ allowedRanges: ['127.0.0.0/8'] }).connect({
      host,
      port,
      timeoutMs: 1_000,
    });
    socket.destroy();
  });

  test('a name that resolves to a public and an inner address never leads inside', async () => {
    const asked: unknown[] = [];
    const guard = createGuard(
      { allowedRanges: [] },
      {
        resolve: async () =>
          await Promise.resolve([
            { address: '203.0.114.9', family: 4 },
            { address: '127.0.0.1', family: 4 },
          ]),
        dial: (options) => {
          options.lookup?.('x', { all: true }, (_error, found) =>
            asked.push(...(found as unknown as unknown[])),
          );
          return netConnect({ ...options, host: '127.0.0.1', port: 1, lookup: undefined as never });
        },
      },
    );
    await failure(guard.connect({ host: 'mixed.example', port, timeoutMs: 1_000 }));
    expect(asked).toEqual([{ address: '203.0.114.9', family: 4 }]);
  });

  test('a name that changes between two looks is refused at the second', async () => {
    const answers = ['127.0.0.1', '10.0.0.1'];
    const guard = createGuard(
      { allowedRanges: ['127.0.0.0/8'] },
      {
        resolve: async () => await Promise.resolve([{ address: answers.shift() ?? '', family: 4 }]),
        dial: (options) => netConnect(options),
      },
    );
    (await guard.connect({ host: 'rebind.example', port, timeoutMs: 1_000 })).destroy();
    expect(await failure(guard.connect({ host: 'rebind.example', port, timeoutMs: 1_000 }))).toBe(
      'ADDRESS_NOT_ALLOWED',
    );
  });

  test('the peer really connected to is judged, whatever the lookup said, before a byte is written', async () => {
    // The socket goes elsewhere than the lookup promised, as with a resolver that answers twice.
    const guard = createGuard(
      { allowedRanges: [] },
      {
        resolve: async () => await Promise.resolve([{ address: '8.8.8.8', family: 4 }]),
        dial: () => netConnect({ host: '127.0.0.1', port }),
      },
    );
    expect(await failure(guard.connect({ host: 'rebind.example', port, timeoutMs: 1_000 }))).toBe(
      'ADDRESS_NOT_ALLOWED',
    );
    expect(heard).toBe('');
  });

  test('a refused connection, an unknown name and a silent host have codes of their own', async () => {
    const guard = createGuard({ allowedRanges: ['127.0.0.0/8'] });
    // None that the system would give to whoever listens or connects meanwhile.
    const closed = await freePort();
    expect(await failure(guard.connect({ host: '127.0.0.1', port: closed, timeoutMs: 1_000 }))).toBe(
      'CONNECT_REFUSED',
    );
    const nameless = createGuard(
      { allowedRanges: [] },
      {
        resolve: async () => await Promise.reject(Object.assign(new Error('x'), { code: 'ENOTFOUND' })),
        dial: (options) => netConnect(options),
      },
    );
    expect(await failure(nameless.connect({ host: 'nowhere.example', port, timeoutMs: 1_000 }))).toBe('DNS');
    expect(await failure(guard.connectTls({ host: '127.0.0.1', port, timeoutMs: 100 }))).toBe(
      'CONNECT_TIMEOUT',
    );
  });

  test.each([
    ['CERT_HAS_EXPIRED', 'TLS_CERTIFICATE'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'TLS_CERTIFICATE'],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'CLIENT_CERTIFICATE'],
    ['ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE', 'CLIENT_CERTIFICATE'],
    ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'CLIENT_CERTIFICATE'],
    ['ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_EXPIRED', 'CLIENT_CERTIFICATE'],
    ['ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE', 'TLS_FAILED'],
    ['EAI_AGAIN', 'DNS'],
    ['EHOSTUNREACH', 'UNREACHABLE'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'TLS_FAILED'],
    ['anything else', 'CONNECT_FAILED'],
  ])('%s reads as %s', (code, expected) => {
    expect(connectCodeOf(Object.assign(new Error('Bonjour Zoe Martin'), { code }))).toBe(expected);
    expect(connectCodeOf(Object.assign(new Error('wrapped'), { code: 'ESOCKET', originalCode: code }))).toBe(
      expected,
    );
  });

  test('sockets have no Nagle delay', async () => {
    let options: unknown;
    const guard = createGuard(
      { allowedRanges: ['127.0.0.0/8'] },
      {
        resolve: async () => await Promise.resolve([]),
        dial: (given) => netConnect((options = given) as never),
      },
    );
    (await guard.connect({ host: '127.0.0.1', port, timeoutMs: 1_000 })).destroy();
    expect(options).toMatchObject({ noDelay: true });
  });
});
